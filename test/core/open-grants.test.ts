import { describe, expect, it } from 'vitest';
import type { ReportedGrant } from '../../src/core/evidence/model.ts';
import { openGrants, shareOf } from '../../src/core/evidence/open-grants.ts';
import { instant } from '../support/fleet.ts';

const SPAN = { from: instant(0), to: instant(100) };

/** A grant from one second to another, where these are known. */
const grant = (from: number | undefined, to?: number): ReportedGrant => ({
  keyArn: 'key',
  grantId: 'grant',
  status: 'open',
  findings: [],
  ...(from === undefined ? {} : { grantedAt: instant(from) }),
  ...(to === undefined ? {} : { endedAt: instant(to) }),
});

describe('grants open at the same time', () => {
  it.each<[string, ReportedGrant[], number[], number, number?]>([
    ['are none without grants', [], [0, 0, 0, 0, 0], 0],
    ['that do not overlap peak at one', [grant(0, 20), grant(60, 70)], [1, 1, 0, 1, 0], 1, 0],
    ['that come and go within a second are open in it', [grant(50, 50)], [0, 0, 1, 0, 0], 1, 50],
    ['peak where the most were open first', [grant(90), grant(10), grant(30, 50), grant(70, 80)], [1, 2, 2, 2, 2], 2, 30],
    ['in any order', [grant(70, 80), grant(30, 50), grant(10), grant(90)], [1, 2, 2, 2, 2], 2, 30],
    ['from before the span peak at its start', [grant(-20), grant(-10)], [2, 2, 2, 2, 2], 2, 0],
    ['that ended before it do not count after their end', [grant(-20, -10)], [1, 0, 0, 0, 0], 1, 0],
    ['created after it have no peak', [grant(110), grant(120)], [0, 0, 0, 0, 2], 0],
    ['created with its last second have one', [grant(100)], [0, 0, 0, 0, 1], 1, 100],
    ['whose creation was never seen are not counted', [grant(undefined, 50), grant(undefined), grant(10)], [1, 1, 1, 1, 1], 1, 10],
    ['that ended before they came were open for an instant', [grant(50, 30)], [0, 0, 1, 0, 0], 1, 50],
    ['that come as others go overlap for that second', [grant(10, 50), grant(50, 90)], [1, 1, 2, 1, 1], 2, 50],
    ['that come and go within one part are counted one by one', [grant(20, 22), grant(24, 26), grant(28)], [0, 1, 1, 1, 1], 1, 20],
  ])('%s', (_, grants, most, peak, peakAt) => {
    expect(openGrants(grants, SPAN, 5)).toStrictEqual({ most, peak, ...(peakAt === undefined ? {} : { peakAt: instant(peakAt) }) });
  });

  it('are counted in as many parts as were asked for', () => {
    expect(openGrants([grant(60)], SPAN, 1).most).toEqual([1]);
    expect(openGrants([grant(60)], SPAN, 10).most).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
  });
});

describe('where an instant stands within a span', () => {
  it.each([
    [0, 0],
    [25, 0.25],
    [100, 1],
    [-50, -0.5],
    [150, 1.5],
  ])('second %d of 100 at %d', (second, share) => {
    expect(shareOf(instant(second), SPAN)).toBe(share);
  });

  it('is its start where the span is one instant', () => {
    expect(shareOf(instant(5), { from: instant(5), to: instant(5) })).toBe(0);
    expect(shareOf(instant(7), { from: instant(5), to: instant(5) })).toBe(0);
  });
});
