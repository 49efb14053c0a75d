import { isOfKms, type Order, orderOf, timeOf } from '../fact.ts';
import type { Snapshot } from '../snapshot.ts';
import { fromSeconds, type Timestamp, toSeconds } from '../timestamp.ts';

/** Nothing shorter is worth a look, in seconds. */
const SHORTEST = 6 * 3600;
const TIMES_THE_MEDIAN = 20;

/** When KMS was heard, and when it was not. */
export interface Hearing {
  /** Distinct KMS events that the ledger keeps whole. */
  readonly facts: number;
  readonly first?: Timestamp;
  readonly last?: Timestamp;
  /** From the start of the period, or the first fact; to its end, or now, or the last fact. */
  readonly span?: Interval;
  /** A silence is longer than so many seconds: 6 hours, or 20 times the median time between two seconds with facts. */
  readonly silentAfterSeconds: number;
  readonly silences: readonly Interval[];
}

/** A stretch of time. */
export interface Interval {
  readonly from: Timestamp;
  readonly to: Timestamp;
}

/**
 * When the ledger heard of KMS within a period, whatever the cluster or key: a long silence may be a quiet account, or a
 * trail that was off. `until` is the end of the period, or now, where either is known.
 */
export function hearingOf(snapshot: Snapshot, since: Timestamp | undefined, until: Timestamp | undefined): Hearing {
  const within = (time: Timestamp): boolean => (since === undefined || time >= since) && (until === undefined || time <= until);
  const orders = ordersOf(snapshot).filter((order) => within(timeOf(order)));
  const times = [...orders.map(timeOf), ...snapshot.resources.map(({ lastSeen }) => lastSeen).filter(within)];
  const instants = [...new Set(times)].sort();
  const first = instants[0];
  const last = instants.at(-1);
  const from = since ?? first;
  const to = until ?? last;
  const silentAfterSeconds = Math.max(SHORTEST, TIMES_THE_MEDIAN * medianSpacing(instants));
  const span = from === undefined || to === undefined ? undefined : { from, to };
  return {
    facts: new Set(orders).size,
    ...(first === undefined ? {} : { first }),
    ...(last === undefined ? {} : { last }),
    ...(span === undefined ? {} : { span }),
    silentAfterSeconds,
    silences: span === undefined ? [] : longer([span.from, ...instants, span.to], silentAfterSeconds),
  };
}

/** What lies between two instants for longer than so many seconds. */
function longer(instants: readonly Timestamp[], seconds: number): Interval[] {
  return instants.slice(1).flatMap((to, index) => {
    const from = instants[index] ?? to;
    return toSeconds(to) - toSeconds(from) > seconds ? [{ from, to }] : [];
  });
}

/** When something about KMS happened, by event. */
function ordersOf({ grants, creations, uses, rehearsals, refusals, changes, others }: Snapshot): Order[] {
  return [
    ...[
      ...creations.filter(({ adopted }) => adopted === undefined),
      ...uses,
      ...rehearsals,
      ...refusals,
      ...changes,
      ...others.filter(isOfKms),
    ].map(orderOf),
    ...grants.flatMap(({ created, adopted, end }) => [
      ...(created === undefined || adopted !== undefined ? [] : [created]),
      ...(end === undefined ? [] : [end.order]),
    ]),
  ];
}

function medianSpacing(instants: readonly Timestamp[]): number {
  const spacings = instants.slice(1).map((time, index) => toSeconds(time) - toSeconds(instants[index] ?? time));
  return spacings.sort((a, b) => a - b)[Math.floor(spacings.length / 2)] ?? 0;
}

/** The earlier of two instants, of which either may be unknown; `now` in seconds since 1970. */
export function periodEnd(until: Timestamp | undefined, now: number | undefined): Timestamp | undefined {
  const present = now === undefined ? undefined : fromSeconds(now);
  // Undefined is sorted last.
  return [until, present].sort()[0];
}
