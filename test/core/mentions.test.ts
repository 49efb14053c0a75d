import { describe, expect, it } from 'vitest';
import type { Fact } from '../../src/core/fact.ts';
import { clusterIn, keysIn } from '../../src/core/mentions.ts';
import { instant, KEY, PROD, SECOND_KEY } from '../support/fleet.ts';

const base = { eventId: 'e', time: instant(0), operation: 'o', caller: { id: 'somebody', trusted: false, awsRole: false } };
const settings: Fact = { ...base, kind: 'cluster-configured', cluster: PROD };
const change: Fact = { ...base, kind: 'key-changed', change: 'disabled' };
const use: Fact = { ...base, kind: 'key-used', keyArn: KEY, trust: 'none' };

describe('the keys a fact tells something of', () => {
  it.each<[string, Fact, readonly string[]]>([
    ['of a use, its key', use, [KEY]],
    ['of settings, both keys', { ...settings, storage: { fargate: KEY, volumes: SECOND_KEY } }, [KEY, SECOND_KEY]],
    ['of settings with one key for both, that', { ...settings, storage: { fargate: KEY, volumes: KEY } }, [KEY]],
    ['of settings, no alias', { ...settings, storage: { fargate: 'alias/payments', volumes: SECOND_KEY } }, [SECOND_KEY]],
    ['of settings that leave the storage alone, none', settings, []],
    ['of a key store, none', { ...change, keyStoreId: 'cks-1' }, []],
  ])('%s', (_, fact, keys) => {
    expect(keysIn(fact)).toEqual(keys);
  });
});

describe('the cluster a fact tells of', () => {
  it.each<[string, Fact, object | undefined]>([
    ['of settings, their cluster', settings, PROD],
    ['of a use by a cluster, that', { ...use, cluster: PROD }, PROD],
    ['of a use by nobody known, none', use, undefined],
    ['of a key, none', { ...change, keyArn: KEY }, undefined],
  ])('%s', (_, fact, cluster) => {
    expect(clusterIn(fact)).toEqual(cluster);
  });
});
