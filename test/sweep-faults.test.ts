import { SNSClient } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoDbLedger } from '../src/aws/dynamodb-ledger.ts';
import { SnsAlertSink } from '../src/aws/sns-alert-sink.ts';
import { toSeconds } from '../src/core/timestamp.ts';
import type { FaultHook, Loopback } from '../src/local/loopback.ts';
import { startLoopback } from '../src/local/loopback.ts';
import { MemoryLedger } from '../src/local/memory-ledger.ts';
import { refused } from '../src/local/refusal.ts';
import { auditEvent } from '../src/pipeline.ts';
import type { Ledger } from '../src/ports.ts';
import { type ReconcileReport, type ReconcileWork, reconcileWhenDue } from '../src/reconcile.ts';
import { instant, KEY, PROD, type RawRecord, REGION, SECOND_KEY } from './support/fleet.ts';
import { gatedLedger } from './support/interleaving.ts';
import { THROTTLED } from './support/kms-server.ts';
import { creation, grantId, HOUR, listed, retirement, sweepAt } from './support/sweep-fleet.ts';
import { type SweepWorld, startSweepWorld } from './support/sweep-world.ts';
import { startTestTables, type TestTables } from './support/test-tables.ts';

let tables: TestTables;
let world: SweepWorld;
let loopback: Loopback;
let sns: SNSClient;
let ledger: Ledger;
beforeAll(async () => {
  [tables, world, loopback] = await Promise.all([startTestTables(), startSweepWorld(), startLoopback()]);
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  sns = new SNSClient({ region: REGION, endpoint: loopback.endpoint, credentials, maxAttempts: 1 });
});
afterAll(async () => {
  sns.destroy();
  await Promise.all([tables.stop(), world.stop(), loopback.stop()]);
});
beforeEach(async () => {
  ledger = new DynamoDbLedger(tables.client, await tables.create());
  world.kms.keys.clear();
  world.kms.grants.clear();
  world.kms.calls.length = 0;
  world.kms.fault = () => undefined;
  world.kms.pageSize = 100;
  world.ecs.clusters.clear();
  world.ecs.fault = () => undefined;
  world.ecs.pageSize = 100;
  loopback.setFault(() => undefined);
  world.kms.keys.set(KEY, { state: 'Enabled', manager: 'CUSTOMER', rotates: true });
});

async function deliver(to: Ledger, ...records: readonly RawRecord[]): Promise<void> {
  for (const one of records) await auditEvent(one, world.work(to, sweepAt(1)).pipeline);
}

const inKms = (...made: readonly RawRecord[]): unknown => world.kms.grants.set(KEY, made.map(listed));

/** Alerts by SNS. */
function alerting(work: ReconcileWork): ReconcileWork {
  const alerts = new SnsAlertSink(sns, `arn:aws:sns:${REGION}:111122223333:alerts`);
  return { ...work, pipeline: { ...work.pipeline, alerts } };
}

const openIn = async (from: Ledger): Promise<string[]> => {
  const open: string[] = [];
  for await (const head of from.openGrantsOf(KEY)) open.push(head.grantId);
  return open.sort();
};

describe('grants that come and go between two pages', () => {
  /** In the order in which KMS lists them. */
  const serials = Array.from({ length: 8 }, (_, serial) => serial).sort((a, b) => (grantId(a) < grantId(b) ? -1 : 1));
  const at = (place: number): number => serials[place] ?? Number.NaN;
  const ids = (...places: readonly number[]): string[] => places.map((place) => grantId(at(place))).sort();
  /** Made while the first sweep runs, with or without a record that has arrived. */
  const late = (place: number): RawRecord => creation(at(place), HOUR + 1);
  const early = (place: number): RawRecord => creation(at(place), 0);
  const did = (reports: readonly ReconcileReport[], what: 'adopted' | 'missing' | 'gone'): string[] =>
    reports
      .flatMap(({ keys }) => keys.flatMap((key) => key[what]))
      .map((grant) => grant.grantId)
      .sort();

  it.each([
    ['at one go', () => true],
    ['over several invocations', () => false],
  ])('are neither lost, nor closed, nor adopted twice, %s', async (_, mayGoOn) => {
    const sweep = async (hour: number): Promise<ReconcileReport[]> => {
      const reports: ReconcileReport[] = [];
      do {
        let asked = false;
        const between = (): boolean => {
          const first = !asked;
          asked = true;
          return first || mayGoOn();
        };
        const report = await reconcileWhenDue({ ...world.work(ledger, instant(hour * HOUR + reports.length * 900)), mayGoOn: between });
        if (report === undefined) throw new Error('it should have been due');
        reports.push(report);
      } while (!reports.at(-1)?.finished);
      return reports;
    };
    await deliver(ledger, early(1), early(3), early(5), early(7));
    inKms(early(1), early(3), early(5), early(7));
    world.kms.pageSize = 2;
    let changed: Promise<void> | undefined;
    world.kms.fault = ({ operation, marker }) => {
      if (operation === 'ListGrants' && marker !== undefined && changed === undefined) {
        // Listed and now gone: 1. Never listed: 0 and 2, of which 0 has a record; 5, which is gone. Listed late: 4 and 6, of which 4 has a record.
        inKms(late(0), late(2), early(3), late(4), late(6), early(7));
        changed = deliver(ledger, late(0), late(4));
      }
      return undefined;
    };

    const first = await sweep(1);
    await changed;
    expect(did(first, 'adopted')).toEqual(expect.arrayContaining(ids(6)));
    expect(did(first, 'missing')).toEqual(ids(5));
    expect(did(first, 'gone')).toEqual([]);
    expect(await openIn(ledger)).toEqual(ids(0, 1, 3, 4, 5, 6, 7));
    const second = await sweep(2);
    expect([did(second, 'adopted'), did(second, 'missing'), did(second, 'gone')]).toEqual([ids(2), ids(1), ids(5)]);
    const third = await sweep(3);
    expect([did(third, 'adopted'), did(third, 'missing'), did(third, 'gone')]).toEqual([[], [], ids(1)]);
    expect(await openIn(ledger)).toEqual(ids(0, 2, 3, 4, 6, 7));
  });
});

describe('the alert that grants are gone', () => {
  const others = [1, 2, 3].map((serial) => creation(serial));
  const sweep = async (hour: number, on: Ledger = ledger): Promise<unknown> =>
    reconcileWhenDue(alerting(world.work(on, instant(hour * HOUR))));
  const told = (since: number): string[] => loopback.published.slice(since).map(({ bodies }) => bodies.email ?? '');
  const failing: FaultHook = ({ service }) =>
    service === 'sns' ? { effect: 'lost', reply: refused('InternalError', 'no', 500) } : undefined;

  it('goes out once when all goes well', async () => {
    const since = loopback.published.length;
    await deliver(ledger, ...others);
    for (const hour of [1, 2, 2.5, 3, 4]) await sweep(hour);
    expect(told(since)).toEqual([expect.stringContaining('was gone from KMS')]);
  });

  it('goes out by the next run, due or not, when it could not be sent, and holds nothing else up', async () => {
    const since = loopback.published.length;
    await deliver(ledger, ...others);
    const second = creation(9, 9, SECOND_KEY);
    world.kms.keys.set(SECOND_KEY, { state: 'Enabled', manager: 'CUSTOMER', rotates: true });
    await sweep(1);
    world.kms.grants.set(SECOND_KEY, [listed(second)]);
    loopback.setFault(failing);
    await expect(sweep(2)).rejects.toThrow();
    expect(await ledger.dependents(SECOND_KEY)).toMatchObject({ openGrants: 1 });
    expect(await ledger.sweepProgress()).toEqual({ started: sweepAt(2), finished: true });
    await expect(sweep(2.25)).rejects.toThrow();
    loopback.setFault(() => undefined);
    await sweep(2.5);
    expect(told(since)).toEqual([expect.stringContaining('was gone from KMS')]);
    for (const hour of [2.75, 3, 4]) await sweep(hour);
    expect(told(since)).toHaveLength(1);
  });

  it('goes out though its sweep dies at any call to the ledger, and the record of one of the ends comes after all', async () => {
    let twice = 0;
    let finished = false;
    for (let calls = 0; !finished; calls += 1) {
      const since = loopback.published.length;
      const memory = new MemoryLedger();
      await deliver(memory, ...others);
      await sweep(1, memory);
      let left = calls;
      const mortal = gatedLedger(memory, async (_, call) => {
        if (left === 0) throw new Error('dead');
        left -= 1;
        await call();
      });
      finished = await sweep(2, mortal).then(
        () => true,
        () => false,
      );
      const isNoted = (await openIn(memory)).length < others.length;
      if (isNoted && !finished) await deliver(memory, retirement(1, 1_800));
      await sweep(2.5, memory);
      if (isNoted || finished) expect(told(since).length, `after ${calls} calls`).toBeGreaterThan(0);
      if (told(since).length > 1) twice += 1;
    }
    // Only whoever dies after the alert went out and before that was noted.
    expect(twice).toBeLessThanOrEqual(1);
  });
});

describe('what KMS refuses', () => {
  it('is no failure where the key is no more', async () => {
    await deliver(ledger, creation(1));
    world.kms.keys.delete(KEY);
    world.kms.fault = ({ operation }) => (operation === 'ListGrants' ? refused('NotFoundException', 'no such key') : undefined);
    const report = await world.sweep(ledger, sweepAt(1));
    expect(report).toMatchObject({ finished: true, failed: [], keys: [{ keyArn: KEY, state: 'deleted', listed: 0 }] });
    expect(await ledger.sightingOf(KEY)).toEqual({ keyArn: KEY, seen: sweepAt(1), state: 'deleted' });
    expect(await openIn(ledger)).toEqual([grantId(1)]);
  });

  it('is a failure where the key is another Region’s, and closes nothing', async () => {
    const elsewhere = KEY.replace(REGION, 'eu-west-1');
    await deliver(ledger, creation(1, 1, elsewhere));
    world.kms.fault = ({ keyArn }) => (keyArn === elsewhere ? refused('NotFoundException', 'Invalid arn eu-west-1') : undefined);
    for (const hour of [1, 2, 3])
      expect((await world.sweep(ledger, sweepAt(hour))).failed).toEqual([{ what: elsewhere, why: expect.stringContaining('Invalid arn') }]);
    expect(await ledger.dependents(elsewhere)).toMatchObject({ openGrants: 1 });
    expect(await ledger.sightingOf(elsewhere)).toBeUndefined();
  });

  it('ends, though KMS forgets every marker', async () => {
    inKms(...[1, 2, 3].map((serial) => creation(serial)));
    world.kms.pageSize = 1;
    world.kms.fault = ({ marker }) => (marker === undefined ? undefined : refused('InvalidMarkerException', 'no such marker'));
    const report = await world.sweep(ledger, sweepAt(1));
    expect(report.failed).toEqual([{ what: KEY, why: expect.stringContaining('will not go on') }]);
    expect(await ledger.sightingOf(KEY)).toBeUndefined();
  });
});

describe('a sweep without time', () => {
  it('keeps what was noted of the list', async () => {
    inKms(...[1, 2].map((serial) => creation(serial)));
    const noted = { started: sweepAt(1), key: { keyArn: KEY, marker: 'm', seen: ['0123456789abcdef'] } };
    await ledger.noteSweep(noted);
    await reconcileWhenDue({ ...world.work(ledger, sweepAt(1)), mayGoOn: () => false });
    expect(await ledger.sweepProgress()).toEqual(noted);
  });

  it('verifies in the next invocation what it cannot in this one', async () => {
    world.ecs.clusters.set(CLUSTER, { fargate: KEY, tasks: {} });
    let asked = 0;
    const first = await reconcileWhenDue({ ...world.work(ledger, sweepAt(1)), mayGoOn: () => asked++ < 1 });
    expect(first).toMatchObject({ finished: false, failed: [], keys: [{ keyArn: KEY }] });
    expect(await ledger.verification()).toBeUndefined();
    const second = await reconcileWhenDue(world.work(ledger, instant(HOUR + 900)));
    expect(second).toMatchObject({ finished: true, keys: [], verification: { at: sweepAt(1), clusters: 1 } });
  });
});

const CLUSTER = `arn:aws:ecs:${REGION}:111122223333:cluster/prod`;
const clusterArn = (serial: number): string => `${CLUSTER}-${serial}`;

describe('what ECS is asked', () => {
  const tasksOf = (count: number, key: string): Record<string, { key: string; createdAt: number }> =>
    Object.fromEntries(Array.from({ length: count }, (_, serial) => [`${CLUSTER}/${serial}`, { key, createdAt: toSeconds(sweepAt(1)) }]));
  const many = 250;

  it('comes in pages of a hundred, and waits while it is throttled in the middle', async () => {
    for (let serial = 0; serial < many; serial += 1) world.ecs.clusters.set(clusterArn(serial), { fargate: KEY, tasks: {} });
    world.ecs.clusters.set(CLUSTER, { fargate: KEY, tasks: tasksOf(many, KEY) });
    const met = new Map<string, number>();
    world.ecs.fault = (operation, cluster) => {
      const calls = (met.get(operation) ?? 0) + 1;
      if (cluster === CLUSTER) met.set(operation, calls);
      return cluster === CLUSTER && calls === 2 ? THROTTLED : undefined;
    };
    const { failed, verification } = await world.sweep(ledger, sweepAt(1));
    expect(failed).toEqual([]);
    expect(verification).toMatchObject({ clusters: many + 1, tasks: many, deviations: [] });
    expect([...met]).toEqual([
      ['ListTasks', 4],
      ['DescribeTasks', 4],
    ]);
  }, 30_000);

  it('leaves out a cluster that refuses in the middle, that is deleted meanwhile, and storage that ECS does not tell', async () => {
    const [denied, described, unlisted, silent] = [1, 2, 3, 4].map(clusterArn);
    for (const arn of [denied, described, unlisted]) world.ecs.clusters.set(arn ?? '', { fargate: KEY, tasks: tasksOf(3, SECOND_KEY) });
    world.ecs.clusters.set(silent ?? '', { fargate: KEY, tasks: { [`${silent}/t`]: { createdAt: 0, untold: true } } });
    world.ecs.pageSize = 2;
    let pages = 0;
    world.ecs.fault = (operation, cluster) => {
      if (operation === 'DescribeClusters') world.ecs.clusters.delete(described ?? '');
      if (operation === 'ListTasks' && cluster === unlisted) world.ecs.clusters.delete(unlisted);
      if (operation === 'ListTasks' && cluster === denied && ++pages === 2) return refused('AccessDeniedException', 'no more');
      return undefined;
    };
    const { failed, verification } = await world.sweep(ledger, sweepAt(1));
    expect(failed).toEqual([{ what: denied, why: expect.stringContaining('no more') }]);
    expect(verification).toMatchObject({ deviations: [], verified: [{ cluster: { ...PROD, name: 'prod-4' }, tasks: 1 }] });
  });

  it('is kept, however long the names and however many of them', async () => {
    const long = (serial: number): string => `${clusterArn(serial)}-${'x'.repeat(240)}`;
    const tasks = Object.fromEntries(
      Array.from({ length: 4 }, (_, serial) => [`${long(0)}/${serial}`, { key: '€'.repeat(2_000), createdAt: 0 }]),
    );
    for (let serial = 0; serial < many; serial += 1)
      world.ecs.clusters.set(long(serial), { fargate: '\u202e'.repeat(2_000), volumes: 'k'.repeat(2_000), tasks });
    const { finished, verification } = await world.sweep(ledger, sweepAt(1));
    expect(finished).toBe(true);
    expect(await ledger.verification()).toEqual(verification);
    expect((verification?.more ?? 0) + (verification?.deviations.length ?? 0)).toBe(many * 5);
  }, 30_000);
});

describe('the first records of what was adopted', () => {
  it('take its place, also where KMS dates the grant a little earlier', async () => {
    for (const on of [ledger, new MemoryLedger()]) {
      const made = creation(1);
      inKms(made);
      const earlier = (listed(made).CreationDate ?? 0) - 1;
      world.kms.grants.set(KEY, [{ ...listed(made), CreationDate: earlier }]);
      await world.sweep(on, sweepAt(1));
      await deliver(on, made);
      const [head] = await on.headsOf([{ keyArn: KEY, grantId: grantId(1) }]);
      expect(head?.adopted).toBeUndefined();
      expect(head?.created).toBe(`${made.eventTime}#${made.eventID}`);
      expect(await openIn(on)).toEqual([grantId(1)]);
    }
  });
});
