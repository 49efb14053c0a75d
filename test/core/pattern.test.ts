import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readKeyArn } from '../../src/core/key-arn.ts';
import { isLiteral, matches, matchesAny, type PatternScope } from '../../src/core/pattern.ts';
import { ACCOUNT, KEY, OTHER_ACCOUNT, REGION } from '../support/fleet.ts';

const scope = { key: readKeyArn(KEY), accounts: [OTHER_ACCOUNT] };

describe('matches', () => {
  it.each([
    ['abc', 'abc', true],
    ['abc', ' abc ', true],
    ['abc', 'abcd', false],
    ['abc', 'xabc', false],
    ['abc', 'ABC', false],
    ['abc', 'abc\nabc', false],
    ['a.c', 'abc', false],
    ['a*', 'a', false],
    ['a*', 'ab-c', true],
    ['a*', 'ab:c', false],
    ['a*', 'ab/c', false],
    ['a**', 'ab:c/d', true],
    ['a**', 'a', false],
    ['**', 'a\nb', true],
    ['**a*', 'xa:ab', true],
    ['(x|y)+$', '(x|y)+$', true],
    ['${Account}', ACCOUNT, true],
    ['${Account}', OTHER_ACCOUNT, false],
    ['${Accounts}', ACCOUNT, true],
    ['${Accounts}', OTHER_ACCOUNT, true],
    ['${Accounts}', '999999999999', false],
    ['${Partition}:${Region}', `aws:${REGION}`, true],
    ['${Partition}:${Region}', `aws-cn:${REGION}`, false],
    ['${Unknown}', '${Unknown}', true],
    ['${ServicePrincipal}', 'mq.amazonaws.com', true],
    ['${ServicePrincipal}', `rds.${REGION}.amazonaws.com`, true],
    ['${ServicePrincipal}', `${REGION}.supportauthz.amazonaws.com`, true],
    ['${ServicePrincipal}', 'mq.amazonaws.com.cn', true],
    ['${ServicePrincipal}', 'rds.eu-west-1.amazonaws.com', false],
    ['${ServicePrincipal}', 'eu-west-1.supportauthz.amazonaws.com', false],
    ['${ServicePrincipal}', 'rds.us-gov-west-1.amazonaws.com', false],
    ['${ServicePrincipal}', 'mq.amazonaws.com.example.com', false],
    ['${ServicePrincipal}', 'amazonaws.com', false],
    ['${ServicePrincipal}', '.amazonaws.com', false],
    ['${ServicePrincipal}', 'a.b.c.d.amazonaws.com', false],
    ['${ServicePrincipal}', 'mq_amazonaws.com', false],
    ['${ServicePrincipal}', 'MQ.amazonaws.com', false],
    ['${ServicePrincipal}', 'arn:aws:iam::111122223333:role/x.amazonaws.com', false],
    ['${ServicePrincipal}', 'evil/x.amazonaws.com', false],
  ])('%s and "%s": %s', (pattern, value, expected) => {
    expect(matches(pattern, value, scope)).toBe(expected);
  });

  it('fits no placeholder where there is no key', () => {
    const nowhere = { key: undefined, accounts: [] };

    for (const pattern of ['${Account}', '${Accounts}', '${Partition}', '${Region}'])
      for (const value of ['', 'undefined']) expect(matches(pattern, value, nowhere)).toBe(false);
    expect(matches('${ServicePrincipal}', `rds.${REGION}.amazonaws.com`, nowhere)).toBe(false);
    expect(matches('${ServicePrincipal}', 'rds.amazonaws.com', nowhere)).toBe(true);
    expect(matches('${Accounts}', 'undefined', { key: undefined, accounts: [OTHER_ACCOUNT] })).toBe(false);
  });
});

it.each([
  ['${Accounts}', '111'],
  ['${Accounts}*', '111'],
  ['${Accounts}**', '1111'],
])('%s of accounts that begin alike, the longer first, is "%s"', (pattern, value) => {
  expect(matches(pattern, value, { key: undefined, accounts: ['111', '1'] })).toBe(true);
});

describe('a Region in a service principal', () => {
  it.each([
    ['eu-west-1', false],
    ['eu-west-10', false],
    ['us-iso-east-1', false],
    ['0eu-west-1', true],
    ['eu-west-1x', true],
    ['europe-west-1', true],
    ['e-west-1', true],
    ['eu-1', true],
    [REGION, true],
  ])('%s is none, or the key’s: %s', (label, expected) => {
    expect(matches('${ServicePrincipal}', `rds.${label}.amazonaws.com`, scope)).toBe(expected);
  });
});

describe('matchesAny', () => {
  it.each<[readonly string[], boolean]>([
    [[], false],
    [['b', 'c'], false],
    [['b', 'a'], true],
  ])('of %j', (patterns, expected) => {
    expect(matchesAny(patterns, 'a', scope)).toBe(expected);
  });
});

describe('isLiteral', () => {
  it.each([
    ['a', true],
    ['a$b{c}', true],
    ['x~0123456789abcde', true],
    ['~0123456789abcdef-x', true],
    ['', false],
    ['a*', false],
    ['${Account}', false],
    ['a${b', false],
    ['a~0123456789abcdef', false],
  ])('of %j: %s', (text, expected) => {
    expect(isLiteral(text)).toBe(expected);
  });
});

const escaped = (literal: string): string => literal.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

function tokenSource(token: string, { key, accounts }: PatternScope): string {
  switch (token) {
    case '**':
      return '.+';
    case '*':
      return '[^:/]+';
    case '${Accounts}':
      return `(?:${[...(accounts ?? []), ...(key === undefined ? [] : [key.account])].map(escaped).join('|') || '(?!)'})`;
    default:
      if (key === undefined) return '(?!)';
      return escaped(token === '${Partition}' ? key.partition : token === '${Account}' ? key.account : key.region);
  }
}

/** What a pattern means, as a regular expression: right, and slow beyond measure on some values. */
function matchesByExpression(pattern: string, value: string, inScope: PatternScope): boolean {
  const parts = pattern.split(/(\*\*|\*|\$\{(?:Partition|Account|Accounts|Region)\})/);
  const source = parts.map((part, index) => (index % 2 === 1 ? tokenSource(part, inScope) : escaped(part)));
  return new RegExp(`^(?:${source.join('')})$`, 's').test(value.trim());
}

const tokens = ['*', '**', '${Account}', '${Accounts}', '${Partition}', '${Region}', 'a', 'b', ':', '/', '-', '.', '$', '{', '\n', '11'];
const pieces = ['a', 'b', ':', '/', '-', '.', '*', '$', '\n', ' ', '11', '1', 'aws', '\ud83d', '鍵'];
const scopes: readonly PatternScope[] = [
  scope,
  { key: { arn: '', partition: 'aws', region: 'a-b', account: '1', keyId: '' }, accounts: ['11', '111', 'a', '1', '11'] },
  { key: undefined, accounts: ['1', '11'] },
  { key: undefined, accounts: [] },
];
const joined = (of: readonly string[], maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...of), { maxLength }).map((words) => words.join(''));

describe('matches means what its regular expression did', () => {
  it('of any small pattern and value', () => {
    let fitting = 0;
    fc.assert(
      fc.property(joined(tokens, 6), joined(pieces, 7), fc.constantFrom(...scopes), (pattern, value, inScope) => {
        const expected = matchesByExpression(pattern, value, inScope);
        if (expected) fitting += 1;
        expect(matches(pattern, value, inScope)).toBe(expected);
      }),
      { numRuns: 5_000 },
    );
    expect(fitting).toBeGreaterThan(50);
  });

  it('of any small pattern and a value made for it', () => {
    const filled = (pattern: string, fill: readonly string[]): string => {
      let next = 0;
      return pattern.replace(/\*+|\$\{[A-Za-z]+\}/g, () => fill[next++ % fill.length] ?? '');
    };
    fc.assert(
      fc.property(
        joined(tokens, 6),
        fc.array(joined(['1', 'a', 'aws', '111', ':', '/', 'a-b'], 3), { minLength: 1, maxLength: 4 }),
        fc.constantFrom(...scopes),
        (pattern, fill, inScope) => {
          const value = filled(pattern, fill);
          expect(matches(pattern, value, inScope)).toBe(matchesByExpression(pattern, value, inScope));
        },
      ),
      { numRuns: 5_000 },
    );
  });
});

describe('matches takes no longer for being teased', () => {
  it.each([
    ['**-**-**-**!', '-'.repeat(255)],
    ['**a**a**a**a**!', 'a'.repeat(512)],
    ['*-*-*-*-*-*-*-*!', '-'.repeat(512)],
    ['**********', 'a'.repeat(512)],
    ['${Accounts}'.repeat(40), '1'.repeat(512)],
    [`**${'a'.repeat(200)}**`, 'a'.repeat(20_000)],
  ])('%s', (pattern, value) => {
    const inScope = { key: undefined, accounts: ['1', '11', '111'] };
    const began = performance.now();

    matches(pattern, value, inScope);

    expect(performance.now() - began).toBeLessThan(1_000);
  });
});
