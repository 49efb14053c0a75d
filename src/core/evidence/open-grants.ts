import { byText } from '../sorting.ts';
import { type Timestamp, toSeconds } from '../timestamp.ts';
import type { ReportedGrant } from './model.ts';
import type { Interval } from './silences.ts';

/** How many grants were open over a stretch of time. */
export interface OpenGrants {
  /** The most that were open at some time within each of equally long parts. */
  readonly most: readonly number[];
  readonly peak: number;
  /** When the peak was first reached. */
  readonly peakAt?: Timestamp;
}

/** Counts grants that were open at the same time, in so many parts of the span. */
export function openGrants(grants: readonly ReportedGrant[], span: Interval, parts: number): OpenGrants {
  const steps = grants.flatMap(({ grantedAt, endedAt }) => [
    ...(grantedAt === undefined ? [] : [{ time: grantedAt, by: 1 }]),
    // Stryker disable next-line EqualityOperator: the same instant is the same.
    ...(grantedAt === undefined || endedAt === undefined ? [] : [{ time: endedAt < grantedAt ? grantedAt : endedAt, by: -1 }]),
  ]);
  // Within one second grants come before they go, so that none is open for less than nothing.
  steps.sort((a, b) => byText(a.time, b.time) || b.by - a.by);
  const most = new Array<number>(parts).fill(0);
  let open = 0;
  let peak = 0;
  let peakAt: Timestamp | undefined;
  for (const { time, by } of steps) {
    const part = Math.max(0, Math.min(parts - 1, Math.floor(shareOf(time, span) * parts)));
    open += by;
    most[part] = Math.max(most[part] ?? 0, open);
    most.fill(open, part + 1);
    if (time > span.to || open <= peak) continue;
    peak = open;
    // Stryker disable next-line EqualityOperator: the same instant is the same.
    peakAt = time < span.from ? span.from : time;
  }
  return { most, peak, ...(peakAt === undefined ? {} : { peakAt }) };
}

/** Where an instant stands within a span: 0 at its start, 1 at its end, less or more outside. */
export function shareOf(time: Timestamp, { from, to }: Interval): number {
  const length = toSeconds(to) - toSeconds(from);
  return length === 0 ? 0 : (toSeconds(time) - toSeconds(from)) / length;
}
