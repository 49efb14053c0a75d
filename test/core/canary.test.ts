import { describe, expect, it } from 'vitest';
import { agesDue, type Canary, canaryDue, canaryMetric } from '../../src/core/canary.ts';

describe('the canary’s metric', () => {
  const table: readonly [string, Canary, number, number][] = [
    ['before the first', {}, 10_000, 0],
    ['a return of none that is noted as sent', { returned: 1_000 }, 10_000, 0],
    ['just out', { sent: 1_000 }, 2_800, 0],
    ['out too long', { sent: 1_000 }, 2_801, 1],
    ['back', { sent: 1_000, returned: 1_001 }, 9_000, 0],
    ['back by a clock a minute behind', { sent: 1_000, returned: 940 }, 9_000, 0],
    ['an earlier one’s return', { sent: 1_000, returned: 939 }, 9_000, 1],
  ];
  it.each(table)('%s', (_, canary, now, value) => {
    expect(canaryMetric(canary, now)).toEqual({ name: 'CanaryMissing', dimensions: {}, value });
  });
});

describe('an hour after the last time', () => {
  it.each([
    ['the canary', (at: number | undefined, now: number) => canaryDue(at === undefined ? {} : { sent: at }, now)],
    ['a look at the grants’ ages', (at: number | undefined, now: number) => agesDue(at === undefined ? {} : { judged: at }, now)],
  ])('%s is due', (_, due) => {
    expect([due(undefined, 0), due(10_000, 13_599), due(10_000, 13_600)]).toEqual([true, false, true]);
  });
});
