import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { policyInit } from '../src/cli/policy.ts';
import { replay } from '../src/cli/replay.ts';
import { DEFAULT_POLICY } from '../src/core/policy.ts';
import { readPolicy } from '../src/core/read-policy.ts';
import { ACCOUNT, createGrant, KEY, type RawRecord, user, userArn } from './support/fleet.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const EVENTS = join(root, 'events');
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

/** Runs a script as a user would, without a terminal. */
function node(script: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH ?? '', ...environment };
    const child = spawn(process.execPath, [join(root, script), ...args], { env, cwd: folder });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

const policy = (...args: string[]): Promise<Outcome> => node('dist/cli/kms-audit.mjs', ['policy', ...args]);

async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('kms-audit policy check', () => {
  const accepted = { rule: 'launch-blocked', match: { clusterName: 'batch' }, reason: 'known' };
  const lived = {
    accounts: [ACCOUNT],
    grants: [{ name: 'backup', grantee: ['backup.amazonaws.com'] }],
    exceptions: [
      { ...accepted, expires: '2020-01-31' },
      { ...accepted, expires: '9999-12-31' },
    ],
    severities: { 'launch-blocked': 'low' },
    rules: { 'forged-context': 'off', 'foreign-cluster': 'silent', 'launch-blocked': 'on' },
  };
  const remarks = [
    'exceptions[0] of launch-blocked expired on 2020-01-31T00:00:00Z: it accepts no newer records',
    'forged-context is off: it is never judged',
    'foreign-cluster is silent: its findings are recorded, not sent',
  ];

  it('says in one line what a valid policy holds, and remarks on what it leaves out', async () => {
    const path = await file('lived.json', lived);

    const { code, out, err } = await policy('check', path);

    expect({ code, out }).toEqual({
      code: 0,
      out: `${path} is a valid policy: 1 profile, 2 exceptions (1 expired), 1 account, 1 severity of its own, 1 rule off, 1 rule silent\n`,
    });
    expect(err.trimEnd().split('\n').sort()).toEqual([...remarks].sort());
  });

  it('prints the same as JSON', async () => {
    const { code, out, err } = await policy('check', '--json', await file('lived.json', lived));

    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toEqual({ valid: true, problems: [], remarks: expect.arrayContaining(remarks) });
  });

  it('is content with the policy of this repository', async () => {
    expect(await policy('check', join(root, 'infra/policy.json'))).toMatchObject({ code: 0, err: '' });
  });

  const misspelt = { acounts: [], minimumAlertSeverity: 'hihg' };
  const problems = [
    'minimumAlertSeverity: expected one of critical, high, medium, low; found "hihg"; did you mean "high"?',
    'acounts: no such field; did you mean "accounts"?',
  ];

  it('says everything that is wrong', async () => {
    const path = await file('misspelt.json', misspelt);

    expect(await policy('check', path)).toEqual({
      code: 2,
      out: '',
      err: `kms-audit: ${path} is no valid policy:\n${problems.map((problem) => `  ${problem}\n`).join('')}`,
    });
  });

  it('says everything that is wrong as JSON', async () => {
    const { code, out, err } = await policy('check', '--json', await file('misspelt.json', misspelt));

    expect({ code, err }).toEqual({ code: 2, err: '' });
    expect(JSON.parse(out)).toEqual({ valid: false, problems, remarks: [] });
  });

  it.each([
    ['no JSON', '{\n  "accounts": [hello]\n}\n', 'line 2, column 16: expected a value or "]"'],
    ['an empty file', '', 'line 1, column 1: expected a value'],
    ['a comma too many', '{\n  "accounts": [],\n}\n', 'line 3, column 1: expected a field name in double quotes'],
  ])('says where %s stops being JSON', async (_what, content, problem) => {
    const path = await file('syntax.json', content);

    expect(await policy('check', path)).toEqual({ code: 2, out: '', err: `kms-audit: ${path} is no valid policy:\n  ${problem}\n` });
    expect(JSON.parse((await policy('check', '--json', path)).out)).toEqual({ valid: false, problems: [problem], remarks: [] });
  });

  it.each([
    ['a file that is not there', '/nonexistent/policy.json'],
    ['a folder', tmpdir()],
  ])('cannot read %s', async (_what, path) => {
    const { code, out, err } = await policy('check', path);

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(`${path}: cannot be read: `);
  });
});

describe('the build', () => {
  it.each([
    ['a policy that is none', '{"acounts": []}', 'policy.json is no valid policy:\n  acounts: no such field; did you mean "accounts"?\n'],
    ['no JSON', '{"accounts": [}', 'Unexpected "}" in JSON'],
  ])('refuses %s', async (_what, content, message) => {
    await file('policy.json', content);

    const { code, out, err } = await node('infra/build.mjs', [], { KMS_AUDIT_POLICY: 'policy.json' });

    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(message);
    expect(err).not.toContain('    at ');
    expect(readdirSync(join(root, 'dist'))).toContain('audit.mjs');
  });
});

describe('kms-audit policy init', () => {
  it('prints every default', async () => {
    const { code, out, err } = await policy('init');

    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({ $schema: './policy.schema.json', ...DEFAULT_POLICY });
    expect(readPolicy(JSON.parse(out))).toEqual({ policy: DEFAULT_POLICY });
    expect(err).toContain('orphanAfterHours');
  });

  it('proposes what was observed, and says so', async () => {
    const grants = ['a', 'b'].map((id) => strangersGrant(id, {}));
    const path = await file('records.json', [...grants, strangersGrant('c', { granteePrincipal: `${userArn('export')}*` }), 'no record']);

    const { code, out, err } = await policy('init', '--from', path);

    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      $schema: './policy.schema.json',
      ...DEFAULT_POLICY,
      grants: [
        {
          name: 'operator-to-export',
          caller: [userArn('operator')],
          invokedBy: [],
          grantee: [userArn('export')],
          retiree: [],
          operations: { exactly: ['Decrypt'] },
          context: { purpose: 'x' },
          contextMatch: 'subset',
          sourceArn: [],
        },
      ],
    });
    expect(err).toBe(
      [
        '1 record could not be read; kms-audit replay says why',
        'operator-to-export: covers 2 grants; read it before you adopt it',
        `left out: grant c on ${KEY}: its names cannot be written as patterns`,
        '',
      ].join('\n'),
    );
  });

  it('has nothing to propose where all is expected', async () => {
    const { code, out, err } = await policy('init', '--from', join(EVENTS, 'fargate-task-life'));

    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ grants: [] });
    expect(err).toContain('Every grant that was observed is expected already.');
  });

  it('takes the limits and the days of replay', async () => {
    const path = join(EVENTS, 'fargate-task-life');

    expect((await policy('init', '--from', path, '--max-record-bytes', '64')).err).toContain(
      'could not be read; kms-audit replay says why',
    );
    expect((await policy('init', '--from', path, '--since', 'tomorrow')).err).toContain('expected a day');
  });

  it.each([
    ['a path that is not there', ['--from', '/nonexistent/records'], 'no such file or folder'],
    ['no path', ['--from'], 'argument missing'],
  ])('refuses %s', async (_what, args, message) => {
    const { code, out, err } = await policy('init', ...args);

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });
});

const ABOUT_GRANTS = new Set(['unexpected-grantee', 'delegating-grant', 'unconstrained-grant']);
const scenarios = readdirSync(EVENTS, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? entry.name : []));

describe('the policy proposed from a scenario', () => {
  /** Where the command writes, kept. */
  async function proposed(path: string): Promise<{ readonly out: string; readonly err: string }> {
    const texts = { out: '', err: '' };
    const sink = (stream: 'out' | 'err'): NodeJS.WritableStream =>
      new Writable({
        write(chunk, _encoding, done) {
          texts[stream] += String(chunk);
          done();
        },
      });
    await policyInit([path], {}, { out: sink('out'), err: sink('err'), colour: false, live: false, width: 100 });
    return texts;
  }

  it.each([...scenarios, '.'])('expects its grants: %s', async (scenario) => {
    const { out, err } = await proposed(join(EVENTS, scenario));
    const reading = readPolicy(JSON.parse(out));
    if ('problems' in reading) throw new Error(reading.problems.join('; '));

    const { findings } = await replay([join(EVENTS, scenario)], reading.policy);

    const unexpected = findings.filter(({ rule, grantId }) => ABOUT_GRANTS.has(rule) && !err.includes(`left out: grant ${grantId} on`));
    expect(unexpected).toEqual([]);
  });
});

function strangersGrant(id: string, parameters: RawRecord): RawRecord {
  const request = {
    retiringPrincipal: undefined,
    granteePrincipal: userArn('export'),
    constraints: { encryptionContextSubset: { purpose: 'x' } },
  };
  return createGrant(id, { ...request, ...parameters }, { eventID: `event-${id}`, userIdentity: user('operator') });
}
