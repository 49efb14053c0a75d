import { describe, expect, it } from 'vitest';
import { clusterNames, type EvidenceInput, evidenceReport } from '../../src/core/evidence/evidence-report.ts';
import type { EvidenceReport, Scope } from '../../src/core/evidence/model.ts';
import type { GrantCreated } from '../../src/core/fact.ts';
import type { GrantHead } from '../../src/core/grant.ts';
import { DEFAULT_POLICY } from '../../src/core/policy.ts';
import { evidenceOf, reportOf } from '../../src/core/report.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { toSeconds } from '../../src/core/timestamp.ts';
import type { Deviation, Verification } from '../../src/core/verify-clusters.ts';
import { sha256 } from '../../src/system.ts';
import { changed, created, EMPTY, occurrence, order, refused, rehearsed, used } from '../support/facts.ts';
import { ACCOUNT, instant, KEY, PROD, SECOND_KEY } from '../support/fleet.ts';

const OTHER = { account: ACCOUNT, name: 'other' };
const IN_PROD: Scope = { cluster: PROD.name };
const FIRST_OF_KEYS: Scope = { key: KEY.slice(-8) };

const judgedOf = (snapshot: Snapshot): EvidenceInput['judged'] => ({ snapshot, ...reportOf(snapshot, DEFAULT_POLICY, sha256) });

/** The report of a ledger that knows nothing but these. */
function reported(parts: Partial<Snapshot>, scope: Scope = {}, more: Partial<EvidenceInput> = {}): EvidenceReport {
  const snapshot = { ...EMPTY, ...parts };
  return evidenceReport({
    source: { records: ['events'] },
    scope,
    seen: snapshot,
    judged: judgedOf(snapshot),
    evidence: evidenceOf(snapshot, DEFAULT_POLICY, sha256),
    laterResources: 0,
    ...more,
  });
}

/** A grant as both its creation and its head have it. */
function granted(creation: GrantCreated, endSecond?: number): { readonly creation: GrantCreated; readonly head: GrantHead } {
  const { keyArn, grantId, cluster, volumeId, time, eventId } = creation;
  const whose = { ...(cluster === undefined ? {} : { cluster }), ...(volumeId === undefined ? {} : { volumeId }) };
  const end = { order: order(endSecond ?? 0, `end-${grantId}`), how: 'retired' as const, by: 'somebody' };
  return { creation, head: { keyArn, grantId, created: `${time}#${eventId}`, ...whose, ...(endSecond === undefined ? {} : { end }) } };
}

const ledgerOf = (...all: readonly ReturnType<typeof granted>[]): Pick<Snapshot, 'grants' | 'creations'> => ({
  grants: all.map(({ head }) => head),
  creations: all.map(({ creation }) => creation),
});

/** The names of what each list of a report holds. */
const grantIds = (grants: EvidenceReport['otherGrants']): string[] => grants.map(({ grantId }) => grantId);
const rules = ({ findings }: EvidenceReport): string[] => findings.map(({ rule }) => rule);

describe('what a report rests on', () => {
  it('is told as it was given, with the hearing of the ledger before it was judged', () => {
    const read = { events: { read: 3, audited: 1, duplicates: 0, outOfScope: 2, rejected: 0 }, sources: [] };
    const seen = { ...EMPTY, uses: [used(5), used(6), used(50)] };
    const now = toSeconds(instant(20));
    const scope = { since: instant(0), until: instant(30) };
    const { coverage, madeAt, source, policy, ...rest } = reported({}, scope, {
      read,
      seen,
      now,
      policy: 'policy.json',
      laterResources: 4,
    });

    expect({ madeAt, source, policy, scope: rest.scope }).toEqual({
      madeAt: instant(20),
      source: { records: ['events'] },
      policy: 'policy.json',
      scope,
    });
    expect(coverage).toMatchObject({ ...read, laterResources: 4, facts: 2, span: { from: instant(0), to: instant(20) } });
  });

  it('says nothing of what is not known', () => {
    expect(reported({})).toStrictEqual({
      source: { records: ['events'] },
      scope: {},
      coverage: { laterResources: 0, facts: 0, silentAfterSeconds: 6 * 3600, silences: [] },
      findings: [],
      keys: [],
      clusters: [],
      refusals: [],
      volumes: [],
      otherGrants: [],
    });
  });
});

describe('the findings of a report', () => {
  const about = { clusterAccount: PROD.account, clusterName: PROD.name };

  it('come gravest first, then latest, each with its last evidence', () => {
    const made = reported({
      occurrences: [
        occurrence('key-policy-changed', 40, { severity: 'medium' }),
        occurrence('launch-blocked', 10),
        occurrence('launch-blocked', 20),
        occurrence('key-made-unusable', 30),
        occurrence('disabled-key-use', 5, { severity: 'critical' }),
      ],
    });

    expect(made.findings.map(({ rule, sentence }) => [rule, sentence])).toEqual([
      ['disabled-key-use', 'disabled-key-use at 5'],
      ['key-made-unusable', 'key-made-unusable at 30'],
      ['launch-blocked', 'launch-blocked at 20'],
      ['key-policy-changed', 'key-policy-changed at 40'],
    ]);
  });

  it('have no sentence where their evidence is not kept', () => {
    const [finding] = reported({ occurrences: [occurrence('launch-blocked', 10)] }, {}, { evidence: new Map() }).findings;

    expect(finding).toMatchObject({ rule: 'launch-blocked', open: true });
    expect(finding).not.toHaveProperty('sentence');
  });

  it('tell what became of them, and stay in a later period only while they are open', () => {
    const parts = {
      occurrences: [
        occurrence('unexpected-grantee', 10, { subject: { keyArn: KEY, grantId: 'a' } }),
        occurrence('launch-blocked', 10),
        occurrence('key-policy-changed', 10),
      ],
      ...ledgerOf(granted(created('a', 10), 20)),
    };
    const settledId = reported(parts).findings.find(({ rule }) => rule === 'key-policy-changed')?.id ?? '';
    const settlement = { at: instant(30), reason: 'known', through: instant(10) };
    const of = (since: number) => reported({ ...parts, settlements: new Map([[settledId, settlement]]) }, { since: instant(since) });

    const standing = new Map(of(10).findings.map(({ rule, open, endedAt, settled }) => [rule, { open, endedAt, settled }]));
    expect(standing).toEqual(
      new Map([
        ['unexpected-grantee', { open: false, endedAt: instant(20), settled: undefined }],
        ['launch-blocked', { open: true, endedAt: undefined, settled: undefined }],
        ['key-policy-changed', { open: false, endedAt: undefined, settled: settlement }],
      ]),
    );
    expect(rules(of(11))).toEqual(['launch-blocked']);
  });

  it('are those of the cluster and of the keys that are meant', () => {
    const parts = {
      occurrences: [
        occurrence('launch-blocked', 1, { about }),
        occurrence('disabled-key-use', 2, { about: { ...about, clusterName: 'other' } }),
        occurrence('key-made-unusable', 3, { subject: { keyArn: SECOND_KEY } }),
        occurrence('audit-blind-spot', 4, { subject: { resource: 'trail' } }),
      ],
    };

    expect(rules(reported(parts))).toHaveLength(4);
    expect(rules(reported(parts, IN_PROD))).toEqual(['launch-blocked']);
    expect(rules(reported(parts, FIRST_OF_KEYS))).toEqual(['disabled-key-use', 'launch-blocked']);
  });
});

describe('the volumes of a report', () => {
  it('tell their last decryption, their grants with their events, and the findings about either, once', () => {
    const { volumes } = reported({
      ...ledgerOf(granted(created('b', 11), 60), granted(created('a', 10, { grantee: 'fargate.example.com', operations: ['Decrypt'] }))),
      uses: [used(20), used(40), used(30), used(50, { operation: 'GenerateDataKeyWithoutPlaintext' })],
      occurrences: [
        occurrence('unexpected-grantee', 10, { subject: { keyArn: KEY, grantId: 'a' }, about: { volumeId: 'vol-1' } }),
        occurrence('delegating-grant', 10, { subject: { keyArn: KEY, grantId: 'b' } }),
        occurrence('launch-blocked', 10, { about: { volumeId: 'vol-1' } }),
        occurrence('disabled-key-use', 10, { about: { volumeId: 'vol-2' } }),
      ],
    });

    expect(volumes).toMatchObject([
      {
        volumeId: 'vol-1',
        keyArn: KEY,
        clusterName: PROD.name,
        status: 'granted',
        decrypts: 3,
        lastDecryptAt: instant(40),
        grants: [
          {
            grantId: 'a',
            status: 'open',
            grantedEventId: 'CreateGrant-10',
            grantee: 'fargate.example.com',
            findings: [expect.any(String)],
          },
          { grantId: 'b', status: 'retired', endedEventId: 'end-b', findings: [expect.any(String)] },
        ],
      },
    ]);
    const [ids = []] = volumes.map(({ findings }) => findings);
    expect(ids).toHaveLength(3);
    expect(ids).toEqual([...new Set(ids)].sort());
    expect(volumes[0]?.grants.every(({ findings }) => findings.every((id) => ids.includes(id)))).toBe(true);
  });

  it.each([
    ['volume', { volumeId: 'vol-2' }],
    ['cluster', { cluster: OTHER }],
    ['account', { cluster: { ...PROD, account: '123456789012' } }],
    ['key', { keyArn: SECOND_KEY }],
  ])('are not mixed with those of another %s', (_, of) => {
    const { volumes } = reported({ uses: [used(10), used(20, of), used(30, { ...of, operation: 'GenerateDataKey' })] });

    expect(volumes.map(({ lastDecryptAt }) => lastDecryptAt).sort()).toEqual([instant(10), instant(20)]);
  });

  it('that were never decrypted have no last decryption', () => {
    const [volume] = reported({ uses: [used(10, { operation: 'GenerateDataKeyWithoutPlaintext' })] }).volumes;

    expect(volume).toMatchObject({ volumeId: 'vol-1', decrypts: 0, grants: [], findings: [] });
    expect(volume).not.toHaveProperty('lastDecryptAt');
  });

  it('are none where a use names no volume', () => {
    const { cluster: _, volumeId: __, ...nobodys } = used(10);

    expect(reported({ uses: [nobodys] }).volumes).toEqual([]);
  });

  it.each<[string, Partial<Snapshot>, string[]]>([
    [
      'with the grants that were open in it',
      ledgerOf(granted(created('a', 1), 99), granted(created('b', 2), 100), granted(created('c', 3))),
      ['vol-1 b c'],
    ],
    ['not where all of them were over', ledgerOf(granted(created('a', 1), 99)), []],
    ['all the same where they were used in it', { ...ledgerOf(granted(created('a', 1), 99)), uses: [used(100)] }, ['vol-1 ']],
    ['where they were used and never granted', { uses: [used(100, { operation: 'GenerateDataKeyWithoutPlaintext' })] }, ['vol-1 ']],
    ['not where they were used before it', { uses: [used(99)] }, []],
  ])('are told of a period %s', (_, parts, names) => {
    const { volumes } = reported(parts, { since: instant(100) });

    expect(volumes.map(({ volumeId, grants }) => `${volumeId} ${grantIds(grants).join(' ')}`)).toEqual(names);
  });

  it('are those of the cluster and of the keys that are meant', () => {
    const parts = { uses: [used(1), used(2, { volumeId: 'vol-2', cluster: OTHER }), used(3, { volumeId: 'vol-3', keyArn: SECOND_KEY })] };
    const ids = (scope: Scope) => reported(parts, scope).volumes.map(({ volumeId }) => volumeId);

    expect(ids({})).toEqual(['vol-1', 'vol-2', 'vol-3']);
    expect(ids(IN_PROD)).toEqual(['vol-1', 'vol-3']);
    expect(ids(FIRST_OF_KEYS)).toEqual(['vol-1', 'vol-2']);
    expect(ids({ ...IN_PROD, ...FIRST_OF_KEYS })).toEqual(['vol-1']);
  });

  it('are summed up by cluster', () => {
    const parts = {
      ...ledgerOf(granted(created('a', 1))),
      uses: [used(5)],
      refusals: [refused(6)],
      occurrences: [occurrence('launch-blocked', 7)],
    };

    expect(reported(parts).clusters).toEqual([
      {
        clusterAccount: PROD.account,
        clusterName: PROD.name,
        volumes: 1,
        openGrants: 1,
        decrypts: 1,
        refusals: 1,
        findings: 0,
        keyArns: [KEY],
      },
    ]);
  });
});

describe('the other grants of a report', () => {
  const { cluster, volumeId, ...nobodys } = created('z', 1);
  const END = { order: order(60, 'end'), how: 'retired' as const, by: 'somebody' };

  it('belong to no volume, or were only seen to end, and are told by name', () => {
    const { grants, creations } = ledgerOf(granted(nobodys), granted(created('a', 2)));
    const made = reported({
      grants: [...grants, { keyArn: KEY, grantId: 'b', end: END }],
      creations,
      occurrences: [occurrence('unexpected-grantee', 1, { subject: { keyArn: KEY, grantId: 'z' } })],
    });

    expect(made.otherGrants).toMatchObject([
      { grantId: 'b', status: 'retired', endedEventId: 'end', findings: [] },
      { grantId: 'z', status: 'open', grantedEventId: 'CreateGrant-1', findings: made.findings.map(({ id }) => id) },
    ]);
    expect(made.volumes.flatMap(({ grants: own }) => grantIds(own))).toEqual(['a']);
  });

  it.each<[string, Scope, string[]]>([
    ['whole ledger', {}, ['b', 'z', 'y']],
    ['cluster', IN_PROD, ['b']],
    ['keys', FIRST_OF_KEYS, ['b', 'z']],
    ['period', { since: instant(61) }, ['z', 'y']],
  ])('are those of the %s that is meant', (_, scope, ids) => {
    const grants = [
      { ...granted(nobodys).head },
      { ...granted({ ...nobodys, grantId: 'y', keyArn: SECOND_KEY }).head },
      { keyArn: KEY, grantId: 'b', cluster: PROD, end: END },
    ];

    expect(grantIds(reported({ grants }, scope).otherGrants)).toEqual(ids);
  });

  it('are none of those of a volume that is left out', () => {
    const parts = ledgerOf(granted(created('a', 1, { cluster: OTHER })));

    expect(reported(parts, IN_PROD)).toMatchObject({ volumes: [], otherGrants: [] });
    expect(reported({ grants: parts.grants, creations: [] }, {}).otherGrants).toHaveLength(1);
  });
});

describe('the refusals of a report', () => {
  it('tell everything that is known', () => {
    const resource = { kind: 'secret' as const, id: 'orders' };
    const { keyArn, cluster, volumeId, ...bare } = refused(10, { rehearsal: true });
    const told = {
      time: instant(10),
      eventId: 'Decrypt-10',
      operation: 'Decrypt',
      reason: 'disabled',
      code: 'DisabledException',
      message: 'is disabled',
      caller: 'somebody',
    };

    expect(reported({ refusals: [refused(10, { resource })] }).refusals).toStrictEqual([
      {
        ...told,
        rehearsal: false,
        keyArn: KEY,
        clusterAccount: PROD.account,
        clusterName: PROD.name,
        volumeId: 'vol-1',
        resource: 'secret orders',
      },
    ]);
    expect(reported({ refusals: [bare] }).refusals).toStrictEqual([{ ...told, rehearsal: true }]);
  });

  it.each<[string, Scope, string[]]>([
    ['whole ledger, by time, then event', {}, ['a', 'b', 'c', 'd']],
    ['cluster', IN_PROD, ['a', 'b', 'd']],
    ['keys', FIRST_OF_KEYS, ['a', 'b', 'c']],
    ['period', { since: instant(20) }, ['b', 'c', 'd']],
  ])('are those of the %s that is meant', (_, scope, ids) => {
    const refusals = [
      refused(30, { eventId: 'd', keyArn: SECOND_KEY }),
      refused(20, { eventId: 'c', cluster: OTHER }),
      refused(20, { eventId: 'b' }),
      refused(19, { eventId: 'a' }),
    ];

    expect(reported({ refusals }, scope).refusals.map(({ eventId }) => eventId)).toEqual(ids);
  });
});

describe('the keys of a report', () => {
  it('tell who changed them, earliest first', () => {
    const { keys } = reported({
      uses: [used(1, { keyArn: SECOND_KEY })],
      changes: [changed('enabled', 40, { operation: 'EnableKey', eventId: 'later' }), changed('disabled', 30)],
    });

    expect(keys).toMatchObject([{ keyArn: KEY, state: 'enabled' }, { keyArn: SECOND_KEY }]);
    expect(keys.map(({ changes }) => changes)).toStrictEqual([
      [
        { time: instant(30), change: 'disabled', operation: 'DisableKey', caller: 'somebody', eventId: 'DisableKey-30' },
        { time: instant(40), change: 'enabled', operation: 'EnableKey', caller: 'somebody', eventId: 'later' },
      ],
      [],
    ]);
  });

  const keyArns = (parts: Partial<Snapshot>, scope: Scope): string[] => reported(parts, scope).keys.map(({ keyArn }) => keyArn);

  it('are all those that are meant, whatever happened to them', () => {
    const parts = { changes: [changed('disabled', 1), changed('disabled', 2, { keyArn: SECOND_KEY })] };

    expect(keyArns(parts, {})).toEqual([KEY, SECOND_KEY]);
    expect(keyArns(parts, FIRST_OF_KEYS)).toEqual([KEY]);
  });

  it.each<[string, Partial<Snapshot>]>([
    ['volume', { uses: [used(1)] }],
    ['grant', { grants: [{ keyArn: KEY, grantId: 'a', cluster: PROD, created: order(1, 'creation') }] }],
    ['refusal', { refusals: [refused(1)] }],
    ['finding', { occurrences: [occurrence('launch-blocked', 1, { about: { clusterAccount: PROD.account, clusterName: PROD.name } })] }],
  ])('are, of a cluster, those that a %s of it names', (_, parts) => {
    const changes = [changed('disabled', 1), changed('disabled', 2, { keyArn: SECOND_KEY })];

    expect(keyArns({ changes, ...parts }, IN_PROD)).toEqual([KEY]);
    expect(keyArns({ changes, ...parts }, { ...IN_PROD, key: SECOND_KEY })).toEqual([]);
    expect(keyArns({ changes, ...parts }, { cluster: 'other' })).toEqual([]);
  });
});

describe('what ECS said in a report', () => {
  const deviations: Deviation[] = [
    { kind: 'cluster-without-customer-key', cluster: PROD, tasks: 2 },
    { kind: 'task-on-other-key', cluster: PROD, taskArn: 'task/1', keyArn: SECOND_KEY, clusterKeyArn: KEY },
    { kind: 'task-on-other-key', cluster: PROD, taskArn: 'task/2', clusterKeyArn: KEY },
    { kind: 'tasks-without-grant', cluster: OTHER, keyArn: KEY, tasks: 3, openGrants: 1 },
  ];
  const verification: Verification = {
    at: instant(50),
    clusters: 2,
    tasks: 5,
    deviations,
    more: 7,
    verified: [],
    failed: [{ what: 'cluster/web', why: 'AccessDenied' }],
  };
  const told = (scope: Scope) => reported({}, scope, { verification }).verification;

  it('is told with each deviation in a sentence', () => {
    const whose = { clusterAccount: PROD.account, clusterName: PROD.name };
    const { verified: _, ...rest } = verification;

    expect(told({})).toStrictEqual({
      ...rest,
      deviations: [
        { kind: 'cluster-without-customer-key', ...whose, sentence: expect.stringContaining('no customer key') },
        { kind: 'task-on-other-key', ...whose, taskArn: 'task/1', keyArn: SECOND_KEY, sentence: expect.stringContaining('task/1') },
        { kind: 'task-on-other-key', ...whose, taskArn: 'task/2', sentence: expect.stringContaining('task/2') },
        { kind: 'tasks-without-grant', ...whose, clusterName: 'other', keyArn: KEY, sentence: expect.stringContaining('3 tasks') },
      ],
    });
  });

  it.each<[string, Scope, number[]]>([
    ['cluster', IN_PROD, [0, 1, 2]],
    ['keys', FIRST_OF_KEYS, [3]],
  ])('tells of the %s that is meant', (_, scope, indices) => {
    expect(told(scope)?.deviations.map(({ kind }) => kind)).toEqual(indices.map((index) => deviations[index]?.kind));
  });

  it.each<[string, Scope, boolean]>([
    ['in it', { since: instant(50), until: instant(50) }, true],
    ['after its start', { since: instant(49) }, true],
    ['before its end', { until: instant(51) }, true],
    ['before it', { since: instant(51) }, false],
    ['after it', { until: instant(49) }, false],
  ])('belongs to a period when it was asked %s', (_, scope, belongs) => {
    expect('verification' in reported({}, scope, { verification })).toBe(belongs);
  });
});

it('every cluster that the ledger has heard of is known by name, once', () => {
  const named = (name: string) => ({ cluster: { account: ACCOUNT, name } });
  const { cluster: _, ...nobodys } = refused(1);
  const snapshot: Snapshot = {
    ...EMPTY,
    grants: [
      { keyArn: KEY, grantId: 'a', ...named('grant') },
      { keyArn: KEY, grantId: 'b' },
    ],
    uses: [used(1, named('volume'))],
    rehearsals: [rehearsed(1, named('rehearsal'))],
    refusals: [refused(1, named('refusal')), refused(2, named('refusal')), nobodys],
    occurrences: [occurrence('launch-blocked', 1, { about: { clusterName: 'finding' } }), occurrence('key-made-unusable', 1)],
  };

  expect(clusterNames(judgedOf(snapshot))).toEqual(['finding', 'grant', 'refusal', 'rehearsal', 'volume']);
});
