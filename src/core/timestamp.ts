const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)$/;

/**
 * A UTC instant at CloudTrail's resolution of one second, spelt `2026-11-02T10:00:00Z`.
 * Two of them compare as strings the way they compare in time.
 */
export type Timestamp = string;

/** How CloudTrail spells an instant: nearly always it can stay as it is. */
// Stryker disable next-line Regex: what it does not know is read below, only slower; that it knows nothing impossible is tested.
const USUAL = /^\d{4}-(?:0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;
/** The last day that every month of every year has. */
const SAFE_DAY = 28;

/** Reads an ISO 8601 instant; undefined where it is missing, impossible or has no zone. Fractions are dropped. */
export function readTimestamp(value: unknown): Timestamp | undefined {
  if (typeof value !== 'string') return undefined;
  const usual = USUAL.exec(value);
  // Stryker disable next-line ConditionalExpression,EqualityOperator: only faster.
  if (usual !== null && Number(usual[1]) <= SAFE_DAY) return value;
  if (!ISO.test(value)) return undefined;
  const milliseconds = Date.parse(value);
  if (Number.isNaN(milliseconds)) return undefined;
  const timestamp = fromSeconds(Math.floor(milliseconds / 1000));
  if (!ISO.test(timestamp)) return undefined;
  // Date.parse lets 30 February pass as 1 March; only a UTC spelling can be checked by writing it again.
  return value.endsWith('Z') && timestamp.slice(0, 19) !== value.slice(0, 19) ? undefined : timestamp;
}

/** Seconds since 1970 of a {@link Timestamp}. */
export function toSeconds(timestamp: Timestamp): number {
  return Date.parse(timestamp) / 1000;
}

/** The {@link Timestamp} of so many seconds since 1970. */
export function fromSeconds(seconds: number): Timestamp {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}
