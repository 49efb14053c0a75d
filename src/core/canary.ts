import type { Metric } from './metrics.ts';

/** The call the canary is: harmless, read-only, and never made by an audit for another reason. */
export const CANARY_OPERATION = 'ListAliases';

/** The audit's own call on its way through trail, rule and function; seconds since 1970. */
export interface Canary {
  /** When the last one was sent. */
  readonly sent?: number;
  /** The event time of the last one that came back. */
  readonly returned?: number;
  /** When the grants' ages were last judged to the end: it flies as often, and is noted beside it. */
  readonly judged?: number;
}

const INTERVAL_SECONDS = 60 * 60;
const EXPECTED_SECONDS = 30 * 60;
/** KMS and the function may disagree about the second. */
const SKEW_SECONDS = 60;

/** True when the next canary is due: none was sent yet, or the last one an hour ago. */
export function canaryDue({ sent }: Canary, now: number): boolean {
  return sent === undefined || now - sent >= INTERVAL_SECONDS;
}

/** True when the grants' ages are to be judged: they never were, or an hour ago. */
export function agesDue({ judged }: Canary, now: number): boolean {
  return judged === undefined || now - judged >= INTERVAL_SECONDS;
}

/**
 * Whether the audit can still see: 1 where the last canary has been out for 30 minutes, else 0. Sent with every sweep,
 * so that an alarm may take silence for blindness.
 */
export function canaryMetric({ sent = Number.POSITIVE_INFINITY, returned = Number.NEGATIVE_INFINITY }: Canary, now: number): Metric {
  const missing = returned < sent - SKEW_SECONDS && now - sent > EXPECTED_SECONDS;
  return { name: 'CanaryMissing', dimensions: {}, value: missing ? 1 : 0 };
}
