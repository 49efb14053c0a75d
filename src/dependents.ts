import { askAll } from './at-once.ts';
import { type ClusterDependents, clusterDependents } from './core/cluster-dependents.ts';
import type { Cluster } from './core/encryption-context.ts';
import { orderOf, type Refused, type Volume, volumeAt } from './core/fact.ts';
import type { GrantHead } from './core/grant.ts';
import { type KeyDependents, type KeySeen, keyDependents } from './core/key-dependents.ts';
import type { KeySighting } from './core/key-state.ts';
import { type Launch, launchOf } from './core/launch.ts';
import { grouped, sortedBy } from './core/sorting.ts';
import type { LedgerReader } from './ports.ts';

/** How much is read of what there is one of for each volume or grant: everything, or as much as a screen shows. */
export interface Detail {
  /** Clusters whose volumes are looked at, those with the most open grants first. */
  readonly clusters: number;
  /** Volumes of each, the oldest grants first. */
  readonly volumes: number;
  /** Grants that no volume accounts for, the oldest first. */
  readonly grants: number;
}

/** Every one of them. */
export const EVERYTHING: Detail = {
  clusters: Number.POSITIVE_INFINITY,
  volumes: Number.POSITIVE_INFINITY,
  grants: Number.POSITIVE_INFINITY,
};

const OTHER_USES_LISTED = 10;
/** So many of the latest refusals are weighed. */
const REFUSALS_READ = 100;

/** Reads everything known to depend on a key; of the last uses and of other grants' creations as much as `detail` asks for. */
export async function dependentsOfKey(reader: LedgerReader, keyArn: string, detail: Detail): Promise<KeyDependents> {
  const [grants, changes, sighting, resources, refusals, otherUses, known] = await Promise.all([
    reader.openGrantsOf(keyArn),
    reader.changesOf(keyArn),
    reader.sightingOf(keyArn),
    reader.resourcesOf(keyArn),
    reader.lastRefusals(keyArn, REFUSALS_READ),
    reader.lastOtherUses(keyArn, OTHER_USES_LISTED),
    reader.clustersOf(keyArn),
  ]);
  const clusters = distinct([...known, ...grants.flatMap(({ cluster }) => cluster ?? [])]);
  const others = grants.filter((head) => volumeAt(head) === undefined);
  const byCluster = grouped(grants, ({ cluster }) => cluster && idOf(cluster));
  const [launches, lastUses, creations] = await Promise.all([
    askAll(clusters, async (cluster) => {
      const launch = await readLaunch(reader, cluster, byCluster.get(idOf(cluster)) ?? [], refusals);
      return launch === undefined ? [] : [{ cluster, ...launch }];
    }),
    readLastUses(reader, shownVolumes(grants, detail)),
    askAll(byAge(others).slice(0, detail.grants), (head) => reader.creationsOf(head)),
  ]);
  return keyDependents({
    keyArn,
    grants,
    changes,
    ...seenOf(sighting),
    resources,
    refusals,
    otherUses,
    clusters: known,
    launches: launches.flat(),
    lastUses,
    creations: creations.flatMap(([first]) => first ?? []),
  });
}

/** Reads which keys a cluster's storage needs, among `keys`. */
export async function dependentsOfCluster(
  reader: LedgerReader,
  cluster: Cluster,
  keys: readonly string[],
  detail: Detail,
): Promise<ClusterDependents> {
  const under = await askAll(keys, async (keyArn) => {
    const [grants, clusters] = await Promise.all([reader.openGrantsOf(keyArn, cluster), reader.clustersOf(keyArn)]);
    return { keyArn, grants, known: clusters.some((one) => idOf(one) === idOf(cluster)) };
  });
  const needed = under.filter(({ grants }) => grants.length > 0);
  const grants = needed.flatMap((one) => one.grants);
  const [launch, changes, sightings, lastUses] = await Promise.all([
    readLaunch(reader, cluster, grants, []),
    askAll(needed, ({ keyArn }) => reader.changesOf(keyArn)),
    askAll(needed, ({ keyArn }) => reader.sightingOf(keyArn)),
    readLastUses(
      reader,
      needed.flatMap((one) => shownVolumes(one.grants, detail)),
    ),
  ]);
  return clusterDependents({
    cluster,
    launch,
    keys: needed.map((one, index) => ({ ...one, changes: changes[index] ?? [], ...seenOf(sightings[index]) })),
    ungrantedKeys: under.flatMap(({ keyArn, grants, known }) => (known && grants.length === 0 ? keyArn : [])),
    lastUses,
  });
}

const seenOf = (sighting: KeySighting | undefined): Pick<KeySeen, 'sighting'> => (sighting === undefined ? {} : { sighting });

/** `grants`: the cluster's. */
async function readLaunch(
  reader: LedgerReader,
  cluster: Cluster,
  grants: readonly GrantHead[],
  refusals: readonly Refused[],
): Promise<Launch | undefined> {
  const [settings, rehearsal] = await Promise.all([reader.lastSettings(cluster), reader.lastRehearsal(cluster)]);
  const refusal = refusals.find((one) => one.cluster !== undefined && idOf(one.cluster) === idOf(cluster));
  return launchOf({
    settings,
    rehearsal,
    refusal: refusal?.keyArn === undefined ? undefined : { keyArn: refusal.keyArn, order: orderOf(refusal) },
    grants,
  });
}

function readLastUses(reader: LedgerReader, volumes: readonly Volume[]): Promise<KeySeen['lastUses'][number][]> {
  return askAll(volumes, async (volume) => ({ volume, use: await reader.lastUse(volume) }));
}

/** The volumes whose last use is shown; of one cluster, those with the oldest grants. */
function shownVolumes(grants: readonly GrantHead[], { clusters, volumes }: Detail): Volume[] {
  const attributed = grants.filter((head) => volumeAt(head) !== undefined);
  const byCluster = grouped(attributed, ({ cluster }) => (cluster === undefined ? '' : idOf(cluster)));
  const most = [...byCluster].sort(([a, ofA], [b, ofB]) => ofB.length - ofA.length || (a < b ? -1 : 1)).slice(0, clusters);
  return most.flatMap(([, of]) => distinctVolumes(byAge(of)).slice(0, volumes));
}

const byAge = (grants: readonly GrantHead[]): GrantHead[] =>
  sortedBy(grants, ({ created = '', volumeId = '', grantId }) => [created, volumeId, grantId]);

function distinctVolumes(grants: readonly GrantHead[]): Volume[] {
  const volumes = grants.flatMap((head) => volumeAt(head) ?? []);
  return [...new Map(volumes.map((volume) => [JSON.stringify(volume), volume])).values()];
}

const idOf = ({ account, name }: Cluster): string => JSON.stringify([account, name]);

function distinct(clusters: readonly Cluster[]): Cluster[] {
  return [...new Map(clusters.map((cluster) => [idOf(cluster), cluster])).values()];
}
