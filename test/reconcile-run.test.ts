import { spawn } from 'node:child_process';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoDbLedger } from '../src/aws/dynamodb-ledger.ts';
import { KmsInspector } from '../src/aws/kms-inspector.ts';
import { turns } from '../src/aws/paced-calls.ts';
import { DEFAULT_POLICY } from '../src/core/policy.ts';
import { fromSeconds } from '../src/core/timestamp.ts';
import { type DynaliteServer, LOCAL_CREDENTIALS, startDynalite } from '../src/local/dynalite-server.ts';
import { type Loopback, startLoopback } from '../src/local/loopback.ts';
import { MemoryLedger } from '../src/local/memory-ledger.ts';
import { refused } from '../src/local/refusal.ts';
import { auditEvent } from '../src/pipeline.ts';
import { reconcileWhenDue } from '../src/reconcile.ts';
import { sha256 } from '../src/system.ts';
import { createGrant, ecsContext, eventId, KEY, PROD, REGION } from './support/fleet.ts';
import { type SweepWorld, startSweepWorld } from './support/sweep-world.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const PROGRAM = `${ROOT}dist/cli/kms-audit.mjs`;
const HOUR = 3_600;
const MANY = 50_000;
const CLUSTER = `arn:aws:ecs:${REGION}:111122223333:cluster/prod`;
const now = (): number => Math.floor(Date.now() / 1_000);

let database: DynaliteServer;
let loopback: Loopback;
let world: SweepWorld;
let ledger: DynamoDbLedger;
let table: string;
let made = 0;
beforeAll(async () => {
  [database, loopback, world] = await Promise.all([startDynalite(), startLoopback(), startSweepWorld()]);
});
afterAll(async () => {
  await Promise.all([database.stop(), loopback.stop(), world.stop()]);
});
beforeEach(async () => {
  made += 1;
  table = `ledger-${made}`;
  await database.createTable(table);
  ledger = new DynamoDbLedger(database.client, table);
  world.kms.keys.clear();
  world.kms.grants.clear();
  world.kms.fault = () => undefined;
  world.ecs.clusters.clear();
  world.ecs.fault = () => undefined;
});

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs Node against everything that is embedded here. */
function node(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const env = {
    PATH: process.env.PATH ?? '',
    AWS_ENDPOINT_URL: loopback.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: database.endpoint,
    AWS_ENDPOINT_URL_KMS: world.kms.endpoint,
    AWS_ENDPOINT_URL_ECS: world.ecs.endpoint,
    AWS_REGION: 'us-west-2',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    ...more,
  };
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { env });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

/** Without the breaks that a narrow terminal needs. */
const unwrapped = (text: string): string => text.replace(/\s+/g, ' ');

const grantOf = (serial: number): string => sha256(`grant ${serial}`);
const volumeOf = (serial: number): string => `vol-${serial.toString(16).padStart(17, '0')}`;

async function record(serial: number): Promise<void> {
  const constraints = { encryptionContextSubset: ecsContext(PROD, volumeOf(serial)) };
  const made = {
    eventTime: fromSeconds(now() - HOUR),
    eventID: eventId(`create ${serial}`),
    responseElements: { grantId: grantOf(serial), keyId: KEY },
  };
  await auditEvent(createGrant(grantOf(serial), { constraints }, made), {
    ledger,
    policy: DEFAULT_POLICY,
    digest: sha256,
    now,
    log: () => {},
  });
}

const entry = (serial: number) => ({
  GrantId: grantOf(serial),
  CreationDate: now() - HOUR,
  GranteePrincipal: `fargate.${REGION}.amazonaws.com`,
  RetiringPrincipal: `ec2.${REGION}.amazonaws.com`,
  Operations: ['Decrypt'],
  Constraints: { EncryptionContextSubset: ecsContext(PROD, volumeOf(serial)) },
});

describe('kms-audit reconcile', () => {
  beforeEach(async () => {
    await record(1);
    world.kms.keys.set(KEY, { state: 'Disabled', manager: 'CUSTOMER', rotates: false });
    world.kms.grants.set(KEY, [entry(2)]);
    world.ecs.clusters.set(CLUSTER, { tasks: { [`${CLUSTER}/t`]: { createdAt: 0 } } });
  });

  it('says what it would do, and does it without --dry-run', async () => {
    const dry = await node([PROGRAM, 'reconcile', '--table', table, '--dry-run']);
    expect(dry).toMatchObject({ code: 0, err: '' });
    expect(dry.out).toContain('a dry run: nothing was written');
    expect(dry.out).toContain(`key ${KEY}, disabled`);
    expect(dry.out).toContain('1 grant would be adopted');
    expect(unwrapped(dry.out)).toContain(`${grantOf(2)} for cluster prod of 111122223333`);
    expect(dry.out).toContain('1 grant not in KMS, for the first time');
    expect(unwrapped(dry.out)).toContain('cluster prod of 111122223333 has no customer key for its Fargate storage (1 task)');
    expect(await ledger.dependents(KEY)).toMatchObject({ openGrants: 1 });

    const real = await node([PROGRAM, 'reconcile', '--table', table, '--json']);
    expect(real).toMatchObject({ code: 0, err: '' });
    const report = JSON.parse(real.out);
    expect(report).toMatchObject({
      dryRun: false,
      finished: true,
      keys: [{ keyArn: KEY, state: 'disabled', rotation: 'off', listed: 1, adopted: [{ grantId: grantOf(2), volumeId: volumeOf(2) }] }],
      verification: { clusters: 1, tasks: 1, deviations: [{ kind: 'cluster-without-customer-key' }] },
      failed: [],
    });
    expect(await ledger.dependents(KEY)).toMatchObject({ openGrants: 2, clusters: [{ clusterName: 'prod', openGrants: 2 }] });
    expect((await node([PROGRAM, 'reconcile', '--table', table, '--dry-run'])).out).toContain('The ledger and KMS agree.');
  }, 30_000);

  it('says what it could not look at, and fails for it; no table is bad input', async () => {
    world.kms.fault = ({ operation }) => (operation === 'ListGrants' ? refused('AccessDeniedException', 'no \u001b[31mway') : undefined);
    const denied = await node([PROGRAM, 'reconcile', '--table', table]);
    expect(denied.code).toBe(1);
    expect(unwrapped(denied.out)).toContain(`not looked at: ${KEY}: AccessDeniedException: no \\u{1b}[31mway`);
    const none = await node([PROGRAM, 'reconcile', '--table', 'nothing']);
    expect(none).toMatchObject({ code: 2, err: expect.stringContaining('there is no table "nothing"') });
  }, 30_000);
});

describe('the built sweep', () => {
  const CALL = `import('${ROOT}dist/sweep.mjs').then(({ handler }) => handler({}, { getRemainingTimeInMillis: () => 900_000 })).then((did) => console.log(JSON.stringify({ did })))`;
  const sweep = (): Promise<Outcome> =>
    node(['-e', CALL], { TABLE_NAME: table, ALERT_TOPIC_ARN: 'arn:aws:sns:us-west-2:111122223333:alerts' });
  const didOf = ({ out, err }: Outcome): unknown => {
    const line = out.split('\n').find((one) => one.startsWith('{"did"'));
    if (line === undefined) throw new Error(out + err);
    return JSON.parse(line).did;
  };

  it('reconciles, and not again within the hour', async () => {
    await record(1);
    world.kms.grants.set(KEY, [entry(2)]);
    world.kms.keys.set(KEY, { state: 'Enabled', manager: 'CUSTOMER', rotates: true });
    const first = await sweep();
    expect(didOf(first)).toEqual({ settled: 0, reconciled: { finished: true, keys: 1, failed: 0 } });
    expect(first.out).toContain('"grants reconciled"');
    expect(await ledger.dependents(KEY)).toMatchObject({ openGrants: 2 });
    expect(didOf(await sweep())).toEqual({ settled: 0 });
  }, 30_000);

  it('settles and flies its canary though KMS and ECS refuse everything else', async () => {
    await record(1);
    const occurrence = {
      rule: 'use-after-release',
      severity: 'medium',
      subject: {},
      about: {},
      group: 'g',
      operation: 'Decrypt',
      caller: 'c',
      sentence: 's',
    } as const;
    const volume = { clusterAccount: '111122223333', clusterName: 'prod', volumeId: volumeOf(1), keyArn: KEY };
    await ledger.addCandidate('f', { occurrence: { ...occurrence, eventId: 'e', time: fromSeconds(now() - HOUR) }, volume, since: 0 });
    world.kms.fault = ({ operation }) => (operation === 'ListAliases' ? undefined : refused('AccessDeniedException', 'no'));
    world.ecs.fault = () => refused('AccessDeniedException', 'no');
    const swept = await sweep();
    expect(didOf(swept)).toEqual({ settled: 1, reconciled: { finished: true, keys: 0, failed: 3 } });
    expect(swept.out.match(/the sweep could not look at something/g)).toHaveLength(3);
    expect((await ledger.canary()).sent).toBeGreaterThan(now() - 60);
    expect(world.kms.calls.map(({ operation }) => operation)).toContain('ListAliases');
    expect(await ledger.dependents(KEY)).toMatchObject({ openGrants: 1 });
  }, 30_000);
});

describe('a key with 50,000 grants', () => {
  it('is swept over several invocations, and each grant is adopted once', async () => {
    const memory = new MemoryLedger();
    world.kms.keys.set(KEY, { state: 'Enabled', manager: 'CUSTOMER', rotates: true });
    world.kms.grants.set(
      KEY,
      Array.from({ length: MANY }, (_, serial) => entry(serial)),
    );
    let adopted = 0;
    let invocations = 0;
    for (let finished = false; !finished; invocations += 1) {
      let pages = 0;
      const work = world.work(memory, fromSeconds(now() + invocations * 900));
      const report = await reconcileWhenDue({
        ...work,
        mayGoOn: () => pages < 120,
        progress: () => {
          pages += 1;
        },
      });
      finished = report?.finished ?? true;
      adopted += report?.keys.flatMap((key) => key.adopted).length ?? 0;
    }
    expect(invocations).toBe(5);
    expect(adopted).toBe(MANY);
    expect(await memory.dependents(KEY)).toMatchObject({ openGrants: MANY, clusters: [{ clusterName: 'prod', openGrants: MANY }] });
  }, 120_000);
});

const BY_HAND = Number(process.env.KMS_AUDIT_SWEEP_GRANTS ?? 0);

describe.runIf(BY_HAND > 0)('by hand: KMS_AUDIT_SWEEP_GRANTS grants of one key in the database, at the pace of the deployed sweep', () => {
  it('are adopted, found again, missed, and gone', async () => {
    const calls = new Map<string, number>();
    const client = new DynamoDBClient(database.clientConfig);
    client.middlewareStack.add(
      (next, { commandName = '' }) =>
        (args) => {
          calls.set(commandName, (calls.get(commandName) ?? 0) + 1);
          return next(args);
        },
      { step: 'initialize', name: 'countCalls' },
    );
    const kms = new KMSClient({ region: REGION, endpoint: world.kms.endpoint, credentials: LOCAL_CREDENTIALS });
    const counted = new DynamoDbLedger(client, table);
    const grants = Array.from({ length: BY_HAND }, (_, serial) => entry(serial));
    world.kms.keys.set(KEY, { state: 'Enabled', manager: 'CUSTOMER', rotates: true });
    const openGrants: number[] = [];
    for (const [hour, [what, listed]] of Object.entries({ adopted: grants, known: grants, missing: [], gone: [] } as const).entries()) {
      world.kms.grants.set(KEY, [...listed]);
      calls.clear();
      const begun = performance.now();
      let invocations = 0;
      for (let finished = false; !finished; invocations += 1) {
        const since = performance.now();
        const work = world.work(counted, fromSeconds(now() + hour * HOUR));
        const keys = new KmsInspector(kms, turns(), sha256);
        const report = await reconcileWhenDue({ ...work, keys, mayGoOn: () => performance.now() - since < 810_000 });
        finished = report?.finished ?? true;
      }
      const seconds = Math.round((performance.now() - begun) / 1_000);
      console.log(`${BY_HAND} ${what}: ${seconds} s, ${invocations} invocations of 15 minutes, ${JSON.stringify([...calls])}`);
      let open = 0;
      for await (const _ of counted.openGrantsOf(KEY)) open += 1;
      openGrants.push(open);
    }
    expect(openGrants).toEqual([BY_HAND, BY_HAND, BY_HAND, 0]);
    kms.destroy();
    client.destroy();
  }, 3_600_000);
});
