import { exceptionFor } from './exception.ts';
import { orderOf } from './fact.ts';
import { type Finding, findingId, type Occurrence, type Subject } from './finding.ts';
import type { Exception, Policy } from './policy.ts';
import type { GrantProfile } from './profile.ts';
import { judgeAge, judgeGrant } from './rules/registry.ts';
import type { Snapshot } from './snapshot.ts';
import type { Digest } from './text.ts';
import type { Timestamp } from './timestamp.ts';

/** What a policy has to gain for a finding to be expected: a profile of the grant, or an exception for a while. */
export type PolicyEntry = { readonly grants: readonly GrantProfile[] } | { readonly exceptions: readonly Exception[] };

/** The latest evidence of each finding, by id; none for `use-after-release`, which is folded from its volume. */
export function latestEvidence(snapshot: Snapshot, policy: Policy, digest: Digest, now?: number): Map<string, Occurrence> {
  const latest = new Map<string, Occurrence>();
  for (const occurrence of [
    ...snapshot.occurrences,
    ...snapshot.grants.flatMap((head) => judgeGrant(head, policy)),
    ...(now === undefined ? [] : snapshot.grants.flatMap((head) => judgeAge(head, policy, now))),
  ]) {
    const id = findingId(occurrence.rule, occurrence.subject, digest);
    const known = latest.get(id);
    if (known === undefined || orderOf(known) < orderOf(occurrence)) latest.set(id, occurrence);
  }
  return latest;
}

/** The profile that expects the finding's grant; undefined where its rule does not judge by profiles, or none can be written. */
export function profileEntry(evidence: Occurrence | undefined): PolicyEntry | undefined {
  return evidence?.advice === undefined ? undefined : JSON.parse(evidence.advice);
}

/** The exception that accepts the finding up to thirty days after `time`; undefined where its names cannot be written as patterns. */
export function exceptionEntry(finding: Finding, evidence: Occurrence | undefined, time: Timestamp): PolicyEntry | undefined {
  const exception = exceptionFor({ rule: finding.rule, subject: evidence?.subject ?? volumeIn(finding), time });
  return exception && { exceptions: [exception] };
}

/** What identifies a finding that is folded from its volume. */
function volumeIn({ keyArn, clusterAccount, clusterName, volumeId }: Finding): Subject {
  return {
    ...(keyArn === undefined ? {} : { keyArn }),
    ...(clusterAccount === undefined ? {} : { clusterAccount }),
    ...(clusterName === undefined ? {} : { clusterName }),
    ...(volumeId === undefined ? {} : { volumeId }),
  };
}
