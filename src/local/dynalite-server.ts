import type { AddressInfo } from 'node:net';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  type DynamoDBClientConfig,
  ResourceInUseException,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import table from '../../infra/table.json' with { type: 'json' };

/** An embedded DynamoDB on 127.0.0.1. */
export interface DynaliteServer {
  readonly endpoint: string;
  /** What a client of it needs. */
  readonly clientConfig: DynamoDBClientConfig;
  readonly client: DynamoDBClient;
  /** Makes a table as the deployed template has it and waits until it can be used; one that is there stays as it is. */
  createTable(name: string): Promise<void>;
  /** Closes its folder and opens it anew: dynalite keeps an iterator of every Query open, and with it all that was overwritten since. */
  reopen(): Promise<void>;
  stop(): Promise<void>;
}

/** Credentials that sign, and open nothing. */
export const LOCAL_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' } as const;
/** The Region of everything embedded. */
export const LOCAL_REGION = 'us-west-2';

/** Starts it in this process: with `path`, tables are kept in that folder, else in memory. */
export async function startDynalite(options: { readonly path?: string } = {}): Promise<DynaliteServer> {
  const listen = async (at: number): Promise<ReturnType<typeof dynalite>> => {
    const listening = dynalite({ createTableMs: 0, updateTableMs: 0, deleteTableMs: 0, ...options });
    await new Promise<void>((resolve, reject) => {
      listening.once('error', reject);
      listening.listen(at, '127.0.0.1', resolve);
    });
    return listening;
  };
  let server = await listen(0);
  const close = (): Promise<void> =>
    new Promise((resolve, reject) => {
      server.close((error) => (error ? reject(error) : resolve()));
      server.closeAllConnections();
    });
  const { port } = server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  const clientConfig = { endpoint, region: LOCAL_REGION, credentials: LOCAL_CREDENTIALS };
  const client = new DynamoDBClient(clientConfig);
  return {
    endpoint,
    clientConfig,
    client,
    createTable: (name) => createTable(client, name),
    reopen: async () => {
      if (options.path === undefined) throw new Error('tables in memory cannot be opened anew');
      await close();
      server = await listen(port);
    },
    stop: async () => {
      client.destroy();
      await close();
    },
  };
}

async function createTable(client: DynamoDBClient, name: string): Promise<void> {
  try {
    await client.send(new CreateTableCommand(tableInput(name)));
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 0.01, maxDelay: 0.1 }, { TableName: name });
}

/** The part of the CloudFormation resource that a database without backups, encryption and expiry understands. */
function tableInput(name: string): CreateTableCommandInput {
  const { KeySchema, AttributeDefinitions, BillingMode, GlobalSecondaryIndexes } = table.Properties;
  return { TableName: name, KeySchema, AttributeDefinitions, BillingMode, GlobalSecondaryIndexes } as CreateTableCommandInput;
}
