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
    ['opp', undefined],
    ['kritikkal', 'critical'],
    ['disabled-key-use'.repeat(1_000), undefined],
  ])('of %j is %j', (word, expected) => {
    expect(nearest(word, WORDS)).toBe(expected);
  });

  it('of two that are near is the nearer, wherever it stands', () => {
    expect(nearest('medum', ['media', 'medium'])).toBe('medium');
    expect(nearest('medum', ['medium', 'media'])).toBe('medium');
  });

  it('looks at words of 64 characters at most', () => {
    expect(nearest(`${'x'.repeat(63)}y`, ['x'.repeat(64)])).toBe('x'.repeat(64));
    expect(nearest('x'.repeat(65), ['x'.repeat(64)])).toBeUndefined();
  });

  it('of a word that is known is that word', () => {
    fc.assert(fc.property(fc.constantFrom(...WORDS), (word) => nearest(word, WORDS) === word));
  });
});
