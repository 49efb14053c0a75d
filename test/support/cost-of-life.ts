import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDbLedger } from '../../src/aws/dynamodb-ledger.ts';
import { DEFAULT_POLICY } from '../../src/core/policy.ts';
import { auditEvent, type Pipeline } from '../../src/pipeline.ts';
import { sha256 } from '../../src/system.ts';
import { type Capacity, countCapacity, itemBytes } from './capacity.ts';
import { cleanLife, type LifeOptions } from './life.ts';
import type { TestTables } from './test-tables.ts';

/** What a clean task life of six events costs in a process that has seen its key and cluster before, or is new: units, calls, and the bytes it leaves in the table. */
export async function costOfLife(
  tables: TestTables,
  options: LifeOptions,
  warm = true,
): Promise<Capacity & { readonly storedBytes: number }> {
  const client = tables.anotherClient();
  const name = await tables.create();
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
  const live = async (life: LifeOptions): Promise<void> => {
    for (const record of cleanLife(life)) {
      // Events arrive within a few minutes.
      now = Date.parse(String(record.eventTime)) / 1000 + 5 * 60;
      await auditEvent(record, pipeline);
    }
  };
  const storedBytes = async (): Promise<number> => {
    const { Items = [] } = await tables.client.send(new ScanCommand({ TableName: name }));
    // DynamoDB adds 100 bytes to each item it stores.
    return Items.reduce((sum, item) => sum + itemBytes(item) + 100, 0);
  };
  // A process enters a cluster in the directory once.
  if (warm) await live({ ...options, serial: 1, volumeId: 'vol-0c0ffee0c0ffee000' });
  const before = await storedBytes();
  const capacity = countCapacity(client, tables.client);
  await live(options);
  return { ...capacity, storedBytes: (await storedBytes()) - before };
}
