import { alertAll, count, tellWithdrawn } from './alerts.ts';
import { coveredAfterAll } from './core/closing-text.ts';
import { isSent } from './core/expectation.ts';
import { type GrantCreated, type KeyUsed, type Volume, volumeAt, volumeOf } from './core/fact.ts';
import { findingId, foldEvidence, type Occurrence } from './core/finding.ts';
import { type GrantHead, isCurrent, withCreation } from './core/grant.ts';
import { judgeVolume } from './core/rules/registry.ts';
import { useAfterRelease } from './core/rules/use-after-release.ts';
import { toSeconds } from './core/timestamp.ts';
import type { Pipeline } from './pipeline.ts';
import type { PendingCandidate } from './ports.ts';

/** How long a volume must have stood decrypted after release before it is alerted: late records would cry wolf. */
const STANDING_SECONDS = 15 * 60;

/** Looks whether a volume was decrypted at or after `since`, now that more is known of its grants. */
export async function lookForUseAfterRelease(head: GrantHead, since: string, pipeline: Pipeline): Promise<void> {
  const volume = volumeAt(head);
  if (pipeline.alerts === undefined || volume === undefined) return;
  await judgeRelease(volume, await pipeline.ledger.decryptsSince(volume, since), pipeline);
}

/** Marks the volume when one of `decrypts` came after its release; the sweep looks again and alerts. Without alerts nobody would. */
export async function judgeRelease(volume: Volume, decrypts: readonly KeyUsed[], pipeline: Pipeline): Promise<void> {
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
export async function withdrawRelease(fact: GrantCreated, pipeline: Pipeline): Promise<void> {
  const volume = volumeOf(fact);
  if (pipeline.alerts === undefined || volume === undefined || pipeline.now() <= toSeconds(fact.time) + STANDING_SECONDS) return;
  const group = useAfterRelease.groupOf(volume);
  await tellWithdrawn(
    {
      rule: useAfterRelease.id,
      group,
      subject: volume,
      sentence: coveredAfterAll(volume.volumeId, fact.time),
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
  await alertAll([lead], by, pipeline, { evidence: foldEvidence(occurrences), holds });
  return occurrences;
}

async function allReleases(volume: Volume, pipeline: Pipeline): Promise<Occurrence[]> {
  return foldRelease(volume, await pipeline.ledger.decryptsSince(volume, ''), pipeline);
}

/** The heads with the creations told of them: a handler may have stopped between the two writes. */
function withCreations(heads: readonly GrantHead[], creations: readonly GrantCreated[]): GrantHead[] {
  const joined = new Map(heads.map((head) => [head.grantId, head]));
  // What was adopted for this volume may have turned out to be none of its grants.
  const current = creations.filter((creation) => isCurrent(creation, joined.get(creation.grantId)));
  const byGrant = new Map(current.flatMap(({ grantId }) => joined.get(grantId) ?? []).map((head) => [head.grantId, head]));
  for (const creation of current) byGrant.set(creation.grantId, withCreation(byGrant.get(creation.grantId), creation));
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
