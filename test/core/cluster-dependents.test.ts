import { describe, expect, it } from 'vitest';
import { type ClusterSeen, clusterDependents } from '../../src/core/cluster-dependents.ts';
import type { GrantHead } from '../../src/core/grant.ts';
import { instant, KEY, PROD, SECOND_KEY } from '../support/fleet.ts';

const THIRD_KEY = KEY.replace('1111-1111-1111', '3333-3333-3333');
const AS_OF = instant(9);
const launch = { keyArn: SECOND_KEY, asOf: AS_OF, by: 'settings' } as const;
const grant = (keyArn: string, volumeId: string): GrantHead => ({
  keyArn,
  grantId: `of ${volumeId}`,
  created: `${instant(1)}#e`,
  cluster: PROD,
  volumeId,
});
const key = (keyArn: string, ...volumes: string[]): ClusterSeen['keys'][number] => ({
  keyArn,
  grants: volumes.map((volumeId) => grant(keyArn, volumeId)),
  changes: [],
});
const seen = (fields: Partial<ClusterSeen>): ClusterSeen => ({
  cluster: PROD,
  launch: undefined,
  keys: [],
  ungrantedKeys: [],
  lastUses: [],
  ...fields,
});

describe('the keys of a cluster', () => {
  it('are told by ARN, each with its state, whether new tasks get it, and its volumes', () => {
    const changes = [{ change: 'disabled', keyArn: SECOND_KEY, time: instant(3) }] as const;
    const by = {
      caller: { id: 'somebody', trusted: false, awsRole: false },
      eventId: 'e',
      operation: 'DisableKey',
      kind: 'key-changed',
    } as const;

    expect(
      clusterDependents(
        seen({
          launch,
          keys: [{ ...key(SECOND_KEY), changes: changes.map((change) => ({ ...by, ...change })) }, key(KEY, 'vol-1')],
          ungrantedKeys: [THIRD_KEY, 'a key'],
        }),
      ),
    ).toStrictEqual({
      clusterAccount: PROD.account,
      clusterName: PROD.name,
      launch,
      keys: [
        {
          keyArn: KEY,
          current: false,
          volumes: [
            {
              clusterAccount: PROD.account,
              clusterName: PROD.name,
              volumeId: 'vol-1',
              keyArn: KEY,
              status: 'granted',
              grants: [{ grantId: 'of vol-1', status: 'open', createdAt: instant(1) }],
            },
          ],
        },
        { keyArn: SECOND_KEY, state: 'disabled', current: true, volumes: [] },
      ],
      ungrantedKeys: ['a key', THIRD_KEY],
      volumesOnOldKeys: 1,
      verdict:
        'New tasks get the current key; 1 volume still sits on an old key until its task is replaced (--force-new-deployment); it had to do with 2 other keys, with no open grant known.',
    });
  });

  it('are neither current nor old where nothing tells which key new tasks get', () => {
    const of = clusterDependents(seen({ keys: [key(KEY, 'vol-1')] }));

    expect(of).not.toHaveProperty('launch');
    expect(of.keys[0]).not.toHaveProperty('current');
    expect(of.volumesOnOldKeys).toBe(0);
  });
});

describe('the verdict on a cluster', () => {
  it.each<[string, Partial<ClusterSeen>]>([
    ['Nothing tells which key new tasks get; 0 volumes with an open grant.', {}],
    ['Nothing tells which key new tasks get; 1 volume with an open grant.', { keys: [key(KEY, 'vol-1')] }],
    [
      'Nothing tells which key new tasks get; 3 volumes with an open grant; it had to do with 1 other key, with no open grant known.',
      { keys: [key(KEY, 'vol-1', 'vol-2'), key(SECOND_KEY, 'vol-3')], ungrantedKeys: [THIRD_KEY] },
    ],
    ['New tasks get the current key; no volume sits on an old one.', { launch, keys: [key(SECOND_KEY, 'vol-1')] }],
    ['New tasks get the current key; no volume sits on an old one.', { launch, ungrantedKeys: [SECOND_KEY] }],
    [
      'New tasks get the current key; no volume is known to sit on an old one; it had to do with 1 other key, with no open grant known.',
      { launch, ungrantedKeys: [SECOND_KEY, KEY] },
    ],
    [
      'New tasks get no customer key; 2 volumes still sit on an old key until their tasks are replaced (--force-new-deployment).',
      { launch: { asOf: AS_OF, by: 'settings' }, keys: [key(KEY, 'vol-1', 'vol-2')] },
    ],
  ])('%s', (verdict, fields) => {
    expect(clusterDependents(seen(fields)).verdict).toBe(verdict);
  });
});
