import { countDependents } from './dependents.ts';
import type { Cluster, Resource } from './encryption-context.ts';
import { type GrantCreated, type KeyChanged, type KeyUsed, type Refused, timeOf, type Volume, volumeAt } from './fact.ts';
import { type GrantHead, grantStatus } from './grant.ts';
import { type KeySighting, keyState } from './key-state.ts';
import type { Launch } from './launch.ts';
import type { KeyReport } from './report.ts';
import type { ResourceUse } from './snapshot.ts';
import { grouped, sortedBy } from './sorting.ts';
import { printable } from './text.ts';
import type { Timestamp } from './timestamp.ts';

/** One call, as far as it tells who needs a key. */
export interface Call {
  readonly time: Timestamp;
  readonly eventId: string;
  readonly operation: string;
  readonly caller: string;
}

/** A call that KMS refused. */
export interface RefusedCall extends Call {
  readonly reason: string;
  readonly rehearsal: boolean;
  readonly code: string;
  readonly message: string;
  readonly clusterAccount?: string;
  readonly clusterName?: string;
  readonly volumeId?: string;
  readonly resource?: Resource;
}

/** An open grant. `status` is a word of the ledger's: `open`. */
export interface OpenGrant {
  readonly grantId: string;
  readonly status: string;
  readonly createdAt: Timestamp;
}

/** A volume that needs the key to be attached again or read: some grant for it is open. */
export interface NeedyVolume extends Volume {
  readonly status: 'granted';
  readonly grants: readonly OpenGrant[];
  /** Absent where none was seen. */
  readonly lastUse?: Call;
}

/** An open grant that no cluster's volume accounts for, as its creation tells. */
export interface OtherGrant extends OpenGrant {
  readonly clusterAccount?: string;
  readonly clusterName?: string;
  readonly caller?: string;
  readonly grantee?: string;
  readonly operations?: readonly string[];
  readonly resource?: Resource;
}

/** A cluster that had to do with the key, and which key its new tasks get. */
export interface ClusterLaunch extends Launch {
  readonly clusterAccount: string;
  readonly clusterName: string;
}

/** A cluster that is known to have had to do with a key, and of which no open grant is known: its CreateGrant may have been missed. */
export interface UngrantedCluster {
  readonly clusterAccount: string;
  readonly clusterName: string;
}

/** What was read of a key; the same from every source. */
export interface KeySeen {
  readonly keyArn: string;
  /** Open grants. */
  readonly grants: readonly GrantHead[];
  readonly changes: readonly KeyChanged[];
  /** What the sweep saw of it. */
  readonly sighting?: KeySighting;
  readonly resources: readonly ResourceUse[];
  /** The latest first. */
  readonly refusals: readonly Refused[];
  /** The latest first: uses that name neither a cluster's volume nor a resource. */
  readonly otherUses: readonly KeyUsed[];
  /** All that had to do with the key. */
  readonly clusters: readonly Cluster[];
  /** Of every cluster that had to do with the key and of which something tells it. */
  readonly launches: readonly (Launch & { readonly cluster: Cluster })[];
  /** The last uses that were read. */
  readonly lastUses: readonly { readonly volume: Volume; readonly use: KeyUsed | undefined }[];
  /** The creations that were read, of grants that no volume accounts for. */
  readonly creations: readonly GrantCreated[];
}

/** Everything known to depend on a key: what `replay` says of it, and more. Sorted by ids, calls by time, the latest first. */
export interface KeyDependents extends KeyReport {
  readonly volumes: readonly NeedyVolume[];
  readonly otherGrants: readonly OtherGrant[];
  readonly ungrantedClusters: readonly UngrantedCluster[];
  readonly launches: readonly ClusterLaunch[];
  readonly lastRefusals: readonly RefusedCall[];
  readonly lastOtherUses: readonly Call[];
  /** One line. */
  readonly verdict: string;
  /** What no ledger can tell of this. */
  readonly cannotKnow: readonly string[];
}

/** Who depends on a key, from what was read of it. */
export function keyDependents(seen: KeySeen): KeyDependents {
  const state = keyState(seen.changes, seen.sighting);
  const rotation = seen.sighting?.rotation;
  const { openGrants, clusters } = countDependents(seen.grants.map(({ cluster }) => cluster));
  const volumes = needyVolumes(seen);
  const launches = sortedBy(
    seen.launches.map(({ cluster, ...launch }) => ({ clusterAccount: cluster.account, clusterName: cluster.name, ...launch })),
    ({ clusterAccount, clusterName }) => [clusterAccount, clusterName],
  );
  const resources = seen.resources.map(({ resource, lastSeen }) => ({ kind: resource.kind, id: resource.id, lastSeen }));
  const refusals = seen.refusals.map(refusedCall);
  const lastOtherUses = seen.otherUses.map(callOf);
  const told = {
    keyArn: seen.keyArn,
    ...(state === undefined ? {} : { state }),
    ...(rotation === undefined ? {} : { rotation }),
    openGrants,
    clusters,
    resources,
  };
  const otherGrants = otherGrantsOf(seen);
  const ungrantedClusters = ungrantedOf(seen);
  return {
    ...told,
    volumes,
    otherGrants,
    ungrantedClusters,
    launches,
    lastRefusals: refusals.slice(0, CALLS_LISTED),
    lastOtherUses,
    verdict: verdictOn({ ...told, volumes, otherGrants, ungrantedClusters, launches, lastOtherUses, refusals }),
    cannotKnow: CANNOT_KNOW,
  };
}

/** What of a use or any other fact tells who made it. */
function callOf({ time, eventId, operation, caller }: Omit<Call, 'caller'> & { readonly caller: { readonly id: string } }): Call {
  return { time, eventId, operation, caller: caller.id };
}

/** The volumes that some of these open grants are for. */
export function needyVolumes({ grants, lastUses }: Pick<KeySeen, 'grants' | 'lastUses'>): NeedyVolume[] {
  const uses = new Map(lastUses.map(({ volume, use }) => [JSON.stringify(idsOf(volume)), use]));
  const attributed = grants.flatMap((head) => {
    const volume = volumeAt(head);
    return volume === undefined ? [] : [{ volume, head }];
  });
  const byVolume = grouped(attributed, ({ volume }) => JSON.stringify(idsOf(volume)));
  const volumes = [...byVolume].flatMap(([id, of]) => {
    const use = uses.get(id);
    return of.slice(0, 1).map(({ volume }) => ({
      ...volume,
      status: 'granted' as const,
      grants: of.map(({ head }) => openGrant(head)),
      ...(use === undefined ? {} : { lastUse: callOf(use) }),
    }));
  });
  return sortedBy(volumes, idsOf);
}

const idsOf = ({ clusterAccount, clusterName, volumeId, keyArn }: Volume): readonly string[] => [
  clusterAccount,
  clusterName,
  volumeId,
  keyArn,
];

const openGrant = (head: GrantHead): OpenGrant => ({
  grantId: head.grantId,
  status: grantStatus(head),
  // Stryker disable next-line StringLiteral: what is open was made.
  createdAt: timeOf(head.created ?? ''),
});

function ungrantedOf({ clusters, grants }: KeySeen): UngrantedCluster[] {
  // Stryker disable next-line ArrayDeclaration: no cluster is called what would stand there.
  const granted = new Set(grants.flatMap(({ cluster }) => (cluster === undefined ? [] : clusterId(cluster))));
  const ungranted = clusters.filter((cluster) => !granted.has(clusterId(cluster)));
  return sortedBy(ungranted, ({ account, name }) => [account, name]).map(({ account, name }) => ({
    clusterAccount: account,
    clusterName: name,
  }));
}

const clusterId = ({ account, name }: Cluster): string => JSON.stringify([account, name]);

function otherGrantsOf({ grants, creations }: KeySeen): OtherGrant[] {
  const made = new Map(creations.map((creation) => [creation.grantId, creation]));
  const others = grants.filter((head) => volumeAt(head) === undefined);
  return others.map((head) => {
    const { caller, grantee, operations, resource } = made.get(head.grantId) ?? {};
    return {
      ...openGrant(head),
      ...(head.cluster === undefined ? {} : { clusterAccount: head.cluster.account, clusterName: head.cluster.name }),
      ...(caller === undefined ? {} : { caller: caller.id }),
      ...(grantee === undefined ? {} : { grantee }),
      ...(operations === undefined ? {} : { operations }),
      ...(resource === undefined ? {} : { resource: { kind: resource.kind, id: resource.id } }),
    };
  });
}

function refusedCall(refusal: Refused): RefusedCall {
  const { reason, rehearsal, code, message, cluster, volumeId, resource } = refusal;
  return {
    ...callOf(refusal),
    reason,
    rehearsal,
    code,
    message,
    ...(cluster === undefined ? {} : { clusterAccount: cluster.account, clusterName: cluster.name }),
    ...(volumeId === undefined ? {} : { volumeId }),
    ...(resource === undefined ? {} : { resource: { kind: resource.kind, id: resource.id } }),
  };
}

const CANNOT_KNOW: readonly string[] = [
  'A volume whose CreateGrant was not seen is not among the volumes, though it may need the key; its cluster is told of.',
  'Uses by secrets, parameters, log groups, file systems and images are recorded only where the deployment’s resourceUses is on.',
  'What was encrypted under the key and not used while records were kept, such as snapshots, backups and objects at rest, leaves no trace here.',
  'Records from before the deployment and its backfill, past its retention, of other Regions and of callers in accounts that are not audited are missing.',
  'Which key a cluster’s new tasks get is as of the last record about it; a call without encryption context names nothing that needs the key.',
];

/** Refusals that are listed; all that were read are weighed. */
const CALLS_LISTED = 10;
const UNUSABLE: Readonly<Partial<Record<string, string>>> = {
  disabled: 'is disabled',
  'pending-deletion': 'is pending deletion',
  deleted: 'is deleted',
  unavailable: 'is unavailable',
  'pending-import': 'waits for its material',
  missing: 'was not found',
};

type Weighed = Pick<
  KeyDependents,
  'keyArn' | 'state' | 'resources' | 'volumes' | 'otherGrants' | 'ungrantedClusters' | 'launches' | 'lastOtherUses'
> & {
  readonly refusals: readonly RefusedCall[];
};

/** One line: what breaks for new tasks, what still needs the key, what else was seen. It names no age, so that it is the same every day. */
function verdictOn(weighed: Weighed): string {
  const { keyArn, volumes, ungrantedClusters, launches } = weighed;
  const starting = launches.filter((launch) => launch.keyArn === keyArn).length;
  const unusable = unusableAs(weighed);
  const tasks =
    starting === 0
      ? unusable === undefined
        ? 'No cluster is known to start tasks on it'
        : `The key ${unusable}: no cluster is known to start tasks on it`
      : unusable === undefined
        ? `Disabling breaks new tasks in ${count(starting, 'cluster')}`
        : `The key ${unusable}: new tasks fail in ${count(starting, 'cluster')}`;
  const on = new Set(volumes.map(({ clusterAccount, clusterName }) => JSON.stringify([clusterAccount, clusterName]))).size;
  const need = volumes.length === 1 ? 'needs' : 'need';
  const storage =
    volumes.length === 0
      ? `no volume ${ungrantedClusters.length === 0 ? 'needs it' : 'is known to need it'}`
      : `${count(volumes.length, 'volume')} on ${count(on, 'cluster')} still ${need} it`;
  return `${[tasks, storage, ...elsewhere(weighed)].join('; ')}.`;
}

/** Where no change of the key was seen, the last refusal over its state tells, unless the key has worked since. */
function unusableAs({ keyArn, state, refusals, volumes, otherGrants, launches, resources, lastOtherUses }: Weighed): string | undefined {
  if (state !== undefined) return UNUSABLE[state];
  const worked = latestOf([
    ...volumes.flatMap(({ grants, lastUse }) => [...grants.map(({ createdAt }) => createdAt), lastUse?.time ?? '']),
    ...otherGrants.map(({ createdAt }) => createdAt),
    ...launches.flatMap((launch) => (launch.by === 'rehearsal' && launch.keyArn === keyArn ? launch.asOf : [])),
    ...resources.map(({ lastSeen }) => lastSeen),
    ...lastOtherUses.map(({ time }) => time),
  ]);
  // Within one second the refusal counts, as the less usable state does.
  const refusal = refusals.find(({ reason, time }) => reason in UNUSABLE && time >= worked);
  return refusal === undefined ? undefined : UNUSABLE[refusal.reason];
}

/** What else was seen, by kind; of what was refused, that which was not seen using the key besides. */
function elsewhere({ otherGrants, ungrantedClusters, resources, lastOtherUses, refusals }: Weighed): string[] {
  const used = new Set(resources.map(idOfResource));
  const refused = refusals.flatMap(({ resource, time }) =>
    resource === undefined || used.has(idOfResource(resource)) ? [] : { ...resource, lastSeen: time },
  );
  const [use] = lastOtherUses;
  const all = [
    ...(ungrantedClusters.length === 0 ? [] : [`${clustersNamed(ungrantedClusters)} had to do with it, with no open grant known`]),
    ...(otherGrants.length === 0 ? [] : [`${count(otherGrants.length, 'other grant')} ${otherGrants.length === 1 ? 'is' : 'are'} open`]),
    ...byKind('seen using it', resources),
    ...byKind('refused over it', refused),
    ...(use === undefined ? [] : [`other callers used it, last on ${day(use.time)}`]),
  ];
  return all.length === 0 ? ['nothing else was seen using it'] : all;
}

const CLUSTERS_NAMED = 3;

function clustersNamed(clusters: readonly UngrantedCluster[]): string {
  const names = clusters.slice(0, CLUSTERS_NAMED).map(({ clusterName }) => printable(clusterName, 64));
  const hidden = clusters.length - names.length;
  return `${count(clusters.length, 'cluster')} (${names.join(', ')}${hidden > 0 ? ` and ${hidden} more` : ''})`;
}

interface Sight {
  readonly kind: string;
  readonly id: string;
  readonly lastSeen: Timestamp;
}

const idOfResource = ({ kind, id }: Pick<Sight, 'kind' | 'id'>): string => JSON.stringify([kind, id]);

function byKind(what: string, sights: readonly Sight[]): string[] {
  if (sights.length === 0) return [];
  const kinds = sortedBy(
    grouped(sights, ({ kind }) => kind),
    ([kind]) => [kind],
  );
  const counts = kinds.map(([kind, of]) => count(new Set(of.map(({ id }) => id)).size, kind.replace('-', ' ')));
  return [`${what}: ${counts.join(', ')}, last on ${day(latestOf(sights.map(({ lastSeen }) => lastSeen)))}`];
}

// Stryker disable next-line EqualityOperator: equals are the same.
const latestOf = (times: readonly Timestamp[]): Timestamp => times.reduce((latest, time) => (latest < time ? time : latest), '');
const day = (time: Timestamp): string => time.slice(0, 10);

function count(many: number, noun: string): string {
  const plural = noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`;
  return `${many} ${many === 1 ? noun : plural}`;
}
