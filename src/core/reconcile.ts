import { timeOf } from './fact.ts';
import { type GrantHead, grantStatus, isOpenGrant } from './grant.ts';
import { fromSeconds, type Timestamp, toSeconds } from './timestamp.ts';

/** KMS needs up to five minutes to agree with itself; what is younger than this is not looked for in its list. */
export const SETTLING_SECONDS = 15 * 60;

/** A grant that KMS lists: `adopt` what nobody recorded, `reopen` what was held to be gone, else it is `known`. */
export type ListedStep = 'adopt' | 'reopen' | 'known';

/** A grant that KMS does not list: `missing` for the first time, `gone` the second; `known` where a record or its age says enough. */
export type AbsentStep = 'missing' | 'gone' | 'known';

/** One sweep of one key. */
export interface SweepOfKey {
  /** When the sweep began: the time of all it observes. */
  readonly started: Timestamp;
  /** When the last sweep of this key began whose absences count; undefined before the first. */
  readonly before: Timestamp | undefined;
}

/** What a sighting comes to. A record of the end decides, and so does what was observed later. */
export function stepOfListed(head: GrantHead | undefined, { started }: SweepOfKey): ListedStep {
  if (head?.created === undefined) return 'adopt';
  // Stryker disable next-line StringLiteral: what is gone has its time.
  return grantStatus(head) === 'gone' && (head.gone ?? '') < started ? 'reopen' : 'known';
}

/** What an absence comes to. */
export function stepOfAbsent(head: GrantHead | undefined, { started, before }: SweepOfKey): AbsentStep {
  if (head?.created === undefined || !isOpenGrant(head) || timeOf(head.created) >= youngest(started)) return 'known';
  if (!countsAbsences({ started, before })) return 'known';
  return before !== undefined && head.missing === before ? 'gone' : 'missing';
}

/** True where this sweep's absences count: the sweep before, if there was one, lies far enough back. */
export function countsAbsences({ started, before }: SweepOfKey): boolean {
  return before === undefined || before <= youngest(started);
}

/** A grant made then or later is too young for a sweep begun at `started`: it may have been made while it ran. */
export function youngest(started: Timestamp): Timestamp {
  return fromSeconds(toSeconds(started) - SETTLING_SECONDS);
}
