import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { startDynalite } from '../../src/local/dynalite-server.ts';

/** An embedded database for tests: as many tables of the ledger's shape as one likes, each new and empty. */
export interface TestTables {
  readonly client: DynamoDBClient;
  anotherClient(): DynamoDBClient;
  /** Makes a table and returns its name. */
  create(): Promise<string>;
  stop(): Promise<void>;
}

export async function startTestTables(): Promise<TestTables> {
  const { client, clientConfig, createTable, stop } = await startDynalite();
  let made = 0;
  return {
    client,
    anotherClient: () => new DynamoDBClient(clientConfig),
    create: async () => {
      made += 1;
      const name = `ledger-${made}`;
      await createTable(name);
      return name;
    },
    stop,
  };
}
