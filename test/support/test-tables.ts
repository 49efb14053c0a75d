import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
// @ts-expect-error
import dynalite from 'dynalite';

const { Properties } = JSON.parse(readFileSync(new URL('../../infra/table.json', import.meta.url), 'utf8'));

/** An embedded database for tests: as many tables of the ledger's shape as one likes, each new and empty. */
export interface TestTables {
  readonly client: DynamoDBClient;
  anotherClient(): DynamoDBClient;
  /** Makes a table and returns its name. */
  create(): Promise<string>;
  stop(): Promise<void>;
}

export async function startTestTables(): Promise<TestTables> {
  const server: Server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const anotherClient = () =>
    new DynamoDBClient({
      region: 'us-west-2',
      endpoint: `http://127.0.0.1:${port}`,
      credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    });
  const client = anotherClient();
  let made = 0;
  return {
    client,
    anotherClient,
    stop: async () => {
      server.close();
    },
    create: async () => {
      made += 1;
      const TableName = `ledger-${made}`;
      await client.send(
        new CreateTableCommand({
          TableName,
          KeySchema: Properties.KeySchema,
          AttributeDefinitions: Properties.AttributeDefinitions,
          BillingMode: 'PAY_PER_REQUEST',
          GlobalSecondaryIndexes: Properties.GlobalSecondaryIndexes,
        }),
      );
      await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 0.002, maxDelay: 0.01 }, { TableName });
      return TableName;
    },
  };
}
