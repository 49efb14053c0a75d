import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GrantCreated, GrantEnded } from '../../src/core/fact.ts';
import { type GrantHead, grantStatus, withCreation, withEnding } from '../../src/core/grant.ts';
import { eventId, instant, KEY, PROD } from '../support/fleet.ts';

const caller = (id: string): GrantCreated['caller'] => ({ id, trusted: true, awsRole: false });

function created(second: number, seed: string, attributed = true): GrantCreated {
  return {
    kind: 'grant-created',
    eventId: eventId(seed),
    time: instant(second),
    operation: 'CreateGrant',
    caller: caller('ec2-frontend-api.amazonaws.com'),
    trust: attributed ? 'trusted' : 'none',
    ...(attributed ? { cluster: PROD, volumeId: 'vol-1' } : {}),
    keyArn: KEY,
    grantId: 'grant-1',
  };
}

function ended(second: number, seed: string, how: 'retired' | 'revoked' = 'retired'): GrantEnded {
  return {
    kind: 'grant-ended',
    eventId: eventId(seed),
    time: instant(second),
    operation: how === 'retired' ? 'RetireGrant' : 'RevokeGrant',
    caller: caller(seed),
    keyArn: KEY,
    grantId: 'grant-1',
    how,
  };
}

type Told = GrantCreated | GrantEnded;
const fold = (facts: readonly Told[]): GrantHead | undefined =>
  facts.reduce<GrantHead | undefined>(
    (head, fact) => (fact.kind === 'grant-created' ? withCreation(head, fact) : withEnding(head, fact)),
    undefined,
  );
const statusOf = (facts: readonly Told[]): string | undefined => {
  const head = fold(facts);
  return head && grantStatus(head);
};

describe('a grant', () => {
  it.each([
    ['created', [created(0, 'c')], 'open'],
    ['retired', [created(0, 'c'), ended(1, 'r')], 'retired'],
    ['revoked', [created(0, 'c'), ended(1, 'r', 'revoked')], 'revoked'],
    ['ended only', [ended(1, 'r')], 'retired'],
    ['retired, then revoked', [created(0, 'c'), ended(1, 'r'), ended(2, 'v', 'revoked')], 'retired'],
    ['revoked, then retired', [created(0, 'c'), ended(2, 'r'), ended(1, 'v', 'revoked')], 'revoked'],
    ['ended before it was created', [ended(0, 'r'), created(5, 'c')], 'retired'],
  ] as const)('%s', (_what, facts, status) => {
    expect(statusOf(facts)).toBe(status);
    expect(statusOf([...facts].reverse())).toBe(status);
  });

  it('remembers its earliest creation, of two under one name', () => {
    const head = fold([created(3, 'later'), created(1, 'earlier')]);

    expect(head?.created).toBe(`${instant(1)}#${eventId('earlier')}`);
    expect(head).toMatchObject({ cluster: PROD, volumeId: 'vol-1' });
  });

  it('has its cluster from the creation that came after its ending was heard of', () => {
    expect(fold([ended(1, 'r'), created(0, 'c')])).toMatchObject({ cluster: PROD, end: { how: 'retired' } });
  });

  it('says who ended it', () => {
    expect(fold([created(0, 'c'), ended(2, 'later', 'revoked'), ended(1, 'sooner', 'revoked')])?.end?.by).toBe('sooner');
  });

  it('is the same in any order, with any repetition', () => {
    const second = fc.integer({ min: 0, max: 3 });
    const told = fc.oneof(
      fc
        .tuple(second, fc.constantFrom('a', 'b', 'c'), fc.boolean())
        .map(([at, seed, attributed]) => created(at, `${at}${seed}${attributed}`, attributed)),
      fc
        .tuple(second, fc.constantFrom('d', 'e', 'f'), fc.constantFrom('retired' as const, 'revoked' as const))
        .map(([at, seed, how]) => ended(at, `${at}${seed}${how}`, how)),
    );
    const cases = fc
      .array(told, { minLength: 1, maxLength: 6 })
      .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 })));
    fc.assert(
      fc.property(cases, ([all, shuffled]) => {
        expect(fold(shuffled)).toEqual(fold(all));
      }),
      { numRuns: 1000 },
    );
  });
});
