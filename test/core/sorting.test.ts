import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byText, compareIds, grouped, sortedBy } from '../../src/core/sorting.ts';

describe('sorting', () => {
  it('orders texts by their code units, as arrays sort themselves', () => {
    const texts = ['b', 'a', '', 'B', 'aa', '\u{1f511}', 'ﬀ', 'a'];
    expect([...texts].sort(byText)).toEqual([...texts].sort());
    fc.assert(fc.property(fc.string(), fc.string(), (a, b) => byText(a, b) === -byText(b, a) || a === b));
    expect(byText('a', 'a')).toBe(0);
  });

  it.each<[readonly string[], readonly string[], number]>([
    [['a', 'b'], ['a', 'b'], 0],
    [['a', 'b'], ['a', 'c'], -1],
    [['b', 'a'], ['a', 'b'], 1],
    [['a', 'b', 'c'], ['a', 'c', 'a'], -1],
  ])('compares %j with %j by the first that differs: %i', (a, b, expected) => {
    expect(compareIds(a, b)).toBe(expected);
    expect(sortedBy([b, a], (ids) => ids)).toEqual(expected > 0 ? [b, a] : [a, b]);
  });

  it('groups in the order in which the elements came', () => {
    expect([...grouped(['ab', 'b', 'a', 'bb'], ([first]) => first)]).toEqual([
      ['a', ['ab', 'a']],
      ['b', ['b', 'bb']],
    ]);
  });
});
