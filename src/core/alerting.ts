import type { Severity } from './severity.ts';
import { atLeast } from './severity.ts';
import { type Timestamp, toSeconds } from './timestamp.ts';

/** How long one handler may hold a group's alert: longer than the function's time-out, shorter than the first retry. */
export const LEASE_SECONDS = 15;

/** One handler's lease on a group's alert, and what its alert will cover. */
export interface Claim {
  /** Seconds since 1970. */
  readonly until: number;
  /** The event that is being handled; its redelivery claims under the same name. */
  readonly by: string;
  /** Evidence up to this instant is in the alert. */
  readonly through: Timestamp;
  readonly severity: Severity;
}

/** What is noted of a group's alert. Times are event times: a redelivered or replayed event is never news. */
export interface AlertNote {
  readonly sent?: { readonly through: Timestamp; readonly severity: Severity };
  readonly claim?: Claim;
}

/**
 * What to do about a group's alert. `covered`: it has been told, or another handler is telling it. `wait`: our own
 * earlier attempt may still be at work, or another's alert will not cover this; try again later.
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

/** Decides whether this occurrence's alert is due, given what is noted. A more severe occurrence is always news. */
export function decideAlert(note: AlertNote, request: AlertRequest): AlertDecision {
  const { sent, claim } = note;
  if (sent !== undefined && covers(sent, request)) return { act: 'covered' };
  if (claim !== undefined && claim.until > request.now) {
    return claim.by !== request.by && covers(claim, request) ? { act: 'covered' } : { act: 'wait' };
  }
  return { act: 'send', reminder: sent !== undefined && atLeast(sent.severity, request.severity) };
}

function covers(
  alert: { readonly through: Timestamp; readonly severity: Severity },
  { time, severity, renotifyMinutes }: AlertRequest,
): boolean {
  return toSeconds(time) < toSeconds(alert.through) + renotifyMinutes * 60 && atLeast(alert.severity, severity);
}
