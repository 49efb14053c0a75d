import type { Severity } from './severity.ts';
import { atLeast } from './severity.ts';
import { type Timestamp, toSeconds } from './timestamp.ts';

/** How long one handler may hold a group's alert: longer than the function's time-out, shorter than the first retry. */
export const LEASE_SECONDS = 15;

/** One handler's lease on a group's alert, and what its message will cover. */
export interface Claim {
  /** What will be sent: that it happens (`joint`: if it still holds when judged once more), or that it is over. */
  readonly tells: 'alert' | 'joint' | 'over';
  /** Seconds since 1970. */
  readonly until: number;
  /** The event that is being handled; its redelivery claims under the same name. */
  readonly by: string;
  /** Evidence up to this instant is in the message. */
  readonly through: Timestamp;
  readonly severity: Severity;
}

/** The attributes that an alert went out with: what is sent after it reaches the same subscribers. */
export type AlertAttributes = Readonly<Record<string, string>>;

/** What is noted of a group's alert. Times are event times: a redelivered or replayed event is never news. */
export interface AlertNote {
  readonly sent?: Sent;
  /** What was told up to this instant is over. */
  readonly over?: Timestamp;
  readonly claim?: Claim;
}

/** The last alert that went out. */
export interface Sent {
  readonly through: Timestamp;
  readonly severity: Severity;
  readonly attributes?: AlertAttributes;
}

/**
 * What to do about a group's alert. `covered`: it has been told, or another handler is telling it. `wait`: our own
 * earlier attempt may still be at work, or another's message will not cover this; try again later.
 */
export type AlertDecision = { readonly act: 'covered' } | { readonly act: 'wait' } | { readonly act: 'send'; readonly reminder: boolean };

/** The occurrence that asks for an alert. */
export interface AlertRequest {
  readonly by: string;
  readonly time: Timestamp;
  readonly severity: Severity;
  /** Seconds since 1970. */
  readonly now: number;
  readonly renotifyMinutes: number;
}

/** Decides whether this occurrence's alert is due, given what is noted. A more severe occurrence, or one after the end, is always news. */
export function decideAlert(note: AlertNote, request: AlertRequest): AlertDecision {
  const { sent, over, claim } = note;
  if (sent !== undefined && over !== undefined && request.time <= over) return { act: 'covered' };
  const standing = isStanding(note) ? sent : undefined;
  if (standing !== undefined && covers(standing, request)) return { act: 'covered' };
  if (claim !== undefined && claim.until > request.now) {
    return claim.tells === 'alert' && claim.by !== request.by && covers(claim, request) ? { act: 'covered' } : { act: 'wait' };
  }
  return { act: 'send', reminder: standing !== undefined && atLeast(standing.severity, request.severity) };
}

/** The end of what a group's alerts told. */
export interface EndRequest {
  readonly by: string;
  /** What happened up to this instant is over. */
  readonly time: Timestamp;
  /** Seconds since 1970. */
  readonly now: number;
}

/**
 * What to do about the end of what a group told. `note`: nobody was told, so that nobody needs the all-clear; but who
 * tells it yet must know.
 */
export type EndDecision = { readonly act: 'covered' | 'wait' | 'note' } | { readonly act: 'send'; readonly sent: Sent };

/** Decides whether an all-clear is due. Evidence later than the end keeps the alert standing. */
export function decideEnd(note: AlertNote, { by, time, now }: EndRequest): EndDecision {
  const { sent, over, claim } = note;
  if (over !== undefined && over >= time) return { act: 'covered' };
  if (claim !== undefined && claim.until > now) {
    return claim.tells === 'over' && claim.by !== by && claim.through >= time ? { act: 'covered' } : { act: 'wait' };
  }
  if (sent === undefined || !isStanding(note)) return { act: 'note' };
  return sent.through > time ? { act: 'covered' } : { act: 'send', sent };
}

/** True while the last alert is newer than the last all-clear. */
function isStanding({ sent, over }: AlertNote): boolean {
  return sent !== undefined && (over === undefined || sent.through > over);
}

function covers(
  alert: { readonly through: Timestamp; readonly severity: Severity },
  { time, severity, renotifyMinutes }: AlertRequest,
): boolean {
  return toSeconds(time) < toSeconds(alert.through) + renotifyMinutes * 60 && atLeast(alert.severity, severity);
}
