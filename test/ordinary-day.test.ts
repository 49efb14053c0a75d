import { describe, expect, it } from 'vitest';
import { readEnvelope } from '../src/core/envelope.ts';
import { findingId } from '../src/core/finding.ts';
import type { Metric } from '../src/core/metrics.ts';
import { DEFAULT_POLICY } from '../src/core/policy.ts';
import { type LedgerReport, reportOf } from '../src/core/report.ts';
import { MemoryLedger } from '../src/local/memory-ledger.ts';
import { auditEvent, type Pipeline } from '../src/pipeline.ts';
import { settleCandidates } from '../src/releases.ts';
import { sha256 } from '../src/system.ts';
import type { Expected } from './support/day/plants.ts';
import { Random } from './support/day/random.ts';
import { disabledUnder, refusalStorm, STORM_KEY } from './support/day/storms.ts';
import { type Delivery, delivered, ordinaryDay, plantedDay, TASKS } from './support/ordinary-day.ts';

const SWEEP_SECONDS = 15 * 60;

type AlertMessage = Parameters<NonNullable<Pipeline['alerts']>['publish']>[0];

interface Outcome {
  readonly report: LedgerReport;
  readonly alerts: readonly AlertMessage[];
  readonly metrics: readonly Metric[];
  readonly seconds: number;
}

/** Sends the deliveries through the whole pipeline, its clock following them and the sweep coming by every quarter of an hour. */
async function audited(deliveries: readonly Delivery[]): Promise<Outcome> {
  const began = performance.now();
  const ledger = new MemoryLedger();
  const alerts: AlertMessage[] = [];
  const metrics: Metric[] = [];
  let now = 0;
  let swept = 0;
  const pipeline: Pipeline = {
    ledger,
    policy: DEFAULT_POLICY,
    digest: sha256,
    now: () => now,
    log: () => {},
    alerts: { publish: async (message) => void alerts.push(message) },
    metrics: { put: async (counts) => void metrics.push(...counts) },
  };
  for (const { event, arrivesAt } of deliveries) {
    now = Math.max(now, arrivesAt);
    if (now - swept >= SWEEP_SECONDS) {
      await settleCandidates(pipeline);
      swept = now;
    }
    await auditEvent(event, pipeline);
  }
  now += 60 * 60;
  await settleCandidates(pipeline);
  const report = reportOf(await ledger.snapshot(), DEFAULT_POLICY, sha256);
  return { report, alerts, metrics, seconds: (performance.now() - began) / 1000 };
}

/** How many of these events are read as what. */
function countedByKind(deliveries: readonly Delivery[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const reading of deliveries.flatMap(({ event }) => readEnvelope(event, sha256))) {
    const kind = reading.kind === 'fact' ? reading.fact.kind : reading.kind;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

const sum = (metrics: readonly Metric[], name: string): number =>
  metrics
    .filter((metric) => metric.name === name && Object.keys(metric.dimensions).length === 0)
    .reduce((total, { value }) => total + value, 0);

const rulesOf = (alerts: readonly AlertMessage[]): string[] => alerts.map(({ attributes }) => attributes.rule ?? '').sort();

/** The same deliveries in another order, all at the end of the day. */
function shuffled(deliveries: readonly Delivery[]): Delivery[] {
  const arrivesAt = deliveries.reduce((latest, delivery) => Math.max(latest, delivery.arrivesAt), 0);
  return new Random(7).shuffled(deliveries).map(({ event }) => ({ event, arrivesAt }));
}

describe('an ordinary day', () => {
  const day = ordinaryDay();

  it('is the same whenever it is made', () => {
    expect(sha256(JSON.stringify(ordinaryDay()))).toBe(sha256(JSON.stringify(day)));
  });

  it('raises no finding, sends no alert, counts nothing and rejects no record', async () => {
    const { report, alerts, metrics, seconds } = await audited(day);

    const counts = countedByKind(day);
    const told = [...counts].map(([kind, count]) => `${count} ${kind}`).sort();
    console.log(`ordinary day: ${day.length} deliveries in ${seconds.toFixed(1)} s: ${told.join(', ')}`);
    expect(report.findings).toStrictEqual([]);
    expect(alerts).toStrictEqual([]);
    expect(metrics).toStrictEqual([]);
    expect(counts.get('rejected')).toBeUndefined();
    expect(report.volumes).toHaveLength(TASKS);
    expect(report.volumes.filter(({ status }) => status === 'granted').length).toBeGreaterThan(50);
    expect(new Set(report.volumes.map(({ clusterName }) => clusterName)).size).toBe(12);
  });

  it('raises none either when it arrives in any other order', async () => {
    const { report, alerts, metrics } = await audited(shuffled(day));

    expect(report.findings).toStrictEqual([]);
    expect(alerts).toStrictEqual([]);
    expect(metrics).toStrictEqual([]);
    expect(report.volumes).toStrictEqual((await audited(day)).report.volumes);
  });
});

describe('a day with attacks and faults in it', () => {
  const { deliveries, plants } = plantedDay();
  const expected = plants.flatMap(({ raises }) => raises);
  const byId = new Map(expected.map((one) => [findingId(one.rule, one.subject, sha256), one]));
  const found = ({ findings }: LedgerReport): Expected[] =>
    inOrder(findings.map((finding) => byId.get(finding.id) ?? { rule: finding.rule, subject: finding }));

  it('holds twenty, of every rule that judges what arrives', () => {
    expect(plants).toHaveLength(20);
    expect([...new Set(expected.map(({ rule }) => rule))].sort()).toStrictEqual([
      'audit-blind-spot',
      'cluster-without-customer-key',
      'delegating-grant',
      'disabled-key-use',
      'foreign-cluster',
      'forged-context',
      'grant-revoked-in-use',
      'key-made-unusable',
      'key-policy-changed',
      'launch-blocked',
      'pending-deletion-key-use',
      'unconstrained-grant',
      'unexpected-grantee',
      'unusable-key-use',
      'use-after-release',
    ]);
  });

  it('raises exactly what was planted', async () => {
    const { report, alerts, seconds } = await audited(deliveries);

    console.log(
      `planted day: ${plants.length} plants, ${report.findings.length} findings, ${alerts.length} alerts among ${deliveries.length} deliveries in ${seconds.toFixed(1)} s`,
    );
    expect(found(report)).toStrictEqual(inOrder(expected));
    // One record's findings are one alert; so are a key's refused uses, for whomever.
    expect(rulesOf(alerts)).toStrictEqual([
      'audit-blind-spot',
      'audit-blind-spot',
      'audit-blind-spot',
      'cluster-without-customer-key',
      'delegating-grant',
      'disabled-key-use',
      'foreign-cluster',
      'forged-context',
      'forged-context',
      'grant-revoked-in-use',
      'key-made-unusable',
      'key-made-unusable',
      'key-policy-changed',
      'launch-blocked',
      'launch-blocked',
      'pending-deletion-key-use',
      'unexpected-grantee',
      'unexpected-grantee',
      'unusable-key-use',
      'use-after-release',
    ]);
  });

  it('raises the same when it arrives in any other order', async () => {
    const { report } = await audited(shuffled(deliveries));

    expect(found(report)).toStrictEqual(inOrder(expected));
  });
});

const inOrder = (findings: readonly Expected[]): Expected[] =>
  [...findings].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

describe('a storm', () => {
  const CALLS = 10_000;

  it.each([
    { seconds: 30 * 60, alertsExpected: 1 },
    // The first, then one reminder an hour.
    { seconds: 5 * 60 * 60, alertsExpected: 5 },
  ])('of 10,000 refused calls over $seconds s is $alertsExpected alerts, and counts every call', async ({ seconds, alertsExpected }) => {
    const { alerts, metrics, report, seconds: took } = await audited(delivered(refusalStorm(CALLS, 40, seconds), { faithfully: true }));

    console.log(`storm over ${seconds / 60} minutes: ${alerts.length} alerts for ${CALLS} refused calls in ${took.toFixed(1)} s`);
    expect(rulesOf(alerts)).toStrictEqual(Array.from({ length: alertsExpected }, () => 'disabled-key-use'));
    expect(alerts.slice(1).every(({ email }) => email.startsWith('Still: '))).toBe(true);
    expect(sum(metrics, 'DisabledKeyUse')).toBe(CALLS);
    const uses = report.findings.filter(({ rule }) => rule === 'disabled-key-use');
    expect(uses).toHaveLength(40);
    expect(uses.reduce((total, { count }) => total + count, 0)).toBe(CALLS);
  });

  it('of refused launches in 50 clusters after one DisableKey is one alert for each kind of news', async () => {
    const { alerts, report, seconds } = await audited(delivered(disabledUnder(50)));

    console.log(
      `one DisableKey under 50 clusters: ${alerts.length} alerts for ${report.findings.length} findings in ${seconds.toFixed(1)} s`,
    );
    expect(new Set(report.findings.map(({ keyArn }) => keyArn))).toStrictEqual(new Set([STORM_KEY]));
    // The key was disabled; calls are refused; tasks stop, says ECS, which the trail does not carry.
    expect(rulesOf(alerts)).toStrictEqual(['disabled-key-use', 'key-made-unusable', 'launch-blocked']);
  });
});

describe('sample data', () => {
  const text = JSON.stringify([ordinaryDay(), plantedDay().plants, refusalStorm(40, 40, 60), disabledUnder(2)]);
  const found = (pattern: RegExp, allowed: RegExp, content = text): string[] =>
    [...new Set(content.match(pattern) ?? [])].filter((match) => !allowed.test(match));

  it('names no other account, address or domain', () => {
    const withoutIds = text.replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{17,}/gi, ' ');

    expect(found(/(?<!\d)\d{12}(?!\d)/g, /^(?:111122223333|123456789012)$/, withoutIds)).toStrictEqual([]);
    expect(found(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, /^(?:192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}$/)).toStrictEqual([]);
    expect(found(/[\w.+-]+@[\w-]+/g, /$^/)).toStrictEqual([]);
    expect(
      found(/\b(?:[a-z0-9-]+\.)+[a-z]{2,}\b/gi, /(?:^|\.)(?:example\.com|amazonaws\.com)$|^aws\.(?:kms|ecs|cloudtrail|events)$/i),
    ).toStrictEqual([]);
  });
});
