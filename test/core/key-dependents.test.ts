import { describe, expect, it } from 'vitest';
import type { GrantCreated, KeyChanged, KeyUsed, Refused } from '../../src/core/fact.ts';
import type { GrantHead } from '../../src/core/grant.ts';
import { type KeySeen, keyDependents } from '../../src/core/key-dependents.ts';
import type { ResourceUse } from '../../src/core/snapshot.ts';
import { instant, KEY, PROD, SECOND_KEY } from '../support/fleet.ts';

const DAY = 86_400;
const WEB = { account: PROD.account, name: 'web' };
const caller = { id: 'somebody', trusted: false, awsRole: false };
const NOTHING: KeySeen = {
  keyArn: KEY,
  grants: [],
  changes: [],
  resources: [],
  refusals: [],
  otherUses: [],
  clusters: [],
  launches: [],
  lastUses: [],
  creations: [],
};
const of = (fields: Partial<KeySeen>) => keyDependents({ ...NOTHING, ...fields });

const grant = (volumeId: string, cluster = PROD, second = 1): GrantHead => ({
  keyArn: KEY,
  grantId: `of ${volumeId}`,
  created: `${instant(second)}#e`,
  cluster,
  volumeId,
});
const other = (grantId: string, second = 1): GrantHead => ({ keyArn: KEY, grantId, created: `${instant(second)}#e` });
const use = (second: number, fields: Partial<KeyUsed> = {}): KeyUsed => ({
  kind: 'key-used',
  eventId: `u${second}`,
  time: instant(second),
  operation: 'Decrypt',
  caller,
  trust: 'none',
  keyArn: KEY,
  ...fields,
});
const refusal = (second: number, fields: Partial<Refused> = {}): Refused => ({
  ...use(second),
  kind: 'refused',
  reason: 'disabled',
  code: 'DisabledException',
  message: 'The key is disabled.',
  rehearsal: false,
  ...fields,
});
const changed = (change: KeyChanged['change']): KeyChanged => ({
  kind: 'key-changed',
  eventId: 'c',
  time: instant(0),
  operation: change,
  caller,
  keyArn: KEY,
  change,
});
const seenUsing = (kind: ResourceUse['resource']['kind'], id: string, second = 0): ResourceUse => ({
  keyArn: KEY,
  resource: { kind, id },
  lastSeen: instant(second),
});
const launch = (keyArn: string | undefined, name: string, by: 'settings' | 'rehearsal' = 'settings', second = 0) => ({
  cluster: { account: PROD.account, name },
  asOf: instant(second),
  by,
  ...(keyArn === undefined ? {} : { keyArn }),
});

describe('what depends on a key', () => {
  it('is nothing where nothing was seen', () => {
    const { cannotKnow, ...told } = of({});

    expect(told).toStrictEqual({
      keyArn: KEY,
      openGrants: 0,
      clusters: [],
      resources: [],
      volumes: [],
      otherGrants: [],
      ungrantedClusters: [],
      launches: [],
      lastRefusals: [],
      lastOtherUses: [],
      verdict: 'No cluster is known to start tasks on it; no volume needs it; nothing else was seen using it.',
    });
    expect(cannotKnow.length).toBeGreaterThan(3);
    for (const sentence of cannotKnow) expect(sentence).toMatch(/^[A-Z].*\.$/);
  });

  it('is told with the key’s state and its rotation, as the sweep saw them too', () => {
    const sighting = { keyArn: KEY, seen: instant(DAY), state: 'disabled', rotation: 'on' } as const;

    expect(of({ changes: [changed('enabled')] })).toMatchObject({ state: 'enabled' });
    expect(of({ changes: [changed('enabled')], sighting })).toMatchObject({ state: 'disabled', rotation: 'on' });
  });

  it('is each volume with its open grants and its last use, by ids', () => {
    const [first, again] = [grant('vol-1'), { ...grant('vol-1', PROD, 2), grantId: 'another' }];
    const volume = { clusterAccount: PROD.account, clusterName: 'prod', volumeId: 'vol-1', keyArn: KEY };
    const { volumes, openGrants, clusters } = of({
      grants: [grant('vol-0', WEB), first, again],
      lastUses: [
        { volume, use: use(9) },
        { volume: { ...volume, volumeId: 'vol-0', clusterName: 'web' }, use: undefined },
      ],
    });

    expect(volumes).toStrictEqual([
      {
        ...volume,
        status: 'granted',
        grants: [
          { grantId: 'of vol-1', status: 'open', createdAt: instant(1) },
          { grantId: 'another', status: 'open', createdAt: instant(2) },
        ],
        lastUse: { time: instant(9), eventId: 'u9', operation: 'Decrypt', caller: 'somebody' },
      },
      {
        ...volume,
        clusterName: 'web',
        volumeId: 'vol-0',
        status: 'granted',
        grants: [{ grantId: 'of vol-0', status: 'open', createdAt: instant(1) }],
      },
    ]);
    expect(openGrants).toBe(3);
    expect(clusters).toMatchObject([{ clusterName: 'prod' }, { clusterName: 'web' }]);
  });

  it.each([
    ['cluster name', [grant('vol-1', WEB), grant('vol-1')], ['prod', 'web']],
    ['cluster account', [grant('vol-1', { ...PROD, account: '123456789012' }), grant('vol-1', WEB)], ['web', 'prod']],
    ['volume', [grant('vol-2'), grant('vol-1')], ['prod', 'prod']],
  ])('keeps volumes apart that differ in %s', (_, grants, names) => {
    const { volumes } = of({ grants });

    expect(volumes.map(({ clusterName }) => clusterName)).toEqual(names);
    expect(volumes.map(({ volumeId }) => volumeId)).toEqual([...volumes.map(({ volumeId }) => volumeId)].sort());
  });

  it('is each grant of no volume with what its creation tells', () => {
    const creation: GrantCreated = { ...use(1), kind: 'grant-created', operation: 'CreateGrant', grantId: 'told' };
    const resource = { kind: 'secret', id: 'orders' } as const;
    const { otherGrants } = of({
      grants: [other('told'), { ...other('bare'), cluster: PROD }, grant('vol-1'), other('unread')],
      creations: [
        { ...creation, grantee: 'grantee', operations: ['Decrypt'], resource },
        { ...creation, grantId: 'bare' },
      ],
    });
    const open = { status: 'open', createdAt: instant(1) };

    expect(otherGrants).toStrictEqual([
      { grantId: 'told', ...open, caller: 'somebody', grantee: 'grantee', operations: ['Decrypt'], resource },
      { grantId: 'bare', ...open, clusterAccount: PROD.account, clusterName: 'prod', caller: 'somebody' },
      { grantId: 'unread', ...open },
    ]);
  });

  it('is each cluster that had to do with it and has no open grant', () => {
    const clusters = [WEB, PROD, { account: '123456789012', name: 'api' }, { ...PROD, name: 'api' }];

    expect(of({ clusters, grants: [grant('vol-1'), other('g')] }).ungrantedClusters).toEqual([
      { clusterAccount: PROD.account, clusterName: 'api' },
      { clusterAccount: PROD.account, clusterName: 'web' },
      { clusterAccount: '123456789012', clusterName: 'api' },
    ]);
  });

  it('is told with which key new tasks get in each cluster, by account and name', () => {
    const elsewhere = { ...launch(KEY, 'api'), cluster: { account: '123456789012', name: 'api' } };
    const { launches } = of({ launches: [elsewhere, launch(undefined, 'web'), launch(KEY, 'prod', 'rehearsal')] });

    expect(launches).toStrictEqual([
      { clusterAccount: PROD.account, clusterName: 'prod', asOf: instant(0), by: 'rehearsal', keyArn: KEY },
      { clusterAccount: PROD.account, clusterName: 'web', asOf: instant(0), by: 'settings' },
      { clusterAccount: '123456789012', clusterName: 'api', asOf: instant(0), by: 'settings', keyArn: KEY },
    ]);
  });

  it('is told with the last ten refusals and the last other uses', () => {
    const resource = { kind: 'secret', id: 'orders' } as const;
    const bare = {
      operation: 'Decrypt',
      caller: 'somebody',
      reason: 'disabled',
      code: 'DisabledException',
      message: 'The key is disabled.',
    };
    const refusals = [
      refusal(99, { cluster: PROD, volumeId: 'vol-1', resource, rehearsal: true }),
      ...[9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map((second) => refusal(second)),
    ];
    const { lastRefusals, lastOtherUses, resources } = of({ refusals, otherUses: [use(5)], resources: [seenUsing('secret', 'orders', 3)] });

    expect(lastRefusals.slice(0, 2)).toStrictEqual([
      {
        ...bare,
        time: instant(99),
        eventId: 'u99',
        rehearsal: true,
        clusterAccount: PROD.account,
        clusterName: 'prod',
        volumeId: 'vol-1',
        resource,
      },
      { ...bare, time: instant(9), eventId: 'u9', rehearsal: false },
    ]);
    expect(lastRefusals.map(({ eventId }) => eventId)).toEqual(['u99', 'u9', 'u8', 'u7', 'u6', 'u5', 'u4', 'u3', 'u2', 'u1']);
    expect(lastOtherUses).toStrictEqual([{ time: instant(5), eventId: 'u5', operation: 'Decrypt', caller: 'somebody' }]);
    expect(resources).toStrictEqual([{ ...resource, lastSeen: instant(3) }]);
  });
});

describe('the verdict on a key', () => {
  const UNUSED = 'no volume needs it; nothing else was seen using it.';
  const IDLE = `No cluster is known to start tasks on it; ${UNUSED}`;
  const DISABLED = `The key is disabled: no cluster is known to start tasks on it; ${UNUSED}`;
  const named = (...names: string[]) => names.map((name) => ({ account: PROD.account, name }));

  it.each<[string, Partial<KeySeen>]>([
    [
      `Disabling breaks new tasks in 1 cluster; ${UNUSED}`,
      { launches: [launch(KEY, 'prod'), launch(SECOND_KEY, 'web'), launch(undefined, 'api')] },
    ],
    [`Disabling breaks new tasks in 2 clusters; ${UNUSED}`, { launches: [launch(KEY, 'prod'), launch(KEY, 'web')] }],
    [
      `The key is pending deletion: new tasks fail in 1 cluster; ${UNUSED}`,
      { launches: [launch(KEY, 'prod')], changes: [changed('deletion-scheduled')] },
    ],
    [
      'No cluster is known to start tasks on it; 1 volume on 1 cluster still needs it; nothing else was seen using it.',
      { grants: [grant('vol-1')] },
    ],
    [
      'No cluster is known to start tasks on it; 3 volumes on 2 clusters still need it; nothing else was seen using it.',
      { grants: [grant('vol-1'), grant('vol-2'), grant('vol-3', WEB)] },
    ],
    [
      'No cluster is known to start tasks on it; 2 volumes on 2 clusters still need it; nothing else was seen using it.',
      { grants: [grant('vol-1'), grant('vol-2', { ...PROD, account: '123456789012' })] },
    ],
    [
      'No cluster is known to start tasks on it; no volume is known to need it; 1 cluster (web) had to do with it, with no open grant known.',
      { clusters: named('web') },
    ],
    [
      'No cluster is known to start tasks on it; no volume is known to need it; 3 clusters (a, b, c) had to do with it, with no open grant known.',
      { clusters: named('a', 'b', 'c') },
    ],
    [
      'No cluster is known to start tasks on it; no volume is known to need it; 5 clusters (\\u{1b}, a, b and 2 more) had to do with it, with no open grant known.',
      { clusters: named('\u001b', 'a', 'b', 'c', 'd') },
    ],
    [
      'No cluster is known to start tasks on it; no volume needs it; 1 other grant is open; other callers used it, last on 2026-11-03.',
      { grants: [other('g')], otherUses: [use(DAY), use(0)] },
    ],
    ['No cluster is known to start tasks on it; no volume needs it; 2 other grants are open.', { grants: [other('g'), other('h')] }],
    [
      'No cluster is known to start tasks on it; no volume needs it; seen using it: 1 ebs volume, 2 repositories, 2 secrets, last on 2026-11-04.',
      {
        resources: [
          seenUsing('secret', 'a'),
          seenUsing('secret', 'b', 2 * DAY),
          seenUsing('repository', 'a'),
          seenUsing('repository', 'b', DAY),
          seenUsing('ebs-volume', 'a'),
        ],
      },
    ],
    [
      'No cluster is known to start tasks on it; no volume needs it; seen using it: 1 secret, last on 2026-11-02; refused over it: 1 repository, 1 secret, last on 2026-11-03.',
      {
        resources: [seenUsing('secret', 'a')],
        refusals: [
          refusal(DAY, { reason: 'denied', resource: { kind: 'secret', id: 'b' } }),
          refusal(9, { reason: 'denied', resource: { kind: 'secret', id: 'b' } }),
          refusal(8, { reason: 'denied', resource: { kind: 'secret', id: 'a' } }),
          refusal(7, { reason: 'denied', resource: { kind: 'repository', id: 'a' } }),
          refusal(6, { reason: 'denied' }),
        ],
      },
    ],
  ])('%s', (verdict, fields) => {
    expect(of(fields).verdict).toBe(verdict);
  });

  it.each([
    ['disabled', 'is disabled'],
    ['deletion-scheduled', 'is pending deletion'],
    ['deleted', 'is deleted'],
    ['store-disconnected', 'is unavailable'],
    ['material-deleted', 'waits for its material'],
  ] as const)('after %s: the key %s', (change, unusable) => {
    expect(of({ changes: [changed(change)] }).verdict).toBe(`The key ${unusable}: no cluster is known to start tasks on it; ${UNUSED}`);
  });

  it('goes by a key’s state where one was seen, whatever was refused', () => {
    expect(of({ changes: [changed('enabled')], refusals: [refusal(DAY)] }).verdict).toBe(IDLE);
  });

  it.each<[string, readonly Refused[], string]>([
    ['over its state', [refusal(9)], DISABLED],
    ['as missing', [refusal(9, { reason: 'missing' })], DISABLED.replace('is disabled', 'was not found')],
    ['for another reason', [refusal(9, { reason: 'denied' })], IDLE],
    ['for another reason, after one over its state', [refusal(9, { reason: 'denied' }), refusal(8)], DISABLED],
    ['never', [], IDLE],
  ])('where no change was seen, goes by what was refused: %s', (_, refusals, verdict) => {
    expect(of({ refusals }).verdict).toBe(verdict);
  });

  const volume = { clusterAccount: PROD.account, clusterName: 'prod', volumeId: 'vol-1', keyArn: KEY };
  it.each<[string, (second: number) => Partial<KeySeen>, boolean]>([
    ['a volume’s grant', (second) => ({ grants: [grant('vol-1', PROD, second)] }), true],
    ['a use of a volume', (second) => ({ grants: [grant('vol-1', PROD, 0)], lastUses: [{ volume, use: use(second) }] }), true],
    ['a use before another grant', (second) => ({ grants: [grant('vol-1', PROD, second)], lastUses: [{ volume, use: use(0) }] }), true],
    ['another grant', (second) => ({ grants: [other('g', second)] }), true],
    ['a rehearsal on it', (second) => ({ launches: [launch(KEY, 'prod', 'rehearsal', second)] }), true],
    ['a rehearsal on another key', (second) => ({ launches: [launch(SECOND_KEY, 'prod', 'rehearsal', second)] }), false],
    ['settings that name it', (second) => ({ launches: [launch(KEY, 'prod', 'settings', second)] }), false],
    ['a resource', (second) => ({ resources: [seenUsing('secret', 'a', second)] }), true],
    ['another caller', (second) => ({ otherUses: [use(second)] }), true],
  ])('forgets a refusal over its state only after it: %s', (_, worked, forgets) => {
    const isDisabled = (second: number): boolean =>
      of({ ...worked(second), refusals: [refusal(100)] }).verdict.startsWith('The key is disabled');

    expect([99, 100, 101].map(isDisabled)).toEqual([true, true, !forgets]);
  });
});
