import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/core/nearest.ts';

const WORDS = ['critical', 'high', 'medium', 'low', 'off', 'on', 'disabled-key-use', 'context'];

describe('nearest', () => {
  it.each([
    ['hihg', 'high'],
    ['HIGH', 'high'],
    ['lo', 'low'],
    ['of', 'off'],
    ['disabled_keyuse', 'disabled-key-use'],
    ['critcal', 'critical'],
    ['urgent', undefined],
    ['comment', undefined],
    ['x', undefined],
    ['', undefined],
    ['disabled-key-use'.repeat(1_000), undefined],
  ])('of %j is %j', (word, expected) => {
    expect(nearest(word, WORDS)).toBe(expected);
  });

  it('of a word that is known is that word', () => {
    fc.assert(fc.property(fc.constantFrom(...WORDS), (word) => nearest(word, WORDS) === word));
  });
});
