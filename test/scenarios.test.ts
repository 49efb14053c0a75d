import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { jsonPieces, type ReplayReport, replay } from '../src/cli/replay.ts';
import type { Finding } from '../src/core/finding.ts';
import { DEFAULT_POLICY, type Policy } from '../src/core/policy.ts';
import { readPolicy } from '../src/core/read-policy.ts';
import { reportOf } from '../src/core/report.ts';
import { RULES } from '../src/core/rules/registry.ts';
import type { RuleId } from '../src/core/rules/rule-id.ts';
import { toSeconds } from '../src/core/timestamp.ts';
import { MemoryLedger } from '../src/local/memory-ledger.ts';
import { auditEvent, type Pipeline } from '../src/pipeline.ts';
import { sha256 } from '../src/system.ts';

const EVENTS = fileURLToPath(new URL('../events', import.meta.url));

/** What a scenario expects of each finding: its subject and its evidence, not the words about it. */
const findingSchema = v.strictObject({
  rule: v.string(),
  severity: v.string(),
  keyArn: v.optional(v.string()),
  grantId: v.optional(v.string()),
  clusterAccount: v.optional(v.string()),
  clusterName: v.optional(v.string()),
  volumeId: v.optional(v.string()),
  resource: v.optional(v.string()),
  firstSeen: v.string(),
  lastSeen: v.string(),
  count: v.number(),
  eventIds: v.array(v.string()),
});
type ExpectedFinding = v.InferOutput<typeof findingSchema>;

const expectedSchema = v.strictObject({
  events: v.strictObject({
    read: v.number(),
    audited: v.number(),
    duplicates: v.number(),
    outOfScope: v.number(),
    rejected: v.number(),
  }),
  findings: v.array(findingSchema),
  volumes: v.array(v.unknown()),
  keys: v.array(v.unknown()),
});
type Expected = v.InferOutput<typeof expectedSchema>;

/** What every EventBridge event says of itself. */
const timedSchema = v.object({ time: v.string() });
const HOUR = 60 * 60;

interface Scenario {
  readonly name: string;
  readonly folder: string;
  readonly records: readonly string[];
  readonly expected: Expected;
  /** Undefined where the default policy judges. */
  readonly policy: Policy | undefined;
}

function json(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function policyOf(path: string): Policy | undefined {
  if (!existsSync(path)) return undefined;
  const reading = readPolicy(json(path));
  if ('problems' in reading) throw new Error(`${path}: ${reading.problems.join('; ')}`);
  return reading.policy;
}

function readScenario(name: string): Scenario {
  const folder = join(EVENTS, name);
  return {
    name,
    folder,
    records: readdirSync(folder)
      .filter((file) => /^\d\d-[a-z0-9-]+\.json$/.test(file))
      .sort()
      .map((file) => join(folder, file)),
    expected: v.parse(expectedSchema, json(join(folder, 'expected.json'))),
    policy: policyOf(join(folder, 'policy.json')),
  };
}

const scenarios = readdirSync(EVENTS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => readScenario(name));

const text = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

function inOrder(findings: readonly ExpectedFinding[]): ExpectedFinding[] {
  return [...findings].sort(
    (a, b) =>
      text(a.rule, b.rule) ||
      text(a.grantId ?? '', b.grantId ?? '') ||
      text(a.firstSeen, b.firstSeen) ||
      text(a.eventIds[0] ?? '', b.eventIds[0] ?? ''),
  );
}

function projected(finding: Finding): ExpectedFinding {
  const { rule, severity, keyArn, grantId, clusterAccount, clusterName, volumeId, resource } = finding;
  const { firstSeen, lastSeen, count, eventIds } = finding;
  return {
    rule,
    severity,
    ...(keyArn === undefined ? {} : { keyArn }),
    ...(grantId === undefined ? {} : { grantId }),
    ...(clusterAccount === undefined ? {} : { clusterAccount }),
    ...(clusterName === undefined ? {} : { clusterName }),
    ...(volumeId === undefined ? {} : { volumeId }),
    ...(resource === undefined ? {} : { resource }),
    firstSeen,
    lastSeen,
    count,
    eventIds: [...eventIds],
  };
}

/** The report as JSON readers see it, its findings reduced to what scenarios expect of them. */
function projection({ sources, ...report }: ReplayReport): unknown {
  return JSON.parse(JSON.stringify({ ...report, volumes: [...report.volumes], findings: inOrder(report.findings.map(projected)) }));
}

describe.each(scenarios)('$name', ({ folder, records, expected, policy = DEFAULT_POLICY }) => {
  it('shows what its expected.json says', async () => {
    const report = await replay([folder], policy);

    expect(projection(report)).toStrictEqual(expected);
  });

  it('says the same of its records in reverse', async () => {
    const forwards = await replay(records, policy);
    const backwards = await replay(records.toReversed(), policy);

    expect([...jsonPieces(backwards)].join('')).toBe([...jsonPieces(forwards)].join(''));
  });

  it('accounts for every record', async () => {
    const { events, sources } = await replay(records, policy);

    expect(events.read).toBe(events.audited + events.duplicates + events.outOfScope + events.rejected);
    expect(sources.reduce((sum, source) => sum + source.records, 0)).toBe(events.read);
    expect(sources.reduce((sum, source) => sum + source.rejected.length, 0)).toBe(events.rejected);
  });

  it('is numbered without gaps and holds nothing else', () => {
    const others = readdirSync(folder).filter((file) => file !== 'expected.json' && file !== 'policy.json');

    expect(records.map((path) => Number(relative(folder, path).slice(0, 2)))).toStrictEqual(records.map((_, index) => index + 1));
    expect(others.sort()).toStrictEqual(records.map((path) => relative(folder, path)));
  });
});

describe('all scenarios together', () => {
  it('say what each says by itself', async () => {
    const byDefault = scenarios.filter(({ policy }) => policy === undefined);

    const report = await replay(
      byDefault.map(({ folder }) => folder),
      DEFAULT_POLICY,
    );

    expect(inOrder(report.findings.map(projected))).toStrictEqual(inOrder(byDefault.flatMap(({ expected }) => expected.findings)));
    for (const count of ['read', 'audited', 'duplicates', 'outOfScope', 'rejected'] as const) {
      expect([count, report.events[count]]).toStrictEqual([
        count,
        byDefault.reduce((sum, { expected }) => sum + expected.events[count], 0),
      ]);
    }
    expect([...report.volumes]).toHaveLength(byDefault.reduce((sum, { expected }) => sum + expected.volumes.length, 0));
    expect(report.keys).toHaveLength(byDefault.reduce((sum, { expected }) => sum + expected.keys.length, 0));
  });
});

/** The scenario of this name, which a rule's metadata promises. */
function scenarioOf(id: RuleId, name: string): Scenario {
  const scenario = scenarios.find((one) => one.name === name);
  if (scenario === undefined) throw new Error(`rule ${id} names scenario ${name}, which is not in events/`);
  return scenario;
}

describe.each(RULES.filter(({ inSweep }) => inSweep !== true))('rule $id', ({ id, severity, scenarios: { firing, silent, nearMiss } }) => {
  const findingsIn = (name: string): readonly ExpectedFinding[] => scenarioOf(id, name).expected.findings.filter(({ rule }) => rule === id);

  it(`fires in ${firing}`, () => {
    expect(findingsIn(firing).map((finding) => finding.severity)).toContain(severity);
  });

  it.each([silent, nearMiss])('keeps silent in %s', (name) => {
    expect(findingsIn(name)).toStrictEqual([]);
  });
});

describe.each(RULES.filter(({ inSweep }) => inSweep === true))(
  'rule $id, which the sweep judges',
  ({ id, severity, scenarios: { firing, silent, nearMiss } }) => {
    const { policy = DEFAULT_POLICY } = scenarioOf(id, firing);
    const age = (policy.orphanAfterHours ?? Number.NaN) * HOUR;

    /** What the rule finds so many seconds after the last record of a scenario; the policy is the firing one's throughout. */
    async function findingsAfter(name: string, seconds: number): Promise<readonly ExpectedFinding[]> {
      const events = scenarioOf(id, name).records.map(json);
      const now = Math.max(...events.map((event) => toSeconds(v.parse(timedSchema, event).time))) + seconds;
      const ledger = new MemoryLedger();
      const pipeline: Pipeline = { ledger, policy, digest: sha256, now: () => now, log: () => {} };
      for (const event of events) await auditEvent(event, pipeline);
      const { findings } = reportOf(await ledger.snapshot(), policy, sha256, now);
      return findings.filter(({ rule }) => rule === id).map(projected);
    }

    it(`fires in ${firing} an hour past the age`, async () => {
      expect((await findingsAfter(firing, age + HOUR)).map((finding) => finding.severity)).toContain(severity);
    });

    it(`keeps silent in ${firing} before the age`, async () => {
      expect(await findingsAfter(firing, age - 1)).toStrictEqual([]);
    });

    it(`is in no replay, ${firing} included`, () => {
      expect(scenarios.flatMap(({ expected }) => expected.findings).filter(({ rule }) => rule === id)).toStrictEqual([]);
    });

    it.each([silent, nearMiss])('keeps silent in %s an hour past the age', async (name) => {
      expect(await findingsAfter(name, age + HOUR)).toStrictEqual([]);
    });
  },
);

describe('sample data', () => {
  const ACCOUNTS = new Set(['111122223333', '123456789012']);
  const TEST_NET = /^(?:192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}$/;
  /** `aws.kms` and the like are what EventBridge calls the sources of events. */
  const DOMAIN = /(?:^|\.)(?:example\.com|amazonaws\.com(?:\.cn)?)$|^aws\.(?:kms|ecs|cloudtrail|events)$/i;
  const files = readdirSync(EVENTS, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const found = (pattern: RegExp, allowed: (match: string) => boolean, without?: RegExp): string[] =>
    files.flatMap((path) => {
      const content = readFileSync(path, 'utf8').replace(without ?? /$^/, ' ');
      return (content.match(pattern) ?? []).filter((match) => !allowed(match)).map((match) => `${relative(EVENTS, path)}: ${match}`);
    });

  it('names no other account', () => {
    const ids = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{17,}/gi;

    expect(found(/(?<!\d)\d{12}(?!\d)/g, (account) => ACCOUNTS.has(account), ids)).toStrictEqual([]);
  });

  it('names no address outside TEST-NET', () => {
    expect(found(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, (address) => TEST_NET.test(address))).toStrictEqual([]);
    expect(found(/\b[0-9a-f]{1,4}::|\b(?:[0-9a-f]{1,4}:){4,}/gi, () => false)).toStrictEqual([]);
  });

  it('names no domain but example.com and those of AWS, and nobody by e-mail', () => {
    expect(found(/\b(?:[a-z0-9-]+\.)+[a-z]{2,}\b/gi, (domain) => DOMAIN.test(domain))).toStrictEqual([]);
    expect(found(/[\w.+-]+@[\w-]+/g, () => false)).toStrictEqual([]);
  });

  it('gives every record an eventID and a requestID of its own, copies of one record excepted', () => {
    const detailSchema = v.object({
      detail: v.object({ eventID: v.pipe(v.string(), v.nonEmpty()), requestID: v.optional(v.string()) }),
    });
    const copies = new Map<string, Set<string>>();
    for (const path of scenarios.flatMap(({ records }) => records)) {
      const envelope = v.safeParse(detailSchema, json(path));
      if (!envelope.success) continue;
      const { detail } = envelope.output;
      for (const id of [detail.eventID, ...(detail.requestID === undefined ? [] : [detail.requestID])]) {
        copies.set(id, (copies.get(id) ?? new Set()).add(JSON.stringify(v.parse(v.object({ detail: v.unknown() }), json(path)).detail)));
      }
    }

    expect([...copies].filter(([, details]) => details.size > 1).map(([id]) => id)).toStrictEqual([]);
  });
});
