import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynamoDbLedger } from '../src/aws/dynamodb-ledger.ts';
import { type DependentsOptions, dependents } from '../src/cli/dependents.ts';
import { InputError } from '../src/cli/input.ts';
import { columnsOf } from '../src/cli/layout.ts';
import { type ReplayReport, replay } from '../src/cli/replay.ts';
import { type TimelineOptions, timeline } from '../src/cli/timeline.ts';
import { DEFAULT_POLICY } from '../src/core/policy.ts';
import { dependentsOfKey, EVERYTHING } from '../src/dependents.ts';
import { type DynaliteServer, LOCAL_CREDENTIALS, LOCAL_REGION, startDynalite } from '../src/local/dynalite-server.ts';
import { MemoryLedger } from '../src/local/memory-ledger.ts';
import { MemoryReader } from '../src/local/memory-reader.ts';
import { auditEvent } from '../src/pipeline.ts';
import { sha256 } from '../src/system.ts';
import { archiveOf, backfillArchive } from './support/backfill-run.ts';
import { type CloudTrailRecord, cleanLife, testKeyArn } from './support/life.ts';

const EVENTS = new URL('../events', import.meta.url).pathname;
const OLD_KEY = testKeyArn();
const NEW_KEY = testKeyArn({ keyId: '6b3a1c8e-4b3a-4c8e-9d0e-2f6b7c8d9e02' });
const HOSTILE = 'pay\u001b[2J\u202e<b>=cmd()"\'';

let folder: string;
let database: DynaliteServer;
const own = { ...process.env };
beforeAll(async () => {
  database = await startDynalite();
  folder = await mkdtemp(join(tmpdir(), 'kms-audit-'));
  Object.assign(process.env, {
    AWS_REGION: LOCAL_REGION,
    AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
    AWS_ENDPOINT_URL: database.endpoint,
  });
});
afterAll(async () => {
  for (const name of Object.keys(process.env)) if (!(name in own)) delete process.env[name];
  await Promise.all([database.stop(), rm(folder, { recursive: true })]);
});

interface Printed {
  readonly out: string;
  readonly err: string;
}

/** What a command writes on a terminal of 80 columns. */
async function printed(command: (terminal: Parameters<typeof dependents>[2]) => Promise<void>): Promise<Printed> {
  const written = { out: '', err: '' };
  const stream = (name: 'out' | 'err'): Writable =>
    new Writable({
      write: (chunk, _encoding, done) => {
        written[name] += chunk;
        done();
      },
    });
  await command({ out: stream('out'), err: stream('err'), colour: false, live: false, width: 80 });
  return written;
}

const ask = (key: string | undefined, options: DependentsOptions): Promise<Printed> =>
  printed((terminal) => dependents(key, options, terminal));
const tell = (what: string, options: TimelineOptions): Promise<Printed> => printed((terminal) => timeline(what, options, terminal));

/** The same records as files, through the live pipeline into a table, and, the other way round, through a backfill. */
async function everySource(name: string, records: readonly unknown[]): Promise<readonly DependentsOptions[]> {
  const path = join(folder, `${name}.json`);
  await writeFile(path, JSON.stringify(records));
  await database.createTable(`${name}-live`);
  await database.createTable(`${name}-history`);
  const ledger = new DynamoDbLedger(database.client, `${name}-live`);
  for (const record of records) await auditEvent(record, { ledger, policy: DEFAULT_POLICY, digest: sha256, now: () => 0, log: () => {} });
  await backfillArchive(archiveOf([...records].reverse(), 5), `${name}-history`, database.client);
  return [{ from: [path] }, { table: `${name}-live` }, { table: `${name}-history` }];
}

async function scenarioEvents(): Promise<unknown[]> {
  const files = (await readdir(EVENTS, { recursive: true })).filter((file) => /\/\d[^/]*\.json$/.test(file)).sort();
  return Promise.all(files.map(async (file): Promise<unknown> => JSON.parse(await readFile(join(EVENTS, file), 'utf8'))));
}

/** An UpdateCluster that leaves the cluster's Fargate storage with a key. */
const clusterSet = (time: string, keyArn: string, cluster = 'payments'): CloudTrailRecord => ({
  ...cleanLife()[0],
  userIdentity: { type: 'AssumedRole', arn: 'arn:aws:sts::111122223333:assumed-role/deployer/session' },
  eventTime: time,
  eventSource: 'ecs.amazonaws.com',
  eventName: 'UpdateCluster',
  errorCode: undefined,
  errorMessage: undefined,
  eventID: `set-${time}`,
  requestParameters: { cluster, configuration: { managedStorageConfiguration: { fargateEphemeralStorageKmsKeyId: keyArn } } },
  responseElements: { cluster: { clusterArn: `arn:aws:ecs:us-west-2:111122223333:cluster/${cluster}` } },
});

describe('every scenario, from records, a live table and a backfilled one', () => {
  let sources: readonly DependentsOptions[];
  let report: ReplayReport;
  beforeAll(async () => {
    sources = await everySource('scenarios', await scenarioEvents());
    report = await replay(sources[0]?.from ?? [], DEFAULT_POLICY);
  });

  /** What all the sources say alike. */
  async function said(question: (source: DependentsOptions) => Promise<Printed>): Promise<string> {
    const [first, ...others] = await Promise.all(sources.map(async (source) => (await question(source)).out));
    for (const other of others) expect(other).toBe(first);
    return first ?? '';
  }

  it('dependents of every key: byte for byte the same, and what replay says of it', async () => {
    expect(report.keys.length).toBeGreaterThan(40);
    let volumes = 0;
    for (const key of report.keys) {
      const of = JSON.parse(await said((source) => ask(key.keyArn, { ...source, json: true })));
      expect(of).toMatchObject({ ...key, verdict: expect.stringMatching(/^[A-Z].*\.$/), lastRefusals: expect.any(Array) });
      const granted = [...report.volumes].filter(({ keyArn, status }) => keyArn === key.keyArn && status === 'granted');
      expect(of.volumes.map(({ volumeId }: { volumeId: string }) => volumeId).sort()).toEqual(
        granted.map(({ volumeId }) => volumeId).sort(),
      );
      volumes += granted.length;
      await said((source) => ask(key.keyArn, source));
    }
    expect(volumes).toBeGreaterThan(5);
  });

  it('the timeline of every volume and grant, of some keys and clusters', async () => {
    const grants = [...report.volumes].flatMap((volume) => volume.grants);
    expect(grants.length).toBeGreaterThan(10);
    for (const { volumeId, clusterAccount, clusterName, keyArn, status } of report.volumes) {
      const where = { cluster: `${clusterAccount}/${clusterName}`, key: keyArn };
      const of = JSON.parse(await said((source) => tell(volumeId, { ...source, ...where, as: 'volume', json: true })));
      expect(of).toMatchObject({ status, of: { kind: 'volume', volumeId } });
    }
    for (const { grantId, status } of grants) {
      const of = JSON.parse(await said((source) => tell(grantId, { ...source, as: 'grant', json: true })));
      expect(of).toMatchObject({ status, of: { kind: 'grant', grantId } });
    }
    for (const { keyArn } of report.keys.slice(0, 12)) await said((source) => tell(keyArn, { ...source, json: true }));
    for (const cluster of ['web', 'checkout']) await said((source) => tell(cluster, { ...source, json: true }));
  });

  it('says when a timeline needs the whole table, and what that took', async () => {
    const { err } = await tell('web', sources[1] ?? {});
    expect(err).toMatch(
      /^what a key or a cluster did is kept with its volumes: this reads the whole table\nscenarios-live: \d+ items read, /,
    );
    expect((await tell([...report.volumes][0]?.volumeId ?? '', { ...sources[1], as: 'volume' })).err).toBe('');
  });
});

describe('a key', () => {
  let sources: readonly DependentsOptions[];
  beforeAll(async () => {
    const secret = { 'aws:ebs:id': 'vol-0plain' };
    const [, , , grant] = cleanLife({ serial: 9 });
    sources = await everySource('moved', [
      clusterSet('2026-11-01T09:00:00Z', OLD_KEY),
      ...cleanLife({ serial: 1, volumeId: 'vol-0old' }).slice(0, 5),
      ...cleanLife({ serial: 2, volumeId: 'vol-0done' }),
      clusterSet('2026-11-03T09:00:00Z', NEW_KEY),
      ...cleanLife({ serial: 3, day: '2026-11-04', volumeId: 'vol-0new', keyId: '6b3a1c8e-4b3a-4c8e-9d0e-2f6b7c8d9e02' }).slice(0, 5),
      {
        ...grant,
        eventTime: '2026-11-05T09:00:00Z',
        requestParameters: {
          keyId: OLD_KEY,
          granteePrincipal: 'arn:aws:iam::111122223333:role/backup',
          operations: ['Decrypt'],
          constraints: { encryptionContextSubset: secret },
        },
        responseElements: { grantId: 'b'.repeat(64), keyId: OLD_KEY },
      },
    ]);
  });

  it('that its cluster has left breaks no new task, and still has its volumes', async () => {
    for (const source of sources) {
      const of = JSON.parse((await ask(OLD_KEY, { ...source, json: true })).out);
      expect(of.verdict).toBe(
        'No cluster is known to start tasks on it; 1 volume on 1 cluster still needs it; 1 other grant is open; seen using it: 1 ebs volume, last on 2026-11-05.',
      );
      expect(of.launches).toEqual([
        { clusterAccount: '111122223333', clusterName: 'payments', keyArn: NEW_KEY, asOf: '2026-11-04T10:00:00Z', by: 'rehearsal' },
      ]);
      expect(of.otherGrants).toMatchObject([
        { grantee: 'arn:aws:iam::111122223333:role/backup', resource: { kind: 'ebs-volume', id: 'vol-0plain' } },
      ]);
      const current = JSON.parse((await ask(NEW_KEY, { ...source, json: true })).out);
      expect(current.verdict).toMatch(/^Disabling breaks new tasks in 1 cluster; 1 volume on 1 cluster still needs it; nothing else/);
    }
  });

  it('is old for the volumes of a cluster whose key has changed', async () => {
    for (const source of sources) {
      const { out } = await ask(undefined, { ...source, cluster: 'payments', json: true });
      const of = JSON.parse(out);
      expect(of.verdict).toBe(
        'New tasks get the current key; 1 volume still sits on an old key until its task is replaced (--force-new-deployment).',
      );
      expect(of.keys).toMatchObject([
        { keyArn: OLD_KEY, current: false, volumes: [{ volumeId: 'vol-0old', lastUse: { operation: 'Decrypt' } }] },
        { keyArn: NEW_KEY, current: true, volumes: [{ volumeId: 'vol-0new' }] },
      ]);
      expect((await ask(undefined, { ...source, cluster: '111122223333/payments' })).out).toContain(
        'aws ecs update-service --cluster payments --force-new-deployment',
      );
    }
  });

  it('is found by its id and by a part that is no other’s', async () => {
    for (const source of sources) {
      const whole = (await ask(OLD_KEY, source)).out;
      expect((await ask('5a3c1c8e-4b3a-4c8e-9d0e-2f6b7c8d9e01', source)).out).toBe(whole);
      expect((await ask('5a3c', source)).out).toBe(whole);
    }
  });

  it.each([
    ['4c8e', /^"4c8e" names 2 keys: arn:aws:kms:us-west-2:111122223333:key\/5a3c\S+, arn/],
    ['5a3c1c8e-4b3a-4c8e-9d0e-2f6b7c8d9e10', /did you mean 5a3c1c8e-4b3a-4c8e-9d0e-2f6b7c8d9e01\?$/],
    [`${OLD_KEY.slice(0, -1)}9`, /^no record in this ledger names a key ".*9"; did you mean 5a3c1c8e/],
    ['alias/payments', /aws kms describe-key --key-id alias\/payments/],
    ['\u001b[2J', /^no record in this ledger names a key "\\u\{1b\}\[2J"; it knows arn/],
    ['', /^no record in this ledger names a key ""/],
  ])('named "%s" is an error that helps', async (key, message) => {
    for (const source of sources) {
      await expect(ask(key, source)).rejects.toThrow(InputError);
      await expect(ask(key, source)).rejects.toThrow(message);
    }
  });

  it.each([
    [{ cluster: 'paymets' }, 'names a cluster "paymets" with a key; did you mean "payments"?'],
    [{ cluster: 'nowhere-at-all' }, 'names a cluster "nowhere-at-all" with a key; it knows 111122223333/payments'],
    [{ cluster: '111122223333/paymets' }, 'names a cluster "111122223333/paymets"; did you mean "111122223333/payments"?'],
    [{ cluster: 'arn:aws:ecs:us-west-2:111122223333:cluster/paymets' }, 'did you mean "111122223333/payments"?'],
    [{}, 'no key: say its ARN'],
  ])('is asked for or a cluster: %o', async (options, message) => {
    for (const source of sources) await expect(ask(undefined, { ...source, ...options })).rejects.toThrow(message);
    await expect(ask(OLD_KEY, { ...sources[0], cluster: 'payments' })).rejects.toThrow('two questions');
  });
});

it('what is asked is checked before records are read', async () => {
  const nowhere = { from: [join(folder, 'not-there.json')] };
  await expect(ask(undefined, nowhere)).rejects.toThrow('no key: say its ARN');
  await expect(ask(OLD_KEY, { ...nowhere, cluster: 'payments' })).rejects.toThrow('two questions');
});

describe('a key whose grants were not seen', () => {
  const other = { cluster: 'web', keyId: '6b3a1c8e-4b3a-4c8e-9d0e-2f6b7c8d9e02' };
  const [, , , , lone] = cleanLife({ serial: 1, volumeId: 'vol-0lone' });
  const [, , , , late] = cleanLife({ ...other, serial: 2, volumeId: 'vol-0late' });
  let sources: readonly DependentsOptions[];
  beforeAll(async () => {
    const released = cleanLife({ ...other, serial: 3, volumeId: 'vol-0late' });
    sources = await everySource('ungranted', [lone, ...released, { ...late, eventTime: '2026-11-02T12:00:00Z' }]);
  });

  it.each([
    [OLD_KEY, 'payments', /^No cluster is known to start tasks on it; no volume is known to need it; 1 cluster \(payments\) had to do/],
    [
      NEW_KEY,
      'web',
      /^Disabling breaks new tasks in 1 cluster; no volume is known to need it; 1 cluster \(web\) had to do with it, with no/,
    ],
  ])('is not called unused: %s', async (keyArn, clusterName, verdict) => {
    const said = await Promise.all(sources.map(async (source) => (await ask(keyArn, { ...source, json: true })).out));
    expect(new Set(said).size).toBe(1);
    const of = JSON.parse(said[0] ?? '');
    expect(of.verdict).toMatch(verdict);
    expect(of.verdict).not.toContain('nothing else');
    expect(of.ungrantedClusters).toEqual([{ clusterAccount: '111122223333', clusterName }]);
    for (const source of sources)
      expect((await ask(keyArn, source)).out).toContain(`cluster ${clusterName} of 111122223333: no open grant known`);
  });

  it('is named of its cluster', async () => {
    for (const source of sources) {
      const of = JSON.parse((await ask(undefined, { ...source, cluster: 'payments', json: true })).out);
      expect(of).toMatchObject({ keys: [], ungrantedKeys: [OLD_KEY] });
      expect(of.verdict).toContain('it had to do with 1 other key, with no open grant known');
      expect((await ask(undefined, { ...source, cluster: 'payments' })).out).toContain(OLD_KEY.slice(-36));
    }
  });
});

describe('a key that was refused as disabled, and whose changes were not seen', () => {
  const [, , , grant] = cleanLife({ serial: 1, volumeId: 'vol-0a' });
  const disabled = (eventTime: string): CloudTrailRecord => ({
    ...cleanLife({ serial: 2 })[2],
    eventTime,
    errorCode: 'DisabledException',
    errorMessage: `${OLD_KEY} is disabled.`,
  });

  it.each([
    ['before', '2026-11-02T09:00:00Z', /^Disabling breaks new tasks in 1 cluster; 1 volume/],
    ['in the second in which', String(grant?.eventTime), /^The key is disabled: new tasks fail in 1 cluster; 1 volume/],
    ['after', '2026-11-02T12:00:00Z', /^The key is disabled: new tasks fail in 1 cluster; 1 volume/],
  ])('%s it worked', async (_, time, verdict) => {
    for (const source of await everySource(`refused-${time.slice(11, 13)}`, [disabled(time), grant]))
      expect(JSON.parse((await ask(OLD_KEY, { ...source, json: true })).out).verdict).toMatch(verdict);
  });
});

it('a key of ten thousand clusters is told of in proportion', async () => {
  const caller = { id: 'somebody', trusted: false, awsRole: false };
  const ledger = new MemoryLedger();
  for (let index = 0; index < 10_000; index += 1) {
    const cluster = { account: '111122223333', name: `cluster-${index}` };
    const fact = { caller, time: '2026-11-02T10:00:00Z', cluster, keyArn: OLD_KEY };
    const { keyArn: _, ...setting } = fact;
    const storage = { fargate: OLD_KEY };
    await ledger.addFact({ ...setting, kind: 'cluster-configured', eventId: `s${index}`, operation: 'UpdateCluster', storage });
    await ledger.addFact({ ...fact, kind: 'rehearsed', eventId: `r${index}`, operation: 'CreateGrant', trust: 'trusted' });
    const grant = { ...fact, kind: 'grant-created', grantId: `g${index}`, volumeId: `vol-${index}` } as const;
    await ledger.joinCreation({ ...grant, eventId: `g${index}`, operation: 'CreateGrant', trust: 'trusted' });
  }
  const reader = new MemoryReader(await ledger.snapshot());
  const started = performance.now();
  const of = await dependentsOfKey(reader, OLD_KEY, EVERYTHING);
  expect(performance.now() - started).toBeLessThan(5_000);
  expect(of.verdict).toMatch(/^Disabling breaks new tasks in 10000 clusters; 10000 volumes on 10000 clusters/);
});

describe('a timeline', () => {
  const life = cleanLife({ serial: 1, volumeId: 'vol-0a' });
  const [, , , grantOfB, useOfB] = cleanLife({ serial: 2, volumeId: 'vol-0b' });
  const [, , , , useOfC] = cleanLife({ serial: 3, volumeId: 'vol-0c' });
  const strange = cleanLife({ serial: 4 })[5];
  let sources: readonly DependentsOptions[];
  beforeAll(async () => {
    sources = await everySource('gaps', [...life, grantOfB, useOfB, useOfC, strange].reverse());
  });
  const json = async (what: string, source: TimelineOptions) => JSON.parse((await tell(what, { ...source, json: true })).out);

  it('folds the status after each fact, in the order of time', async () => {
    for (const source of sources) {
      const { entries, gaps } = await json('vol-0a', source);
      expect(entries.map((entry: Record<string, string>) => [entry.operation, entry.status])).toEqual([
        ['GenerateDataKeyWithoutPlaintext', 'prepared'],
        ['CreateGrant', 'granted'],
        ['Decrypt', 'granted'],
        ['RetireGrant', 'released'],
      ]);
      expect(entries[3]).toMatchObject({ time: '2026-11-02T11:30:00Z', eventId: life[5]?.eventID, caller: 'AWS Internal' });
      expect(gaps).toEqual([]);
    }
  });

  it('names what is missing', async () => {
    for (const source of sources) {
      expect((await json('vol-0b', source)).gaps).toEqual([{ gap: 'granted, no data key seen', volumeId: 'vol-0b' }]);
      expect((await json('vol-0c', source)).gaps).toEqual([{ gap: 'used, no grant seen', volumeId: 'vol-0c' }]);
      const key = await json(OLD_KEY, source);
      expect(key.gaps.map(({ gap }: { gap: string }) => gap)).toEqual([
        'granted, no data key seen',
        'no change of the key’s state was seen',
        'retired, creation never seen',
        'used, no grant seen',
      ]);
      expect(key.status).toBe('state not seen, 1 open grant');
    }
  });

  it('of a grant of which only the end was seen says so', async () => {
    const grantId = String(Object(strange?.additionalEventData).grantId);
    for (const source of sources) {
      const of = await json(grantId, source);
      expect(of).toMatchObject({ status: 'retired', gaps: [{ gap: 'retired, creation never seen', grantId }] });
      expect(of.entries).toHaveLength(1);
      expect((await tell(grantId, source)).out).toContain('retired, creation never seen');
    }
  });

  it.each([
    ['vol-0z', {}, 'no record in this ledger names volume "vol-0z"'],
    ['0'.repeat(64), {}, 'a grant is named by its whole id'],
    ['nowhere', {}, 'no record in this ledger names a cluster "nowhere"'],
    ['vol-0a', { as: 'cluster' as const }, 'no record in this ledger names a cluster "vol-0a"'],
    ['111122223333/nowhere', {}, 'no record in this ledger names the cluster'],
  ])('of what is not there is an error: %s %o', async (what, options, message) => {
    for (const source of sources) {
      await expect(tell(what, { ...source, ...options })).rejects.toThrow(InputError);
      await expect(tell(what, { ...source, ...options })).rejects.toThrow(message);
    }
  });

  it('of a volume that is in two places asks which', async () => {
    const twice = await everySource('twice', [...life, ...cleanLife({ serial: 5, volumeId: 'vol-0a', cluster: 'orders' })]);
    for (const source of twice) {
      await expect(tell('vol-0a', source)).rejects.toThrow(/say --cluster and --key: --cluster 111122223333\/orders --key arn/);
      expect((await json('vol-0a', { ...source, cluster: 'orders' })).entries).toHaveLength(4);
    }
  });
});

describe('names that attack', () => {
  let sources: readonly DependentsOptions[];
  beforeAll(async () => {
    sources = await everySource('hostile', cleanLife({ cluster: HOSTILE, volumeId: HOSTILE, grantId: HOSTILE }).slice(0, 5));
  });

  it.each<[string, (source: DependentsOptions) => Promise<Printed>, boolean?]>([
    ['dependents', (source) => ask(OLD_KEY, source)],
    ['dependents of a cluster', (source) => ask(undefined, { ...source, cluster: HOSTILE })],
    ['a volume', (source) => tell(HOSTILE, { ...source, as: 'volume' })],
    ['a grant', (source) => tell(HOSTILE, { ...source, as: 'grant' })],
    // Its facts are counted together.
    ['a key', (source) => tell(OLD_KEY, source), false],
    ['a cluster', (source) => tell(HOSTILE, { ...source, as: 'cluster' })],
  ])('are shown as text that fits: %s', async (_, question, says = true) => {
    for (const source of sources) {
      const { out } = await question(source);
      if (says) expect(out).toContain('\\u{1b}[2J');
      expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(Math.max(...out.split('\n').map(columnsOf))).toBeLessThanOrEqual(80);
    }
  });

  it('stay what they are in JSON', async () => {
    for (const source of sources) {
      const { out } = await ask(OLD_KEY, { ...source, json: true });
      expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(JSON.parse(out).volumes).toMatchObject([{ volumeId: HOSTILE, clusterName: HOSTILE }]);
    }
  });
});
