import { describe, expect, it } from 'vitest';
import { exceptionFor } from '../../src/core/exception.ts';
import { underPolicy } from '../../src/core/expectation.ts';
import type { Occurrence, Subject } from '../../src/core/finding.ts';
import { DEFAULT_POLICY } from '../../src/core/policy.ts';
import { readPolicy } from '../../src/core/read-policy.ts';
import type { RuleId } from '../../src/core/rules/rule-id.ts';
import { ACCOUNT, KEY, OTHER_ACCOUNT, REGION, SECOND_KEY } from '../support/fleet.ts';

const CALLER = `arn:aws:iam::${ACCOUNT}:role/operator`;
const occurrence = (fields: Partial<Occurrence> = {}): Occurrence => ({
  rule: 'disabled-key-use',
  severity: 'critical',
  subject: { keyArn: KEY, clusterAccount: ACCOUNT, clusterName: 'prod' },
  about: { volumeId: 'vol-1' },
  group: '["disabled-key-use"]',
  eventId: 'e',
  time: '2026-11-02T10:00:00Z',
  operation: 'Decrypt',
  caller: CALLER,
  sentence: 'What happened.',
  ...fields,
});

describe('exceptionFor', () => {
  it('accepts the finding by its subject alone, for thirty days after its evidence', () => {
    expect(exceptionFor(occurrence())).toStrictEqual({
      rule: 'disabled-key-use',
      match: { keyArn: KEY, clusterAccount: ACCOUNT, clusterName: 'prod', resource: null },
      reason: 'say why this is accepted',
      expires: '2026-12-02T10:00:00Z',
    });
  });

  it.each<[string, Subject]>([
    ['a key', { keyArn: KEY }],
    ['a key and a grant', { keyArn: KEY, grantId: 'g' }],
    ['a key store', { keyStoreId: 'cks-1' }],
    ['a cluster', { clusterAccount: ACCOUNT, clusterName: 'prod' }],
    ['a volume', { keyArn: KEY, clusterAccount: ACCOUNT, clusterName: 'prod', volumeId: 'vol-1' }],
    ['a resource', { keyArn: KEY, resource: `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:/ecs/web` }],
    ['a caller', { keyArn: KEY, caller: CALLER }],
    ['an account', { account: ACCOUNT }],
    ['names that a regular expression would read otherwise', { clusterName: 'a.b+c(d)[e]^$|\\?{1}' }],
    ['a mark that is none', { clusterName: 'x~0123456789abcde' }],
    ['a mark within a name', { clusterName: '~0123456789abcdef-x' }],
  ])('is a policy’s that accepts what it was made for: %s', (_what, subject) => {
    const one = occurrence({ subject, about: {} });
    const made = exceptionFor(one);
    const reading = readPolicy({ exceptions: [made] });

    expect(made?.match).toMatchObject(subject);
    if (!('policy' in reading)) throw new Error(reading.problems.join('; '));
    expect(underPolicy(one, reading.policy)).toStrictEqual([]);
  });

  it.each<[string, Subject]>([
    ['an asterisk', { clusterName: 'a*' }],
    ['a placeholder', { clusterName: '${Account}' }],
    ['the beginning of a placeholder', { clusterName: 'a${b' }],
    ['a name that was shortened', { clusterName: `a~${'0123456789abcdef'}` }],
    ['one of several', { keyArn: KEY, grantId: '*' }],
  ])('is none for a subject of %s', (_what, subject) => {
    expect(exceptionFor(occurrence({ subject }))).toBeUndefined();
  });

  it('is an exception for what no placeholder needs', () => {
    expect(exceptionFor(occurrence({ subject: { clusterName: 'a$b{c}' } }))?.match).toMatchObject({ clusterName: 'a$b{c}' });
  });

  it.each<[string, Subject]>([
    ['nothing', {}],
    ['a task, which is never part of a finding', { taskArn: 'arn' }],
  ])('is none for a subject of %s, where the rule’s findings always name something', (_what, subject) => {
    expect(exceptionFor(occurrence({ rule: 'key-policy-changed', subject }))).toBeUndefined();
  });

  it('names for a rule of tomorrow what its finding does', () => {
    expect(exceptionFor(occurrence({ rule: 'of-tomorrow', subject: { keyArn: KEY } }))?.match).toStrictEqual({ keyArn: KEY });
  });
});

const PROD = { clusterAccount: ACCOUNT, clusterName: 'prod' };
const KEYS: readonly Subject[] = [{}, { keyArn: KEY }, { keyArn: SECOND_KEY }];
const PLACES: readonly Subject[] = [...KEYS, { account: ACCOUNT }, { account: OTHER_ACCOUNT }];
const CLUSTERS: readonly Subject[] = [{}, PROD, { ...PROD, clusterName: 'test' }, { ...PROD, clusterAccount: OTHER_ACCOUNT }];
const RESOURCES: readonly Subject[] = [{ resource: 'arn:aws:s3:::a' }, { resource: 'arn:aws:s3:::b' }];
const GRANTS: readonly Subject[] = [{}, { grantId: 'a' }, { grantId: 'a', volumeId: 'vol-1' }, { grantId: 'b', volumeId: 'vol-1' }];
const CALLERS: readonly Subject[] = [{ caller: CALLER }, { caller: 'mq.amazonaws.com' }];
const both = (some: readonly Subject[], others: readonly Subject[]): Subject[] =>
  some.flatMap((one) => others.map((other) => ({ ...one, ...other })));
const USED = both(PLACES, [...CLUSTERS, ...RESOURCES]);

describe('an exception for a finding accepts no other', () => {
  it.each<[RuleId, readonly Subject[]]>([
    ['disabled-key-use', USED],
    ['pending-deletion-key-use', USED],
    ['unusable-key-use', USED],
    ['launch-blocked', both(PLACES, CLUSTERS)],
    ['foreign-cluster', both(both(KEYS, CLUSTERS.slice(1)), GRANTS)],
    ['forged-context', both(KEYS, CALLERS)],
    ['key-made-unusable', [...KEYS.slice(1), { keyStoreId: 'cks-1' }, { keyStoreId: 'cks-2' }]],
    ['audit-blind-spot', RESOURCES],
  ])('of %s', (rule, subjects) => {
    const occurrences = subjects.map((subject) => occurrence({ rule, subject, about: {} }));
    for (const one of occurrences) {
      const reading = readPolicy({ exceptions: [exceptionFor(one)] });
      if (!('policy' in reading)) throw new Error(reading.problems.join('; '));

      const left = occurrences.flatMap((other) => underPolicy(other, { ...DEFAULT_POLICY, ...reading.policy }));

      expect(left).toStrictEqual(occurrences.filter((other) => other !== one));
    }
  });
});
