import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RULES } from '../src/core/rules/registry.ts';
import { cleanLife } from './support/life.ts';

const PROGRAM = new URL('../dist/cli/kms-audit.mjs', import.meta.url).pathname;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kms-audit-'));
});
afterAll(async () => rm(folder, { recursive: true }));

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the built command as a user would, without a terminal. */
const kmsAudit = (...args: string[]): Promise<Outcome> => kmsAuditIn({}, ...args);

function kmsAuditIn(environment: Record<string, string>, ...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], { env: { PATH: process.env.PATH ?? '', ...environment } });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

const [, , , grant] = cleanLife();
const strangersGrant = { ...grant, userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::111122223333:user/operator' } };

it('kms-audit --version prints the version of the package', async () => {
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));

  expect(await kmsAudit('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' });
});

describe('kms-audit replay, what it reads', () => {
  const rejectedIn = async (...args: string[]): Promise<string[]> =>
    JSON.parse((await kmsAudit('replay', '--json', ...args)).out).sources.flatMap(({ rejected }: { rejected: { reason: string }[] }) =>
      rejected.map(({ reason }) => reason),
    );

  it.each([
    ['--max-source-bytes', '2KB', '16gib', () => JSON.stringify(cleanLife())],
    ['--max-ratio', '20', '5000', () => gzipSync(`${JSON.stringify(cleanLife())}${' '.repeat(70 * 2 ** 20)}`)],
    ['--max-record-bytes', '64', '1MiB', () => JSON.stringify(cleanLife())],
    ['--max-depth', '8', '600', () => JSON.stringify({ ...grant, a: JSON.parse('['.repeat(30) + ']'.repeat(30)) })],
  ])('%s is a limit that says how to raise it', async (option, low, high, content) => {
    const path = await file(`limit${option}`, content());
    const reasons = await rejectedIn(option, low, path);
    expect(reasons.length).toBeGreaterThan(0);
    for (const reason of reasons) expect(reason).toContain(option);
    expect(await rejectedIn(option, high, path)).toEqual([]);
  });

  it.each([
    ['--max-source-bytes', '16 gigs', 'expected bytes such as'],
    ['--max-record-bytes', '481MiB', 'from 64 to'],
    ['--max-depth', '7', 'a whole number, from 8 to'],
    ['--since', 'yesterday', 'expected a day'],
  ])('%s %s is bad usage', async (option, value, says) => {
    const { code, err } = await kmsAudit('replay', option, value, await file('any', '[]'));
    expect(code).toBe(2);
    expect(err).toContain(says);
  });

  it('only the days asked for, in folders that CloudTrail has laid out', async () => {
    const root = join(folder, 'AWSLogs');
    for (const [serial, day] of ['2026-11-01', '2026-11-02', '2026-11-03'].entries()) {
      const under = join(root, '111122223333/CloudTrail/us-west-2', day.replaceAll('-', '/'));
      await mkdir(under, { recursive: true });
      await writeFile(join(under, 'x.json'), JSON.stringify({ Records: cleanLife({ serial: serial + 1, day }) }));
    }
    const read = async (...args: string[]): Promise<number> =>
      JSON.parse((await kmsAudit('replay', '--json', ...args, root)).out).events.read;
    const [, one, two] = [await read(), await read('--since', '2026-11-02', '--until', '2026-11-02'), await read('--until', '2026-11-02')];
    expect([one, two]).toEqual([cleanLife().length, 2 * cleanLife().length]);
  });
});

describe('what --from reads elsewhere', () => {
  const rejections = /\d+ records? could not be read; kms-audit replay says why/;
  it.each([
    ['findings', []],
    ['report', ['--json']],
    ['dependents', ['1']],
    ['timeline', ['vol-0a1b2c3d4e5f60718']],
  ])('%s takes the limits of replay', async (command, args) => {
    const path = await file(
      `limit-${command}`,
      JSON.stringify(
        [cleanLife(), cleanLife()[2], { ...grant, eventID: 'one-more', a: JSON.parse('['.repeat(30) + ']'.repeat(30)) }].flat(),
      ),
    );

    expect((await kmsAudit(command, ...args, '--from', path)).err).not.toMatch(rejections);
    expect((await kmsAudit(command, ...args, '--from', path, '--max-depth', '10')).err).toMatch(rejections);
    expect((await kmsAudit(command, ...args, '--from', path, '--max-ratio', 'much')).code).toBe(2);
  });

  it('dependents and timeline read the days asked for, report every day whatever its period', async () => {
    const root = join(folder, 'elsewhere');
    for (const [serial, day] of ['2026-11-01', '2026-11-02'].entries()) {
      const under = join(root, 'AWSLogs/111122223333/CloudTrail/us-west-2', day.replaceAll('-', '/'));
      await mkdir(under, { recursive: true });
      await writeFile(join(under, 'x.json'), JSON.stringify({ Records: cleanLife({ serial: serial + 1, day }) }));
    }
    const days = ['--since', '2026-11-02', '--until', '2026-11-02'];
    const told = async (...args: string[]): Promise<string> => (await kmsAudit(...args, '--from', root, '--json')).out;

    expect(await told('timeline', 'vol-0a1b2c3d4e5f60718')).toContain('2026-11-01T');
    expect(await told('timeline', 'vol-0a1b2c3d4e5f60718', ...days)).not.toContain('2026-11-01T');
    expect(JSON.parse(await told('report', ...days)).coverage.events.read).toBe(2 * cleanLife().length);
    const { code, err } = await kmsAudit('dependents', '1', '--table', 'ledger', '--since', '2026-11-02');
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('a table is not read by day') });
  });
});

it.each([
  ['us west', [], '"us west" is no AWS Region'],
  ['', [], 'no AWS Region is set'],
  ['us-west-2', ['--region', 'us_west!'], '"us_west!" is no AWS Region'],
  ['us-west-2', ['--region', ''], '--region is empty'],
])('a Region called %j, then %j, is refused as what it is', async (region, args, says) => {
  const environment = { AWS_REGION: region, AWS_CONFIG_FILE: '/nowhere', AWS_SHARED_CREDENTIALS_FILE: '/nowhere' };
  const { code, err } = await kmsAuditIn(environment, 'reconcile', '--table', 'ledger', ...args);
  expect(code).toBe(2);
  expect(err).toContain(says);
});

describe('kms-audit replay', () => {
  it('reads a gzipped CloudTrail file, an array and JSON lines alike', async () => {
    const life = cleanLife();
    const paths = [
      await file('trail', gzipSync(JSON.stringify({ Records: life }))),
      await file('array.txt', JSON.stringify(life)),
      await file('lines.log', life.map((record) => JSON.stringify(record)).join('\n')),
    ];
    for (const path of paths) {
      const { code, out, err } = await kmsAudit('replay', '--json', path);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(JSON.parse(out)).toMatchObject({
        events: { read: 6, audited: 6, duplicates: 0, outOfScope: 0, rejected: 0 },
        sources: [{ path, records: 6, rejected: [] }],
        findings: [],
        volumes: [{ volumeId: 'vol-0a1b2c3d4e5f60718', status: 'released', decrypts: 1, grants: [{ status: 'retired' }] }],
      });
    }
    expect(JSON.parse((await kmsAudit('replay', '--json', ...paths)).out).events).toEqual({
      read: 18,
      audited: 6,
      duplicates: 12,
      outOfScope: 0,
      rejected: 0,
    });
  });

  it.each([
    ['an empty file', ''],
    ['no JSON', 'hello'],
    ['half a file', '{"Records":[{"eventSource":"kms.ama'],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])],
    ['a truncated gzip', gzipSync(JSON.stringify({ Records: cleanLife() })).subarray(0, 60)],
  ])('counts %s as one read, one rejected, and goes on', async (name, content) => {
    const bad = await file(`bad ${name}`, content);
    const good = await file('good', JSON.stringify(cleanLife()));
    const { code, out } = await kmsAudit('replay', '--json', bad, good);
    const report = JSON.parse(out);
    expect(code).toBe(0);
    expect(report.events).toEqual({ read: 7, audited: 6, duplicates: 0, outOfScope: 0, rejected: 1 });
    expect(report.sources).toContainEqual({ path: bad, records: 1, rejected: [{ index: 0, reason: expect.any(String) }] });
  });

  it('exits with 1 only for findings at or above --fail-on', async () => {
    const path = await file('stranger', JSON.stringify(strangersGrant));
    expect((await kmsAudit('replay', path)).code).toBe(0);
    expect((await kmsAudit('replay', '--fail-on', 'critical', path)).code).toBe(0);
    expect((await kmsAudit('replay', '--fail-on', 'high', path)).code).toBe(1);
    expect((await kmsAudit('replay', '--fail-on', 'low', path)).code).toBe(1);
  });

  it('judges by the policy given', async () => {
    const path = await file('stranger', JSON.stringify(strangersGrant));
    const policy = await file('policy', JSON.stringify({ grants: [{ name: 'all', grantee: ['**'] }] }));
    expect(
      JSON.parse((await kmsAudit('replay', '--json', path)).out)
        .findings.map((finding: { rule: string }) => finding.rule)
        .sort(),
    ).toEqual(['forged-context', 'unexpected-grantee']);
    expect(JSON.parse((await kmsAudit('replay', '--json', '--policy', policy, path)).out).findings).toMatchObject([
      { rule: 'forged-context' },
    ]);
  });

  it('shows people the same without colour codes when nobody watches', async () => {
    const path = await file('stranger', JSON.stringify(strangersGrant));
    const { out, err } = await kmsAudit('replay', path);
    expect(out).toContain('A grant was made that no profile expects');
    expect(out).not.toContain('\u001b');
    expect(err).toBe('');
  });
});

describe('bad usage exits with 2 and says what was wrong', () => {
  it.each([
    ['no command', [], 'Usage'],
    ['an unknown command', ['frobnicate'], 'frobnicate'],
    ['no path', ['replay'], 'path'],
    ['a path that is not there', ['replay', '/nonexistent/file'], '/nonexistent/file: no such file'],
    ['a misspelt severity', ['replay', '--fail-on', 'hihg', '.'], 'critical, high, medium, low'],
    ['an unknown rule', ['rules', 'no-such-rule'], 'no rule "no-such-rule"'],
  ])('%s', async (_, args, message) => {
    const { code, out, err } = await kmsAudit(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });

  it('a policy with a misspelt field', async () => {
    const policy = await file('misspelt', JSON.stringify({ acounts: ['111122223333'] }));
    const { code, out, err } = await kmsAudit('replay', '--policy', policy, await file('life', JSON.stringify(cleanLife())));
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('acounts');
    expect(err).toContain(policy);
  });
});

describe('kms-audit rules', () => {
  it('prints the catalogue, and one rule', async () => {
    const all = JSON.parse((await kmsAudit('rules', '--json')).out);
    expect(all.map(({ id }: { id: string }) => id).sort()).toEqual(RULES.map(({ id }) => id).sort());
    const { out } = await kmsAudit('rules', 'disabled-key-use');
    expect(out).toContain('aws kms enable-key');
  });
});

describe('output that nobody takes', () => {
  const shell = (command: string): Promise<Outcome> =>
    new Promise((resolve) => {
      const child = spawn('bash', ['-c', command, 'bash', process.execPath, PROGRAM], { cwd: new URL('..', import.meta.url) });
      let out = '';
      let err = '';
      child.stdout.on('data', (chunk) => (out += chunk));
      child.stderr.on('data', (chunk) => (err += chunk));
      child.on('close', (code) => resolve({ code, out, err }));
    });

  it.each(['replay events --json', 'report --from events', 'findings --from events --json'])(
    '%s ends quietly with its reader',
    async (command) => {
      const { out, err } = await shell(`"$1" "$2" ${command} | head -c 1; echo "\n${'${PIPESTATUS[0]}'}"`);
      expect(out).toMatch(/0$/m);
      expect(err).not.toContain('    at ');
    },
  );

  it('a full disk is told in a line, and is no finding', async () => {
    const { code, err } = await shell('"$1" "$2" replay events --json > /dev/full');
    expect([code, err]).toEqual([2, expect.stringMatching(/^kms-audit: the output cannot be written: .*ENOSPC.*\n$/)]);
  });
});

describe('a source named twice', () => {
  it('is read once, however it is spelt', async () => {
    const { out } = await kmsAudit(
      'replay',
      'events/fargate-task-life',
      './events/fargate-task-life/',
      'events/../events/fargate-task-life',
      '--json',
    );
    expect(JSON.parse(out).events).toMatchObject({ read: 6, audited: 6, duplicates: 0 });
  });
});
