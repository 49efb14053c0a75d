import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynamoDbLedger } from '../src/aws/dynamodb-ledger.ts';
import { DEFAULT_POLICY } from '../src/core/policy.ts';
import { auditEvent, type Pipeline } from '../src/pipeline.ts';
import { sha256 } from '../src/system.ts';
import { type Capacity, countCapacity, itemBytes } from './support/capacity.ts';
import { cleanLife, type LifeOptions } from './support/life.ts';
import { startTestTables, type TestTables } from './support/test-tables.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTestTables();
});
afterAll(async () => tables.stop());

/** Costs of one life in a process that has seen its key and cluster before, or is new. */
async function costOf(options: LifeOptions, warm = true): Promise<Capacity & { readonly storedBytes: number }> {
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
  // A process enters a cluster in the directory once.
  if (warm) await live({ ...options, serial: 1, volumeId: 'vol-0c0ffee0c0ffee000' });
  const before = await storedIn(name);
  const capacity = countCapacity(client, tables.client);
  await live(options);
  return { ...capacity, storedBytes: (await storedIn(name)) - before };
}

/** DynamoDB adds 100 bytes to each item it stores. */
async function storedIn(name: string): Promise<number> {
  const { Items = [] } = await tables.client.send(new ScanCommand({ TableName: name }));
  return Items.reduce((sum, item) => sum + itemBytes(item) + 100, 0);
}

describe('what a clean task life costs', () => {
  it('stays within 1.7 write units and 0.5 read units per event, without a call to SNS or CloudWatch', async () => {
    const { writeUnits, readUnits, calls, storedBytes } = await costOf({ serial: 101, volumeId: 'vol-0c0ffee0c0ffee001' });
    console.log(
      `clean task life: ${(writeUnits / 6).toFixed(2)} write units and ${(readUnits / 6).toFixed(2)} read units per event; ${calls.length} calls: ${calls.join(', ')}`,
    );
    console.log(`stored: ${Math.round(storedBytes / 6)} bytes per event`);
    expect(storedBytes / 6).toBeLessThan(1_000);
    expect(writeUnits / 6).toBeLessThanOrEqual(1.5);
    expect(readUnits / 6).toBeLessThanOrEqual(0.5);
  });

  it('stays within 1.7 write units in a process that has seen nothing yet', async () => {
    const { writeUnits } = await costOf({ serial: 103, volumeId: 'vol-0c0ffee0c0ffee003' }, false);
    expect(writeUnits / 6).toBeLessThanOrEqual(1.7);
    expect(writeUnits / 6).toBeGreaterThan(1.5);
  });

  it('keeps a grant’s item under 1,024 bytes with the longest cluster name', async () => {
    const { largestGrantBytes, writeUnits } = await costOf({ serial: 102, cluster: 'c'.repeat(255), volumeId: 'vol-0c0ffee0c0ffee002' });
    console.log(
      `a grant's item with a 255-character cluster name: ${largestGrantBytes} bytes; that life: ${(writeUnits / 6).toFixed(2)} write units per event`,
    );
    expect(largestGrantBytes).toBeGreaterThan(0);
    expect(largestGrantBytes).toBeLessThan(1_024);
    expect(writeUnits / 6).toBeLessThanOrEqual(1.7);
  });
});
