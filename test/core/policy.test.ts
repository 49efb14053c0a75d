import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICY, inScope, isExpectedCluster, type Policy } from '../../src/core/policy.ts';
import { readRecord } from '../../src/core/read-record.ts';
import { sha256 } from '../../src/system.ts';
import { ACCOUNT, decrypt, KEY, OTHER_ACCOUNT, record, SECOND_KEY } from '../support/fleet.ts';

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
