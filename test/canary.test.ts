import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynamoDbLedger } from '../src/aws/dynamodb-ledger.ts';
import type { Metric } from '../src/core/metrics.ts';
import { DEFAULT_POLICY } from '../src/core/policy.ts';
import { MemoryLedger } from '../src/local/memory-ledger.ts';
import { auditEvent, flyCanary, type Pipeline } from '../src/pipeline.ts';
import type { Ledger } from '../src/ports.ts';
import { sha256 } from '../src/system.ts';
import { createGrant, eventBridge, instant, record } from './support/fleet.ts';
import { startTestTables, type TestTables } from './support/test-tables.ts';

const ROLE = 'arn:aws:iam::111122223333:role/kms-audit-sweep';
const MINUTE = 60;
const START = Date.parse(instant(0)) / 1000;

let tables: TestTables;
beforeAll(async () => {
  tables = await startTestTables();
});
afterAll(async () => tables.stop());

/** The canary's record, as its trail delivers it. */
const comesBack = (time: string, role = ROLE): unknown =>
  eventBridge(
    record('ListAliases', {
      eventTime: time,
      userIdentity: {
        type: 'AssumedRole',
        arn: `${role.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/sweep`,
        sessionContext: { sessionIssuer: { type: 'Role', arn: role, userName: 'kms-audit-sweep' } },
      },
      resources: null,
    }),
  );

function pipelineOn(ledger: Ledger): { pipeline: Pipeline; counted: Metric[]; clock: { now: number } } {
  const counted: Metric[] = [];
  const clock = { now: START };
  const pipeline: Pipeline = {
    ledger,
    policy: DEFAULT_POLICY,
    digest: sha256,
    now: () => clock.now,
    log: () => {},
    canaryRole: ROLE,
    alerts: { publish: () => Promise.reject(new Error('a canary alerts nobody')) },
    metrics: { put: async (metrics) => void counted.push(...metrics) },
  };
  return { pipeline, counted, clock };
}

describe.each([
  ['in memory', async (): Promise<Ledger> => new MemoryLedger()],
  ['in DynamoDB', async (): Promise<Ledger> => new DynamoDbLedger(tables.client, await tables.create())],
])('the canary, noted %s', (_, make) => {
  it('sets out once an hour, and is missed after 30 minutes until it is back', async () => {
    const { pipeline, counted, clock } = pipelineOn(await make());
    let calls = 0;
    const sweep = async (at: number): Promise<number | undefined> => {
      clock.now = START + at * MINUTE;
      await flyCanary(pipeline, async () => {
        calls += 1;
      });
      return counted.at(-1)?.value;
    };
    expect([await sweep(0), calls]).toEqual([0, 1]);
    expect([await sweep(15), calls]).toEqual([0, 1]);
    expect([await sweep(45), calls]).toEqual([1, 1]);
    await auditEvent(comesBack(instant(0)), pipeline);
    expect([await sweep(50), calls]).toEqual([0, 1]);
    expect([await sweep(60), calls]).toEqual([0, 2]);
    expect([await sweep(95), calls], 'the first one’s return is no excuse for the second').toEqual([1, 2]);
    expect(counted.every(({ name }) => name === 'CanaryMissing')).toBe(true);
  });

  it('leaves nothing but its note, and a stranger’s call not even that', async () => {
    const ledger = await make();
    const { pipeline, counted } = pipelineOn(ledger);
    const before = await ledger.snapshot();
    await auditEvent(comesBack(instant(7), 'arn:aws:iam::111122223333:role/operator'), pipeline);
    expect(await ledger.canary()).toEqual({});
    await auditEvent(comesBack(instant(9)), pipeline);
    await auditEvent(comesBack(instant(5)), pipeline);
    expect(await ledger.canary()).toEqual({ returned: START + 9 });
    expect(await ledger.snapshot()).toEqual(before);
    expect(counted).toEqual([]);
  });

  it('is sent before its call, so that a call that fails is missed', async () => {
    const { pipeline } = pipelineOn(await make());
    await expect(flyCanary(pipeline, () => Promise.reject(new Error('denied')))).rejects.toThrow('denied');
    expect(await pipeline.ledger.canary()).toEqual({ sent: START });
  });

  it('does not take the hourly look at the grants’ ages along when a sweep fails after it set out', async () => {
    const ledger = await make();
    const { pipeline: lax, counted, clock } = pipelineOn(ledger);
    const pipeline: Pipeline = { ...lax, policy: { ...DEFAULT_POLICY, orphanAfterHours: 1 }, alerts: { publish: async () => {} } };
    await auditEvent(createGrant('grant-1'), lax);
    clock.now = START + 90 * MINUTE;
    const put = async ([metric]: readonly Metric[]): Promise<void> => {
      if (metric?.name === 'Findings') throw new Error('throttled');
    };
    const failing: Pipeline = { ...pipeline, metrics: { put } };
    await expect(flyCanary(failing, async () => {})).rejects.toThrow('throttled');
    clock.now += MINUTE;
    await flyCanary(pipeline, async () => {});
    await flyCanary(pipeline, async () => {});
    clock.now += 60 * MINUTE;
    await flyCanary(pipeline, async () => {});
    expect(counted.filter(({ dimensions }) => dimensions.Rule === 'orphan-grant')).toMatchObject([{ value: 1 }]);
  });
});
