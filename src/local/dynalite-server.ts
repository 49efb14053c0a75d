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
  stop(): Promise<void>;
}

/** Credentials that sign, and open nothing. */
export const LOCAL_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' } as const;
/** The Region of everything embedded. */
export const LOCAL_REGION = 'us-west-2';

/** Starts it in this process: with `path`, tables are kept in that folder, else in memory. */
export async function startDynalite(options: { readonly path?: string } = {}): Promise<DynaliteServer> {
  const server = dynalite({ createTableMs: 0, updateTableMs: 0, deleteTableMs: 0, ...options });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
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
    stop: () =>
      new Promise((resolve, reject) => {
        client.destroy();
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
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
