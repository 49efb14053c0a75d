import { judgeAges } from './ages.ts';
import { count, tell, tellEnd, tellWithdrawn } from './alerts.ts';
import { canaryDue, canaryMetric } from './core/canary.ts';
import { coveredAfterAll, lastGrantEnded, retiredBefore } from './core/closing-text.ts';
import { concerns } from './core/concern.ts';
import { isWhole } from './core/ending.ts';
import { readEnvelope } from './core/envelope.ts';
import { isSent } from './core/expectation.ts';
import { type Fact, type GrantCreated, type KeyUsed, timeOf, type Volume, volumeAt, volumeOf } from './core/fact.ts';
import { findingId, foldEvidence, type Occurrence } from './core/finding.ts';
import { type GrantHead, withCreation } from './core/grant.ts';
import { OWN_KEY_REFUSED, REJECTED_RECORD } from './core/metrics.ts';
import type { Policy } from './core/policy.ts';
import type { Reading } from './core/reading.ts';
import { endingsOf, judgeFact, judgeGrant, judgeVolume, ruleOf } from './core/rules/registry.ts';
import type { Digest } from './core/text.ts';
import { type Timestamp, toSeconds } from './core/timestamp.ts';
import type { AlertSink, Clock, GrantName, Ledger, Log, MetricSink, PendingCandidate, Probe } from './ports.ts';

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

/** How long a volume must have stood decrypted after release before it is alerted: late records would cry wolf. */
const STANDING_SECONDS = 15 * 60;
const RELEASED = 'use-after-release';
const REVOKED = 'grant-revoked-in-use';
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
  await tell(own, own, fact.eventId, pipeline);
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

/** Tells what a grant is by its creation, by its ending, and by the two together. */
async function tellOfGrant(fact: Fact, head: GrantHead, own: readonly Occurrence[], pipeline: Pipeline): Promise<void> {
  const { ledger, policy } = pipeline;
  let known = head;
  for (const [group, time] of groupsEndingWith(own, pipeline)) {
    // The group first: who ends the grant in between finds no mark on it, and who marks it then finds its end.
    await ledger.joinGroup(group, memberOf(head), time);
    known = await ledger.markGrant(head, group);
  }
  // What is over already is told as such, and needs no all-clear.
  await closeGrant(known, fact.eventId, pipeline);
  await tell(own, own, fact.eventId, pipeline);
  const joint = judgeGrant(known, policy);
  // A joint occurrence counts with the record that is its evidence, or with the creation that makes it known.
  await count(
    joint.filter(({ eventId }) => eventId === fact.eventId || fact.kind === 'grant-created'),
    pipeline,
  );
  for (const occurrence of joint) await tellRevoked(occurrence, known, fact.eventId, pipeline);
}

/** What a grant is called among those that a group's alert is about. */
const memberOf = ({ keyArn, grantId }: GrantName): string => JSON.stringify([keyArn, grantId]);

/** Tells of a revocation, unless an earlier ending excuses it: that marks the grant, so that either sees the other. */
async function tellRevoked(occurrence: Occurrence, head: GrantHead, by: string, pipeline: Pipeline): Promise<void> {
  const { alerts, ledger, policy } = pipeline;
  if (alerts === undefined || !isSent(occurrence, policy)) return;
  await ledger.joinGroup(occurrence.group, memberOf(head), occurrence.time);
  await tell([occurrence], [], by, pipeline, {
    holds: async () => judgeGrant(await ledger.markGrant(head, occurrence.group), policy).length > 0,
  });
}

/** The alerts that will tell of a grant and are over when it ends. */
function groupsEndingWith(occurrences: readonly Occurrence[], { alerts, policy }: Pipeline): Map<string, Timestamp> {
  const ending = occurrences.filter((one) => alerts !== undefined && ruleOf(one.rule)?.endsWithGrant && isSent(one, policy));
  return new Map(ending.map(({ group, time }) => [group, time]));
}

/** What the ending of a grant ends for those who were alerted of it. */
async function closeGrant(head: GrantHead, by: string, pipeline: Pipeline): Promise<void> {
  const { ledger, policy } = pipeline;
  const { end, keyArn, grantId, alertedIn = [] } = head;
  if (pipeline.alerts === undefined || end === undefined) return;
  for (const group of alertedIn) {
    const [rule] = JSON.parse(group);
    await ledger.leaveGroup(group, memberOf(head));
    if (rule !== REVOKED) {
      const sentence = lastGrantEnded(head.grantId, end);
      const holds = async (): Promise<boolean> => (await ledger.membersOf(group)).length === 0;
      const over = { rule, group, subject: { keyArn, grantId }, time: timeOf(end.order), sentence, lagSeconds: 0, all: true, holds };
      if (await holds()) await tellEnd(over, by, pipeline);
    } else if (end.how !== 'revoked') {
      const sentence = retiredBefore(head.grantId, end);
      const tellOthers = async (): Promise<void> => {
        for (const other of await ledger.membersOf(group)) {
          const [otherKey, otherGrant] = JSON.parse(other);
          for (const found of await ledger.headsOf([{ keyArn: otherKey, grantId: otherGrant }]))
            for (const occurrence of judgeGrant(found, policy)) await tellRevoked(occurrence, found, by, pipeline);
        }
      };
      await tellWithdrawn({ rule, group, subject: { keyArn, grantId }, sentence, holds: async () => false, tellOthers }, by, pipeline);
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

async function lookForUseAfterRelease(head: GrantHead, since: string, pipeline: Pipeline): Promise<void> {
  const volume = volumeAt(head);
  if (pipeline.alerts === undefined || volume === undefined) return;
  await judgeRelease(volume, await pipeline.ledger.decryptsSince(volume, since), pipeline);
}

/** Marks the volume when one of `decrypts` came after its release; the sweep looks again and alerts. Without alerts nobody would. */
async function judgeRelease(volume: Volume, decrypts: readonly KeyUsed[], pipeline: Pipeline): Promise<void> {
  const occurrence = (await foldRelease(volume, decrypts, pipeline)).at(-1);
  if (occurrence === undefined) return;
  const id = findingId(occurrence.rule, occurrence.subject, pipeline.digest);
  await pipeline.ledger.addCandidate(id, { occurrence, volume, since: pipeline.now() });
}

async function foldRelease(volume: Volume, decrypts: readonly KeyUsed[], { ledger, policy }: Pipeline): Promise<Occurrence[]> {
  if (decrypts.length === 0) return [];
  const creations = await ledger.creationsOf(volume);
  if (creations.length === 0) return [];
  return judgeVolume(volume, withCreations(await ledger.headsOf(creations), creations), decrypts, policy);
}

/**
 * A creation may show that a volume was not released after all. It was alerted only once it had stood for a while, so
 * that a creation which comes in time has nothing to take back, and costs nothing.
 */
async function withdrawRelease(fact: GrantCreated, pipeline: Pipeline): Promise<void> {
  const volume = volumeOf(fact);
  if (pipeline.alerts === undefined || volume === undefined || pipeline.now() <= toSeconds(fact.time) + STANDING_SECONDS) return;
  const { clusterAccount, clusterName, volumeId } = volume;
  const group = JSON.stringify([RELEASED, clusterAccount, clusterName]);
  await tellWithdrawn(
    {
      rule: RELEASED,
      group,
      subject: volume,
      sentence: coveredAfterAll(volumeId, fact.time),
      holds: async () => (await allReleases(volume, pipeline)).length > 0,
      tellOthers: async () => {
        await pipeline.ledger.leaveGroup(group, JSON.stringify(volume));
        for (const other of await pipeline.ledger.membersOf(group)) await tellReleased(JSON.parse(other), fact.eventId, pipeline);
      },
    },
    fact.eventId,
    pipeline,
  );
}

/** Tells that a volume was used after its release, if it still stands; the occurrences that it is. */
async function tellReleased(volume: Volume, by: string, pipeline: Pipeline): Promise<readonly Occurrence[]> {
  const occurrences = await allReleases(volume, pipeline);
  const lead = occurrences.at(-1);
  if (lead === undefined || !isSent(lead, pipeline.policy)) return occurrences;
  await pipeline.ledger.joinGroup(lead.group, JSON.stringify(volume), lead.time);
  const holds = async (): Promise<boolean> => (await allReleases(volume, pipeline)).length > 0;
  await tell([lead], [], by, pipeline, { evidence: foldEvidence(occurrences), holds });
  return occurrences;
}

async function allReleases(volume: Volume, pipeline: Pipeline): Promise<Occurrence[]> {
  return foldRelease(volume, await pipeline.ledger.decryptsSince(volume, ''), pipeline);
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
  await count(await tellReleased(volume, `sweep/${id}`, pipeline), pipeline);
  await pipeline.ledger.settleCandidate(candidate);
}

/** Sends the hourly canary on its way, and says whether the last one came back; once an hour the grants' ages are judged as well. */
export async function flyCanary(pipeline: Pipeline, probe: Probe): Promise<void> {
  const { ledger, now } = pipeline;
  const canary = await ledger.canary();
  await pipeline.metrics?.put([canaryMetric(canary, now())]);
  if (!canaryDue(canary, now())) return;
  await ledger.noteCanary('sent', now());
  const [probed, judged] = await Promise.allSettled([probe(), judgeAges(pipeline, canary.sent)]);
  if (probed.status === 'rejected') throw probed.reason;
  if (judged.status === 'rejected') throw judged.reason;
}
