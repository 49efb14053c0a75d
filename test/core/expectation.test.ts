import { describe, expect, it } from 'vitest';
import { isSent, underPolicy } from '../../src/core/expectation.ts';
import type { Occurrence, Subject } from '../../src/core/finding.ts';
import { DEFAULT_POLICY, type Exception, isExpectedCluster, isKeyInScope, type MATCH_FIELDS, type Policy } from '../../src/core/policy.ts';
import { SEVERITIES } from '../../src/core/severity.ts';
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
const policyOf = (fields: Partial<Policy>): Policy => ({ ...DEFAULT_POLICY, ...fields });
const exception = (match: Exception['match'], fields: Partial<Exception> = {}): Exception => ({
  rule: 'disabled-key-use',
  match,
  reason: 'known',
  expires: '2027-01-01T00:00:00Z',
  ...fields,
});

describe('underPolicy', () => {
  it('leaves an occurrence as it is by default', () => {
    const one = occurrence();

    expect(underPolicy(one, DEFAULT_POLICY)).toStrictEqual([one]);
  });

  it.each<[string, Partial<Policy>, readonly Occurrence[]]>([
    ['a severity of its rule', { severities: { 'disabled-key-use': 'low' } }, [occurrence({ severity: 'low' })]],
    ['a severity of another rule', { severities: { 'launch-blocked': 'low' } }, [occurrence()]],
    ['its rule off', { rules: { 'disabled-key-use': 'off' } }, []],
    ['its rule silent', { rules: { 'disabled-key-use': 'silent' } }, [occurrence()]],
    ['its rule on', { rules: { 'disabled-key-use': 'on' } }, [occurrence()]],
    ['another rule off', { rules: { 'launch-blocked': 'off' } }, [occurrence()]],
    ['its rule off and a severity', { rules: { 'disabled-key-use': 'off' }, severities: { 'disabled-key-use': 'low' } }, []],
    ['an exception that accepts it', { exceptions: [exception({ keyArn: KEY })] }, []],
    ['an exception that does not', { exceptions: [exception({ keyArn: SECOND_KEY })] }, [occurrence()]],
    ['two exceptions, the second accepts it', { exceptions: [exception({ keyArn: SECOND_KEY }), exception({ keyArn: KEY })] }, []],
    ['an exception of another rule', { exceptions: [exception({ keyArn: KEY }, { rule: 'launch-blocked' })] }, [occurrence()]],
  ])('applies %s', (_what, fields, left) => {
    expect(underPolicy(occurrence(), policyOf(fields))).toStrictEqual(left);
  });

  it('replaces the severity that a rule gave this occurrence alone', () => {
    const mild = occurrence({ rule: 'audit-blind-spot', severity: 'medium' });

    expect(underPolicy(mild, policyOf({ severities: { 'audit-blind-spot': 'high' } }))).toStrictEqual([{ ...mild, severity: 'high' }]);
  });

  it.each([
    ['a second before', '2026-11-02T09:59:59Z', []],
    ['at the second', '2026-11-02T10:00:00Z', [occurrence()]],
    ['a second after', '2026-11-02T10:00:01Z', [occurrence()]],
  ])('ends an exception by the record’s own time: %s', (_what, time, left) => {
    const exceptions = [exception({ keyArn: KEY }, { expires: '2026-11-02T10:00:00Z' })];

    expect(underPolicy(occurrence({ time }), policyOf({ exceptions }))).toStrictEqual(left.map((one) => ({ ...one, time })));
  });

  const whole: Required<Pick<Subject, Exclude<(typeof MATCH_FIELDS)[number], 'operation'>>> = {
    keyArn: KEY,
    keyStoreId: 'cks-1',
    grantId: 'grant-1',
    clusterAccount: ACCOUNT,
    clusterName: 'prod',
    volumeId: 'vol-1',
    resource: `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/p`,
    caller: CALLER,
    account: ACCOUNT,
  };
  const fields = Object.entries({ ...whole, operation: 'Decrypt' });

  it.each(fields)('matches by %s, where it fits wholly', (field, value) => {
    const accepted = (pattern: string, one = occurrence({ subject: whole, about: {} })): boolean =>
      underPolicy(one, policyOf({ exceptions: [exception({ [field]: pattern })] })).length === 0;

    expect(accepted(value)).toBe(true);
    expect(accepted('**')).toBe(true);
    expect(accepted(`${value}x`)).toBe(false);
    expect(accepted(value.slice(0, -1))).toBe(false);
    expect(accepted(value.slice(1))).toBe(false);
  });

  // The account is the key's where there is a key.
  it.each(fields.filter(([field]) => !['caller', 'operation', 'account'].includes(field)))('matches no occurrence without %s', (field) => {
    const { [field as keyof typeof whole]: _, ...others } = whole;

    expect(underPolicy(occurrence({ subject: others, about: {} }), policyOf({ exceptions: [exception({ [field]: '**' })] }))).toHaveLength(
      1,
    );
  });

  it.each<[string, Exception['match'], boolean]>([
    ['what the occurrence is about', { volumeId: 'vol-1' }, true],
    ['its subject', { clusterName: 'prod' }, true],
    ['its caller', { caller: 'arn:aws:iam::*:role/operator' }, true],
    ['its operation', { operation: 'Decrypt' }, true],
    ['everything at once', { keyArn: KEY, clusterName: 'pr*', volumeId: 'vol-*', operation: '*', caller: '**' }, true],
    ['all but one', { keyArn: KEY, clusterName: 'pr*', volumeId: 'vol-*', operation: 'Encrypt', caller: '**' }, false],
    ['a field left undefined', { keyArn: KEY, grantId: undefined }, true],
    ['no grant, where none is named', { keyArn: KEY, grantId: null }, true],
    ['no cluster, where one is named', { keyArn: KEY, clusterName: null }, false],
    ['no volume, though it is about one', { keyArn: KEY, volumeId: null }, false],
    ['no account, where there is a key', { account: null }, false],
    ['placeholders of the key', { keyArn: 'arn:${Partition}:kms:${Region}:${Account}:key/*', clusterAccount: '${Account}' }, true],
    ['the account of another key', { clusterAccount: OTHER_ACCOUNT }, false],
  ])('matches by %s', (_what, match, accepted) => {
    expect(underPolicy(occurrence(), policyOf({ exceptions: [exception(match)] }))).toHaveLength(accepted ? 0 : 1);
  });

  it.each<[string, Subject, boolean]>([
    ['nothing', {}, true],
    ['a cluster', { clusterAccount: ACCOUNT, clusterName: 'prod' }, true],
    ['a key', { keyArn: KEY }, false],
    ['an account', { account: ACCOUNT }, false],
  ])('takes null for what a finding does not name, of one that names %s', (_what, subject, accepted) => {
    const one = occurrence({ subject, about: {} });

    expect(underPolicy(one, policyOf({ exceptions: [exception({ keyArn: null, account: null })] }))).toStrictEqual(accepted ? [] : [one]);
  });

  it('takes the caller of the subject before who made the call', () => {
    const one = occurrence({ subject: { caller: 'somebody' } });

    expect(underPolicy(one, policyOf({ exceptions: [exception({ caller: 'somebody' })] }))).toStrictEqual([]);
    expect(underPolicy(one, policyOf({ exceptions: [exception({ caller: CALLER })] }))).toStrictEqual([one]);
  });

  it('takes the subject before what the occurrence is about', () => {
    const one = occurrence({ subject: { clusterName: 'prod' }, about: { clusterName: 'staging' } });

    expect(underPolicy(one, policyOf({ exceptions: [exception({ clusterName: 'prod' })] }))).toStrictEqual([]);
    expect(underPolicy(one, policyOf({ exceptions: [exception({ clusterName: 'staging' })] }))).toStrictEqual([one]);
  });

  it('knows the accounts of the policy in ${Accounts}', () => {
    const one = occurrence({ subject: { keyArn: KEY, clusterAccount: OTHER_ACCOUNT, clusterName: 'prod' } });
    const exceptions = [exception({ clusterAccount: '${Accounts}' })];

    expect(underPolicy(one, policyOf({ exceptions }))).toStrictEqual([one]);
    expect(underPolicy(one, policyOf({ exceptions, accounts: [OTHER_ACCOUNT] }))).toStrictEqual([]);
    expect(underPolicy(occurrence(), policyOf({ exceptions, accounts: [OTHER_ACCOUNT] }))).toStrictEqual([]);
  });

  it('gives placeholders no meaning where no key is named', () => {
    const one = occurrence({ subject: { account: ACCOUNT } });

    expect(underPolicy(one, policyOf({ exceptions: [exception({ account: '${Account}' })] }))).toStrictEqual([one]);
    expect(underPolicy(one, policyOf({ exceptions: [exception({ account: ACCOUNT })] }))).toStrictEqual([]);
  });
});

describe('isSent', () => {
  it.each(SEVERITIES.flatMap((severity, index) => SEVERITIES.map((bar, lowest) => [severity, bar, index <= lowest] as const)))(
    'of %s where the least is %s: %s',
    (severity, minimumAlertSeverity, sent) => {
      expect(isSent(occurrence({ severity }), policyOf({ minimumAlertSeverity }))).toBe(sent);
    },
  );

  it.each<[string, Policy['rules'], boolean]>([
    ['its rule silent', { 'disabled-key-use': 'silent' }, false],
    ['its rule on', { 'disabled-key-use': 'on' }, true],
    ['another rule silent', { 'launch-blocked': 'silent' }, true],
  ])('with %s', (_what, rules, sent) => {
    expect(isSent(occurrence(), policyOf({ rules }))).toBe(sent);
  });
});

describe('isKeyInScope', () => {
  it.each<[string, readonly string[] | undefined, string, boolean]>([
    ['every key, where the policy names none', undefined, KEY, true],
    ['no key, where the policy’s list is empty', [], KEY, false],
    ['a key it names', [SECOND_KEY, KEY], KEY, true],
    ['no other key', [SECOND_KEY], KEY, false],
    ['a pattern', [`arn:aws:kms:*:${ACCOUNT}:key/*`], KEY, true],
    [
      'a key of any account, which is one of its own ${Accounts}',
      ['arn:aws:kms:*:${Accounts}:key/*'],
      KEY.replace(ACCOUNT, OTHER_ACCOUNT),
      true,
    ],
    ['no pattern of a part', [KEY.slice(0, -1), KEY.slice(1)], KEY, false],
    ['an ARN of China', ['arn:${Partition}:kms:${Region}:${Account}:key/*'], KEY.replace('arn:aws:', 'arn:aws-cn:'), true],
    ['no placeholder for what is no ARN', ['${Account}'], 'alias/a', false],
  ])('covers %s', (_what, keys, keyArn, covered) => {
    expect(isKeyInScope(keyArn, policyOf({ keys }))).toBe(covered);
  });

  it('knows the accounts of the policy even where the key is none', () => {
    expect(isKeyInScope(OTHER_ACCOUNT, policyOf({ keys: ['${Accounts}'], accounts: [OTHER_ACCOUNT] }))).toBe(true);
    expect(isKeyInScope(OTHER_ACCOUNT, policyOf({ keys: ['${Accounts}'] }))).toBe(false);
  });
});

describe('isExpectedCluster', () => {
  const prod = (account: string) => ({ account, name: `${account}-prod` });

  it.each<[string, Partial<Policy>, ReturnType<typeof prod>, string | undefined, boolean | undefined]>([
    ['the key’s account', { clusters: ['${Account}-prod'] }, prod(ACCOUNT), KEY, true],
    ['no account, where no key is named', { clusters: ['${Account}-prod'] }, prod(ACCOUNT), undefined, false],
    ['the policy’s accounts', { clusters: ['${Accounts}-prod'], accounts: [OTHER_ACCOUNT] }, prod(OTHER_ACCOUNT), KEY, true],
    [
      'the policy’s accounts, without key',
      { clusters: ['${Accounts}-prod'], accounts: [OTHER_ACCOUNT] },
      prod(OTHER_ACCOUNT),
      undefined,
      true,
    ],
    ['no accounts', { clusters: ['${Accounts}-prod'] }, prod(OTHER_ACCOUNT), KEY, false],
    ['no accounts, without key', { clusters: ['${Accounts}-prod'] }, prod(OTHER_ACCOUNT), undefined, false],
  ])('knows in the names of clusters %s', (_what, fields, cluster, key, known) => {
    expect(isExpectedCluster(cluster, key, policyOf(fields))).toBe(known);
  });
});

// Known gap: no occurrence tells the account whose trail delivered its record, so that an exception by account accepts
// only the findings that name nothing else.
it('an exception by account accepts what that account’s trail delivered', () => {
  const accepted = underPolicy(occurrence(), policyOf({ exceptions: [exception({ account: ACCOUNT })] }));

  expect(accepted).toStrictEqual([]);
});
