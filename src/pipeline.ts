import { judgeAges } from './ages.ts';
import { tell, tellEnd } from './alerts.ts';
import { agesDue, type Canary, canaryDue, canaryMetric } from './core/canary.ts';
import { concerns } from './core/concern.ts';
import { isWhole } from './core/ending.ts';
import { readEnvelope } from './core/envelope.ts';
import { type Fact, timeOf, volumeOf } from './core/fact.ts';
import { findingId } from './core/finding.ts';
import type { GrantHead } from './core/grant.ts';
import { OWN_KEY_REFUSED, REJECTED_RECORD } from './core/metrics.ts';
import type { Policy } from './core/policy.ts';
import type { Reading } from './core/reading.ts';
import { endingsOf, judgeFact } from './core/rules/registry.ts';
import type { Digest } from './core/text.ts';
import { toSeconds } from './core/timestamp.ts';
import { tellOfGrant } from './grant-alerts.ts';
import type { AlertSink, Clock, Ledger, Log, MetricSink, Probe } from './ports.ts';
import { judgeRelease, lookForUseAfterRelease, withdrawRelease } from './releases.ts';

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
  /** What the names of the deployment's own EventBridge rules begin with; changes of others are none of the audit's business. */
  readonly ownRules?: string;
  /** Keys of the deployment itself: refusals on them are a metric, never a finding. */
  readonly ownKeys?: ReadonlySet<string>;
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
  if (!concerns(reading.fact, pipeline.policy, pipeline.ownRules)) return 'out-of-scope';
  await auditFact(reading.fact, pipeline);
  return 'audited';
}

/**
 * The order of work: write the own fact; read what the joint rules need, consistently; judge; keep the evidence; then
 * tell. A record seen before goes the whole way again: a crash may have come before its finding.
 */
async function auditFact(fact: Fact, pipeline: Pipeline): Promise<void> {
  const { ledger, policy, digest } = pipeline;
  const head = await keep(fact, pipeline);
  if (fact.kind === 'refused' && fact.keyArn !== undefined && pipeline.ownKeys?.has(fact.keyArn)) {
    await pipeline.metrics?.put([OWN_KEY_REFUSED]);
    return;
  }
  const own = judgeFact(fact, policy);
  for (const occurrence of own) await ledger.addEvidence(findingId(occurrence.rule, occurrence.subject, digest), occurrence);
  if (head !== undefined) return tellOfGrant(fact, head, own, pipeline);
  // A repair may be an occurrence of its own, and then one of what is over.
  await tellEndings(fact, pipeline);
  await tell(own, fact.eventId, pipeline);
}

/** Writes the fact; the grant it belongs to, as it then stands. */
async function keep(fact: Fact, pipeline: Pipeline): Promise<GrantHead | undefined> {
  const { ledger } = pipeline;
  switch (fact.kind) {
    case 'grant-created': {
      await ledger.addCreation(fact);
      const head = await ledger.joinCreation(fact);
      if (head.end !== undefined) await lookForUseAfterRelease(head, fact.time, pipeline);
      await withdrawRelease(fact, pipeline);
      return head;
    }
    case 'grant-ended': {
      const head = await ledger.joinEnding(fact);
      if (head.end !== undefined) await lookForUseAfterRelease(head, timeOf(head.end.order), pipeline);
      return head;
    }
    default: {
      await ledger.addFact(fact);
      const volume = volumeOf(fact);
      if (pipeline.alerts !== undefined && volume !== undefined && fact.kind === 'key-used' && fact.operation === 'Decrypt')
        await judgeRelease(volume, [fact], pipeline);
      return undefined;
    }
  }
}

/** Tells what this fact ends, where everything known agrees. */
async function tellEndings(fact: Fact, pipeline: Pipeline): Promise<void> {
  const endings = endingsOf(fact);
  if (pipeline.alerts === undefined || endings.length === 0 || fact.kind === 'grant-created' || fact.kind === 'grant-ended') return;
  const holds = async (): Promise<boolean> => isWhole(await pipeline.ledger.changesBeside(fact));
  if (!(await holds())) return;
  for (const { rule, group, subject, sentence, lagSeconds = 0 } of endings) {
    const end = { rule, group: JSON.stringify(group), subject, time: fact.time, sentence, lagSeconds, all: false, holds };
    await tellEnd(end, fact.eventId, pipeline);
  }
}

/** Sends the hourly canary on its way, and says whether the last one came back; once an hour the grants' ages are judged as well. */
export async function flyCanary(pipeline: Pipeline, probe: Probe): Promise<void> {
  const { ledger, now } = pipeline;
  const canary = await ledger.canary();
  await pipeline.metrics?.put([canaryMetric(canary, now())]);
  const [flown, judged] = await Promise.allSettled([fly(canary, probe, pipeline), judgeAgesHourly(canary, pipeline)]);
  if (flown.status === 'rejected') throw flown.reason;
  if (judged.status === 'rejected') throw judged.reason;
}

async function fly(canary: Canary, probe: Probe, { ledger, now }: Pipeline): Promise<void> {
  if (!canaryDue(canary, now())) return;
  await ledger.noteCanary('sent', now());
  await probe();
}

/** Noted when all is done, so that whoever comes after a failure does it again: what it counts is counted at least once. */
async function judgeAgesHourly(canary: Canary, pipeline: Pipeline): Promise<void> {
  const { ledger, policy, now } = pipeline;
  const began = now();
  if (policy.orphanAfterHours === undefined || !agesDue(canary, began)) return;
  await judgeAges(pipeline, canary.judged);
  await ledger.noteCanary('judged', began);
}
