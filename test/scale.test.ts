import { type AttributeValue, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynamoDbLedger } from '../src/aws/dynamodb-ledger.ts';
import { DIRECTORY } from '../src/aws/item-keys.ts';
import { DEFAULT_POLICY } from '../src/core/policy.ts';
import { auditEvent, type Pipeline } from '../src/pipeline.ts';
import { sha256 } from '../src/system.ts';
import { countCapacity, itemBytes } from './support/capacity.ts';
import { type CloudTrailRecord, cleanLife, testKeyArn } from './support/life.ts';
import { startTestTables, type TestTables } from './support/test-tables.ts';

/** Events that are handled at the same time. */
const AT_ONCE = 16;
/** DynamoDB takes so many write units a second in one partition. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html */
const PARTITION_UNITS = 1_000;
const NOW = Date.parse('2026-11-02T10:05:00Z') / 1000;

let tables: TestTables;
beforeAll(async () => {
  tables = await startTestTables();
});
afterAll(async () => tables.stop());

/** A table with its pipeline, which sends every alert into the void. */
async function emptyLedger() {
  const client = tables.anotherClient();
  const name = await tables.create();
  let published = 0;
  const pipeline: Pipeline = {
    ledger: new DynamoDbLedger(client, name),
    policy: DEFAULT_POLICY,
    digest: sha256,
    now: () => NOW,
    log: () => {},
    alerts: {
      publish: async () => {
        published += 1;
      },
    },
    metrics: { put: async () => {} },
  };
  const items = async (): Promise<Record<string, AttributeValue>[]> => {
    const found: Record<string, AttributeValue>[] = [];
    let from: Record<string, AttributeValue> | undefined;
    do {
      const page = await tables.client.send(new ScanCommand({ TableName: name, ExclusiveStartKey: from }));
      found.push(...(page.Items ?? []));
      from = page.LastEvaluatedKey;
    } while (from !== undefined);
    return found;
  };
  return { client, pipeline, items, published: () => published };
}

async function auditAll(events: readonly CloudTrailRecord[], pipeline: Pipeline, atOnce = AT_ONCE): Promise<void> {
  const waiting = events.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const event of waiting) await auditEvent(event, pipeline);
    }),
  );
}

const largest = (items: readonly Record<string, AttributeValue>[]): number => Math.max(...items.map(itemBytes));
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));

describe('no item grows with use', () => {
  it('a volume attached 1,000 times has no larger item than one attached once', async () => {
    const { pipeline, items } = await emptyLedger();
    const { alerts: _alerts, ...silent } = pipeline;
    // Without the rehearsals, which name no volume.
    const attached = (serial: number): CloudTrailRecord[] => cleanLife({ serial, volumeId: 'vol-0c0ffee0c0ffee003' }).slice(2);

    await auditAll(attached(2_000), silent);
    const once = largest(await items());
    await auditAll(times(999, (index) => attached(2_001 + index)).flat(), silent);
    const all = await items();
    const entries = all.filter(({ pk }) => pk?.S === DIRECTORY);

    console.log(`a volume attached 1,000 times: ${all.length} items, the largest ${largest(all)} bytes; attached once: ${once} bytes`);
    expect(all.length - entries.length).toBe(4 * 1_000);
    // That this cluster had to do with this key is one entry, however often it did.
    expect(entries).toHaveLength(1);
    expect(largest(all)).toBe(once);
    expect(once).toBeLessThan(1_024);
  });

  it('a finding with 1,000 occurrences has no larger item than one with a single one, and is told once', async () => {
    const { pipeline, items, published } = await emptyLedger();
    const refused = (serial: number): CloudTrailRecord => ({
      ...cleanLife({ serial })[2],
      errorCode: 'DisabledException',
      errorMessage: `${testKeyArn()} is disabled.`,
    });

    await auditAll([refused(4_000)], pipeline);
    const once = largest(await items());
    await auditAll(
      times(999, (index) => refused(4_001 + index)),
      pipeline,
    );
    const all = await items();

    console.log(`a finding with 1,000 occurrences: ${all.length} items, the largest ${largest(all)} bytes; with one: ${once} bytes`);
    expect(largest(all)).toBe(once);
    expect(once).toBeLessThan(2_048);
    expect(published()).toBe(1);
  });

  it('the largest record that a caller can make stays under what DynamoDB takes', async () => {
    const { pipeline, items } = await emptyLedger();
    const [, , , grant = {}] = cleanLife({ serial: 6_000 });
    const subset = Object.fromEntries(times(1_000, (index) => [`${index}-${'界'.repeat(300)}`, '界'.repeat(2_000)]));
    const flooded = {
      ...grant,
      requestParameters: {
        keyId: testKeyArn(),
        operations: times(1_000, () => 'Decrypt'.repeat(100)),
        granteePrincipal: '界'.repeat(10_000),
        retiringPrincipal: '界'.repeat(10_000),
        constraints: { encryptionContextSubset: subset },
      },
      userIdentity: { type: 'IAMUser', arn: `arn:aws:iam::111122223333:user/${'界'.repeat(10_000)}` },
    };

    await auditAll([flooded], pipeline);

    const all = await items();
    console.log(`a record flooded by its caller: ${all.length} items, the largest ${largest(all)} bytes`);
    expect(largest(all)).toBeGreaterThan(10_000);
    expect(largest(all)).toBeLessThan(400 * 1_024);
  });
});

describe('1,000 task launches a minute in one cluster under one key', () => {
  it('take at most 30 % of the writes, and 5 % of what a partition gives, in any one partition', async () => {
    const { client, pipeline } = await emptyLedger();
    const capacity = countCapacity(client, tables.client);
    const launches = times(1_000, (index) =>
      cleanLife({ serial: 8_000 + index, volumeId: `vol-${(0xfeed_0000 + index).toString(16).padStart(17, '0')}` }),
    );

    // As many tasks stop as start; each of them some time after it started.
    await auditAll(
      launches.flatMap((life) => life.slice(0, 5)),
      pipeline,
    );
    await auditAll(
      launches.flatMap((life) => life.slice(5)),
      pipeline,
    );

    const [busiest, next] = [...capacity.writesTo].sort(([, a], [, b]) => b - a);
    const share = (units = 0): string =>
      `${((units / capacity.writeUnits) * 100).toFixed(1)} % of the writes, ${(units / 60).toFixed(1)} units a second`;
    console.log(
      `1,000 launches in a minute: ${(capacity.writeUnits / 60).toFixed(0)} write units a second over ${capacity.writesTo.size} partitions`,
    );
    for (const [partition, units] of [busiest ?? ['', 0], next ?? ['', 0]]) console.log(`  ${partition}: ${share(units)}`);
    expect((busiest?.[1] ?? Number.POSITIVE_INFINITY) / capacity.writeUnits).toBeLessThanOrEqual(0.3);
    expect((busiest?.[1] ?? Number.POSITIVE_INFINITY) / 60).toBeLessThanOrEqual(0.05 * PARTITION_UNITS);
  });
});
