import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Caller } from '../../src/core/caller.ts';
import { type ClusterConfigured, type Fact, type GrantCreated, type KeyChanged, type KeyUsed, orderOf } from '../../src/core/fact.ts';
import { type GrantHead, grantStatus } from '../../src/core/grant.ts';
import { keyState } from '../../src/core/key-state.ts';
import type { KeyChange } from '../../src/core/operations.ts';
import { concernsSubject, isGrantOf, type Subject, type TimelineEntry, timelineOf } from '../../src/core/timeline.ts';
import { instant, KEY, PROD, SECOND_KEY } from '../support/fleet.ts';

const CHANGES: readonly KeyChange[] = [
  'enabled',
  'disabled',
  'deletion-scheduled',
  'deletion-cancelled',
  'deleted',
  'material-deleted',
  'material-imported',
];
const VOLUME: Subject = { kind: 'volume', clusterAccount: PROD.account, clusterName: PROD.name, volumeId: 'vol-1', keyArn: KEY };
const caller: Caller = { id: 'somebody', trusted: false, awsRole: false };

const changed = (change: KeyChange, second: number, serial: number): KeyChanged => ({
  kind: 'key-changed',
  eventId: `c${serial}`,
  time: instant(second),
  operation: change,
  caller,
  keyArn: KEY,
  change,
});

const created = (grant: number, second: number): GrantCreated => ({
  kind: 'grant-created',
  eventId: `g${grant}`,
  time: instant(second),
  operation: 'CreateGrant',
  caller,
  trust: 'trusted',
  keyArn: KEY,
  grantId: String(grant),
  cluster: PROD,
  volumeId: 'vol-1',
});

const headOf = (fact: GrantCreated, end: number | undefined): GrantHead => ({
  keyArn: KEY,
  grantId: fact.grantId,
  created: orderOf(fact),
  cluster: PROD,
  volumeId: 'vol-1',
  ...(end === undefined ? {} : { end: { order: `${instant(end)}#e${fact.grantId}`, how: 'retired', by: 'somebody' } }),
});

/** What is so after each entry, folded anew from all that came up to it. */
function foldedAnew(kind: Subject['kind'], entries: readonly TimelineEntry[], changes: readonly KeyChanged[]): string[] {
  const byOrder = new Map(changes.map((change) => [orderOf(change), change]));
  return entries.map((_, index) => {
    const past = entries.slice(0, index + 1);
    const idsOf = (wanted: string) => [...new Set(past.flatMap((entry) => (entry.kind === wanted ? (entry.grantId ?? []) : [])))];
    const ended = new Set(idsOf('grant-ended'));
    const open = idsOf('grant-created').filter((grantId) => !ended.has(grantId)).length;
    if (kind === 'volume') return idsOf('grant-created').length === 0 ? 'prepared' : open === 0 ? 'released' : 'granted';
    const state = keyState(past.flatMap((entry) => (entry.kind === 'key-changed' ? (byOrder.get(orderOf(entry)) ?? []) : [])));
    return `${state ?? 'state not seen'}, ${open} open ${open === 1 ? 'grant' : 'grants'}`;
  });
}

describe('timelineOf', () => {
  it.each<Subject>([VOLUME, { kind: 'key', keyArn: KEY }])('tells after each entry what folding anew tells: $kind', (of) => {
    const second = fc.integer({ min: 0, max: 4 });
    const change = fc.record({ change: fc.constantFrom(...CHANGES), at: second, serial: fc.nat(9) });
    const grant = fc.record({ made: second, end: fc.option(second, { nil: undefined }) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), fc.array(grant, { maxLength: 6 }), (some, lives) => {
        const changes = some.map((one, index) => changed(one.change, one.at, one.serial * 100 + index));
        const creations = lives.map(({ made }, index) => created(index, made));
        const grants = creations.map((creation, index) => headOf(creation, lives[index]?.end));
        expect(grants.filter((head) => grantStatus(head) === 'open')).toHaveLength(lives.filter(({ end }) => end === undefined).length);

        const { entries } = timelineOf({ of, facts: [...changes, ...creations], grants });

        expect(entries.map(({ status }) => status)).toEqual(foldedAnew(of.kind, entries, changes));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a second apart', (index: number) => index],
    ['within one second', () => 0],
  ])('takes time in proportion: 50,000 changes %s', (_, secondOf) => {
    const kinds = CHANGES.filter((change) => change !== 'deleted');
    const changes = Array.from({ length: 50_000 }, (_, index) => changed(kinds[index % kinds.length] ?? 'enabled', secondOf(index), index));
    const started = performance.now();
    expect(timelineOf({ of: { kind: 'key', keyArn: KEY }, facts: changes, grants: [] }).entries).toHaveLength(50_000);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('takes time in proportion: 50,000 grants of a volume', () => {
    const creations = Array.from({ length: 50_000 }, (_, index) => created(index, index));
    const grants = creations.map((creation, index) => headOf(creation, index + 1));
    const started = performance.now();
    expect(timelineOf({ of: VOLUME, facts: creations, grants }).status).toBe('released');
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

const OF_KEY = { kind: 'key', keyArn: KEY } as const;
const OF_CLUSTER = { kind: 'cluster', clusterAccount: PROD.account, clusterName: PROD.name } as const;
const OF_GRANT: Subject = { kind: 'grant', keyArn: KEY, grantId: '1' };
const used = (operation: string, second: number, volumeId = 'vol-1'): KeyUsed => ({
  kind: 'key-used',
  eventId: `u${second}`,
  time: instant(second),
  operation,
  caller,
  trust: 'trusted',
  keyArn: KEY,
  cluster: PROD,
  volumeId,
});
const set = (second: number, storage?: ClusterConfigured['storage']): ClusterConfigured => ({
  kind: 'cluster-configured',
  eventId: `s${second}`,
  time: instant(second),
  operation: 'UpdateCluster',
  caller,
  cluster: PROD,
  ...(storage === undefined ? {} : { storage }),
});

describe('an entry', () => {
  const entriesOf = (facts: readonly Fact[], grants: readonly GrantHead[] = []) =>
    timelineOf({ of: OF_KEY, facts, grants }).entries.map(({ status: _, ...entry }) => entry);

  it('tells what its fact tells, and nothing else', () => {
    const base = { eventId: 'c0', time: instant(0), operation: 'PutKeyPolicy', caller };

    expect(entriesOf([{ ...base, kind: 'key-policy-put', keyArn: KEY }, used('Decrypt', 1), set(2)])).toStrictEqual([
      { ...base, caller: 'somebody', kind: 'key-policy-put', keyArn: KEY },
      {
        time: instant(1),
        eventId: 'u1',
        kind: 'key-used',
        operation: 'Decrypt',
        caller: 'somebody',
        keyArn: KEY,
        clusterAccount: PROD.account,
        clusterName: 'prod',
        volumeId: 'vol-1',
      },
      {
        time: instant(2),
        eventId: 's2',
        kind: 'cluster-configured',
        operation: 'UpdateCluster',
        caller: 'somebody',
        clusterAccount: PROD.account,
        clusterName: 'prod',
        detail: 'leaves the storage’s keys as they were',
      },
    ]);
    expect(entriesOf([created(1, 1)])).toMatchObject([{ kind: 'grant-created', grantId: '1' }]);
    const { cluster: _, volumeId: __, ...claimed } = used('Decrypt', 1);
    expect(entriesOf([claimed])[0]).not.toHaveProperty('volumeId');
  });

  it.each<[GrantHead, object]>([
    [
      headOf(created(1, 1), 5),
      { time: instant(5), eventId: 'e1', operation: 'RetireGrant', caller: 'somebody', detail: 'retired', volumeId: 'vol-1' },
    ],
    [
      { keyArn: KEY, grantId: '1', end: { order: `${instant(5)}#r`, how: 'revoked', by: 'operator' } },
      { time: instant(5), eventId: 'r', operation: 'RevokeGrant', caller: 'operator', detail: 'revoked' },
    ],
    [
      { keyArn: KEY, grantId: '1', created: `${instant(1)}#e`, gone: instant(9) },
      { time: instant(9), eventId: 'listed:1', operation: 'ListGrants', caller: 'unknown', detail: 'gone' },
    ],
  ])('tells how a grant ended: %o', (head, expected) => {
    const cluster = head.cluster === undefined ? {} : { clusterAccount: PROD.account, clusterName: 'prod' };

    expect(entriesOf([], [head])).toStrictEqual([{ kind: 'grant-ended', keyArn: KEY, grantId: '1', ...cluster, ...expected }]);
  });

  it('is none of a grant that is open', () => {
    expect(entriesOf([], [headOf(created(1, 1), undefined)])).toEqual([]);
  });

  it.each<[string, Fact]>([
    ['to a grantee the record does not name for operations the record does not name', created(1, 1)],
    ['to somebody for Decrypt, Encrypt', { ...created(1, 1), grantee: 'somebody', operations: ['Decrypt', 'Encrypt'] }],
    [
      'listed by KMS, no record: to somebody for Decrypt',
      { ...created(1, 1), grantee: 'somebody', operations: ['Decrypt'], adopted: instant(2) },
    ],
    [
      'a rehearsal: disabled: It is disabled.',
      { ...used('Decrypt', 1), kind: 'refused', reason: 'disabled', code: 'C', message: 'It is disabled.', rehearsal: true },
    ],
    [
      'denied: AccessDenied',
      { ...used('Decrypt', 1), kind: 'refused', reason: 'denied', code: 'AccessDenied', message: '', rehearsal: false },
    ],
    ['disabled', changed('disabled', 1, 1)],
    [`Fargate storage: ${KEY}; volumes: no customer key`, set(1, { fargate: KEY })],
    [`Fargate storage: no customer key; volumes: ${KEY}`, set(1, { volumes: KEY })],
    ['task/1: KMS said no', { ...set(1), kind: 'task-stopped', taskArn: 'task/1', reason: 'KMS said no' }],
  ])('says in words: %s', (detail, fact) => {
    expect(entriesOf([fact])).toMatchObject([{ detail }]);
  });
});

describe('the order of entries', () => {
  it('is that of time, then of event ids, then of what they are of', () => {
    const ended = (grantId: string, keyArn = KEY): GrantHead => ({
      keyArn,
      grantId,
      end: { order: `${instant(1)}#b`, how: 'retired', by: 'x' },
    });
    const facts = [
      used('Decrypt', 2),
      { ...created(7, 1), eventId: 'b' },
      { ...used('Encrypt', 1), eventId: 'a' },
      { ...used('Sign', 1), eventId: 'b' },
    ];
    const { entries } = timelineOf({ of: OF_KEY, facts, grants: [ended('9'), ended('8')] });

    expect(entries.map(({ eventId, kind, grantId }) => [eventId, kind, grantId])).toEqual([
      ['a', 'key-used', undefined],
      ['b', 'grant-created', '7'],
      ['b', 'grant-ended', '8'],
      ['b', 'grant-ended', '9'],
      ['b', 'key-used', undefined],
      ['u2', 'key-used', undefined],
    ]);
  });

  it('leaves out an adopted creation whose record has since been seen', () => {
    const adopted: GrantCreated = { ...created(1, 1), eventId: 'listed:1', adopted: instant(9) };
    const record = created(1, 0);
    const of = (facts: readonly Fact[], grants: readonly GrantHead[]) =>
      timelineOf({ of: OF_KEY, facts, grants }).entries.map(({ eventId }) => eventId);

    expect(of([adopted, record], [headOf(record, undefined)])).toEqual(['g1']);
    expect(of([adopted], [headOf(adopted, undefined)])).toEqual(['listed:1']);
    expect(
      of(
        [adopted],
        [
          { ...headOf(record, undefined), grantId: '2' },
          { ...headOf(record, undefined), keyArn: SECOND_KEY },
        ],
      ),
    ).toEqual(['listed:1']);
  });
});

describe('the status', () => {
  const ended = (grantId: string, how: 'retired' | 'revoked', second: number): GrantHead => ({
    keyArn: KEY,
    grantId,
    end: { order: `${instant(second)}#e`, how, by: 'somebody' },
  });
  it.each<[string, Subject, readonly Fact[], readonly GrantHead[]]>([
    ['prepared', VOLUME, [], []],
    ['prepared', VOLUME, [used('Decrypt', 1)], []],
    ['granted', VOLUME, [created(1, 1), created(2, 2)], [headOf(created(1, 1), 3)]],
    ['released', VOLUME, [created(1, 1)], [headOf(created(1, 1), 3)]],
    ['unseen', OF_GRANT, [], []],
    ['unseen', OF_GRANT, [used('Decrypt', 1)], []],
    ['open', OF_GRANT, [created(1, 1), used('Decrypt', 2)], []],
    ['retired', OF_GRANT, [created(1, 1)], [ended('1', 'retired', 2)]],
    ['revoked', OF_GRANT, [used('Decrypt', 3)], [ended('1', 'revoked', 2)]],
    ['state not seen, 0 open grants', OF_KEY, [used('Decrypt', 1)], []],
    ['disabled, 1 open grant', OF_KEY, [changed('enabled', 1, 1), changed('disabled', 2, 2), created(1, 1)], []],
    ['state not seen, 1 open grant', OF_KEY, [created(1, 1), created(1, 1)], []],
    ['state not seen, 1 open grant', OF_KEY, [created(1, 2), created(2, 2)], [ended('1', 'retired', 1), ended('1', 'retired', 3)]],
    ['state not seen, 0 open grants', OF_KEY, [], [ended('1', 'retired', 1)]],
    ['state not seen, 2 open grants', OF_KEY, [created(1, 1), { ...created(1, 1), keyArn: SECOND_KEY, eventId: 'other' }], []],
    ['settings not seen, 0 open grants', OF_CLUSTER, [changed('disabled', 1, 1)], []],
    [`${KEY}, 1 open grant`, OF_CLUSTER, [set(1, { fargate: KEY }), created(1, 1), set(2), used('Decrypt', 3)], []],
    ['no customer key, 0 open grants', OF_CLUSTER, [set(1, { fargate: KEY }), set(2, { volumes: KEY })], []],
  ])('%s: $kind', (status, of, facts, grants) => {
    const told = timelineOf({ of, facts, grants });

    expect(told.status).toBe(status);
    expect(told.of).toBe(of);
    if (facts.length + grants.length > 0) expect(told.entries.at(-1)?.status).toBe(status);
  });
});

describe('what is missing', () => {
  const NO_CHANGE = { gap: 'no change of the key’s state was seen' };
  it.each<[string, Subject, readonly Fact[], readonly GrantHead[], readonly object[]]>([
    ['of a whole volume', VOLUME, [used('GenerateDataKeyWithoutPlaintext', 0), created(1, 1), used('Decrypt', 2)], [], []],
    [
      'of a volume that was never used',
      VOLUME,
      [created(1, 1)],
      [],
      [
        { gap: 'granted, no Decrypt seen', volumeId: 'vol-1' },
        { gap: 'granted, no data key seen', volumeId: 'vol-1' },
      ],
    ],
    ['of a volume that was never granted', VOLUME, [used('Decrypt', 1)], [], [{ gap: 'used, no grant seen', volumeId: 'vol-1' }]],
    [
      'of one that was used otherwise',
      VOLUME,
      [created(1, 1), used('ReGenerateDataKey', 2), used('Decrypts', 3), used('ReDecrypt', 4)],
      [],
      [
        { gap: 'granted, no Decrypt seen', volumeId: 'vol-1' },
        { gap: 'granted, no data key seen', volumeId: 'vol-1' },
      ],
    ],
    ['of a rehearsal and a refusal', VOLUME, [{ ...used('Decrypt', 1), kind: 'rehearsed' }], [], []],
    [
      'of a key whose volumes differ',
      OF_KEY,
      [changed('disabled', 0, 0), used('Decrypt', 1, 'vol-2'), used('Decrypt', 2, 'vol-1')],
      [],
      [
        { gap: 'used, no grant seen', volumeId: 'vol-1' },
        { gap: 'used, no grant seen', volumeId: 'vol-2' },
      ],
    ],
    ['of a key', OF_KEY, [set(1)], [], [NO_CHANGE]],
    [
      'of grants that were only seen to end',
      OF_GRANT,
      [],
      [
        { keyArn: KEY, grantId: '2', end: { order: `${instant(1)}#e`, how: 'revoked', by: 'x' } },
        { keyArn: KEY, grantId: '1', end: { order: `${instant(1)}#e`, how: 'revoked', by: 'x' } },
        headOf(created(3, 1), 2),
      ],
      [
        { gap: 'revoked, creation never seen', grantId: '1' },
        { gap: 'revoked, creation never seen', grantId: '2' },
      ],
    ],
    ['of a cluster', OF_CLUSTER, [changed('disabled', 0, 0)], [], [{ gap: 'the cluster’s settings were never seen' }]],
    ['of a cluster whose settings were seen', OF_CLUSTER, [set(1)], [], []],
  ])('%s', (_, of, facts, grants, gaps) => {
    expect(timelineOf({ of, facts, grants }).gaps).toStrictEqual(gaps);
  });
});

describe('what concerns', () => {
  const web = { ...PROD, name: 'web' };
  const elsewhere = { ...PROD, account: '123456789012' };
  const change = changed('disabled', 1, 1);

  it.each<[string, Fact, boolean, boolean]>([
    ['a use', used('Decrypt', 1), true, true],
    ['a use of another key', { ...used('Decrypt', 1), keyArn: SECOND_KEY }, false, true],
    ['a use by another cluster', { ...used('Decrypt', 1), cluster: web }, true, false],
    ['a use by one of that name', { ...used('Decrypt', 1), cluster: elsewhere }, true, false],
    ['a change of the key', change, true, false],
    ['settings without storage', set(1), false, true],
    ['settings for Fargate', { ...set(1, { fargate: KEY }), cluster: web }, true, false],
    ['settings for volumes', set(1, { volumes: KEY, fargate: SECOND_KEY }), true, true],
    ['settings of other keys', set(1, { volumes: SECOND_KEY, fargate: SECOND_KEY }), false, true],
  ])('a key, a cluster: %s', (_, fact, ofKey, ofCluster) => {
    expect([concernsSubject(OF_KEY, fact), concernsSubject(OF_CLUSTER, fact)]).toEqual([ofKey, ofCluster]);
  });

  it.each<[string, Partial<GrantHead>, boolean, boolean]>([
    ['its grant', { cluster: PROD }, true, true],
    ['a grant of another key', { keyArn: SECOND_KEY, cluster: PROD }, false, true],
    ['a grant of no cluster', {}, true, false],
    ['a grant of another cluster', { cluster: web }, true, false],
    ['a grant of one of that name', { cluster: elsewhere }, true, false],
  ])('a key, a cluster: %s', (_, fields, ofKey, ofCluster) => {
    const head = { keyArn: KEY, grantId: '1', ...fields };

    expect([isGrantOf(OF_KEY, head), isGrantOf(OF_CLUSTER, head)]).toEqual([ofKey, ofCluster]);
  });
});
