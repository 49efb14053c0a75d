import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynamoDbLedger } from '../src/aws/dynamodb-ledger.ts';
import { replayInto } from '../src/cli/replay.ts';
import { type ReportOptions, report } from '../src/cli/report.ts';
import { asOf } from '../src/core/evidence/as-of.ts';
import { evidenceCsv } from '../src/core/evidence/evidence-csv.ts';
import type { EvidenceReport } from '../src/core/evidence/model.ts';
import { hearingOf } from '../src/core/evidence/silences.ts';
import { html } from '../src/core/html/markup.ts';
import { evidencePage } from '../src/core/html/page.ts';
import { DEFAULT_POLICY } from '../src/core/policy.ts';
import { toSeconds } from '../src/core/timestamp.ts';
import { type DynaliteServer, LOCAL_CREDENTIALS, LOCAL_REGION, startDynalite } from '../src/local/dynalite-server.ts';
import { sha256 } from '../src/system.ts';
import { madeReport, madeSnapshot } from './support/report-ledger.ts';
import { captured } from './support/terminal.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kms-audit-'));
});
afterAll(async () => rm(folder, { recursive: true }));

/** What the command prints. */
async function printed(options: ReportOptions): Promise<string> {
  const { terminal, out } = captured();
  await report(options, terminal);
  return out();
}

const reported = async (options: ReportOptions): Promise<EvidenceReport> => JSON.parse(await printed({ ...options, json: true }));

const FROM = { from: ['events'] };

describe('kms-audit report', () => {
  it('tells of records what became of each, and proves each grant with its events', async () => {
    const { coverage, volumes, source, madeAt } = await reported({ from: ['events/fargate-task-life', 'events/malformed-records'] });

    expect(source).toEqual({ records: ['events/fargate-task-life', 'events/malformed-records'] });
    expect(madeAt).toBeUndefined();
    expect(coverage.events?.rejected).toBe(13);
    expect(coverage.sources?.flatMap(({ rejected }) => rejected)).toHaveLength(13);
    const volume = volumes.find(({ status }) => status === 'released');
    expect(volume?.grants).toMatchObject([{ status: 'retired', grantedBy: 'ec2-frontend-api.amazonaws.com', endedBy: 'AWS Internal' }]);
    for (const id of [volume?.grants[0]?.grantedEventId, volume?.grants[0]?.endedEventId]) expect(id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('says the same twice, byte for byte, in every form from one reading', async () => {
    const files = { html: join(folder, 'a.html'), csv: join(folder, 'a.csv') };
    const { terminal, out, err } = captured();
    await report({ ...FROM, ...files, json: true }, terminal);

    expect(await readFile(files.html, 'utf8')).toBe(await printed(FROM));
    expect(await readFile(files.csv, 'utf8')).toBe(await printed({ ...FROM, csv: true }));
    expect(out()).toBe(await printed({ ...FROM, json: true }));
    expect(err()).toContain(`${files.html}: `);
  });

  it('tells everything as it stood at the end of the period', async () => {
    const [whole, then] = await Promise.all([
      reported({ from: ['events/key-disabled-with-dependents'] }),
      reported({ from: ['events/key-disabled-with-dependents'], until: '2026-11-11T08:15:00Z' }),
    ]);

    const statuses = ({ volumes }: EvidenceReport) => volumes.flatMap(({ grants }) => grants.map(({ status }) => status)).sort();
    expect(statuses(whole)).toContain('retired');
    expect(statuses(then)).not.toContain('retired');
    expect(then.coverage.last && then.coverage.last <= '2026-11-11T08:15:00Z').toBe(true);
  });

  it('tells nothing of records from after the period but that they were read', async () => {
    const from = ['events/resources-under-keys', 'events/fargate-task-life'];
    const until = '2026-11-16T09:00:00Z';
    const [whole, then, before] = await Promise.all([
      reported({ from }),
      reported({ from, until }),
      reported({ from, until: '2026-10-01T00:00:00Z' }),
    ]);

    const seen = ({ keys }: EvidenceReport) => keys.flatMap(({ resources }) => resources);
    const secret = (made: EvidenceReport) => seen(made).find(({ kind }) => kind === 'secret')?.lastSeen;
    expect(secret(whole)).toBe('2026-11-16T10:30:00Z');
    expect(secret(then)).toMatch(/^2026-11-16T08:/);
    expect(seen(then).every(({ lastSeen }) => lastSeen <= until)).toBe(true);
    expect(then.coverage).toMatchObject({ events: whole.coverage.events, laterResources: 0 });
    expect(before).toMatchObject({ keys: [], volumes: [], otherGrants: [], findings: [], refusals: [] });
    expect(before.coverage).toMatchObject({ events: whole.coverage.events, facts: 0 });
    expect(await printed({ from, until })).toContain('Records of what happened after the period are counted');
  });

  it('leaves out what was over before the period', async () => {
    const { volumes, refusals, findings } = await reported({ ...FROM, since: '2026-11-10T00:00:00Z' });

    expect(volumes.length).toBeGreaterThan(3);
    expect(volumes.flatMap(({ grants }) => grants).every(({ endedAt }) => endedAt === undefined || endedAt >= '2026-11-10')).toBe(true);
    expect(refusals.every(({ time }) => time >= '2026-11-10')).toBe(true);
    expect(findings.every(({ open, lastSeen }) => open || lastSeen >= '2026-11-10')).toBe(true);
  });

  it('speaks of one cluster or some keys only, but of everything that depends on those keys', async () => {
    const { volumes, clusters, keys, findings } = await reported({ ...FROM, cluster: 'api' });

    expect(clusters.map(({ clusterName }) => clusterName)).toEqual(['api']);
    expect(volumes.every(({ clusterName }) => clusterName === 'api')).toBe(true);
    expect(findings.every(({ clusterName }) => clusterName === 'api')).toBe(true);
    expect(keys).toMatchObject([{ openGrants: 5, clusters: [{ clusterName: 'api' }, { clusterName: 'web' }, { clusterName: 'worker' }] }]);
    const part = keys[0]?.keyArn.slice(-12) ?? '';
    expect((await reported({ ...FROM, key: part })).keys.map(({ keyArn }) => keyArn)).toEqual(keys.map(({ keyArn }) => keyArn));
  });

  it.each<[string, ReportOptions, RegExp]>([
    ['no ledger', {}, /no ledger to read/],
    ['a misspelt cluster', { ...FROM, cluster: 'apy' }, /knows no cluster "apy"; did you mean "api"\?/],
    ['a key that is not there', { ...FROM, key: 'nowhere' }, /knows no key whose ARN holds "nowhere"/],
    [
      'a period that ends before it begins',
      { ...FROM, since: '2026-11-03T00:00:00Z', until: '2026-11-02T23:59:59Z' },
      /ends before it begins/,
    ],
    ['two forms on stdout', { ...FROM, csv: '-', json: true }, /only one of/],
    ['two forms in one file', { ...FROM, csv: 'a', html: 'a' }, /both name a/],
    ['a file that cannot be written', { ...FROM, html: 'nowhere/at/all.html' }, /cannot be written: ENOENT/],
  ])('refuses %s', async (_, options, message) => {
    await expect(printed(options)).rejects.toThrow(message);
  });
});

describe('the command', () => {
  const program = new URL('../dist/cli/kms-audit.mjs', import.meta.url).pathname;
  const run = (...args: string[]) => promisify(execFile)(process.execPath, [program, 'report', ...args], { maxBuffer: 1e8 });

  it('prints a page where nothing else is asked for, and ends a period with the last second of its day', async () => {
    expect((await run('--from', 'events/fargate-task-life')).stdout).toMatch(/^<!doctype html>/);
    const { stdout } = await run('--from', 'events', '--since', '2026-11-10', '--until', '2026-11-11', '--json');
    expect(JSON.parse(stdout).scope).toEqual({ since: '2026-11-10T00:00:00Z', until: '2026-11-11T23:59:59Z' });
  });

  it('exits with 1 when an open finding is grave enough, and with 2 for bad input', async () => {
    await expect(run('--from', 'events/disabled-key', '--csv', '--fail-on', 'critical')).rejects.toMatchObject({ code: 1 });
    await expect(run('--from', 'events', '--until', 'soon')).rejects.toMatchObject({ code: 2 });
    await expect(run('--from', 'events', '--cluster', 'nowhere')).rejects.toMatchObject({ code: 2, stdout: '' });
  });
});

describe('a report of a table', () => {
  let database: DynaliteServer;
  const own = { ...process.env };
  beforeAll(async () => {
    database = await startDynalite();
    await database.createTable('ledger');
    await replayInto(new DynamoDbLedger(database.client, 'ledger'), ['events'], DEFAULT_POLICY, () => {});
    Object.assign(process.env, {
      AWS_REGION: LOCAL_REGION,
      AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
      AWS_ENDPOINT_URL: database.endpoint,
    });
  });
  afterAll(async () => {
    for (const name of Object.keys(process.env)) if (!(name in own)) delete process.env[name];
    await database.stop();
  });

  it('says what a report of the same records says, when it was read, and what reading it took', async () => {
    const { terminal, out, err } = captured();
    const until = '2026-11-19T23:59:59Z';
    await report({ table: 'ledger', json: true, until }, terminal);
    const ofTable: EvidenceReport = JSON.parse(out());
    const ofRecords = await reported({ ...FROM, until });

    for (const part of ['keys', 'clusters', 'refusals', 'volumes', 'otherGrants'] as const) expect(ofTable[part]).toEqual(ofRecords[part]);
    const ids = ({ findings }: EvidenceReport) => findings.map(({ id }) => id).sort();
    expect(ids(ofTable)).toEqual(ids(ofRecords));
    expect(ofTable.coverage.events).toBeUndefined();
    expect(ofTable.coverage.laterResources).toBe(0);
    expect(ofTable.coverage.facts).toBe(ofRecords.coverage.facts);
    expect(ofTable.madeAt).toMatch(/Z$/);
    expect(err()).toMatch(/ledger: \d+ items read, [\d.]+ read units/);
  });
});

it('a report of a table leaves out a resource whose last use came after the period, and says so', async () => {
  const resource = { kind: 'secret' as const, id: 'arn:aws:secretsmanager:us-west-2:111122223333:secret:orders' };
  const snapshot = { ...madeSnapshot(0, 1), resources: [{ keyArn: 'key', resource, lastSeen: '2026-11-03T10:00:00Z' }] };

  expect(asOf(snapshot, '2026-11-03T10:00:00Z').resources).toHaveLength(1);
  expect(asOf(snapshot, '2026-11-03T09:59:59Z').resources).toEqual([]);
  const made = madeReport(3, 1);
  const page = evidencePage({ ...made, coverage: { ...made.coverage, laterResources: 2 } }, sha256);
  expect(page).toContain('2 resources last used after the period are left out');
  expect(evidencePage(made, sha256)).not.toContain('last used after the period');
});

describe('silences', () => {
  const snapshot = madeSnapshot(2_000, 4);

  it('are found where nothing of any key was heard, and at the ends of the period', () => {
    const inside = hearingOf(snapshot, undefined, undefined);
    expect(inside.silentAfterSeconds).toBe(6 * 3600);
    expect(inside.silences).toHaveLength(1);
    expect(inside.silences[0]?.from.slice(0, 10)).toBe('2026-11-17');

    const around = hearingOf(snapshot, '2026-10-30T00:00:00Z', '2026-12-05T00:00:00Z');
    expect(around.silences).toHaveLength(3);
    expect(around.silences[0]).toEqual({ from: '2026-10-30T00:00:00Z', to: '2026-11-02T00:00:00Z' });
    expect(around.silences[2]?.to).toBe('2026-12-05T00:00:00Z');
  });

  it('are longer in a ledger that is quiet by nature', () => {
    const { silentAfterSeconds, silences } = hearingOf(madeSnapshot(60, 1), undefined, undefined);

    expect(silentAfterSeconds).toBeGreaterThan(6 * 3600);
    for (const { from, to } of silences) expect(toSeconds(to) - toSeconds(from)).toBeGreaterThan(silentAfterSeconds);
  });

  it('count an event once, whatever it is kept as', () => {
    const { grants, creations, uses, refusals } = snapshot;
    const ended = grants.filter(({ end }) => end !== undefined).length;

    expect(hearingOf(snapshot, undefined, undefined).facts).toBe(creations.length + uses.length + refusals.length + ended);
  });

  it('are none in a ledger of nothing', () => {
    expect(hearingOf(madeSnapshot(0, 1), undefined, undefined)).toEqual({ facts: 0, silentAfterSeconds: 6 * 3600, silences: [] });
  });
});

describe('the CSV of a report', () => {
  const cellsOf = (line: string): string[] =>
    [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].slice(0, 19).map(([, cell = '']) => cell);

  it('has one row for each grant, and one for a volume that was never granted', () => {
    const made = madeReport(10, 2);
    const [volume] = made.volumes;
    const lines = evidenceCsv({ ...made, volumes: [...made.volumes, ...(volume ? [{ ...volume, grants: [] }] : [])] })
      .trimEnd()
      .split('\r\n');

    expect(lines).toHaveLength(1 + made.volumes.length + 1);
    expect(lines.map((line) => cellsOf(line).length)).toEqual(lines.map(() => 19));
    expect(lines[0]?.split(',').slice(0, 7)).toEqual([
      'key_arn',
      'region',
      'cluster_account',
      'cluster_name',
      'volume_id',
      'volume_status',
      'grant_id',
    ]);
    expect(cellsOf(lines.at(-1) ?? '')[6]).toBe('');
  });
});

describe('the page of a report', () => {
  it('makes text of whatever is put into it', () => {
    expect(html`<p title="${'"<&>\''}">${['<b>', html`<i>${'\u202e'}</i>`, 1, undefined]}</p>`.source).toBe(
      '<p title="&quot;&lt;&amp;&gt;&#39;">&lt;b&gt;<i>\\u{202e}</i>1</p>',
    );
  });

  it('says plainly what it leaves out, and shows grants one by one while they are few', () => {
    const [few, many] = [evidencePage(madeReport(10, 2), sha256), evidencePage(madeReport(3_000, 60), sha256)];

    expect(few).toContain('<circle');
    expect(few).not.toContain('are left out');
    expect(many).toContain('class="area"');
    expect(many).toContain('Released volumes without a finding are left out.');
    expect(many).toContain('40 of 60 clusters’ pictures are shown');
  });

  it('stays small however many grants one volume has, and says how many it leaves out', () => {
    const made = madeReport(1, 1);
    const [volume] = made.volumes;
    const [grant] = volume?.grants ?? [];
    const grants = Array.from({ length: 20_000 }, (_, index) => ({
      ...grant,
      keyArn: '',
      findings: [],
      grantId: `g${index}`,
      status: 'open',
    }));
    const page = evidencePage({ ...made, volumes: volume === undefined ? [] : [{ ...volume, grants }] }, sha256);

    expect(page.length).toBeLessThan(1_000_000);
    expect(page).toContain('The first 1,000 rows of 20,000 are shown');
    expect(page).toContain('class="area"');
    expect(page).not.toContain('<circle');
  });

  it('shows what ECS said where it was asked', () => {
    const verification = {
      at: '2026-11-20T10:00:00Z',
      clusters: 2,
      tasks: 3,
      deviations: [
        { kind: 'task-on-other-key' as const, clusterName: 'payments', taskArn: 'task/1', sentence: 'The task is on another key.' },
      ],
      more: 4,
      failed: [{ what: 'cluster/web', why: 'AccessDenied' }],
    };
    const page = evidencePage({ ...madeReport(3, 1), verification }, sha256);

    expect(page).toContain('The task is on another key.');
    expect(page).toContain('AccessDenied');
    expect(page).toContain('5 things differ');
    expect(page).not.toContain('was not asked');
    expect(evidencePage({ ...madeReport(3, 1), verification: { ...verification, deviations: [], more: 0 } }, sha256)).toContain(
      'nothing differs from the ledger',
    );
  });

  it('says nothing is known of an empty ledger', () => {
    const page = evidencePage(madeReport(0, 1), sha256);

    for (const words of ['No KMS event of the period is known', 'Nothing was found', 'Nothing was refused', 'No cluster was seen'])
      expect(page).toContain(words);
  });
});
