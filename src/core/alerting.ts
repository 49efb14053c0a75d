import type { Severity } from './severity.ts';
import { atLeast } from './severity.ts';
import { type Timestamp, toSeconds } from './timestamp.ts';

/** How long one handler may hold a group's alert: longer than the function's time-out, shorter than the first retry. */
export const LEASE_SECONDS = 15;

/** Before every instant. */
const NEVER: Timestamp = '';

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
  /** What happened up to this instant is over, whether or not anybody was told of it. */
  readonly over?: Timestamp;
  /** What happened up to this instant is over, and those who were told of it know. */
  readonly closed?: Timestamp;
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
  const { closed = NEVER, claim } = note;
  if (request.time <= closed) return { act: 'covered' };
  const live = claim !== undefined && claim.until > request.now ? claim : undefined;
  // Who tells the end right now does not know of this.
  if (live?.tells === 'over') return { act: 'wait' };
  const standing = standingIn(note);
  if (standing !== undefined && covers(standing, request)) return { act: 'covered' };
  if (live !== undefined)
    return live.tells === 'alert' && live.by !== request.by && covers(live, request) ? { act: 'covered' } : { act: 'wait' };
  return { act: 'send', reminder: standing !== undefined && atLeast(standing.severity, request.severity) };
}

/** The end of what a group's alerts told. */
export interface EndRequest {
  /** What happened up to this instant is over. */
  readonly time: Timestamp;
  /** All that was told is known to be over, whatever its time. */
  readonly all: boolean;
  /** Seconds since 1970. */
  readonly now: number;
}

/**
 * What to do about the end of what a group told. `note`: nobody was told, so that nobody needs the all-clear; but who
 * tells it yet must know. `through`: how far the end reaches.
 */
export type EndDecision =
  | { readonly act: 'covered' | 'wait' }
  | { readonly act: 'note'; readonly through: Timestamp }
  | { readonly act: 'send'; readonly through: Timestamp; readonly sent: Sent };

/** Decides whether an all-clear is due. Evidence later than the end keeps the alert standing, unless all of it is over. */
export function decideEnd(note: AlertNote, { time, all, now }: EndRequest): EndDecision {
  const { over = NEVER, claim } = note;
  const sent = standingIn(note);
  if (sent === undefined && over >= time) return { act: 'covered' };
  // Whoever holds it may yet find that it is not so.
  if (claim !== undefined && claim.until > now) return { act: 'wait' };
  if (sent === undefined) return { act: 'note', through: time };
  if (sent.through > time) return all ? { act: 'send', through: sent.through, sent } : { act: 'covered' };
  return { act: 'send', through: time, sent };
}

/** The last alert, while it is newer than the last all-clear. */
function standingIn({ sent, closed = NEVER }: AlertNote): Sent | undefined {
  return sent !== undefined && sent.through > closed ? sent : undefined;
}

function covers(
  alert: { readonly through: Timestamp; readonly severity: Severity },
  { time, severity, renotifyMinutes }: AlertRequest,
): boolean {
  return toSeconds(time) < toSeconds(alert.through) + renotifyMinutes * 60 && atLeast(alert.severity, severity);
}
