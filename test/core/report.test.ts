import { describe, expect, it } from 'vitest';
import type { Caller } from '../../src/core/caller.ts';
import type { ResourceKind } from '../../src/core/encryption-context.ts';
import { type GrantCreated, type KeyUsed, orderOf } from '../../src/core/fact.ts';
import { evidenceOfOne, type Occurrence, type Subject } from '../../src/core/finding.ts';
import type { GrantHead } from '../../src/core/grant.ts';
import { DEFAULT_POLICY } from '../../src/core/policy.ts';
import { evidenceOf, findingsIn, keyReports, reportOf, titleOf, volumeReport } from '../../src/core/report.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { toSeconds } from '../../src/core/timestamp.ts';
import { sha256 } from '../../src/system.ts';
import { EMPTY } from '../support/facts.ts';
import { instant, KEY, PROD, SECOND_KEY } from '../support/fleet.ts';

const VOLUME = { clusterAccount: PROD.account, clusterName: PROD.name, volumeId: 'vol-1', keyArn: KEY };
const caller: Caller = { id: 'somebody', trusted: true, awsRole: false };
const attribution = { trust: 'trusted', cluster: PROD, volumeId: 'vol-1' } as const;
const creation: GrantCreated = {
  kind: 'grant-created',
  eventId: 'creation',
  time: instant(0),
  operation: 'CreateGrant',
  caller,
  ...attribution,
  keyArn: KEY,
  grantId: 'grant-1',
};
const use = (operation: string, eventId: string, second: number): KeyUsed => ({
  kind: 'key-used',
  eventId,
  time: instant(second),
  operation,
  caller,
  ...attribution,
  keyArn: KEY,
});
const head: GrantHead = { keyArn: KEY, grantId: 'grant-1', created: orderOf(creation), cluster: PROD, volumeId: 'vol-1' };
const end = { order: `${instant(50)}#end`, how: 'retired', by: 'somebody' } as const;
const occurrence: Occurrence = {
  rule: 'disabled-key-use',
  severity: 'critical',
  subject: { keyArn: KEY },
  about: {},
  group: 'group',
  eventId: 'event',
  time: instant(0),
  operation: 'Decrypt',
  caller: 'somebody',
  sentence: 'A Decrypt was refused.',
};
const report = (snapshot: Partial<Snapshot>, policy = DEFAULT_POLICY, now?: number) =>
  reportOf({ ...EMPTY, ...snapshot }, policy, sha256, now);

describe('a volume', () => {
  it.each([
    ['without grants', [], 'prepared'],
    ['with an open grant', [head, { ...head, grantId: 'grant-2', end }], 'granted'],
    [
      'whose grants are over',
      [
        { ...head, end },
        { ...head, grantId: 'grant-2', gone: instant(60) },
      ],
      'released',
    ],
  ] as const)('%s', (_, grants, status) => {
    expect(volumeReport(VOLUME, grants, 3)).toMatchObject({ ...VOLUME, status, decrypts: 3 });
  });

  it.each([
    ['open', head, { status: 'open', createdAt: instant(0) }],
    ['retired', { ...head, end }, { status: 'retired', createdAt: instant(0), endedAt: instant(50) }],
    ['of which only the end was seen', { keyArn: KEY, grantId: 'grant-1', end }, { status: 'retired', endedAt: instant(50) }],
    ['that the sweep found', { ...head, adopted: instant(5) }, { status: 'open', createdAt: instant(0), adopted: true }],
    ['that is gone', { ...head, gone: instant(60) }, { status: 'gone', createdAt: instant(0), goneBy: instant(60) }],
    [
      'that was gone before its end was heard of',
      { ...head, gone: instant(60), end },
      { status: 'retired', createdAt: instant(0), endedAt: instant(50) },
    ],
  ])('has a grant %s', (_, one: GrantHead, told) => {
    expect(volumeReport(VOLUME, [one], 0).grants).toStrictEqual([{ grantId: 'grant-1', ...told }]);
  });

  it('has its grants by their ids', () => {
    const grants = ['b', 'c', 'a'].map((grantId) => ({ ...head, grantId }));

    expect(volumeReport(VOLUME, grants, 0).grants.map(({ grantId }) => grantId)).toEqual(['a', 'b', 'c']);
  });
});

describe('the report of a ledger', () => {
  it('joins a volume’s grants and Decrypts, each event counted once', () => {
    const uses = [use('Decrypt', 'd-1', 1), use('Decrypt', 'd-1', 1), use('Decrypt', 'd-2', 2), use('GenerateDataKey', 'g', 0)];

    expect(report({ grants: [head], creations: [creation], uses }).volumes).toStrictEqual([
      { ...VOLUME, status: 'granted', grants: [{ grantId: 'grant-1', status: 'open', createdAt: instant(0) }], decrypts: 2 },
    ]);
  });

  it('tells no volume of a creation whose grant is not joined yet', () => {
    expect(report({ creations: [creation] }).volumes).toEqual([]);
  });

  it('tells no volume of what is attributed to none', () => {
    const { cluster: _cluster, volumeId: _volumeId, ...unattributed } = use('Decrypt', 'd', 0);
    const { volumeId: _of, ...ofNone } = creation;

    expect(report({ grants: [head], creations: [ofNone], uses: [unattributed] }).volumes).toEqual([]);
  });

  it('tells of what rules found in each fact, but for rules that the policy has off', () => {
    const found = (policy = DEFAULT_POLICY) => report({ occurrences: [occurrence] }, policy).findings.map(({ rule }) => rule);

    expect(found()).toEqual(['disabled-key-use']);
    expect(found({ ...DEFAULT_POLICY, rules: { 'disabled-key-use': 'off' } })).toEqual([]);
  });

  it('sorts volumes by their ids, then by their clusters and keys', () => {
    const uses = [
      { ...use('Decrypt', 'a', 0), volumeId: 'vol-2' },
      { ...use('Decrypt', 'b', 0), keyArn: SECOND_KEY },
      use('Decrypt', 'c', 0),
      { ...use('Decrypt', 'd', 0), cluster: { ...PROD, name: 'dev' } },
    ];

    expect(report({ uses }).volumes.map(({ volumeId, clusterName, keyArn }) => [volumeId, clusterName, keyArn])).toEqual([
      ['vol-1', 'dev', KEY],
      ['vol-1', PROD.name, KEY],
      ['vol-1', PROD.name, SECOND_KEY],
      ['vol-2', PROD.name, KEY],
    ]);
  });

  it('judges the age of grants only at a time of day', () => {
    const old = { ...DEFAULT_POLICY, orphanAfterHours: 1 };
    const rulesAt = (now?: number) => report({ grants: [head] }, old, now).findings.map(({ rule }) => rule);

    expect(rulesAt()).toEqual([]);
    expect(rulesAt(toSeconds(instant(3599)))).toEqual([]);
    expect(rulesAt(toSeconds(instant(3600)))).toEqual(['orphan-grant']);
  });

  it('has the evidence of each finding, by its id, as it has the findings', () => {
    const snapshot = { ...EMPTY, grants: [{ ...head, end }], creations: [creation], uses: [use('Decrypt', 'late', 90)] };
    const old = { ...DEFAULT_POLICY, orphanAfterHours: 1 };
    const both = { ...snapshot, grants: [...snapshot.grants, { ...head, grantId: 'grant-2', volumeId: 'vol-2' }] };
    const now = toSeconds(instant(4000));

    const evidence = evidenceOf(both, old, sha256, now);

    expect([...evidence.values()].map(({ first }) => first.rule).sort()).toEqual(['orphan-grant', 'use-after-release']);
    expect(findingsIn(evidence)).toEqual(reportOf(both, old, sha256, now).findings);
  });
});

describe('a finding', () => {
  it('has what its evidence says, and a Region where there is one', () => {
    const [finding] = findingsIn([['id', evidenceOfOne({ ...occurrence, about: { clusterName: 'prod' } })]]);
    const [inRegion] = findingsIn([['id', evidenceOfOne({ ...occurrence, region: 'us-east-1' })]]);

    expect(finding).toStrictEqual({
      id: 'id',
      rule: 'disabled-key-use',
      severity: 'critical',
      status: 'holds',
      title: 'A disabled key is still being used: cluster prod, key 11111111-1111-1111-1111-111111111111',
      clusterName: 'prod',
      caller: 'somebody',
      operation: 'Decrypt',
      keyArn: KEY,
      firstSeen: instant(0),
      lastSeen: instant(0),
      count: 1,
      eventIds: ['event'],
    });
    expect(inRegion?.region).toBe('us-east-1');
  });

  it('comes in the order of ids', () => {
    expect(findingsIn(['b', 'a'].map((id) => [id, evidenceOfOne(occurrence)] as const)).map(({ id }) => id)).toEqual(['a', 'b']);
  });
});

describe('the title of a finding', () => {
  const title = (subject: Subject, about: Subject = {}): string => titleOf({ rule: 'disabled-key-use', subject, about });
  const what = 'A disabled key is still being used';
  it.each([
    ['of nothing in particular', {}, what],
    ['of a cluster', { clusterName: 'prod' }, `${what}: cluster prod`],
    ['of a key', { keyArn: KEY }, `${what}: key 11111111-1111-1111-1111-111111111111`],
    ['of a key that its id alone names', { keyArn: 'mrk-1', keyStoreId: 'cks-1' }, `${what}: key mrk-1`],
    ['of a key store', { keyStoreId: 'cks-1' }, `${what}: key cks-1`],
    ['of a key in its store', { keyStoreId: 'cks-1', keyArn: 'key/k' }, `${what}: key k`],
    [
      'of a resource, without what its ARN begins with',
      { resource: 'arn:aws:cloudtrail:us-east-1:111122223333:trail/evidence' },
      `${what}: trail/evidence`,
    ],
    ['of a resource of no Region or account', { resource: 'arn:aws:s3:::archive' }, `${what}: archive`],
    [
      'of a resource whose name holds an ARN',
      { resource: 'of arn:aws:s3:us-east-1:111122223333:archive' },
      `${what}: of arn:aws:s3:us-east-1:111122223333:archive`,
    ],
    [
      'of all of them, the cluster first',
      { keyArn: KEY, resource: 'rule/audit', clusterName: 'prod' },
      `${what}: cluster prod, rule/audit, key 11111111-1111-1111-1111-111111111111`,
    ],
  ])('%s', (_, subject, expected) => {
    expect(title(subject)).toBe(expected);
  });

  it('names the subject where what it touches has the same', () => {
    expect(title({ clusterName: 'prod' }, { clusterName: 'dev', keyStoreId: 'cks-1' })).toBe(`${what}: cluster prod, key cks-1`);
  });

  it('shows hostile names as what they are, and cut short', () => {
    expect(title({ clusterName: '\u202eprod' })).toBe(`${what}: cluster \\u{202e}prod`);
    expect(title({ clusterName: 'c'.repeat(200) }).length).toBeLessThan(what.length + 100);
  });

  it('is the rule itself where another version made it', () => {
    expect(titleOf({ rule: 'of-tomorrow', subject: {}, about: {} })).toBe('of-tomorrow');
  });
});

describe('a key', () => {
  const change = (second: number, name: 'disabled' | 'enabled') => ({
    kind: 'key-changed' as const,
    eventId: `${second}`,
    time: instant(second),
    operation: name,
    caller,
    keyArn: KEY,
    change: name,
  });
  const resource = (kind: ResourceKind, id: string, second: number) => ({ keyArn: KEY, resource: { kind, id }, lastSeen: instant(second) });

  it('is reported with its state, who depends on it and what was seen using it', () => {
    const { keys } = report({
      grants: [head, { ...head, grantId: 'grant-2', end }, { keyArn: KEY, grantId: 'grant-3', created: orderOf(creation) }],
      changes: [change(0, 'disabled')],
      resources: [
        resource('ebs-volume', 'b', 1),
        resource('table', 'a', 3),
        resource('ebs-volume', 'a', 2),
        resource('ebs-volume', 'b', 4),
      ],
      sightings: [{ keyArn: KEY, seen: instant(-900), state: 'enabled', rotation: 'on' }],
    });

    expect(keys).toStrictEqual([
      {
        keyArn: KEY,
        state: 'disabled',
        rotation: 'on',
        openGrants: 2,
        clusters: [{ clusterAccount: PROD.account, clusterName: PROD.name, openGrants: 1 }],
        resources: [
          { kind: 'ebs-volume', id: 'a', lastSeen: instant(2) },
          { kind: 'table', id: 'a', lastSeen: instant(3) },
          { kind: 'ebs-volume', id: 'b', lastSeen: instant(4) },
        ],
      },
    ]);
  });

  it('has no state nor rotation that nobody saw', () => {
    const { keys } = report({ uses: [use('Decrypt', 'd', 0)], changes: [{ ...change(0, 'disabled'), keyArn: SECOND_KEY }] });

    expect(keys).toStrictEqual([
      { keyArn: KEY, openGrants: 0, clusters: [], resources: [] },
      { keyArn: SECOND_KEY, state: 'disabled', openGrants: 0, clusters: [], resources: [] },
    ]);
  });

  it('has the state that the sweep saw, where no change was', () => {
    const sightings = [
      { keyArn: KEY, seen: instant(0), state: 'pending-deletion' as const },
      { keyArn: SECOND_KEY, seen: instant(0), state: 'disabled' as const },
    ];

    expect(report({ uses: [use('Decrypt', 'd', 0)], sightings }).keys).toMatchObject([{ keyArn: KEY, state: 'pending-deletion' }]);
  });

  it.each([
    ['a grant', { grants: [head] }],
    ['a use', { uses: [use('Decrypt', 'd', 0)] }],
    ['a change', { changes: [change(0, 'disabled')] }],
    ['a resource', { resources: [resource('ebs-volume', 'a', 0)] }],
    ['a rehearsal', { rehearsals: [{ ...use('Decrypt', 'd', 0), kind: 'rehearsed' as const }] }],
    [
      'a refusal',
      {
        refusals: [
          { ...use('Decrypt', 'd', 0), kind: 'refused' as const, reason: 'disabled' as const, code: '', message: '', rehearsal: false },
        ],
      },
    ],
    [
      'a policy put',
      { others: [{ kind: 'key-policy-put' as const, eventId: 'p', time: instant(0), operation: 'PutKeyPolicy', caller, keyArn: KEY }] },
    ],
  ])('is known from %s', (_, snapshot: Partial<Snapshot>) => {
    expect(report(snapshot).keys.map(({ keyArn }) => keyArn)).toEqual([KEY]);
  });

  it('is not known from what names none', () => {
    const { keyArn: _, ...nameless } = { ...use('Decrypt', 'd', 0), kind: 'rehearsed' as const };

    expect(report({ rehearsals: [nameless] }).keys).toEqual([]);
  });

  it('is in the order of ARNs, whoever asks, with or without what a sweep saw', () => {
    const keys = keyReports({ keyArns: [SECOND_KEY, KEY], heads: [], changesOf: () => [], uses: [] });

    expect(keys.map(({ keyArn, state }) => [keyArn, state])).toEqual([
      [KEY, undefined],
      [SECOND_KEY, undefined],
    ]);
  });
});
