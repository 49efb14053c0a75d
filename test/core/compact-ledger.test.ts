import { describe, expect, it } from 'vitest';
import { CompactLedger } from '../../src/core/compact-ledger.ts';
import { type Fact, type GrantCreated, type GrantEnded, type KeyChanged, type KeyUsed, orderOf } from '../../src/core/fact.ts';
import { PackedGrants } from '../../src/core/packed/packed-grants.ts';
import { PackedStrings } from '../../src/core/packed/packed-strings.ts';
import { PackedVolumes } from '../../src/core/packed/packed-volumes.ts';
import { DEFAULT_POLICY } from '../../src/core/policy.ts';
import { sha256 } from '../../src/system.ts';
import { ACCOUNT, instant, KEY, OTHER_ACCOUNT, SECOND_KEY } from '../support/fleet.ts';
import { retained } from '../support/retained.ts';

const caller = { id: 'ec2.amazonaws.com', trusted: true, awsRole: false };
const web = { account: ACCOUNT, name: 'web' };
const api = { account: OTHER_ACCOUNT, name: 'api' };

function created(grantId: string, second: number, named: Pick<GrantCreated, 'cluster' | 'volumeId'> = {}, keyArn = KEY): GrantCreated {
  const told = { eventId: `${grantId} begins at ${second}`, time: instant(second), operation: 'CreateGrant', caller };
  return { kind: 'grant-created', ...told, trust: 'trusted', ...named, keyArn, grantId };
}

function ended(grantId: string, second: number, how: GrantEnded['how'] = 'retired', by = caller.id): GrantEnded {
  const told = { eventId: `${grantId} ends at ${second}`, time: instant(second), operation: 'RetireGrant', caller: { ...caller, id: by } };
  return { kind: 'grant-ended', ...told, keyArn: KEY, grantId, how };
}

function used(eventId: string, second: number, volumeId = 'vol-1', cluster = web, keyArn = KEY): KeyUsed {
  const told = { eventId, time: instant(second), operation: 'Decrypt', caller };
  return { kind: 'key-used', ...told, trust: 'trusted', cluster, volumeId, keyArn };
}

function changed(change: KeyChanged['change'], second: number, keyArn = KEY): KeyChanged {
  const told = { eventId: `${change} at ${second}`, time: instant(second), operation: 'any', caller };
  return { kind: 'key-changed', ...told, keyArn, change };
}

function ledgerOf(facts: readonly Fact[]): CompactLedger {
  const ledger = new CompactLedger(DEFAULT_POLICY, sha256);
  for (const fact of facts) ledger.take({ kind: 'fact', fact });
  return ledger;
}

const usesAfterRelease = (facts: readonly Fact[]) =>
  ledgerOf(facts)
    .findings()
    .filter(({ rule }) => rule === 'use-after-release');

describe('the volumes of a compact ledger', () => {
  it('are sorted by id, namesakes by cluster and by key', () => {
    const volumes = [
      ...ledgerOf([
        used('1', 0, 'vol-2', api),
        used('2', 0, 'vol-3'),
        used('3', 0, 'vol-2', web, SECOND_KEY),
        used('4', 0, 'vol-2', web, KEY),
        used('5', 0, 'vol-1'),
      ]).volumes(),
    ];
    expect(volumes.map(({ volumeId, clusterName, keyArn }) => [volumeId, clusterName, keyArn])).toEqual([
      ['vol-1', 'web', KEY],
      ['vol-2', 'web', KEY],
      ['vol-2', 'web', SECOND_KEY],
      ['vol-2', 'api', KEY],
      ['vol-3', 'web', KEY],
    ]);
  });

  it('count each Decrypt once, whatever came between', () => {
    const events = ['a', 'b', 'c', 'a', 'b', 'a', 'a'].map((eventId) => used(eventId, 0));
    expect([...ledgerOf(events).volumes()]).toMatchObject([{ decrypts: 3 }]);
  });

  it('know of a grant that was told of twice once', () => {
    const creation = created('a', 0, { cluster: web, volumeId: 'vol-1' });
    expect([...ledgerOf([creation, ended('a', 1), creation]).volumes()]).toMatchObject([
      { status: 'released', grants: [{ grantId: 'a', status: 'retired' }] },
    ]);
  });
});

describe('a use after release', () => {
  const late = Array.from({ length: 2_500 }, (_, of) => used(`late ${of}`, 10));
  const one = created('a', 0, { cluster: web, volumeId: 'vol-1' });

  it.each<[string, readonly Fact[], readonly number[]]>([
    ['is every Decrypt after all grants, however many', [one, ended('a', 5), used('early', 1), ...late], [2_500]],
    [
      'holds though a grant came later that is open',
      [one, ended('a', 5), used('late', 10), created('b', 20, { cluster: web, volumeId: 'vol-1' })],
      [1],
    ],
    ['is none while a grant is open', [one, used('late', 10)], []],
    ['is none of a volume that has no grant', [one, ended('a', 5), used('late', 10, 'vol-2')], []],
    ['is none without a Decrypt', [one, ended('a', 5)], []],
  ])('%s', (_, facts, counts) => {
    expect(usesAfterRelease(facts).map(({ count }) => count)).toEqual(counts);
  });
});

describe('the keys of a compact ledger', () => {
  it('stand as their latest change says, however many came', () => {
    const round = ['disabled', 'enabled', 'deletion-scheduled'] as const;
    const changes = Array.from({ length: 256 }, (_, of) => round.map((change, at) => changed(change, 3 * of + at))).flat();
    const keys = ledgerOf([...changes.slice(0, -2), changed('material-deleted', 7, SECOND_KEY)]).keys();
    expect(keys).toMatchObject([
      { keyArn: KEY, state: 'disabled' },
      { keyArn: SECOND_KEY, state: 'pending-import' },
    ]);
  });
});

describe('packed grants', () => {
  function packed(facts: readonly (GrantCreated | GrantEnded)[]): PackedGrants {
    const [keys, events] = [new PackedStrings(), new PackedStrings()];
    const volumes = new PackedVolumes(keys, events);
    const grants = new PackedGrants(keys, volumes, events);
    volumes.add({ clusterAccount: api.account, clusterName: api.name, volumeId: 'vol-0', keyArn: KEY });
    for (const fact of facts) {
      const { cluster, volumeId } = { cluster: undefined, volumeId: undefined, ...fact };
      const volume =
        cluster && volumeId && volumes.add({ clusterAccount: cluster.account, clusterName: cluster.name, volumeId, keyArn: fact.keyArn });
      if (fact.kind === 'grant-ended') grants.addEnding(fact);
      else grants.addCreation(fact, volume || undefined);
    }
    return grants;
  }
  const head = (grantId: string, rest: object) => ({ keyArn: KEY, grantId, ...rest });

  it.each<[string, readonly (GrantCreated | GrantEnded)[], object]>([
    ['a creation that names nothing', [created('a', 0)], { created: orderOf(created('a', 0)) }],
    ['one that names its cluster', [created('a', 0, { cluster: web })], { created: orderOf(created('a', 0)), cluster: web }],
    ['one that names a cluster known before', [created('a', 0, { cluster: api })], { created: orderOf(created('a', 0)), cluster: api }],
    [
      'one that names its volume',
      [created('a', 0, { cluster: web, volumeId: 'vol-1' })],
      { created: orderOf(created('a', 0)), cluster: web, volumeId: 'vol-1' },
    ],
    ['an end alone', [ended('a', 1)], { end: { order: orderOf(ended('a', 1)), how: 'retired', by: caller.id } }],
    [
      'the earliest creation and the earliest end',
      [
        created('a', 3, { cluster: api }),
        ended('a', 9),
        created('a', 1, { cluster: web }),
        ended('a', 5, 'revoked', 'somebody'),
        ended('a', 7),
        created('a', 2),
      ],
      {
        created: orderOf(created('a', 1)),
        cluster: web,
        end: { order: orderOf(ended('a', 5)), how: 'revoked', by: 'somebody' },
      },
    ],
  ])('say of %s what its records say, and no more', (_, facts, expected) => {
    expect([...packed(facts).heads()]).toStrictEqual([head('a', expected)]);
  });

  it('take no more room when they are told of again', () => {
    const grants = packed([created('a', 0), ended('a', 1)]);
    const held = retained(() => {
      for (let told = 0; told < 10_000; told += 1) grants.addEnding(ended('a', 1));
    });
    expect(held).toBeLessThan(10_000);
    expect([...grants.heads()]).toHaveLength(1);
  });
});
