import { describe, expect, it } from 'vitest';
import { asOf } from '../../src/core/evidence/as-of.ts';
import type { KeyUsed } from '../../src/core/fact.ts';
import type { GrantHead } from '../../src/core/grant.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { changed, created, EMPTY, occurrence, order, policyPut, refused, rehearsed, used } from '../support/facts.ts';
import { instant, KEY, PROD } from '../support/fleet.ts';

const END = instant(60);
const HEAD: GrantHead = { keyArn: KEY, grantId: 'a', alertedIn: ['group'] };
const CREATION = { created: order(60, 'creation'), cluster: PROD, volumeId: 'vol-1' };
const LATE_CREATION = { ...CREATION, created: order(61, 'creation') };
const endAt = (second: number): Pick<GrantHead, 'end'> => ({ end: { order: order(second, 'end'), how: 'retired', by: 'somebody' } });

describe('a ledger as of an instant', () => {
  it.each<[string, GrantHead, GrantHead[]]>([
    ['open', { ...HEAD, ...CREATION }, [{ ...HEAD, ...CREATION }]],
    ['of no cluster or volume', { ...HEAD, created: CREATION.created }, [{ ...HEAD, created: CREATION.created }]],
    ['ended by then', { ...HEAD, ...CREATION, ...endAt(60) }, [{ ...HEAD, ...CREATION, ...endAt(60) }]],
    ['ended since', { ...HEAD, ...CREATION, ...endAt(61) }, [{ ...HEAD, ...CREATION }]],
    ['created since, ended by then', { ...HEAD, ...LATE_CREATION, ...endAt(60) }, [{ ...HEAD, ...endAt(60) }]],
    ['of which only an end is known', { ...HEAD, ...endAt(60) }, [{ ...HEAD, ...endAt(60) }]],
    ['created since', { ...HEAD, ...LATE_CREATION, ...endAt(61) }, []],
    ['missing and gone by then', { ...HEAD, ...CREATION, missing: END, gone: END }, [{ ...HEAD, ...CREATION, missing: END, gone: END }]],
    ['missing and gone since', { ...HEAD, ...CREATION, missing: instant(61), gone: instant(61) }, [{ ...HEAD, ...CREATION }]],
  ])('has a grant %s', (_, head, then) => {
    expect(asOf({ ...EMPTY, grants: [head] }, END).grants).toStrictEqual(then);
  });

  it('has of everything that happened what happened by then, and all that operators settled', () => {
    const at = (second: number): Partial<Snapshot> => ({
      creations: [created('a', second)],
      uses: [used(second)],
      rehearsals: [rehearsed(second)],
      refusals: [refused(second)],
      changes: [changed('disabled', second)],
      others: [policyPut(second)],
      resources: [{ keyArn: KEY, resource: { kind: 'secret', id: 'orders' }, lastSeen: instant(second) }],
      sightings: [{ keyArn: KEY, seen: instant(second) }],
      occurrences: [occurrence('launch-blocked', second)],
    });
    const settlements = new Map([['id', { at: instant(90), reason: 'known', through: instant(90) }]]);

    expect(asOf({ ...EMPTY, ...at(60), settlements }, END)).toStrictEqual({ ...EMPTY, ...at(60), settlements });
    expect(asOf({ ...EMPTY, ...at(61) }, END)).toStrictEqual(EMPTY);
  });

  it('has the whole of its last second', () => {
    const uses: KeyUsed[] = [used(59), used(60), used(61)];

    expect(asOf({ ...EMPTY, uses }, END).uses.map(({ time }) => time)).toEqual([instant(59), END]);
  });
});
