import { describe, expect, it } from 'vitest';
import { readEnvelope } from '../../src/core/envelope.ts';
import type { Fact } from '../../src/core/fact.ts';
import { propose } from '../../src/core/proposal.ts';
import { sha256 } from '../../src/system.ts';
import { ACCOUNT, createGrant, decrypt, ecsContext, KEY, OTHER_ACCOUNT, type RawRecord, record, user, userArn } from '../support/fleet.ts';

const factsOf = (records: readonly RawRecord[]): Fact[] =>
  records.map((raw) => {
    const [reading] = readEnvelope(raw, sha256);
    if (reading?.kind !== 'fact') throw new Error(JSON.stringify(reading));
    return reading.fact;
  });

const subset = (context: RawRecord): RawRecord => ({ encryptionContextSubset: context });

function strangersGrant(id: string, parameters: RawRecord): RawRecord {
  const request = { retiringPrincipal: undefined, granteePrincipal: userArn('export'), constraints: subset({ purpose: 'x' }) };
  return createGrant(id, { ...request, ...parameters }, { eventID: `event-${id}`, userIdentity: user('operator') });
}

describe('the profiles that are proposed', () => {
  it('are one for grants that differ in their volume alone, and others where anything else does', () => {
    const volume = (id: string, rest: RawRecord): RawRecord => subset({ ...rest, 'aws:ebs:id': id });
    const constraints = [
      volume('vol-1', { a: 'x', b: 'y' }),
      { encryptionContextSubset: { 'aws:ebs:id': 'vol-2', b: 'y', a: 'x' } },
      volume('vol-3', { a: 'x', b: 'z' }),
      { encryptionContextEquals: { a: 'x' } },
    ];
    const facts = factsOf(constraints.map((one, index) => strangersGrant(`g${index}`, { constraints: one })));

    const { profiles } = propose(facts);

    expect(profiles.map(({ profile, grants }) => [profile.name, profile.context, profile.contextMatch, grants])).toEqual([
      ['operator-to-export', { 'aws:ebs:id': '*', a: 'x', b: 'y' }, 'subset', 2],
      ['operator-to-export-2', { 'aws:ebs:id': '*', a: 'x', b: 'z' }, 'subset', 1],
      ['operator-to-export-3', { a: 'x' }, 'equals', 1],
    ]);
    expect(propose(facts.toReversed())).toEqual(propose(facts));
  });

  it('count a grant once, however often its record comes', () => {
    const facts = factsOf([strangersGrant('g', {}), strangersGrant('g', {}), { ...strangersGrant('g', {}), eventID: 'another' }]);

    expect(propose(facts).profiles).toMatchObject([{ grants: 1 }]);
  });

  it('are none for grants that a default profile expects', () => {
    expect(propose(factsOf([createGrant('g')]))).toMatchObject({ profiles: [], leftOut: [] });
  });

  it('come by name', () => {
    const grants = [
      strangersGrant('a', { granteePrincipal: userArn('export-1') }),
      strangersGrant('b', {}),
      strangersGrant('c', { constraints: subset({ purpose: 'y' }) }),
    ];

    const { profiles } = propose(factsOf(grants));

    expect(profiles.map(({ profile }) => profile.name)).toEqual(['operator-to-export', 'operator-to-export-1', 'operator-to-export-2']);
  });

  it.each([
    [`arn:aws:iam::${ACCOUNT}:role/path/Export`, 'export'],
    [`arn:aws:sts::${ACCOUNT}:assumed-role/export/job:nightly`, 'nightly'],
    [`arn:aws:iam::${ACCOUNT}:root`, 'root'],
    ['export', 'export'],
    ['mq.amazonaws.com', 'mq'],
    ['mq.amazonaws.com.cn', 'mq'],
    ['mq.amazonaws.com.example.com', 'mq-amazonaws-com-example-com'],
    [userArn('a_@b-c+d'), 'a-b-c-d'],
    [userArn('_x_'), 'x'],
    [userArn('x'.repeat(41)), 'x'.repeat(40)],
    [userArn(`${'x'.repeat(39)}_y`), 'x'.repeat(39)],
    [userArn('__'), 'somebody'],
  ])('call %s %s', (granteePrincipal, name) => {
    const { profiles } = propose(factsOf([strangersGrant('g', { granteePrincipal })]));

    expect(profiles).toMatchObject([{ profile: { name: `operator-to-${name}` } }]);
  });
});

describe('what no profile can describe', () => {
  it.each([
    ['no grantee', { granteePrincipal: undefined }, 'it names no grantee'],
    ['a wildcard in a name', { granteePrincipal: `${userArn('export')}*` }, 'its names cannot be written as patterns'],
    ['an operation that KMS does not document', { operations: ['Drink'] }, 'a policy knows no such operation: Drink'],
    [
      'a context that CloudTrail hides',
      { constraints: subset({ purpose: 'HIDDEN_DUE_TO_SECURITY_REASONS' }) },
      'its encryption context cannot be read',
    ],
  ])('is left out: %s', (_what, parameters, because) => {
    expect(propose(factsOf([strangersGrant('g', parameters)]))).toMatchObject({
      profiles: [],
      leftOut: [{ keyArn: KEY, grantId: 'g', because }],
    });
  });

  it('is told in order', () => {
    const grants = ['b', 'a'].map((id) => strangersGrant(id, { operations: ['Drink'] }));

    expect(propose(factsOf(grants)).leftOut.map(({ grantId }) => grantId)).toEqual(['a', 'b']);
  });
});

describe('the clusters and accounts that are proposed', () => {
  const use = (account: string, name = 'prod', overrides: RawRecord = {}): RawRecord => decrypt(ecsContext({ account, name }), overrides);

  it('are those seen in contexts, each once and in order', () => {
    const seen = [use(ACCOUNT, 'web'), use(ACCOUNT), use(ACCOUNT, 'web'), use(OTHER_ACCOUNT)];

    expect(propose(factsOf(seen))).toEqual({
      profiles: [],
      leftOut: [],
      clusters: ['prod', 'web'],
      accounts: [ACCOUNT, OTHER_ACCOUNT],
    });
  });

  it.each<[string, readonly RawRecord[], readonly string[]]>([
    ['in the key’s own account', [use(ACCOUNT)], ['prod']],
    ['where no cluster is named', [decrypt({ purpose: 'x' })], []],
    ['in what is no account', ['elsewhere', `x${OTHER_ACCOUNT}`, `${OTHER_ACCOUNT}x`].map((account) => use(account)), ['prod']],
    [
      'where no key is named',
      [use(OTHER_ACCOUNT, 'prod', { errorCode: 'ThrottlingException', errorMessage: 'Rate exceeded', resources: null })],
      ['prod'],
    ],
    [
      'in a call without context',
      [record('CreateCluster', { eventSource: 'ecs.amazonaws.com', requestParameters: { clusterName: 'prod' } })],
      [],
    ],
  ])('are no accounts %s', (_where, records, clusters) => {
    expect(propose(factsOf(records))).toEqual({ profiles: [], leftOut: [], clusters });
  });

  it('leave out what is no account', () => {
    expect(propose(factsOf(['elsewhere', OTHER_ACCOUNT, ACCOUNT].map((account) => use(account)))).accounts).toEqual([
      ACCOUNT,
      OTHER_ACCOUNT,
    ]);
  });
});
