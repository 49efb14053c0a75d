import { alertMessage } from './core/alert-text.ts';
import { type Claim, decideAlert, LEASE_SECONDS } from './core/alerting.ts';
import { canaryDue, canaryMetric } from './core/canary.ts';
import { readEnvelope } from './core/envelope.ts';
import { type Fact, type GrantCreated, type KeyUsed, timeOf, type Volume, volumeAt, volumeOf } from './core/fact.ts';
import { type Evidence, evidenceOfOne, findingId, foldEvidence, type Occurrence } from './core/finding.ts';
import { type GrantHead, withCreation } from './core/grant.ts';
import { added, metricsOf, OWN_KEY_REFUSED, REJECTED_RECORD } from './core/metrics.ts';
import { inScope, type Policy } from './core/policy.ts';
import type { Reading } from './core/read-record.ts';
import { grantRevokedInUse } from './core/rules/grant-revoked-in-use.ts';
import { judgeFact, ruleOf } from './core/rules/registry.ts';
import { useAfterRelease } from './core/rules/use-after-release.ts';
import { atLeast, SEVERITIES } from './core/severity.ts';
import type { Digest } from './core/text.ts';
import { fromSeconds, type Timestamp, toSeconds } from './core/timestamp.ts';
import type { AlertSink, Clock, Ledger, Log, MetricSink, PendingCandidate, Probe } from './ports.ts';

/** What the pipeline works with. Without `alerts` and `metrics` it records and judges in silence, as a replay does. */
export interface Pipeline {
  readonly ledger: Ledger;
  readonly policy: Policy;
  readonly digest: Digest;
  readonly now: Clock;
  readonly log: Log;
  readonly alerts?: AlertSink;
  readonly metrics?: MetricSink;
  /** The role whose canary comes by: its record ends in a note and nothing else. */
  readonly canaryRole?: string;
  /** Keys of the deployment itself: refusals on them are a metric, never a finding. */
  readonly ownKeys?: ReadonlySet<string>;
}

/** How long a volume must have stood decrypted after release before it is alerted: late records would cry wolf. */
const STANDING_SECONDS = 15 * 60;
/** Losing this often against other handlers within one lease is a fault to retry, not to spin on. */
const CLAIM_ATTEMPTS = 8;

/** Thrown when an alert is held by a handler that may have died: the queue brings the event back after the lease. */
export class AlertHeldError extends Error {
  override readonly name = 'AlertHeldError';
}

/** What became of one record. */
export type Audited = 'audited' | 'out-of-scope' | 'rejected';

/**
 * Handles one event in whatever envelope it comes. Bad records are counted and logged; a throw is an infrastructure
 * fault, to be retried with the whole event.
 */
export async function auditEvent(event: unknown, pipeline: Pipeline): Promise<void> {
  for (const reading of readEnvelope(event, pipeline.digest)) await auditReading(reading, pipeline);
}

/** Handles what one record was read as. */
export async function auditReading(reading: Reading, pipeline: Pipeline): Promise<Audited> {
  if (reading.kind === 'rejected') {
    pipeline.log('record rejected', { reason: reading.reason });
    await pipeline.metrics?.put([REJECTED_RECORD]);
    return 'rejected';
  }
  if (reading.kind === 'out-of-scope') {
    const { canary } = reading;
    if (canary !== undefined && canary.by === pipeline.canaryRole) await pipeline.ledger.noteCanary('returned', toSeconds(canary.time));
    return 'out-of-scope';
  }
  if (!inScope(reading.fact, pipeline.policy)) return 'out-of-scope';
  await auditFact(reading.fact, pipeline);
  return 'audited';
}

/**
 * The order of work: write the own fact; read what the joint rules need, consistently; judge; keep the evidence; then
 * tell. A record seen before goes the whole way again: a crash may have come before its finding.
 */
async function auditFact(fact: Fact, pipeline: Pipeline): Promise<void> {
  const joint = await keepAndJoin(fact, pipeline);
  if (fact.kind === 'refused' && fact.keyArn !== undefined && pipeline.ownKeys?.has(fact.keyArn)) {
    await pipeline.metrics?.put([OWN_KEY_REFUSED]);
    return;
  }
  const own = judgeFact(fact, pipeline.policy);
  for (const occurrence of own) {
    await pipeline.ledger.addEvidence(findingId(occurrence.rule, occurrence.subject, pipeline.digest), occurrence);
  }
  // A joint occurrence counts with the record that is its evidence, or with the creation that makes it known.
  const counted = joint.filter(({ eventId }) => eventId === fact.eventId || fact.kind === 'grant-created');
  await tell([...own, ...joint], [...own, ...counted], fact.eventId, pipeline);
}

/** Writes the fact and folds what it joins; returns the joint occurrences that are told at once. */
async function keepAndJoin(fact: Fact, pipeline: Pipeline): Promise<Occurrence[]> {
  const { ledger } = pipeline;
  switch (fact.kind) {
    case 'grant-created': {
      await ledger.addCreation(fact);
      const head = await ledger.joinCreation(fact);
      if (head.end === undefined) return [];
      await lookForUseAfterRelease(head, fact.time, pipeline);
      return grantRevokedInUse.judge(head);
    }
    case 'grant-ended': {
      const head = await ledger.joinEnding(fact);
      if (head.end !== undefined) await lookForUseAfterRelease(head, timeOf(head.end.order), pipeline);
      return grantRevokedInUse.judge(head);
    }
    case 'key-used': {
      await ledger.addFact(fact);
      const volume = volumeOf(fact);
      if (pipeline.alerts !== undefined && volume !== undefined && fact.operation === 'Decrypt')
        await judgeRelease(volume, [fact], pipeline);
      return [];
    }
    case 'rehearsed':
    case 'refused':
    case 'key-changed':
      await ledger.addFact(fact);
      return [];
    default:
      return fact satisfies never;
  }
}

async function lookForUseAfterRelease(head: GrantHead, since: string, pipeline: Pipeline): Promise<void> {
  const volume = volumeAt(head);
  if (pipeline.alerts === undefined || volume === undefined) return;
  await judgeRelease(volume, await pipeline.ledger.decryptsSince(volume, since), pipeline);
}

/** Marks the volume when one of `decrypts` came after its release; the sweep looks again and alerts. Without alerts nobody would. */
async function judgeRelease(volume: Volume, decrypts: readonly KeyUsed[], pipeline: Pipeline): Promise<void> {
  const occurrence = (await foldRelease(volume, decrypts, pipeline.ledger)).at(-1);
  if (occurrence === undefined) return;
  const id = findingId(occurrence.rule, occurrence.subject, pipeline.digest);
  await pipeline.ledger.addCandidate(id, { occurrence, volume, since: pipeline.now() });
}

async function foldRelease(volume: Volume, decrypts: readonly KeyUsed[], ledger: Ledger): Promise<Occurrence[]> {
  if (decrypts.length === 0) return [];
  const creations = await ledger.creationsOf(volume);
  if (creations.length === 0) return [];
  return useAfterRelease.judge(volume, withCreations(await ledger.headsOf(creations), creations), decrypts);
}

/** The heads with the creations told of them: a handler may have stopped between the two writes. */
function withCreations(heads: readonly GrantHead[], creations: readonly GrantCreated[]): GrantHead[] {
  const byGrant = new Map(heads.map((head) => [head.grantId, head]));
  for (const creation of creations) byGrant.set(creation.grantId, withCreation(byGrant.get(creation.grantId), creation));
  return [...byGrant.values()];
}

/** Looks again at every volume marked long enough ago; alerts those that still stand. The scheduled half of `use-after-release`. */
export async function settleCandidates(pipeline: Pipeline): Promise<number> {
  const pending = await pipeline.ledger.pendingCandidates(pipeline.now() - STANDING_SECONDS);
  const faults: unknown[] = [];
  for (const candidate of pending) {
    // One alert that cannot be sent must not keep the others waiting.
    await settle(candidate, pipeline).catch((fault: unknown) => faults.push(fault));
  }
  if (faults.length > 0) throw faults[0];
  return pending.length;
}

async function settle(candidate: PendingCandidate, pipeline: Pipeline): Promise<void> {
  const { findingId: id, volume } = candidate;
  const occurrences = await foldRelease(volume, await pipeline.ledger.decryptsSince(volume, ''), pipeline.ledger);
  const lead = occurrences.at(-1);
  if (lead !== undefined) {
    await alert({ lead, others: [], by: `sweep/${id}` }, pipeline, foldEvidence(occurrences));
    await pipeline.metrics?.put(added(occurrences.flatMap(metricsOf)));
  }
  await pipeline.ledger.settleCandidate(candidate);
}

/** Sends the hourly canary on its way, and says whether the last one came back. */
export async function flyCanary(pipeline: Pipeline, probe: Probe): Promise<void> {
  const { ledger, now } = pipeline;
  const canary = await ledger.canary();
  await pipeline.metrics?.put([canaryMetric(canary, now())]);
  if (!canaryDue(canary, now())) return;
  await ledger.noteCanary('sent', now());
  await probe();
}

/** Counts and alerts; a failing channel never keeps the other from being told, and any failure brings the event back. */
async function tell(occurrences: readonly Occurrence[], counted: readonly Occurrence[], by: string, pipeline: Pipeline): Promise<void> {
  if (occurrences.length === 0) return;
  const told = await Promise.allSettled([
    pipeline.metrics?.put(added(counted.flatMap(metricsOf))),
    ...alertsOf(occurrences).map((one) => alert({ ...one, by }, pipeline, undefined)),
  ]);
  for (const outcome of told) if (outcome.status === 'rejected') throw outcome.reason;
}

interface Alert {
  readonly lead: Occurrence;
  readonly others: readonly Occurrence[];
  readonly by: string;
}

/** One alert per group: its most severe occurrence leads, and a rule that folds into another's alert is told there. */
function alertsOf(occurrences: readonly Occurrence[]): Omit<Alert, 'by'>[] {
  const fired = new Set(occurrences.map(({ rule }) => rule));
  const groups = new Map<string, Occurrence[]>();
  const groupOfRule = new Map(occurrences.map(({ rule, group }) => [rule, group]));
  for (const occurrence of occurrences) {
    const host = ruleOf(occurrence.rule)?.foldedInto?.find((rule) => fired.has(rule));
    const group = (host === undefined ? undefined : groupOfRule.get(host)) ?? occurrence.group;
    groups.set(group, [...(groups.get(group) ?? []), occurrence]);
  }
  return [...groups].flatMap(([group, members]) => {
    const rank = (occurrence: Occurrence): number => SEVERITIES.indexOf(occurrence.severity) + (occurrence.group === group ? 0 : 0.5);
    const [lead, ...others] = [...members].sort((a, b) => rank(a) - rank(b));
    return lead === undefined ? [] : { lead, others };
  });
}

/** Sends an alert at least once: claim the group's lease, publish, note. Who finds the group told, or being told, is done. */
async function alert({ lead, others, by }: Alert, pipeline: Pipeline, joint: Evidence | undefined): Promise<void> {
  const { alerts, ledger, now, policy, digest } = pipeline;
  if (alerts === undefined || !atLeast(lead.severity, policy.minimumAlertSeverity)) return;
  for (let attempt = 0; attempt < CLAIM_ATTEMPTS; attempt += 1) {
    // An event dated in the future must not silence its group until then.
    const present = fromSeconds(now());
    const time = earlier(lead.time, present);
    const note = await ledger.alertNote(lead.group);
    const decision = decideAlert(note, { by, time, severity: lead.severity, now: now(), renotifyMinutes: policy.renotifyMinutes });
    if (decision.act === 'covered') return;
    if (decision.act === 'wait')
      throw new AlertHeldError(`the alert of ${lead.rule} is held by ${note.claim?.by} until ${note.claim?.until}`);
    const claim: Claim = { until: now() + LEASE_SECONDS, by, through: time, severity: lead.severity };
    if (!(await ledger.claimAlert(lead.group, note, claim))) continue;
    const evidence = joint ?? (await ledger.evidenceOf(findingId(lead.rule, lead.subject, digest))) ?? evidenceOfOne(lead);
    const keyArn = ruleOf(lead.rule)?.tellsDependents ? lead.subject.keyArn : undefined;
    const dependents = keyArn === undefined ? undefined : await ledger.dependents(keyArn);
    await alerts.publish(alertMessage({ lead, others, evidence, dependents, reminder: decision.reminder }, digest));
    const through = later(later(time, earlier(evidence.last.time, present)), note.sent?.through ?? '');
    await ledger.noteAlert(lead.group, { ...claim, through });
    return;
  }
  throw new AlertHeldError(`the alert of ${lead.rule} changed hands ${CLAIM_ATTEMPTS} times`);
}

const earlier = (a: Timestamp, b: Timestamp): Timestamp => (a < b ? a : b);
const later = (a: Timestamp, b: Timestamp): Timestamp => (a > b ? a : b);
