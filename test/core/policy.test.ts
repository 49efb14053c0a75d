import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICY, inScope, isExpectedCluster, type Policy, readPolicy } from '../../src/core/policy.ts';
import { readRecord } from '../../src/core/read-record.ts';
import { sha256 } from '../../src/system.ts';
import { ACCOUNT, decrypt, KEY, OTHER_ACCOUNT, record, SECOND_KEY } from '../support/fleet.ts';

const problemsOf = (document: unknown): readonly string[] => {
  const reading = readPolicy(document);
  return 'problems' in reading ? reading.problems : [];
};

describe('readPolicy', () => {
  it('of an empty document is the default', () => {
    expect(readPolicy({})).toEqual({ policy: DEFAULT_POLICY });
  });

  it('of a full document keeps it', () => {
    const document = {
      accounts: [ACCOUNT],
      clusters: ['prod-*'],
      keys: [KEY],
      grants: [
        {
          name: 'backup',
          caller: [`arn:aws:iam::${ACCOUNT}:role/backup`],
          grantee: ['backup.amazonaws.com'],
          retiree: 'same',
          operations: { exactly: ['Decrypt'] },
          context: {},
        },
      ],
      renotifyMinutes: 15,
      minimumAlertSeverity: 'high',
    };

    expect(readPolicy({ $schema: './policy.schema.json', ...document })).toEqual({ policy: expect.objectContaining(document) });
  });

  it.each([
    ['an unknown field', { acounts: [] }, 'acounts'],
    ['an unknown field of a profile', { grants: [{ name: 'a', grantee: ['b'], grantees: [] }] }, 'grants.0.grantees'],
    [
      'an unknown field of its operations',
      { grants: [{ name: 'a', grantee: ['b'], operations: { only: [] } }] },
      'grants.0.operations.only',
    ],
    ['an account that is none', { accounts: ['11112222333'] }, 'accounts.0: expected an account id of 12 digits'],
    ['an account as a number', { accounts: [111122223333] }, 'accounts.0'],
    ['an empty pattern', { clusters: [''] }, 'clusters.0: expected a pattern that is not empty'],
    ['a profile without grantee', { grants: [{ name: 'a' }] }, 'grants.0.grantee'],
    [
      'a profile with no grantee in its list',
      { grants: [{ name: 'a', grantee: [] }] },
      'grants.0.grantee: expected at least one grantee pattern',
    ],
    ['a profile without name', { grants: [{ grantee: ['b'] }] }, 'grants.0.name'],
    ['a time that is none', { renotifyMinutes: 0 }, 'renotifyMinutes: expected at least 1 minute'],
    ['a time as text', { renotifyMinutes: '60' }, 'renotifyMinutes'],
    ['a severity that is none', { minimumAlertSeverity: 'urgent' }, 'minimumAlertSeverity'],
    ['a misspelt trust', { grants: [{ name: 'a', grantee: ['b'], trusted: false }] }, 'grants.0.trusted'],
  ])('names what is wrong: %s', (_what, document, problem) => {
    expect(problemsOf(document)).toEqual([expect.stringContaining(problem)]);
  });

  it('names everything that is wrong', () => {
    expect(problemsOf({ accounts: ['x', 'y'], other: 1 })).toHaveLength(3);
  });

  it.each([null, undefined, [], 'x', 7])('refuses %j', (document) => {
    expect(problemsOf(document)).not.toEqual([]);
  });
});

describe('inScope', () => {
  const scoped = (keys: readonly string[] | undefined, raw: unknown): boolean => {
    const reading = readRecord(raw, sha256);
    return reading.kind === 'fact' && inScope(reading.fact, { ...DEFAULT_POLICY, keys });
  };

  it.each([
    ['every key by default', undefined, decrypt({}), true],
    ['a key it names', [KEY], decrypt({}), true],
    ['a pattern', [`arn:aws:kms:*:${ACCOUNT}:key/*`], decrypt({}), true],
    ['placeholders of the key', ['arn:${Partition}:kms:${Region}:${Accounts}:key/*'], decrypt({}), true],
    ['no other key', [SECOND_KEY], decrypt({}), false],
    ['no part of an ARN', [KEY.slice(0, -1), KEY.slice(1)], decrypt({}), false],
    ['nothing', [], decrypt({}), false],
    ['what names no key', [SECOND_KEY], record('Decrypt', { resources: null, errorCode: 'AccessDenied' }), true],
  ])('covers %s', (_what, keys, raw, expected) => {
    expect(scoped(keys, raw)).toBe(expected);
  });
});

describe('isExpectedCluster', () => {
  const policy = (fields: Partial<Policy>): Policy => ({ ...DEFAULT_POLICY, ...fields });

  it.each([
    ['the account of the key', {}, { account: ACCOUNT, name: 'x' }, KEY, true],
    ['another account', {}, { account: OTHER_ACCOUNT, name: 'x' }, KEY, false],
    ['another account that is named', { accounts: [OTHER_ACCOUNT] }, { account: OTHER_ACCOUNT, name: 'x' }, KEY, true],
    ['the key’s account where only others are named', { accounts: [OTHER_ACCOUNT] }, { account: ACCOUNT, name: 'x' }, KEY, false],
    ['a name that fits', { clusters: ['prod-*'] }, { account: ACCOUNT, name: 'prod-1' }, KEY, true],
    ['a name that does not', { clusters: ['prod-*'] }, { account: ACCOUNT, name: 'my-prod-1' }, KEY, false],
    ['no key, no accounts', {}, { account: ACCOUNT, name: 'x' }, undefined, undefined],
    ['no key, accounts', { accounts: [OTHER_ACCOUNT] }, { account: ACCOUNT, name: 'x' }, undefined, false],
    ['no key, a name that does not fit', { clusters: ['y'] }, { account: ACCOUNT, name: 'x' }, undefined, false],
    ['nobody', { accounts: [] }, { account: ACCOUNT, name: 'x' }, KEY, false],
  ])('judges %s', (_what, fields, cluster, key, expected) => {
    expect(isExpectedCluster(cluster, key, policy(fields))).toBe(expected);
  });
});
