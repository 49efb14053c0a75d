import { exceptionFor } from './exception.ts';
import type { Occurrence } from './finding.ts';
import type { Exception } from './policy.ts';
import type { GrantProfile } from './profile.ts';
import type { Timestamp } from './timestamp.ts';

/** What a policy has to gain for a finding to be expected: a profile of the grant, or an exception for a while. */
export type PolicyEntry = { readonly grants: readonly GrantProfile[] } | { readonly exceptions: readonly Exception[] };

/** The profile that expects the finding's grant; undefined where its rule does not judge by profiles, or none can be written. */
export function profileEntry(evidence: Occurrence | undefined): PolicyEntry | undefined {
  return evidence?.advice === undefined ? undefined : JSON.parse(evidence.advice);
}

/** The exception that accepts the finding up to thirty days after `time`; undefined where its names cannot be written as patterns. */
export function exceptionEntry(evidence: Occurrence | undefined, time: Timestamp): PolicyEntry | undefined {
  const exception = evidence && exceptionFor({ ...evidence, time });
  return exception && { exceptions: [exception] };
}
