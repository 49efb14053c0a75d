import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynamoDbLedger } from '../src/aws/dynamodb-ledger.ts';
import { type FindingsOptions, findings } from '../src/cli/findings.ts';
import { InputError, listSources } from '../src/cli/input.ts';
import { columnsOf } from '../src/cli/layout.ts';
import { policyIn } from '../src/cli/policy.ts';
import { readPlaces } from '../src/cli/read-places.ts';
import { type SettleOptions, settle } from '../src/cli/settle.ts';
import { readEnvelope } from '../src/core/envelope.ts';
import { DEFAULT_POLICY, type Policy } from '../src/core/policy.ts';
import { type DynaliteServer, LOCAL_CREDENTIALS, LOCAL_REGION, startDynalite } from '../src/local/dynalite-server.ts';
import { auditReading } from '../src/pipeline.ts';
import { sha256 } from '../src/system.ts';
import { createGrant, eventId, instant, KEY, type RawRecord, record, retireGrant, user } from './support/fleet.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const EVENTS = join(root, 'events');
const SCENARIOS = readdirSync(EVENTS, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? entry.name : []));
const HOSTILE = 'pay\u001b[2J\u202ements\u200b\r\n鍵鍵🔑<b>`';

let folder: string;
let database: DynaliteServer;
let environment: Record<string, string>;
let tables = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kms-audit-'));
  database = await startDynalite();
  environment = {
    AWS_REGION: LOCAL_REGION,
    AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
    AWS_ENDPOINT_URL: database.endpoint,
  };
  Object.assign(process.env, environment);
});
afterAll(async () => {
  for (const name of Object.keys(environment)) delete process.env[name];
  await database.stop();
  await rm(folder, { recursive: true });
});

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the built command as a user would, without a terminal. */
function kmsAudit(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'dist/cli/kms-audit.mjs'), ...args], {
      env: { PATH: process.env.PATH ?? '', ...env },
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

/** Runs a command in this process. */
async function run(
  command: (terminal: Parameters<typeof findings>[1]) => Promise<void>,
  width = 100,
): Promise<{ out: string; err: string }> {
  const written = { out: '', err: '' };
  const stream = (to: 'out' | 'err'): Writable =>
    new Writable({
      write: (chunk, _encoding, done) => {
        written[to] += chunk;
        done();
      },
    });
  await command({ out: stream('out'), err: stream('err'), colour: false, live: false, width });
  return written;
}

interface Listed {
  readonly id: string;
  readonly rule: string;
  readonly [field: string]: unknown;
}

async function list(options: FindingsOptions): Promise<Listed[]> {
  return JSON.parse((await run((terminal) => findings({ ...options, json: true }, terminal))).out);
}

const settled = async (id: string, options: SettleOptions): Promise<Record<string, unknown>> =>
  JSON.parse((await run((terminal) => settle(id, { ...options, json: true }, terminal))).out);

/** A new table that the pipeline has fed with the records under the paths. */
async function tableOf(paths: readonly string[], policy: Policy = DEFAULT_POLICY): Promise<string> {
  tables += 1;
  const table = `ledger-${tables}`;
  await database.createTable(table);
  const ledger = new DynamoDbLedger(database.client, table);
  const pipeline = { ledger, policy, digest: sha256, now: () => 0, log: () => {} };
  for await (const { readings } of readPlaces(await listSources(paths)))
    for (const reading of readings) await auditReading(reading, pipeline);
  return table;
}

async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const scenario = (name: string): string => join(EVENTS, name);

describe.each(SCENARIOS)('the findings of %s', (name) => {
  const path = scenario(name);
  const policyFile = existsSync(join(path, 'policy.json')) ? join(path, 'policy.json') : undefined;
  /** Replays know no time of day, and so no orphans. */
  const withoutOrphans = (listed: readonly Listed[]): Listed[] => listed.filter(({ rule }) => rule !== 'orphan-grant');

  it('are the same from a table as from the records', async () => {
    const policy = policyFile === undefined ? {} : { policy: policyFile };
    const table = await tableOf([path], policyFile === undefined ? DEFAULT_POLICY : await policyIn(policyFile));
    const defaultTable = await tableOf([path]);

    const fromRecords = await list({ from: [path], ...policy });

    expect(withoutOrphans(await list({ table, ...policy }))).toEqual(fromRecords);
    expect(withoutOrphans(await list({ table: defaultTable, ...policy }))).toEqual(fromRecords);
    expect(await list({ table: defaultTable })).toEqual(await list({ from: [path] }));
    expect(await list({ table: defaultTable, open: true })).toEqual(await list({ from: [path], open: true }));
  });

  it('each hold until what they propose is in the policy', async () => {
    const listed = await list({ from: [path] });
    for (const { id, expect: entry, lastSeen } of listed) {
      expect(entry, `${id} proposes something`).toBeDefined();
      const policy = await file(`${name}-${id}.json`, entry);

      const left = (await list({ from: [path], policy })).map((one) => one.id);
      expect(left, `${id}, last seen ${lastSeen}`).not.toContain(id);
      if (Object.hasOwn(Object(entry), 'exceptions')) expect(left).toHaveLength(listed.length - 1);
    }
  });
});

describe('kms-audit findings', () => {
  const all = { from: [EVENTS] };

  it('lists what replay lists, in its order, with what became of each', async () => {
    const replayed = JSON.parse((await kmsAudit(['replay', '--json', EVENTS])).out);

    const { code, out } = await kmsAudit(['findings', '--json', '--from', EVENTS]);

    expect(code).toBe(0);
    const plain = JSON.parse(out).map(({ endedAt: _e, settled: _s, expect: _x, ...finding }: Listed) => finding);
    expect(plain).toEqual(replayed.findings);
  });

  it('filters, every filter having its say', async () => {
    const listed = await list(all);
    const rules = await list({ ...all, rule: ['disabled-key-use', 'launch-blocked'] });
    const severe = await list({ ...all, severity: 'critical' });
    const byKey = await list({ ...all, key: '80d90e6e' });
    const byCluster = await list({ ...all, cluster: 'checkout' });
    const since = await list({ ...all, since: '2026-11-18T00:00:00Z' });
    const both = await list({ ...all, key: '80d90e6e', cluster: 'checkout', severity: 'critical' });

    expect(rules).toEqual(listed.filter(({ rule }) => rule === 'disabled-key-use' || rule === 'launch-blocked'));
    expect(severe).toEqual(listed.filter(({ severity }) => severity === 'critical'));
    expect(byKey).toEqual(listed.filter(({ keyArn }) => String(keyArn).includes('80d90e6e')));
    expect(byCluster).toEqual(listed.filter(({ clusterName }) => clusterName === 'checkout'));
    expect(since).toEqual(listed.filter(({ lastSeen }) => String(lastSeen) >= '2026-11-18T00:00:00Z'));
    expect(both).toEqual(severe.filter((one) => one.clusterName === 'checkout' && String(one.keyArn).includes('80d90e6e')));
    for (const some of [rules, severe, byKey, byCluster, since, both]) expect(some.length).toBeGreaterThan(0);
  });

  it('finds a finding by its id, or by what no other id begins with', async () => {
    const [one] = await list(all);
    const id = one?.id ?? '';

    expect(await list({ ...all, id: [id] })).toEqual([one]);
    expect(await list({ ...all, id: [id.slice(0, 12).toUpperCase()] })).toEqual([one]);
    await expect(list({ ...all, id: ['nothing'] })).rejects.toThrow('no finding "nothing" holds');
    await expect(list({ ...all, id: [''] })).rejects.toThrow(InputError);
    await expect(list({ ...all, id: [...'0123456789abcdef'] })).rejects.toThrow(/begins the ids of \d+ findings; say more|no finding/);
  });

  it('leaves out with --open what is over', async () => {
    const ended = await list({ from: [scenario('key-enabled-again')] });

    expect(ended.map(({ rule, endedAt }) => [rule, endedAt])).toContainEqual(['disabled-key-use', '2026-11-19T10:20:00Z']);
    expect((await list({ from: [scenario('key-enabled-again')], open: true })).map(({ rule }) => rule)).not.toContain('disabled-key-use');
    expect((await list({ from: [scenario('disabled-key')], open: true })).map(({ rule }) => rule)).toContain('disabled-key-use');
  });

  it('exports what is over as over, and what is settled', async () => {
    const exported = async (options: FindingsOptions): Promise<Record<string, unknown>[]> =>
      JSON.parse((await run((terminal) => findings(options, terminal))).out);
    const ended = { from: [scenario('key-enabled-again')], rule: ['disabled-key-use' as const] };
    const path = await file('to-settle.json', [refusal(0)]);
    const table = await tableOf([path]);
    const settling = { table, rule: ['disabled-key-use' as const] };
    const asOpen = await exported({ ...settling, format: 'asff' });
    const [one] = await list(settling);
    await settled(one?.id ?? '', { table, policy: join(folder, 'exported.json'), reason: 'known' });

    expect(asOpen).toMatchObject([{ RecordState: 'ACTIVE', Workflow: { Status: 'NEW' } }]);
    for (const source of [ended, settling]) {
      expect(await exported({ ...source, format: 'asff' })).toMatchObject([{ RecordState: 'ARCHIVED', Workflow: { Status: 'RESOLVED' } }]);
      expect(await exported({ ...source, format: 'ocsf' })).toMatchObject([{ status_id: 4, status: 'Resolved' }]);
    }
    expect(await exported({ ...ended, format: 'asff' })).toMatchObject([{ UpdatedAt: '2026-11-19T10:20:00Z' }]);
  });

  it('knows of orphans from a table, whose time of day it knows', async () => {
    const policy = join(scenario('grant-left-open'), 'policy.json');
    const table = await tableOf([scenario('grant-left-open')]);

    expect((await list({ table, policy })).filter(({ rule }) => rule === 'orphan-grant').length).toBeGreaterThan(0);
    expect((await list({ table })).filter(({ rule }) => rule === 'orphan-grant')).toEqual([]);
  });

  it('says on stderr what reading a table took, and of records how many could not be read', async () => {
    const table = await tableOf([scenario('disabled-key')]);
    const { Count } = await database.client.send(new ScanCommand({ TableName: table }));

    const read = await kmsAudit(['findings', '--table', table, '--json'], environment);
    const bad = await kmsAudit(['findings', '--from', await file('bad.json', '{'), '--json']);

    expect(read.err).toMatch(new RegExp(`^${table}: ${Count} items read, [0-9.]+ read units?\n$`));
    expect(read.err).not.toContain(' 0 read units');
    expect(JSON.parse(read.out)).toEqual(await list({ from: [scenario('disabled-key')] }));
    expect(bad).toMatchObject({ code: 0, out: '[]\n', err: '1 record could not be read; kms-audit replay says why\n' });
  });

  it('exits with 1 only where a listed finding is at or above --fail-on', async () => {
    const from = ['findings', '--from', scenario('foreign-grantee'), '--fail-on'];

    expect((await kmsAudit([...from, 'critical'])).code).toBe(0);
    expect((await kmsAudit([...from, 'high'])).code).toBe(1);
    expect((await kmsAudit([...from, 'high', '--rule', 'launch-blocked'])).code).toBe(0);
  });

  it('shows people each finding with its state and the entry that expects it, in lines that fit and JSON that can be copied', async () => {
    const from = [scenario('foreign-grantee'), scenario('key-enabled-again')];
    const listed = await list({ from });
    for (const width of [60, 140]) {
      const { out } = await run((terminal) => findings({ from }, terminal), width);

      expect(out.match(/^ {11}Open\.$/gm)).toHaveLength(listed.filter(({ endedAt }) => endedAt === undefined).length);
      expect(out).toContain('Over since 2026-11-19 10:20:00.');
      const entries = [...out.matchAll(/To expect it, add to the policy:\n((?: {11}.*\n)+)/g)].map(([, json = '']) => JSON.parse(json));
      expect(entries).toHaveLength(listed.length);
      for (const entry of entries) expect(listed.map((one) => one.expect)).toContainEqual(entry);
      // A string of JSON is never broken; everything else fits.
      for (const line of out.split('\n').filter((one) => !/^ {11}[^ ]*"[^ ]*$|": "/.test(one)))
        expect(columnsOf(line)).toBeLessThanOrEqual(width);
    }
    expect((await run((terminal) => findings({ from, cluster: 'none' }, terminal))).out).toBe('No such finding.\n');
  });

  it('never shows a name as a terminal would obey it', async () => {
    const hostile = createGrant(
      HOSTILE,
      { granteePrincipal: `arn:aws:iam::123456789012:role/${HOSTILE}` },
      { userIdentity: user(HOSTILE) },
    );
    const from = [await file('hostile.json', [hostile])];
    const table = await tableOf(from);

    for (const source of [{ from }, { table }])
      for (const shown of [{}, { json: true }, { format: 'ocsf' }, { format: 'asff' }] as const) {
        const { out, err } = await run((terminal) => findings({ ...source, ...shown }, terminal));
        expect(out + err).toContain('ments');
        expect(out.replaceAll('\n', '') + err.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      }
    const [finding] = await list({ table, rule: ['unexpected-grantee'] });
    const policy = join(folder, 'hostile-policy.json');
    const { out } = await run((terminal) => settle(finding?.id ?? '', { table, policy, reason: HOSTILE }, terminal));
    expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect((await readFile(policy, 'utf8')).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect((await list({ from, policy })).map(({ rule }) => rule)).not.toContain('unexpected-grantee');
  });

  it.each([
    ['no ledger', [], '--table'],
    ['two ledgers', ['--table', 'ledger', '--from', EVENTS], 'two ledgers'],
    ['a table that is not there', ['--table', 'nowhere'], 'there is no table "nowhere"'],
    ['a name that no table can have', ['--table', '?\u001b[2J'], 'table "?\\u{1b}[2J"'],
    ['a path that is not there', ['--from', '/nonexistent'], '/nonexistent: no such file'],
    ['a misspelt rule', ['--from', EVENTS, '--rule', 'disabled-kye-use'], 'did you mean "disabled-key-use"?'],
    ['a rule like no other', ['--from', EVENTS, '--rule', 'x'], 'the rules are disabled-key-use'],
    ['a misspelt severity', ['--from', EVENTS, '--severity', 'hihg'], 'did you mean "high"?'],
    ['no day', ['--from', EVENTS, '--since', '2026-02-30'], 'expected a day'],
    ['an unknown format', ['--from', EVENTS, '--format', 'xml'], 'ocsf, asff'],
    ['two formats', ['--from', EVENTS, '--format', 'ocsf', '--json'], 'cannot be used with'],
    ['a word too many', ['--from', EVENTS, '--open', 'settled'], 'too many arguments'],
  ])('exits with 2 for %s', async (_, args, message) => {
    const { code, out, err } = await kmsAudit(['findings', ...args], environment);

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });

  it.each([
    ['no Region', { AWS_REGION: '' }, 'no AWS Region is set'],
    ['no credentials', { AWS_ACCESS_KEY_ID: '', AWS_EC2_METADATA_DISABLED: 'true' }, 'no AWS credentials'],
    ['nobody there', { AWS_ENDPOINT_URL: 'http://127.0.0.1:9', AWS_MAX_ATTEMPTS: '1' }, 'cannot be reached'],
  ])('exits with 2 where there is %s', async (_, changes, message) => {
    const nowhere = { HOME: folder, AWS_CONFIG_FILE: join(folder, 'none'), AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none') };

    const { code, out, err } = await kmsAudit(['findings', '--table', 'ledger-1'], { ...environment, ...nowhere, ...changes });

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });

  it('names the line of a policy that is no JSON', async () => {
    const policy = await file('torn.json', '{\n  "accounts": [\n');

    const { code, err } = await kmsAudit(['findings', '--from', EVENTS, '--policy', policy]);

    expect(code).toBe(2);
    expect(err).toContain('line 3, column 1');
  });

  it('explains its options, and those of settle', async () => {
    expect((await kmsAudit(['findings', '--help'])).out).toMatch(/--table <name>[\s\S]*--from <path\.\.\.>[\s\S]*--open[\s\S]*settle/);
    expect((await kmsAudit(['findings', 'settle', '--help'])).out).toMatch(/--reason <text>[\s\S]*--policy <file>[\s\S]*--expires <when>/);
  });
});

describe('kms-audit findings settle', () => {
  const from = [scenario('foreign-grantee')];

  it('writes a profile into a new policy, a name of its own into one that has the name, and keeps what was there', async () => {
    const [first, second] = await list({ from });
    const policy = join(folder, 'new.json');
    const args = ['--reason', 'reviewed', '--policy', policy, '--from', ...from];

    const { code, out } = await kmsAudit(['findings', 'settle', first?.id.slice(0, 10) ?? '', ...args]);

    expect(code).toBe(0);
    expect(out).toContain(`${policy} has gained:`);
    expect(out).toContain('no place for the reason');
    const written = JSON.parse(await readFile(policy, 'utf8'));
    expect(written).toEqual(first?.expect);
    expect((await list({ from, policy })).map(({ id }) => id)).not.toContain(first?.id);

    const [{ name: taken }] = Object(second?.expect).grants;
    const before = { $schema: './policy.schema.json', renotifyMinutes: 30, grants: [{ name: taken, grantee: ['nobody'] }], rules: {} };
    const full = await file('full.json', before);
    await settled(second?.id ?? '', { from, policy: full, reason: 'reviewed' });
    const after = JSON.parse(await readFile(full, 'utf8'));
    expect(after).toEqual({ ...before, grants: [...before.grants, { ...Object(second?.expect).grants[0], name: `${taken}-2` }] });
    expect(Object.keys(after)).toEqual(Object.keys(before));
    expect(await readFile(full, 'utf8')).toBe(`${JSON.stringify(after, null, 2)}\n`);
  });

  it('marks the finding in the table, so that --open leaves it out until there is more evidence', async () => {
    const path = await file('refused.json', [refusal(0)]);
    const table = await tableOf([path]);
    const [finding] = await list({ table, rule: ['disabled-key-use'] });
    const id = finding?.id ?? '';
    const policy = join(folder, 'excepted.json');

    const outcome = await settled(id, { table, policy, reason: 'moving away' });

    const [exception] = JSON.parse(await readFile(policy, 'utf8')).exceptions;
    expect(exception).toMatchObject({ rule: 'disabled-key-use', match: { keyArn: KEY }, reason: 'moving away' });
    const mark = { at: expect.any(String), reason: 'moving away', through: instant(0) };
    expect(outcome).toEqual({ id, policy, expect: { exceptions: [exception] }, settled: mark, alsoExpected: [] });
    expect(await list({ table, id: [id] })).toEqual([{ ...finding, settled: mark }]);
    expect((await list({ table, open: true })).map((one) => one.id)).not.toContain(id);
    expect((await list({ table, policy })).map((one) => one.id)).not.toContain(id);
    const shown = await run((terminal) => findings({ table, id: [id] }, terminal));
    expect(shown.out).toMatch(/Settled \d{4}-\d\d-\d\d \d\d:\d\d:\d\d: moving away/);

    const more = readEnvelope(refusal(60), sha256);
    const ledger = new DynamoDbLedger(database.client, table);
    for (const reading of more)
      await auditReading(reading, { ledger, policy: DEFAULT_POLICY, digest: sha256, now: () => 0, log: () => {} });
    expect((await list({ table, open: true })).map((one) => one.id)).toContain(id);
    expect((await run((terminal) => findings({ table, id: [id] }, terminal))).out).toContain('and seen again since: moving away');
  });

  it('accepts just the refusal that is settled, whatever else of the account is refused', async () => {
    const nameless = (second: number, fields: RawRecord): RawRecord =>
      Object.assign(refusal(second), { resources: undefined, requestParameters: {}, errorMessage: 'The key is disabled.' }, fields);
    const secret = { requestParameters: { encryptionContext: { SecretARN: 'arn:aws:secretsmanager:us-west-2:111122223333:secret:a' } } };
    const path = await file('nameless.json', [nameless(0, {}), nameless(1, secret), refusal(2), { ...refusal(3), ...secret }]);
    const refused = await list({ from: [path], rule: ['disabled-key-use'] });
    expect(refused).toHaveLength(4);

    for (const { id } of refused) {
      const policy = join(folder, `one-of-four-${id}.json`);
      const { alsoExpected } = await settled(id, { from: [path], policy, reason: 'known' });

      expect(alsoExpected).toEqual([]);
      expect(await list({ from: [path], policy, rule: ['disabled-key-use'] })).toHaveLength(3);
    }
  });

  it('makes an exception of a grant’s finding where an end is asked for', async () => {
    const [first] = await list({ from });
    const policy = join(folder, 'until.json');

    await settled(first?.id ?? '', { from, policy, reason: 'a migration', expires: '2027-01-31T00:00:00Z' });

    expect(JSON.parse(await readFile(policy, 'utf8'))).toEqual({
      exceptions: [
        {
          rule: 'unexpected-grantee',
          match: { keyArn: first?.keyArn, grantId: first?.grantId },
          reason: 'a migration',
          expires: '2027-01-31T00:00:00Z',
        },
      ],
    });
    expect((await list({ from, policy })).map(({ id }) => id)).not.toContain(first?.id);
  });

  it('says what else the entry expects: a grant alike, and nothing else', async () => {
    const unlike = createGrant('c', { ...stranger, operations: ['CreateGrant', 'Decrypt'] }, by(2));
    const grants = [
      createGrant('a', stranger, by(0)),
      createGrant('b', stranger, by(1)),
      unlike,
      retireGrant('b', { eventID: eventId('end') }),
    ];
    const path = await file('two-grants.json', grants);
    const [first, second] = await list({ from: [path], rule: ['unexpected-grantee'] });

    const outcome = await settled(first?.id ?? '', { from: [path], policy: join(folder, 'both.json'), reason: 'both known' });

    expect(outcome.alsoExpected).toEqual([second?.id]);
    const policy = join(folder, 'both-shown.json');
    const { out } = await run((terminal) => settle(first?.id ?? '', { from: [path], policy, reason: 'both known' }, terminal));
    expect(out).toContain('expects 1 other finding as well');
    expect(out).toContain(second?.id ?? '?');
  });

  it.each([
    ['does not exist', {}, ['nothing'], 'no finding "nothing" holds under the policy'],
    ['is expected already', { grants: [{ name: 'all', grantee: ['**'] }] }, [], 'holds under the policy'],
    ['outlives the exception', {}, ['', '--expires', '2020-01-01'], 'would not expect it, last seen 2026-11-06'],
    ['is to be settled in a policy with a misspelt field', { acounts: [] }, [], 'did you mean "accounts"?'],
    ['is to be settled in a policy that is no JSON', '{"accounts": [}', [], 'line 1, column'],
  ])('refuses a finding that %s, and writes nothing', async (name, document, [id, ...args], message) => {
    const table = await tableOf(from);
    const [finding] = await list({ table });
    const policy = await file(`refused ${name}.json`, document);
    const before = await readFile(policy, 'utf8');

    const { code, out, err } = await kmsAudit(
      ['findings', 'settle', id || (finding?.id ?? ''), '--reason', 'r', '--policy', policy, '--table', table, ...args],
      environment,
    );

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
    expect(await readFile(policy, 'utf8')).toBe(before);
    expect((await list({ table })).every((one) => one.settled === undefined)).toBe(true);
  });

  it.each([
    ['no reason', ['--policy', 'p.json'], '--reason'],
    ['a reason without words', ['--policy', 'p.json', '--reason', '  '], 'say why'],
    ['no policy', ['--reason', 'known'], '--policy'],
    ['a policy that cannot be written', ['--reason', 'known', '--policy', '/nonexistent/p.json'], '/nonexistent/p.json: cannot be written'],
    ['a policy that cannot be read', ['--reason', 'known', '--policy', EVENTS], 'cannot be read'],
  ])('exits with 2 for %s', async (_, args, message) => {
    const [first] = await list({ from });

    const { code, out, err } = await kmsAudit(['findings', 'settle', first?.id ?? '', '--from', ...from, ...args]);

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });

  it('refuses a finding whose names no policy can say', async () => {
    const path = await file('starred.json', [createGrant('a*', stranger, by(0))]);
    const [finding] = await list({ from: [path], rule: ['unexpected-grantee'] });
    const starred = await file('starred-caller.json', [createGrant('a*', { granteePrincipal: 'arn:aws:iam::123456789012:role/*' }, by(0))]);
    const [nameless] = await list({ from: [starred], rule: ['unexpected-grantee'] });

    expect(finding?.expect).toHaveProperty('grants');
    expect(nameless?.expect).toBeUndefined();
    expect((await run((terminal) => findings({ from: [starred], id: [nameless?.id ?? ''] }, terminal))).out).toContain(
      'No policy entry can name it.',
    );
    await expect(settled(nameless?.id ?? '', { from: [starred], policy: join(folder, 'x.json'), reason: 'r' })).rejects.toThrow(
      'cannot be written',
    );
  });
});

const stranger = { granteePrincipal: 'arn:aws:iam::123456789012:role/export' };
const by = (second: number): RawRecord => ({
  userIdentity: user('operator'),
  eventTime: instant(second),
  eventID: eventId(`grant ${second}`),
});
const refusal = (second: number): RawRecord =>
  record('Decrypt', {
    userIdentity: user('operator'),
    errorCode: 'DisabledException',
    errorMessage: `${KEY} is disabled.`,
    eventTime: instant(second),
    eventID: eventId(`refusal ${second}`),
  });
