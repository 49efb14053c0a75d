import { createHash } from 'node:crypto';
import type { Cluster, Resource } from '../core/encryption-context.ts';
import { type Fact, type GrantCreated, orderOf, type StandingFact, type Volume, volumeOf } from '../core/fact.ts';
import { fromKeyPart, keyPart } from '../core/text.ts';

/** Where an item lives in the table. */
export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

/** The sort key of the one item a grant, or a group's alert note, has. */
const HEAD = '#';
/** The sparse index of open grants by key, and of what waits for the sweep. */
export const OPEN_INDEX = 'open';
/** The index key under which candidates wait for the sweep. */
export const PENDING = 'pending';

const joined = (...parts: readonly string[]): string => parts.map(keyPart).join('/');
const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

/** A volume's timeline: its creations `G#…` and uses `U#…`. Only trusted contexts name volumes. */
export const volumePartition = ({ clusterAccount, clusterName, volumeId, keyArn }: Volume): string =>
  joined('V', clusterAccount, clusterName, volumeId, keyArn);

/** The volume of a timeline's partition key; undefined for any other. */
export function volumeOfPartition(pk: string): Volume | undefined {
  const [kind, clusterAccount, clusterName, volumeId, keyArn] = pk.split('/').map(fromKeyPart);
  if (kind !== 'V' || clusterAccount === undefined || clusterName === undefined || volumeId === undefined || keyArn === undefined)
    return undefined;
  return { clusterAccount, clusterName, volumeId, keyArn };
}

/** A grant's one item, where its creation and its ending meet. */
export const grantKey = ({ keyArn, grantId }: { readonly keyArn: string; readonly grantId: string }): ItemKey => ({
  pk: joined('G', keyArn, grantId),
  sk: HEAD,
});

/** The key ARN and grant id of a grant's partition key. */
export function grantOfPartition(pk: string): { readonly keyArn: string; readonly grantId: string } {
  const [, keyArn = '', grantId = ''] = pk.split('/').map(fromKeyPart);
  return { keyArn, grantId };
}

/** The sort key of the open-grants index: cluster and volume, so that one Query lists a key's dependents in order. */
export const openSortKey = (cluster: Cluster | undefined, volumeId: string | undefined): string =>
  cluster === undefined ? '-' : joined(cluster.account, cluster.name, volumeId ?? '');

/** What the {@link openSortKey} of every volume of a cluster begins with. */
export const openSortPrefix = ({ account, name }: Cluster): string => `${joined(account, name)}/`;

/** The cluster and volume of an {@link openSortKey}. */
export function ofOpenSortKey(is: string): { readonly cluster?: Cluster; readonly volumeId?: string } {
  const [account, name, volumeId] = is.split('/').map(fromKeyPart);
  if (account === undefined || name === undefined) return {};
  return { cluster: { account, name }, ...(volumeId ? { volumeId } : {}) };
}

/** Where a fact is kept: with its volume, else its grant, else its key; what concerns a cluster, a trail or a rule with that. `S#` is a change of state. */
export function factKey(fact: GrantCreated | StandingFact): ItemKey {
  const order = orderOf(fact);
  const volume = volumeOf(fact);
  switch (fact.kind) {
    case 'grant-created':
      return { pk: volume === undefined ? grantKey(fact).pk : volumePartition(volume), sk: `G#${order}` };
    case 'key-used':
      return { pk: volume === undefined ? keyPartition(fact) : volumePartition(volume), sk: `U#${order}` };
    case 'rehearsed':
      return { pk: fact.cluster === undefined ? keyPartition(fact) : clusterPartition(fact.cluster), sk: `R#${order}` };
    case 'refused':
      return { pk: keyPartition(fact), sk: `F#${order}` };
    case 'key-changed':
      return { pk: fact.keyStoreId === undefined ? keyPartition(fact) : joined('K', 'store', fact.keyStoreId), sk: `S#${order}` };
    case 'key-policy-put':
      return { pk: keyPartition(fact), sk: `P#${order}` };
    case 'cluster-configured':
      return { pk: clusterPartition(fact.cluster), sk: `S#${order}` };
    case 'task-stopped':
      return { pk: clusterPartition(fact.cluster), sk: `X#${order}` };
    case 'trail-changed':
      return { pk: joined('T', fact.trailArn), sk: `S#${order}` };
    case 'event-rule-changed':
      return { pk: joined('T', fact.ruleArn), sk: `S#${order}` };
    default:
      return fact satisfies never;
  }
}

/** What concerns a cluster: its settings `S#…`, rehearsed launches `R#…`, tasks that stopped `X#…`. */
export const clusterPartition = ({ account, name }: Cluster): string => joined('C', account, name);

/** Facts of a key, or, where the record names none, of its account and Region. */
function keyPartition({ keyArn, account, region }: Fact): string {
  return keyArn === undefined ? joined('K', 'unknown', account ?? '', region ?? '') : partitionOfKey(keyArn);
}

/** A key's refusals `F#…`, changes `S#…`, policies `P#…`, uses that no volume accounts for `U#…`, resources `D#…`. */
export const partitionOfKey = (keyArn: string): string => joined('K', keyArn);

/** When a resource was last seen using a key; its id is digested, since callers choose it. */
export const resourceKey = (keyArn: string, { kind, id }: Resource): ItemKey => ({
  pk: partitionOfKey(keyArn),
  sk: `D#${kind}#${digest(id)}`,
});

/** The directory: every key the ledger tells something of, and every cluster that had to do with it; no facts are here. */
export const DIRECTORY = 'K/known';

/** What the sort keys of a key's clusters in the directory begin with. */
export const clusterSortPrefix = (keyArn: string): string => `${keyPart(keyArn)}/`;

/** An entry of the directory: a key, or a cluster that had to do with it; its name is digested, since names may be long. */
export const directoryKey = (keyArn: string, cluster?: Cluster): ItemKey => ({
  pk: DIRECTORY,
  sk: cluster === undefined ? keyPart(keyArn) : clusterSortPrefix(keyArn) + digest(joined(cluster.account, cluster.name)),
});

/** The key ARN of a directory entry's sort key. */
export function keyOfDirectorySort(sk: string): string {
  const [keyArn = ''] = sk.split('/').map(fromKeyPart);
  return keyArn;
}

/** One piece of evidence of a finding. */
export const evidenceKey = (findingId: string, order: string): ItemKey => ({ pk: joined('F', findingId), sk: `E#${order}` });

/** A finding that joins facts, marked to be looked at again. */
export const candidateKey = (findingId: string): ItemKey => ({ pk: joined('F', findingId), sk: 'H' });

/** The audit's own canary. */
export const CANARY_KEY: ItemKey = { pk: 'canary', sk: HEAD };

/** What is noted of a group's alert. */
export const noteKey = (group: string): ItemKey => ({ pk: joined('A', digest(group)), sk: HEAD });

/** A grant or volume that a group's alert is about, beside the group's note; digested, since names may be long. */
export const memberKey = (group: string, member: string): ItemKey => ({ pk: noteKey(group).pk, sk: `M#${digest(member)}` });

/** That a finding was told, beside its evidence. */
export const toldKey = (findingId: string): ItemKey => ({ pk: joined('F', findingId), sk: 'T' });

/** The sort key of a finding's settlement. */
export const SETTLED = 'Z';

/** That an operator has settled a finding, beside its evidence. */
export const settlementKey = (findingId: string): ItemKey => ({ pk: joined('F', findingId), sk: SETTLED });

/** The sort key of what the sweep saw of a key. */
export const SIGHTING = 'O';

/** What the sweep saw of a key, beside what was recorded of it. */
export const sightingKey = (keyArn: string): ItemKey => ({ pk: joined('K', keyArn), sk: SIGHTING });

/** How far the sweep has come. */
export const SWEEP_KEY: ItemKey = { pk: 'sweep', sk: HEAD };

/** What the sweep had seen of a key's grants when it was interrupted, in parts. */
export const sweepPartKey = (part: number): ItemKey => ({ pk: 'sweep', sk: `P#${part}` });

/** What the verification against ECS found last. */
export const VERIFICATION_KEY: ItemKey = { pk: 'sweep', sk: 'V' };
