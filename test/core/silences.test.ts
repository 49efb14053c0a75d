import { describe, expect, it } from 'vitest';
import { type Hearing, hearingOf, periodEnd } from '../../src/core/evidence/silences.ts';
import type { ClusterConfigured } from '../../src/core/fact.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { toSeconds } from '../../src/core/timestamp.ts';
import { changed, created, EMPTY, order, policyPut, refused, rehearsed, used } from '../support/facts.ts';
import { instant, KEY, PROD } from '../support/fleet.ts';

const HOUR = 3_600;
const SIX = 6 * HOUR;

const usedAt = (...seconds: number[]): Snapshot => ({ ...EMPTY, uses: seconds.map((second) => used(second)) });
const configured = (second: number): ClusterConfigured => ({
  kind: 'cluster-configured',
  eventId: 'event',
  time: instant(second),
  operation: 'UpdateCluster',
  caller: { id: 'somebody', trusted: false, awsRole: false },
  cluster: PROD,
});

describe('what was heard of KMS', () => {
  it.each<[string, Partial<Snapshot>, number]>([
    ['each kind of fact', { uses: [used(1)], rehearsals: [rehearsed(2)], refusals: [refused(3)], changes: [changed('disabled', 4)] }, 4],
    [
      'a creation and its grant once',
      { creations: [created('a', 1)], grants: [{ keyArn: KEY, grantId: 'a', created: order(1, 'CreateGrant-1') }] },
      1,
    ],
    [
      'two creations of one grant',
      { creations: [created('a', 1), created('a', 2)], grants: [{ keyArn: KEY, grantId: 'a', created: order(1, 'CreateGrant-1') }] },
      2,
    ],
    ['the end of a grant', { grants: [{ keyArn: KEY, grantId: 'a', end: { order: order(1, 'end'), how: 'retired', by: 'somebody' } }] }, 1],
    ['a grant whose creation is not kept', { grants: [{ keyArn: KEY, grantId: 'a', created: order(1, 'creation') }] }, 1],
    ['no grant that the sweep adopted', { creations: [created('a', 1, { adopted: instant(9) })] }, 0],
    ['no head of such a grant', { grants: [{ keyArn: KEY, grantId: 'a', created: order(1, 'listed:a'), adopted: instant(9) }] }, 0],
    ['a policy, but no cluster', { others: [policyPut(1), configured(2)] }, 1],
  ])('counts %s', (_, parts, facts) => {
    expect(hearingOf({ ...EMPTY, ...parts }, undefined, undefined)).toMatchObject({ facts });
  });

  it('is told of the period alone, its first and last second included', () => {
    expect(hearingOf(usedAt(9, 10, 20, 21), instant(10), instant(20))).toStrictEqual<Hearing>({
      facts: 2,
      first: instant(10),
      last: instant(20),
      span: { from: instant(10), to: instant(20) },
      silentAfterSeconds: SIX,
      silences: [],
    });
  });

  it('spans the facts where the period is open', () => {
    expect(hearingOf(usedAt(30, 10, 20), undefined, undefined)).toMatchObject({
      first: instant(10),
      last: instant(30),
      span: { from: instant(10), to: instant(30) },
    });
  });

  it.each<[string, string | undefined, string | undefined]>([
    ['end', instant(0), undefined],
    ['start', undefined, instant(0)],
  ])('has no span where nothing was heard and the period has no %s', (_, since, until) => {
    expect(hearingOf(EMPTY, since, until)).toStrictEqual({ facts: 0, silentAfterSeconds: SIX, silences: [] });
  });

  it('breaks a silence by the last use of a resource, which is no event of its own', () => {
    const resources = [-1, HOUR * 5, HOUR * 11].map((second) => ({
      keyArn: KEY,
      resource: { kind: 'secret' as const, id: 'orders' },
      lastSeen: instant(second),
    }));

    expect(hearingOf({ ...usedAt(0), resources }, instant(0), instant(HOUR * 10))).toMatchObject({
      facts: 1,
      last: instant(HOUR * 5),
      silences: [],
    });
  });
});

describe('a silence', () => {
  it.each<[string, number[], number, number[]]>([
    ['of six hours is none', [0, 1, 2, 2 + SIX], SIX, []],
    ['of a second more is one, told from its last fact to its next', [0, 1, 2, 3 + SIX], SIX, [2]],
    ['is 20 times the median time between facts', [0, 1, HOUR, 2 * HOUR, 12 * HOUR, 33 * HOUR], 20 * HOUR, [12 * HOUR]],
    ['knows the median of times that differ in length', [0, 20_000, 29_000, 39_000], 200_000, []],
    ['knows the longer of two medians', [0, 2_000, 3_000], 40_000, []],
    ['does not ask how often something was heard within a second', [0, 0, 0, 0, 2_000, 4_000], 40_000, []],
  ])('%s', (_, seconds, silentAfterSeconds, starts) => {
    const hearing = hearingOf(usedAt(...seconds), undefined, undefined);
    const silences = starts.map((start) => ({ from: instant(start), to: instant(seconds[seconds.indexOf(start) + 1] ?? start) }));

    expect(hearing).toMatchObject({ silentAfterSeconds, silences });
  });

  it('may be the whole period', () => {
    const period = { from: instant(0), to: instant(SIX + 1) };

    expect(hearingOf(EMPTY, period.from, period.to)).toStrictEqual({ facts: 0, span: period, silentAfterSeconds: SIX, silences: [period] });
  });
});

describe('the end of a period', () => {
  it.each<[string, string | undefined, number | undefined, string | undefined]>([
    ['unknown', undefined, undefined, undefined],
    ['as asked for', instant(5), undefined, instant(5)],
    ['now', undefined, 9, instant(9)],
    ['as asked for, before now', instant(5), 9, instant(5)],
    ['now, before what was asked for', instant(9), 5, instant(5)],
  ])('is %s', (_, until, now, end) => {
    expect(periodEnd(until, now === undefined ? undefined : toSeconds(instant(now)))).toBe(end);
  });
});
