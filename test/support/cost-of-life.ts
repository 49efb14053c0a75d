import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDbLedger } from '../../src/aws/dynamodb-ledger.ts';
import { DEFAULT_POLICY } from '../../src/core/policy.ts';
import { auditEvent, type Pipeline } from '../../src/pipeline.ts';
import { sha256 } from '../../src/system.ts';
import { type Capacity, countCapacity, itemBytes } from './capacity.ts';
import { cleanLife, type LifeOptions } from './life.ts';
import type { TestTables } from './test-tables.ts';

/** What a clean task life of six events costs in a table of its own: units, calls, and the bytes it leaves there. */
export async function costOfLife(tables: TestTables, options: LifeOptions): Promise<Capacity & { readonly storedBytes: number }> {
  const client = tables.anotherClient();
  const name = await tables.create();
  const capacity = countCapacity(client, tables.client);
  let now = 0;
  const pipeline: Pipeline = {
    ledger: new DynamoDbLedger(client, name),
    policy: DEFAULT_POLICY,
    digest: sha256,
    now: () => now,
    log: () => {},
    alerts: { publish: () => Promise.reject(new Error('a clean life alerts nobody')) },
    metrics: { put: () => Promise.reject(new Error('a clean life counts nothing')) },
  };
  for (const record of cleanLife(options)) {
    // Events arrive within a few minutes.
    now = Date.parse(String(record.eventTime)) / 1000 + 5 * 60;
    await auditEvent(record, pipeline);
  }
  const { Items = [] } = await tables.client.send(new ScanCommand({ TableName: name }));
  // DynamoDB adds 100 bytes to each item it stores.
  return { ...capacity, storedBytes: Items.reduce((sum, item) => sum + itemBytes(item) + 100, 0) };
}
