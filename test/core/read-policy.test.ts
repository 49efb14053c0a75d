import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICY, MATCH_FIELDS } from '../../src/core/policy.ts';
import { readPolicy } from '../../src/core/read-policy.ts';
import { RULES } from '../../src/core/rules/registry.ts';
import { anyCharacter } from '../support/any-character.ts';
import { REFUSED, REFUSED_BY_READING, VALID } from '../support/policy-documents.ts';

describe('readPolicy', () => {
  it('of an empty document is the default', () => {
    expect(readPolicy({})).toEqual({ policy: DEFAULT_POLICY });
  });

  it.each(VALID)('keeps what it reads: %s', (_what, document) => {
    const reading = readPolicy(document);

    const { $schema: _, exceptions: __, ...fields } = Object(document);
    expect(reading).toEqual({ policy: expect.objectContaining(fields) });
    expect(reading).not.toHaveProperty('policy.$schema');
  });

  it.each([
    ['2027-01-31', '2027-01-31T00:00:00Z'],
    ['2027-01-31T12:00:00Z', '2027-01-31T12:00:00Z'],
    ['2027-01-31T12:00:00.5+01:00', '2027-01-31T11:00:00Z'],
  ])('reads the expiry %s as %s', (expires, instant) => {
    const exception = { rule: 'launch-blocked', match: { clusterName: 'batch' }, reason: 'known' };

    expect(readPolicy({ exceptions: [{ ...exception, expires }] })).toMatchObject({
      policy: { exceptions: [{ ...exception, expires: instant }] },
    });
  });

  it.each([...REFUSED, ...REFUSED_BY_READING])('names what is wrong: %s', (_what, document, ...problems) => {
    expect(readPolicy(document)).toEqual({ problems });
  });

  it('names everything that is wrong, wherever it is', () => {
    const document = { accounts: ['x'], grants: [{ granteee: [] }, 7], rules: { drink: 'off' }, owner: 1 };

    expect(readPolicy(document)).toEqual({
      problems: [
        'accounts[0]: expected an account id, 12 digits in quotes; found "x"',
        'grants[0].name: missing',
        'grants[0].grantee: missing',
        'grants[0].granteee: no such field; did you mean "grantee"?',
        'grants[1]: expected an object; found 7',
        'rules.drink: no such rule',
        'owner: no such field',
      ],
    });
  });

  it('takes every rule by its id', () => {
    for (const { id } of RULES) {
      const document = {
        severities: { [id]: 'low' },
        rules: { [id]: 'off' },
        exceptions: [{ rule: id, match: { keyArn: '*' }, reason: 'x', expires: '2027-01-31' }],
      };
      expect(readPolicy(document)).toHaveProperty('policy');
    }
  });

  it('refuses a document nested beyond all measure', () => {
    let deep: unknown = 'x';
    for (let depth = 0; depth < 100_000; depth += 1) deep = [deep];

    expect(readPolicy({ accounts: deep, clusters: [deep] })).toEqual({
      problems: [
        'accounts[0]: expected an account id, 12 digits in quotes; found an array',
        'clusters[0]: expected a pattern; found an array',
      ],
    });
  });
});

const NAMES = [
  ...['$schema', 'accounts', 'clusters', 'keys', 'grants', 'exceptions', 'trails', 'severities', 'rules', 'renotifyMinutes'],
  ...['orphanAfterHours', 'minimumAlertSeverity', 'name', 'grantee', 'retiree', 'operations', 'exactly', 'within', 'context'],
  ...['rule', 'match', 'reason', 'expires', 'launch-blocked', '__proto__', 'constructor', ...MATCH_FIELDS],
];
const WORDS = ['high', 'off', 'same', 'Decrypt', 'launch-blocked', '2027-01-31', '2027-02-30', '111122223333', '${Account}', '${', ''];

/** Documents that come near a policy. */
const { documents } = fc.letrec((tie) => ({
  documents: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.oneof(fc.constantFrom(...WORDS), fc.string({ unit: anyCharacter, maxLength: 80 }), fc.double(), fc.boolean(), fc.constant(null)),
    fc.array(tie('documents'), { maxLength: 3 }),
    fc
      .array(fc.tuple(fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...NAMES) }, fc.string({ unit: anyCharacter })), tie('documents')), {
        maxLength: 6,
      })
      .map((pairs) => Object.fromEntries(pairs)),
  ),
}));
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

describe('readPolicy of anything', () => {
  it('never throws, says something short and printable, and reads its own policies alike', () => {
    fc.assert(
      fc.property(
        fc.oneof(documents, fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withMap: true })),
        (document) => {
          const reading = readPolicy(document);
          if ('policy' in reading) expect(readPolicy(reading.policy)).toEqual(reading);
          else {
            expect(reading.problems.length).toBeGreaterThan(0);
            for (const problem of reading.problems) {
              expect(problem).toMatch(/^[^ ].*: ./);
              expect(problem).not.toMatch(UNSEEN);
              expect(problem.length).toBeLessThan(700);
            }
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
