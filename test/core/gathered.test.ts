import { describe, expect, it } from 'vitest';
import { type GrantCreated, type GrantEnded, orderOf } from '../../src/core/fact.ts';
import { Gathered } from '../../src/core/gathered.ts';
import type { ResourceUse } from '../../src/core/snapshot.ts';
import { eventId, instant, KEY, SECOND_KEY } from '../support/fleet.ts';

const caller: GrantCreated['caller'] = { id: 'fargate.amazonaws.com', trusted: true, awsRole: false };

function created(grantId: string, keyArn = KEY): GrantCreated {
  const told = { eventId: eventId(grantId), time: instant(0), operation: 'CreateGrant', caller };
  return { kind: 'grant-created', ...told, trust: 'none', keyArn, grantId };
}

function ended(grantId: string, keyArn = KEY): GrantEnded {
  const told = { eventId: eventId(`${grantId} ends`), time: instant(60), operation: 'RetireGrant', caller };
  return { kind: 'grant-ended', ...told, keyArn, grantId, how: 'retired' };
}

const use = (id: string, second = 0, keyArn = KEY): ResourceUse => ({
  keyArn,
  resource: { kind: 'secret', id },
  lastSeen: instant(second),
});
const end = (grantId: string) => ({ order: orderOf(ended(grantId)), how: 'retired', by: caller.id });

/** Each is told in an epoch of its own. */
function gathered(...told: readonly (GrantCreated | GrantEnded | ResourceUse)[]): Gathered {
  const all = new Gathered();
  told.forEach((one, epoch) => {
    if ('resource' in one && 'lastSeen' in one) all.addUse(one, epoch);
    else if (one.kind === 'grant-created') all.addCreation(one, epoch);
    else all.addEnding(one, epoch);
  });
  return all;
}

describe('what is gathered of grants', () => {
  it('is taken whole once both ends are known, whichever came first', () => {
    const all = gathered(created('one'), created('two'), ended('three'), ended('one'), created('three'));

    expect(all.takeWhole()).toEqual([
      { keyArn: KEY, grantId: 'one', created: orderOf(created('one')), end: end('one') },
      { keyArn: KEY, grantId: 'three', created: orderOf(created('three')), end: end('three') },
    ]);
    expect(all.takeWhole()).toEqual([]);
    expect(all.takeOldest(0).heads).toEqual([{ keyArn: KEY, grantId: 'two', created: orderOf(created('two')) }]);
    expect(all.size).toBe(0);
  });

  it('is told apart by key and grant', () => {
    const all = gathered(created('one'), ended('one', SECOND_KEY), ended('two'));

    expect(all.takeWhole()).toEqual([]);
    expect(all.size).toBe(3);
  });

  it('is not taken twice', () => {
    const all = gathered(created('one'), ended('one'));

    expect(all.takeOldest(0).heads).toHaveLength(1);
    expect(all.takeWhole()).toEqual([]);
  });
});

describe('what is gathered of resources', () => {
  it('is when each was last seen, whichever use came first', () => {
    const all = gathered(use('a', 1), use('b', 1), use('a', 3), use('a', 2), use('b', 0), use('a', 0, SECOND_KEY));

    expect(all.takeOldest(0)).toEqual({ heads: [], uses: [use('a', 3), use('b', 1), use('a', 0, SECOND_KEY)] });
  });
});

describe('what has waited longest', () => {
  it('is taken first, of grants and of resources, until as many of each are left', () => {
    const all = gathered(created('one'), use('a'), created('two'), use('b'), use('c'), ended('three'));
    expect(all.size).toBe(6);

    const { heads, uses } = all.takeOldest(2);

    expect(heads.map(({ grantId }) => grantId)).toEqual(['one']);
    expect(uses).toEqual([use('a')]);
    expect(all.size).toBe(4);
    expect(all.takeOldest(2)).toEqual({ heads: [], uses: [] });
  });

  it.each([
    ['nothing', [], Number.POSITIVE_INFINITY],
    ['a grant alone', [created('one'), created('two')], 0],
    ['a resource alone', [use('a'), use('b')], 0],
    ['a grant before a resource', [created('one'), use('a')], 0],
    ['a resource before a grant', [use('a'), created('one')], 0],
  ])('is told by its epoch: %s', (_, told, epoch) => {
    expect(gathered(...told).oldest).toBe(epoch);
  });

  it('has waited since it was first told, whatever was told of it later', () => {
    const all = gathered(created('one'), use('a'), created('two'), use('a', 5), created('one'), use('b'));
    expect(all.oldest).toBe(0);

    all.takeOldest(1);

    expect(all.oldest).toBe(2);
    all.takeOldest(0);
    expect(all.oldest).toBe(Number.POSITIVE_INFINITY);
  });
});
