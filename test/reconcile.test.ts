import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoDbLedger } from '../src/aws/dynamodb-ledger.ts';
import { DEFAULT_POLICY } from '../src/core/policy.ts';
import { reportOf } from '../src/core/report.ts';
import type { Snapshot } from '../src/core/snapshot.ts';
import { toSeconds } from '../src/core/timestamp.ts';
import { MemoryLedger } from '../src/local/memory-ledger.ts';
import { refused } from '../src/local/refusal.ts';
import { auditEvent } from '../src/pipeline.ts';
import type { Ledger } from '../src/ports.ts';
import { reconcile, reconcileWhenDue } from '../src/reconcile.ts';
import { sha256 } from '../src/system.ts';
import {
  decrypt,
  ecsContext,
  eventId,
  instant,
  KEY,
  PROD,
  type RawRecord,
  REGION,
  record,
  revokeGrant,
  SECOND_KEY,
  user,
} from './support/fleet.ts';
import { THROTTLED } from './support/kms-server.ts';
import { creation, grantId, HOUR, listed, retirement, sweepAt, volumeId } from './support/sweep-fleet.ts';
import { type SweepWorld, startSweepWorld } from './support/sweep-world.ts';
import { startTestTables, type TestTables } from './support/test-tables.ts';

let tables: TestTables;
let world: SweepWorld;
beforeAll(async () => {
  [tables, world] = await Promise.all([startTestTables(), startSweepWorld()]);
});
afterAll(async () => {
  await Promise.all([tables.stop(), world.stop()]);
});
beforeEach(() => {
  world.kms.keys.clear();
  world.kms.grants.clear();
  world.kms.calls.length = 0;
  world.kms.fault = () => undefined;
  world.kms.pageSize = 100;
  world.ecs.clusters.clear();
  world.ecs.fault = () => undefined;
  for (const keyArn of [KEY, SECOND_KEY]) world.kms.keys.set(keyArn, { state: 'Enabled', manager: 'CUSTOMER', rotates: true });
});

const LEDGERS = [
  ['in memory', async (): Promise<Ledger> => new MemoryLedger()],
  ['in DynamoDB', async (): Promise<Ledger> => new DynamoDbLedger(tables.client, await tables.create())],
] as const;

function inKms(...made: readonly RawRecord[]): void {
  world.kms.grants.clear();
  for (const one of made) {
    const { keyId = KEY }: { keyId?: string } = Object(one.requestParameters);
    world.kms.grants.set(keyId, [...(world.kms.grants.get(keyId) ?? []), listed(one)]);
  }
}

async function deliver(ledger: Ledger, ...records: readonly RawRecord[]): Promise<void> {
  const { pipeline } = world.work(ledger, sweepAt(1));
  for (const one of records) await auditEvent(one, pipeline);
}

/** The open grants with all that the issue compares. */
function openSet({ grants, creations }: Snapshot): string[] {
  const open = grants.filter(({ created, end, gone }) => created !== undefined && end === undefined && gone === undefined);
  return open
    .map((head) => {
      const made = creations.filter((one) => one.keyArn === head.keyArn && one.grantId === head.grantId);
      const { grantee, operations, constraint } = made[0] ?? {};
      const { keyArn, grantId: id, cluster, volumeId: volume } = head;
      return JSON.stringify([
        keyArn,
        id,
        cluster,
        volume,
        grantee,
        operations,
        constraint?.match,
        [...(constraint?.context ?? [])].sort(),
        made.length,
      ]);
    })
    .sort();
}

const statusOf = async (ledger: Ledger, serial: number): Promise<unknown> => {
  const { volumes } = reportOf(await ledger.snapshot(), DEFAULT_POLICY, sha256);
  return volumes
    .flatMap(({ volumeId: id, grants, status }) => grants.map((grant) => ({ id, volume: status, ...grant })))
    .find((grant) => grant.grantId === grantId(serial));
};

describe.each(LEDGERS)('reconciliation of a ledger %s', (_, make) => {
  it('adopts what nobody recorded, of a cluster only where all that KMS tells is as Fargate has it', async () => {
    const ledger = await make();
    const like = (serial: number, parameters: RawRecord): RawRecord => creation(serial, serial, KEY, parameters);
    const context = ecsContext(PROD, volumeId(9));
    inKms(
      creation(1),
      like(2, { granteePrincipal: 'fargate.eu-west-1.amazonaws.com' }),
      like(3, { retiringPrincipal: 'ec2.amazonaws.com' }),
      like(4, { operations: ['Decrypt', 'Encrypt'] }),
      like(5, { constraints: { encryptionContextSubset: { ...context, more: 'x' } } }),
      like(6, { constraints: { encryptionContextSubset: ecsContext(PROD) } }),
      like(7, { granteePrincipal: 'arn:aws:iam::123456789012:role/stranger', constraints: undefined, operations: ['CreateGrant'] }),
    );

    const report = await world.sweep(ledger, sweepAt(1));

    expect(report.finished).toBe(true);
    expect(report.keys.map(({ keyArn, listed: count, adopted }) => [keyArn, count, adopted.length])).toEqual([
      [KEY, 7, 7],
      [SECOND_KEY, 0, 0],
    ]);
    const { volumes, keys, findings } = reportOf(await ledger.snapshot(), DEFAULT_POLICY, sha256);
    expect(volumes).toMatchObject([
      {
        volumeId: volumeId(1),
        clusterName: 'prod',
        status: 'granted',
        grants: [{ grantId: grantId(1), status: 'open', adopted: true, createdAt: instant(1) }],
      },
    ]);
    expect(keys).toMatchObject([
      { keyArn: KEY, state: 'enabled', rotation: 'on', openGrants: 7, clusters: [{ clusterName: 'prod', openGrants: 1 }] },
    ]);
    // Nobody knows who made them.
    expect(findings).toEqual([]);
    expect(await ledger.dependents(KEY)).toMatchObject({ openGrants: 7, clusters: [{ clusterName: 'prod', openGrants: 1 }] });
    expect((await world.sweep(ledger, sweepAt(2))).keys.flatMap(({ adopted }) => adopted)).toEqual([]);
  });

  it('lets go what two sweeps in a row did not find, tells of it once, and opens it again when it is seen', async () => {
    const ledger = await make();
    await deliver(ledger, creation(1), creation(2));
    inKms(creation(2));

    const first = world.work(ledger, sweepAt(1));
    expect((await reconcile(first)).keys[0]).toMatchObject({ missing: [{ grantId: grantId(1), volumeId: volumeId(1) }], gone: [] });
    expect(await statusOf(ledger, 1)).toMatchObject({ status: 'open', volume: 'granted' });
    const second = world.work(ledger, sweepAt(2));
    expect((await reconcile(second)).keys[0]).toMatchObject({ missing: [], gone: [{ grantId: grantId(1) }] });

    expect(await statusOf(ledger, 1)).toMatchObject({ status: 'gone', volume: 'released', goneBy: sweepAt(2) });
    expect(await ledger.dependents(KEY)).toMatchObject({ openGrants: 1 });
    expect(first.told).toEqual([]);
    expect(second.told).toEqual([expect.stringContaining(`was gone from KMS by ${sweepAt(2)}`)]);
    const { findings } = reportOf(await ledger.snapshot(), DEFAULT_POLICY, sha256, toSeconds(sweepAt(2)));
    expect(findings).toMatchObject([{ rule: 'orphan-grant', grantId: grantId(1), firstSeen: sweepAt(2) }]);
    expect((await world.sweep(ledger, sweepAt(3))).keys[0]).toMatchObject({ missing: [], gone: [] });

    inKms(creation(1), creation(2));
    expect((await world.sweep(ledger, sweepAt(4))).keys[0]).toMatchObject({ reopened: [{ grantId: grantId(1) }] });
    expect(await statusOf(ledger, 1)).toMatchObject({ status: 'open', volume: 'granted' });
    expect(await ledger.dependents(KEY)).toMatchObject({ openGrants: 2 });
    // One absence long ago does not count as the first of two.
    inKms(creation(2));
    expect((await world.sweep(ledger, sweepAt(5))).keys[0]).toMatchObject({ missing: [{ grantId: grantId(1) }], gone: [] });
  });

  it('points at no record where there is none', async () => {
    const ledger = await make();
    inKms(creation(1));
    await world.sweep(ledger, sweepAt(1));
    inKms();
    await world.sweep(ledger, sweepAt(2));
    const last = world.work(ledger, sweepAt(3));
    await reconcile(last);
    expect(last.told).toEqual([expect.stringContaining('the sweep found the grant in KMS')]);
    expect(last.told[0]).not.toContain('lookup-events');
  });

  it('takes no two sweeps within 15 minutes for two', async () => {
    const ledger = await make();
    await deliver(ledger, creation(1));
    await world.sweep(ledger, sweepAt(1));
    expect((await world.sweep(ledger, instant(HOUR + 899))).keys[0]).toMatchObject({ missing: [], gone: [] });
    expect((await world.sweep(ledger, instant(HOUR + 900))).keys[0]).toMatchObject({ missing: [], gone: [{ grantId: grantId(1) }] });
  });

  it('misses no grant that is younger than 15 minutes', async () => {
    const ledger = await make();
    await deliver(ledger, creation(1, HOUR - 900), creation(2, HOUR - 901));
    expect((await world.sweep(ledger, sweepAt(1))).keys[0]).toMatchObject({ missing: [{ grantId: grantId(2) }] });
  });

  it('comes to the same whenever the record of a creation or of an end arrives', async () => {
    const ends = [retirement(1, 1_800), revokeGrant(grantId(1), 'somebody', { eventTime: instant(1_800), eventID: eventId('revoke') })];
    for (const end of [undefined, ...ends]) {
      const records = [creation(1), ...(end === undefined ? [] : [end])];
      const outcomes: unknown[] = [];
      // Before the first sweep, after it, after the second, after the third.
      for (const places of tuples(records.length, 4)) {
        const ledger = await make();
        for (let sweep = 0; sweep < 4; sweep += 1) {
          await deliver(ledger, ...records.filter((_, index) => places[index] === sweep));
          // Still listed in the first sweep, for KMS takes its time to agree with itself.
          inKms(...(sweep === 0 || end === undefined ? [creation(1)] : []));
          await world.sweep(ledger, sweepAt(sweep + 1));
        }
        const { grants, creations } = await ledger.snapshot();
        outcomes.push({ grants: grants.map(({ missing: _, alertedIn: __, ...head }) => head), creations });
      }
      expect(new Set(outcomes.map((outcome) => JSON.stringify(outcome, withMaps))).size, String(end?.eventName)).toBe(1);
    }
  });

  it('reaches the open set of the full history from nothing, and from one in twenty records lost', async () => {
    const { history, made, ended } = fleetHistory();
    const whole = await make();
    await deliver(whole, ...history);
    const expected = openSet(await whole.snapshot());
    expect(expected.length).toBe(made.length - ended.size);
    for (const keep of [() => false, ...[1, 2, 3].map((seed) => (_: RawRecord, index: number) => !isDropped(seed, index))]) {
      const ledger = await make();
      await deliver(ledger, ...history.filter(keep));
      inKms(...made.filter((_, serial) => !ended.has(serial)));
      world.kms.pageSize = 7;
      for (const hour of [1, 2]) await world.sweep(ledger, sweepAt(hour));
      expect(openSet(await ledger.snapshot())).toEqual(expected);
    }
  });

  it('keeps what KMS does not say of one key from the others, and asks again when it is throttled', async () => {
    const ledger = await make();
    const third = KEY.replace(/1/g, '3').replace(/3{12}:key/, '111122223333:key');
    world.kms.keys.set(third, { state: 'PendingDeletion', manager: 'CUSTOMER', rotates: false });
    inKms(creation(1), creation(2, 2, SECOND_KEY), creation(3, 3, third));
    let throttled = 0;
    world.kms.fault = ({ operation, keyArn }) => {
      if (keyArn === KEY && operation === 'ListGrants') return refused('AccessDeniedException', 'no');
      if (keyArn === third && operation === 'GetKeyRotationStatus') return refused('KMSInvalidStateException', 'pending deletion');
      if (keyArn === SECOND_KEY && operation === 'ListGrants' && throttled < 2) {
        throttled += 1;
        return THROTTLED;
      }
      return undefined;
    };
    const work = world.work(ledger, sweepAt(1));

    const report = await reconcile(work);

    expect(report.finished).toBe(true);
    expect(report.failed).toEqual([{ what: KEY, why: expect.stringContaining('AccessDenied') }]);
    expect(work.logged).toEqual([expect.stringContaining(KEY)]);
    expect(throttled).toBe(2);
    expect(report.keys.flatMap(({ adopted }) => adopted.map(({ grantId: id }) => id))).toEqual([grantId(2), grantId(3)]);
    expect(await ledger.sightingOf(third)).toEqual({ keyArn: third, seen: sweepAt(1), swept: sweepAt(1), state: 'pending-deletion' });
    expect(await ledger.sightingOf(KEY)).toBeUndefined();
  }, 20_000);

  it('goes on where time was up, and closes nothing that it saw before', async () => {
    const ledger = await make();
    const made = Array.from({ length: 40 }, (_, serial) => creation(serial));
    await deliver(ledger, ...made.slice(0, 30));
    inKms(...made.filter((_, serial) => serial % 10 !== 0));
    world.kms.pageSize = 5;
    const missing = new Set<string>();
    let adopted = 0;
    for (const hour of [1, 2]) {
      let invocations = 0;
      for (let finished = false; !finished; invocations += 1) {
        let pages = 0;
        const work = world.work(ledger, instant(hour * HOUR + invocations * 900));
        const report = await reconcileWhenDue({ ...work, mayGoOn: () => pages++ < 1 });
        if (report === undefined) throw new Error('it should have been due');
        finished = report.finished;
        adopted += report.keys.flatMap((key) => key.adopted).length;
        for (const one of report.keys.flatMap((key) => (hour === 1 ? key.missing : key.gone))) missing.add(`${hour} ${one.grantId}`);
        expect(report.started).toBe(sweepAt(hour));
      }
      expect(invocations).toBeGreaterThan(3);
    }
    expect(adopted).toBe(9);
    expect([...missing].sort()).toEqual([1, 2].flatMap((hour) => [0, 10, 20].map((serial) => `${hour} ${grantId(serial)}`)).sort());
    const work = world.work(ledger, instant(2 * HOUR + 900 * 10));
    expect((await work.pipeline.ledger.sweepProgress())?.finished).toBe(true);
  });

  it('begins a key again when KMS has forgotten the marker', async () => {
    const ledger = await make();
    inKms(...Array.from({ length: 9 }, (_, serial) => creation(serial)));
    await ledger.noteSweep({ started: sweepAt(1), key: { keyArn: KEY, marker: 'forgotten', seen: [] } });
    const report = await reconcileWhenDue(world.work(ledger, instant(HOUR + 900)));
    expect(report?.keys[0]).toMatchObject({ listed: 9 });
    expect(report?.keys[0]?.adopted).toHaveLength(9);
  });

  it('writes nothing in a dry run, and says what it would do', async () => {
    const ledger = await make();
    await deliver(ledger, creation(1), creation(2));
    inKms(creation(2), creation(3));
    world.ecs.clusters.set(CLUSTER, { tasks: {} });
    const before = JSON.stringify(await ledger.snapshot(), withMaps);
    const report = await world.sweep(ledger, sweepAt(1), { dryRun: true, resumable: true });
    expect(report.keys[0]).toMatchObject({ adopted: [{ grantId: grantId(3) }], missing: [{ grantId: grantId(1) }] });
    expect(report.verification?.deviations).toHaveLength(1);
    expect(JSON.stringify(await ledger.snapshot(), withMaps)).toBe(before);
    expect([await ledger.sweepProgress(), await ledger.verification()]).toEqual([undefined, undefined]);
  });

  it('is due once an hour', async () => {
    const ledger = await make();
    expect(await reconcileWhenDue(world.work(ledger, sweepAt(1)))).toMatchObject({ finished: true });
    expect(await reconcileWhenDue(world.work(ledger, instant(HOUR + 2_700)))).toBeUndefined();
    expect(await reconcileWhenDue(world.work(ledger, instant(2 * HOUR - 1)))).toMatchObject({ finished: true });
  });

  it('compares ECS with the ledger, and keeps what it found', async () => {
    const ledger = await make();
    await deliver(ledger, creation(1), creation(2));
    inKms(creation(1), creation(2));
    const task = (id: string): string => `${CLUSTER.replace(':cluster/', ':task/')}/${id}`;
    const old = toSeconds(instant(0));
    world.ecs.pageSize = 2;
    world.ecs.clusters.set(CLUSTER, {
      fargate: KEY.split('/').at(-1) ?? '',
      volumes: SECOND_KEY,
      tasks: {
        [task('a')]: { key: KEY, createdAt: old },
        [task('b')]: { key: KEY, createdAt: old },
        [task('c')]: { key: KEY, createdAt: old },
        [task('d')]: { key: SECOND_KEY, createdAt: toSeconds(sweepAt(1)) - 60 },
        [task('e')]: { createdAt: old },
      },
    });
    const bare = CLUSTER.replace('prod', 'bare');
    const denied = CLUSTER.replace('prod', 'denied');
    world.ecs.clusters.set(bare, { tasks: {} });
    world.ecs.clusters.set(denied, { fargate: KEY, tasks: {} });
    world.ecs.clusters.set(CLUSTER.replace('prod', 'deleted'), { status: 'INACTIVE', tasks: {} });
    world.ecs.fault = (_, cluster) => (cluster === denied ? refused('AccessDeniedException', 'no') : undefined);

    const { verification, failed } = await world.sweep(ledger, sweepAt(1));

    const cluster = { account: '111122223333', name: 'prod' };
    expect(failed).toEqual([{ what: denied, why: expect.stringContaining('AccessDenied') }]);
    expect(verification).toMatchObject({
      at: sweepAt(1),
      clusters: 2,
      tasks: 5,
      more: 0,
      deviations: [
        { kind: 'task-on-other-key', cluster, taskArn: task('d'), keyArn: SECOND_KEY, clusterKeyArn: KEY },
        { kind: 'task-on-other-key', cluster, taskArn: task('e'), clusterKeyArn: KEY },
        { kind: 'tasks-without-grant', cluster, keyArn: KEY, tasks: 3, openGrants: 2 },
        { kind: 'cluster-without-customer-key', cluster: { ...cluster, name: 'bare' }, tasks: 0 },
      ],
      verified: [{ cluster, fargateKeyArn: KEY, volumesKeyArn: SECOND_KEY, tasks: 5 }, { cluster: { name: 'bare' } }],
    });
    expect(await ledger.verification()).toEqual(verification);
  });
});

const CLUSTER = `arn:aws:ecs:${REGION}:111122223333:cluster/prod`;

const withMaps = (_: string, value: unknown): unknown => (value instanceof Map ? [...value] : value);

/** Every way of putting so many things into so many places. */
function tuples(things: number, places: number): number[][] {
  if (things === 0) return [[]];
  return tuples(things - 1, places).flatMap((rest) => Array.from({ length: places }, (_, place) => [...rest, place]));
}

/** One in twenty, at random. */
const isDropped = (seed: number, index: number): boolean => Number.parseInt(sha256(`${seed} ${index}`).slice(0, 8), 16) % 20 === 0;

/** Grants of three kinds on two keys, used and ended: two in three are over. */
function fleetHistory(): { history: RawRecord[]; made: RawRecord[]; ended: Set<number> } {
  const made: RawRecord[] = [];
  const history: RawRecord[] = [];
  const ended = new Set<number>();
  for (let serial = 0; serial < 300; serial += 1) {
    const key = serial % 2 === 0 ? KEY : SECOND_KEY;
    const parameters: RawRecord =
      serial % 5 === 0
        ? {
            granteePrincipal: 'arn:aws:iam::111122223333:role/backup',
            operations: ['Decrypt', 'Encrypt'],
            constraints: undefined,
            retiringPrincipal: undefined,
          }
        : serial % 7 === 0
          ? { constraints: { encryptionContextEquals: { 'aws:ebs:id': volumeId(serial) } } }
          : {};
    const one = creation(serial, serial, key, parameters);
    const own = serial % 5 === 0 || serial % 7 === 0 ? { ...one, userIdentity: user('operator') } : one;
    made.push(own);
    history.push(
      own,
      record('Decrypt', {
        ...decrypt(ecsContext(PROD, volumeId(serial))),
        eventID: eventId(`use ${serial}`),
        eventTime: instant(serial + 5),
      }),
    );
    if (serial % 3 === 0) continue;
    ended.add(serial);
    history.push(retirement(serial, serial + 60, key));
  }
  return { history, made, ended };
}
