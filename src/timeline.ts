import { askAll } from './at-once.ts';
import type { Cluster } from './core/encryption-context.ts';
import { type Volume, volumeAt } from './core/fact.ts';
import type { GrantHead } from './core/grant.ts';
import type { Snapshot } from './core/snapshot.ts';
import { concernsSubject, isGrantOf, type Subject, type Timeline, timelineOf } from './core/timeline.ts';
import type { LedgerReader } from './ports.ts';

/** So many of a key's latest refusals are looked through for those of one volume. */
const REFUSALS_READ = 1_000;

/** Everything a ledger has of a volume: its timeline, its grants' endings, and what was refused for it among the key's latest refusals. */
export async function timelineOfVolume(reader: LedgerReader, volume: Volume): Promise<Timeline> {
  const [facts, refusals] = await Promise.all([reader.factsOf(volume), refusalsOf(reader, volume)]);
  const grants = facts.flatMap((fact) => (fact.kind === 'grant-created' ? { keyArn: fact.keyArn, grantId: fact.grantId } : []));
  const distinct = [...new Map(grants.map((grant) => [grant.grantId, grant])).values()];
  const { volumeId, clusterAccount, clusterName, keyArn } = volume;
  const of = { kind: 'volume' as const, volumeId, clusterAccount, clusterName, keyArn };
  return timelineOf({ of, facts: [...facts, ...refusals], grants: await reader.headsOf(distinct) });
}

/** Everything a ledger has of a grant, and the uses of its volume, which name no grant. */
export async function timelineOfGrant(reader: LedgerReader, head: GrantHead): Promise<Timeline> {
  const volume = volumeAt(head);
  const [creations, facts] = await Promise.all([reader.creationsOf(head), volume === undefined ? [] : reader.factsOf(volume)]);
  const uses = facts.filter(({ kind }) => kind === 'key-used');
  return timelineOf({ of: { kind: 'grant', keyArn: head.keyArn, grantId: head.grantId }, facts: [...creations, ...uses], grants: [head] });
}

/** Everything a ledger that was read whole has of a key or a cluster. */
export function timelineIn(snapshot: Snapshot, of: Extract<Subject, { kind: 'key' | 'cluster' }>): Timeline {
  const { creations, uses, rehearsals, refusals, changes, others, grants } = snapshot;
  const facts = [creations, uses, rehearsals, refusals, changes, others].flat().filter((fact) => concernsSubject(of, fact));
  return timelineOf({ of, facts, grants: grants.filter((head) => isGrantOf(of, head)) });
}

/** The volumes with this id under some of the keys, in some of the clusters: those of which a ledger has any fact. */
export async function volumesNamed(
  reader: LedgerReader,
  volumeId: string,
  pairs: readonly { readonly keyArn: string; readonly cluster: Cluster }[],
): Promise<Volume[]> {
  const volumes = pairs.map(({ keyArn, cluster }) => ({ clusterAccount: cluster.account, clusterName: cluster.name, volumeId, keyArn }));
  const refused = new Map<string, Promise<ReadonlySet<string>>>();
  const wasRefused = async (volume: Volume): Promise<boolean> => {
    const known = refused.get(volume.keyArn) ?? refusedFor(reader, volume);
    refused.set(volume.keyArn, known);
    return (await known).has(clusterIdOf(volume));
  };
  const found = await askAll(volumes, async (volume) =>
    (await reader.factsOf(volume)).length > 0 || (await wasRefused(volume)) ? [volume] : [],
  );
  return found.flat();
}

const clusterIdOf = ({ clusterAccount, clusterName }: Pick<Volume, 'clusterAccount' | 'clusterName'>): string =>
  JSON.stringify([clusterAccount, clusterName]);

/** The clusters for which a volume with this id was refused under the key. */
async function refusedFor(reader: LedgerReader, { keyArn, volumeId }: Volume): Promise<ReadonlySet<string>> {
  const refusals = await reader.lastRefusals(keyArn, REFUSALS_READ);
  const of = refusals.filter((refusal) => refusal.volumeId === volumeId);
  return new Set(of.flatMap(({ cluster }) => (cluster ? clusterIdOf({ clusterAccount: cluster.account, clusterName: cluster.name }) : [])));
}

async function refusalsOf(reader: LedgerReader, volume: Volume) {
  const refusals = await reader.lastRefusals(volume.keyArn, REFUSALS_READ);
  return refusals.filter(
    ({ volumeId, cluster }) =>
      volumeId === volume.volumeId && cluster?.account === volume.clusterAccount && cluster.name === volume.clusterName,
  );
}
