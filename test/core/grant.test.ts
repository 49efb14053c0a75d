import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type GrantCreated, type GrantEnded, orderOf } from '../../src/core/fact.ts';
import { type GrantHead, grantStatus, isCurrent, isOpenGrant, withCreation, withEnding } from '../../src/core/grant.ts';
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

/** As the sweep begun in that second found it, made in the other. */
const adopted = (second: number, seen: number): GrantCreated => ({ ...created(second, 'listed'), adopted: instant(seen) });

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

describe('an adopted grant', () => {
  it('is made when KMS says, for as long as no record says so', () => {
    expect(fold([adopted(0, 100)])).toStrictEqual({
      keyArn: KEY,
      grantId: 'grant-1',
      created: orderOf(adopted(0, 100)),
      adopted: instant(100),
      cluster: PROD,
      volumeId: 'vol-1',
    });
  });

  it.each([
    ['came later', 5],
    ['came earlier', 0],
  ])('is what its record says, that %s, whichever was told first', (_, second) => {
    const told = [adopted(3, 100), created(second, 'recorded')];

    expect(fold(told)).toStrictEqual(fold([created(second, 'recorded')]));
    expect(fold([...told].reverse())).toStrictEqual(fold(told));
  });

  it('stays as it was adopted first', () => {
    expect(fold([adopted(3, 100), adopted(3, 200)])?.adopted).toBe(instant(100));
  });
});

describe('what is known of a grant', () => {
  const known: GrantHead = {
    keyArn: KEY,
    grantId: 'grant-1',
    end: { order: `${instant(9)}#e`, how: 'revoked', by: 'somebody' },
    missing: instant(5),
    gone: instant(6),
    alertedIn: ['group'],
  };

  it('stays known when its creation is told of', () => {
    const creation = created(0, 'c');
    const head = { keyArn: KEY, grantId: 'grant-1', created: orderOf(creation) };

    expect(withCreation(known, creation)).toStrictEqual({ ...known, ...head, cluster: PROD, volumeId: 'vol-1' });
    expect(withCreation(undefined, created(0, 'c', false))).toStrictEqual(head);
  });

  it('stays known when its end is told of, but for what was merely observed', () => {
    const { missing: _missing, gone: _gone, ...recorded } = known;
    const end = { order: orderOf(ended(1, 'r')), how: 'retired', by: 'r' } as const;

    expect(withEnding(known, ended(1, 'r'))).toStrictEqual({ ...recorded, end });
  });
});

describe('the status of a grant', () => {
  const head = { keyArn: KEY, grantId: 'grant-1' };
  const made = { ...head, created: orderOf(created(0, 'c')) };
  const end = { order: orderOf(ended(1, 'r')), how: 'retired', by: 'r' } as const;
  it.each([
    ['made', made, 'open', true],
    ['missed by one sweep', { ...made, missing: instant(5) }, 'open', true],
    ['gone', { ...made, gone: instant(5) }, 'gone', false],
    ['gone, and retired as its record says', { ...made, gone: instant(5), end }, 'retired', false],
    ['of which nothing is known but an alert', { ...head, alertedIn: ['group'] }, 'open', false],
  ])('%s', (_, one, status, open) => {
    expect(grantStatus(one)).toBe(status);
    expect(isOpenGrant(one)).toBe(open);
  });
});

describe('a creation is current', () => {
  const recorded = created(5, 'recorded');
  const sweeps = adopted(3, 100);
  it.each([
    ['where it is a record, whatever the head says', recorded, fold([created(0, 'earlier')]), true],
    ['where it was adopted and nothing else is known', sweeps, undefined, true],
    ['where it was adopted and only an ending is known', sweeps, fold([ended(9, 'r')]), true],
    ['where it was adopted and is still what the head says', sweeps, fold([sweeps]), true],
    ['no more where a record took the place of what was adopted', sweeps, fold([sweeps, recorded]), false],
  ])('%s', (_, creation, head, current) => {
    expect(isCurrent(creation, head)).toBe(current);
  });
});
