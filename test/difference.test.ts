import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Difference, type DifferenceOptions, replayDifference } from '../src/cli/difference.ts';
import { columnsOf } from '../src/cli/layout.ts';
import { replay } from '../src/cli/replay.ts';
import type { Finding } from '../src/core/finding.ts';
import { DEFAULT_POLICY, type Policy } from '../src/core/policy.ts';
import { policyDifference } from '../src/core/policy-difference.ts';
import {
  createGrant,
  decrypt,
  ecsContext,
  eventId,
  instant,
  KEY,
  PROD,
  type RawRecord,
  record,
  retireGrant,
  user,
} from './support/fleet.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const EVENTS = join(root, 'events');
const VOLUME = ecsContext(PROD, 'vol-0000000000000000a');

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
function kmsAudit(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'dist/cli/kms-audit.mjs'), ...args], { env: { PATH: process.env.PATH ?? '' } });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, JSON.stringify(content));
  return path;
}

async function shown(paths: readonly string[], options: DifferenceOptions, width = 100): Promise<string> {
  let out = '';
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      out += chunk;
      done();
    },
  });
  await replayDifference(paths, options, {
    out: stream,
    err: new Writable({ write: (_chunk, _encoding, done) => done() }),
    colour: false,
    live: false,
    width,
  });
  return out;
}

const difference = async (paths: readonly string[], options: DifferenceOptions): Promise<Difference> =>
  JSON.parse(await shown(paths, { ...options, json: true }));

const scenario = (name: string): string => join(EVENTS, name);
const at = (second: number): RawRecord => ({ eventTime: instant(second), eventID: eventId(`at ${second}`) });
const refusedAt = (second: number): RawRecord =>
  decrypt(VOLUME, { errorCode: 'DisabledException', errorMessage: `${KEY} is disabled.`, ...at(second) });

describe('what a change of policy would have changed', () => {
  it('is nothing from a policy to itself', async () => {
    const { findings } = await replay([EVENTS], DEFAULT_POLICY);

    const same = await difference([EVENTS], { against: 'default' });

    expect(same).toMatchObject({ added: [], removed: [], changed: [], unchanged: findings.length });
    expect(same.alerts.old).toBe(same.alerts.new);
    expect(same.alerts.old).toBeGreaterThan(10);
  });

  it('names what is new, gone and of another severity, and the reverse the other way round', async () => {
    const policy = await file('new.json', {
      accounts: ['123456789012'],
      severities: { 'launch-blocked': 'critical' },
      rules: { 'key-made-unusable': 'silent', 'forged-context': 'off' },
      minimumAlertSeverity: 'high',
    });

    const forwards = await difference([EVENTS], { policy, against: 'default' });
    const backwards = await difference([EVENTS], { against: policy });

    expect(new Set(forwards.added.map(({ rule }) => rule))).toEqual(new Set(['foreign-cluster']));
    const gone = new Set(forwards.removed.map(({ rule }) => rule));
    for (const rule of ['key-made-unusable', 'forged-context', 'key-policy-changed', 'use-after-release']) expect(gone).toContain(rule);
    expect(forwards.changed.length).toBeGreaterThan(0);
    for (const { rule, from, to } of forwards.changed)
      expect({ rule, from, to }).toEqual({ rule: 'launch-blocked', from: 'high', to: 'critical' });
    expect(backwards).toEqual({
      added: forwards.removed,
      removed: forwards.added,
      changed: forwards.changed.map(({ from, to, ...change }) => ({ ...change, from: to, to: from })),
      unchanged: forwards.unchanged,
      alerts: { old: forwards.alerts.new, new: forwards.alerts.old },
    });
  });

  it('is told of findings that each policy sends, and of no others', async () => {
    const { findings } = await replay([scenario('foreign-grantee')], DEFAULT_POLICY);
    const judged = (changes: Partial<Policy>) => ({ policy: { ...DEFAULT_POLICY, ...changes }, findings });

    const silenced = policyDifference(judged({}), judged({ rules: { 'unexpected-grantee': 'silent' } }));
    const raised = policyDifference(judged({ minimumAlertSeverity: 'critical' }), judged({}));

    expect(silenced).toEqual({ added: [], removed: findings, changed: [], unchanged: 0 });
    expect(raised).toEqual({ added: findings, removed: [], changed: [], unchanged: 0 });
  });
});

it('what a change of policy leaves alone is neither new nor gone nor of another severity', async () => {
  const { findings } = await replay([EVENTS], DEFAULT_POLICY);
  const [kept, raised, gone, added] = findings.filter(({ severity }) => severity === 'high');
  if (!(kept && raised && gone && added)) throw new Error('expected four findings');
  const judged = (...of: readonly Finding[]) => ({ policy: DEFAULT_POLICY, findings: of });
  const { id, rule, title } = raised;

  expect(policyDifference(judged(kept, raised, gone), judged(kept, { ...raised, severity: 'critical' }, added))).toEqual({
    added: [added],
    removed: [gone],
    changed: [{ id, rule, title, from: 'high', to: 'critical' }],
    unchanged: 1,
  });
});

describe('the messages that a policy would have sent', () => {
  const alerts = async (records: readonly RawRecord[], policy: unknown = {}): Promise<number> =>
    (await difference([await file('records.json', records)], { policy: await file('p.json', policy), against: 'default' })).alerts.new;

  it('follow the clock of the records: one alert an hour while it goes on, in whatever order they lie in the file', async () => {
    const storm = Array.from({ length: 13 }, (_, index) => refusedAt(index * 600));

    expect(await alerts(storm)).toBe(3);
    expect(await alerts(storm.toReversed())).toBe(3);
    expect(await alerts(storm, { renotifyMinutes: 20 })).toBe(7);
    expect(await alerts(storm, { rules: { 'disabled-key-use': 'silent' } })).toBe(0);
  });

  it('include the all-clear', async () => {
    const enabled = record('EnableKey', { userIdentity: user('operator'), requestParameters: { keyId: KEY }, ...at(100) });

    expect(await alerts([refusedAt(0)])).toBe(1);
    expect(await alerts([refusedAt(0), enabled])).toBe(2);
  });

  it('include what the sweep tells once it has stood, and nothing of what a grant that came in time explains', async () => {
    const released = [createGrant('one', {}, at(0)), retireGrant('one', at(10))];
    const late = decrypt(VOLUME, at(100));

    expect(await alerts([...released, late])).toBe(1);
    expect(await alerts([...released, late, decrypt(VOLUME, at(40_000))])).toBe(2);
    expect(await alerts([...released, createGrant('two', {}, at(90)), late])).toBe(0);
    expect(await alerts([...released, late], { minimumAlertSeverity: 'high' })).toBe(0);
  });
});

describe('kms-audit replay --against', () => {
  it('says it to people in lines that fit', async () => {
    const policy = await file('shown.json', { severities: { 'launch-blocked': 'low' }, rules: { 'forged-context': 'off' } });
    for (const width of [60, 100, 140]) {
      const gone = await shown([EVENTS], { policy, against: 'default' }, width);
      const added = await shown([EVENTS], { policy: 'default', against: policy }, width);

      expect(gone).toContain('No longer alerted');
      expect(gone).toContain('launch-blocked, was high');
      expect(added).toContain('Alerted from now on');
      for (const line of `${gone}\n${added}`.split('\n')) if (!line.includes(folder)) expect(columnsOf(line)).toBeLessThanOrEqual(width);
    }
  });

  it('exits with 1 only where a finding at or above --fail-on is added', async () => {
    const silent = await file('silent.json', { rules: { 'unexpected-grantee': 'silent' } });
    const path = scenario('foreign-grantee');

    expect((await kmsAudit('replay', path, '--against', silent, '--fail-on', 'high')).code).toBe(1);
    expect((await kmsAudit('replay', path, '--against', silent, '--fail-on', 'critical')).code).toBe(0);
    expect((await kmsAudit('replay', path, '--policy', silent, '--against', 'default', '--fail-on', 'low')).code).toBe(0);
  });

  it('says how many records could not be read', async () => {
    const { code, err } = await kmsAudit('replay', scenario('malformed-records'), '--against', 'default');

    expect(code).toBe(0);
    expect(err).toMatch(/^\d+ records could not be read; kms-audit replay says why\n$/);
  });

  it.each([
    ['a policy that is not there', ['--against', '/nonexistent.json'], '/nonexistent.json: cannot be read'],
    ['another tool’s format', ['--against', 'default', '--format', 'asff'], 'cannot be used with'],
  ])('exits with 2 for %s', async (_, args, message) => {
    const { code, out, err } = await kmsAudit('replay', EVENTS, ...args);

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });
});

describe('--format', () => {
  it.each([
    ['ocsf', 'class_name', 'Detection Finding'],
    ['asff', 'SchemaVersion', '2018-10-08'],
  ])('prints every finding as %s, of replay and of findings alike but for what is over', async (format, field, value) => {
    const [replayed, listed, plain] = await Promise.all([
      kmsAudit('replay', EVENTS, '--format', format),
      kmsAudit('findings', '--from', EVENTS, '--format', format),
      kmsAudit('findings', '--from', EVENTS, '--json'),
    ]);

    expect(replayed).toMatchObject({ code: 0, err: '' });
    const rendered: Record<string, unknown>[] = JSON.parse(replayed.out);
    const all: Record<string, unknown>[] = JSON.parse(listed.out);
    const ended: readonly boolean[] = JSON.parse(plain.out).map(({ endedAt }: { endedAt?: string }) => endedAt !== undefined);
    expect(new Set(ended).size).toBe(2);
    expect(all.map((one, index) => isDeepStrictEqual(one, rendered[index]))).toEqual(ended.map((over) => !over));
    expect(rendered.map((one) => one[field])).toEqual(ended.map(() => value));
  });
});
