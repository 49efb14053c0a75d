import { describe, expect, it } from 'vitest';
import type { Occurrence } from '../../src/core/finding.ts';
import { exceptionEntry, profileEntry } from '../../src/core/policy-entry.ts';
import { KEY } from '../support/fleet.ts';

const evidence: Occurrence = {
  rule: 'unexpected-grantee',
  severity: 'high',
  subject: { keyArn: KEY, grantId: 'g' },
  about: {},
  group: '[]',
  eventId: 'e',
  time: '2026-11-02T10:00:00Z',
  operation: 'CreateGrant',
  caller: 'x',
  sentence: 'What happened.',
};

describe('profileEntry', () => {
  it.each<[string, Occurrence | undefined, unknown]>([
    [
      'the profile that the alert advised',
      { ...evidence, advice: '{"grants":[{"name":"expected-g"}]}' },
      { grants: [{ name: 'expected-g' }] },
    ],
    ['none where none was advised', evidence, undefined],
    ['none without evidence', undefined, undefined],
  ])('is %s', (_what, of, entry) => {
    expect(profileEntry(of)).toStrictEqual(entry);
  });
});

describe('exceptionEntry', () => {
  const { rule } = evidence;
  const exception = { rule, match: { keyArn: KEY, grantId: 'g' }, reason: 'say why this is accepted', expires: '2026-12-05T12:00:00Z' };

  it.each<[string, Occurrence | undefined, unknown]>([
    ['the exception for thirty days from then', evidence, { exceptions: [exception] }],
    ['none for what no pattern can name', { ...evidence, subject: { keyArn: KEY, grantId: '*' } }, undefined],
    ['none without evidence', undefined, undefined],
  ])('is %s', (_what, of, entry) => {
    expect(exceptionEntry(of, '2026-11-05T12:00:00Z')).toStrictEqual(entry);
  });
});
