import type { Cluster } from './encryption-context.ts';
import { type KeySeen, type NeedyVolume, needyVolumes } from './key-dependents.ts';
import { type KeyState, keyState } from './key-state.ts';
import type { Launch } from './launch.ts';
import { sortedBy } from './sorting.ts';

/** What was read of a cluster. */
export interface ClusterSeen {
  readonly cluster: Cluster;
  readonly launch: Launch | undefined;
  /** Every key under which the cluster has open grants. */
  readonly keys: readonly Pick<KeySeen, 'keyArn' | 'grants' | 'changes' | 'sighting'>[];
  /** Every other key that the cluster had to do with. */
  readonly ungrantedKeys: readonly string[];
  readonly lastUses: KeySeen['lastUses'];
}

/** The volumes of a cluster under one key. */
export interface ClusterKey {
  readonly keyArn: string;
  readonly state?: KeyState;
  /** True for the key that new tasks get; absent where nothing tells which that is. */
  readonly current?: boolean;
  readonly volumes: readonly NeedyVolume[];
}

/** Which keys a cluster's storage needs, the current one and those its volumes still sit on. */
export interface ClusterDependents {
  readonly clusterAccount: string;
  readonly clusterName: string;
  /** Absent where nothing tells it. */
  readonly launch?: Launch;
  /** By ARN. */
  readonly keys: readonly ClusterKey[];
  /** Keys that the cluster had to do with and of which no open grant is known, by ARN: its CreateGrant may have been missed. */
  readonly ungrantedKeys: readonly string[];
  /** Volumes on a key that new tasks no longer get: their tasks must be replaced. */
  readonly volumesOnOldKeys: number;
  /** One line. */
  readonly verdict: string;
}

/** Which keys a cluster's storage needs, from what was read of it. A cluster's new key applies to new tasks only. */
export function clusterDependents({ cluster, launch, keys, ungrantedKeys, lastUses }: ClusterSeen): ClusterDependents {
  const told = sortedBy(keys, ({ keyArn }) => [keyArn]).map(({ keyArn, grants, changes, sighting }): ClusterKey => {
    const state = keyState(changes, sighting);
    return {
      keyArn,
      ...(state === undefined ? {} : { state }),
      ...(launch === undefined ? {} : { current: keyArn === launch.keyArn }),
      volumes: needyVolumes({ grants, lastUses }),
    };
  });
  const volumesOnOldKeys = told.reduce((sum, { current, volumes }) => sum + (current === false ? volumes.length : 0), 0);
  return {
    clusterAccount: cluster.account,
    clusterName: cluster.name,
    ...(launch === undefined ? {} : { launch }),
    keys: told,
    ungrantedKeys: [...ungrantedKeys].sort(),
    volumesOnOldKeys,
    verdict: verdictOn({ launch, old: volumesOnOldKeys, all: told.flatMap(({ volumes }) => volumes).length, ungrantedKeys }),
  };
}

interface Weighed {
  readonly launch: Launch | undefined;
  readonly old: number;
  readonly all: number;
  readonly ungrantedKeys: readonly string[];
}

function verdictOn({ launch, old, all, ungrantedKeys }: Weighed): string {
  const ungranted = ungrantedKeys.filter((keyArn) => keyArn !== launch?.keyArn).length;
  const besides =
    ungranted === 0 ? '' : `; it had to do with ${ungranted} other ${ungranted === 1 ? 'key' : 'keys'}, with no open grant known`;
  if (launch === undefined) return `Nothing tells which key new tasks get; ${volumes(all)} with an open grant${besides}.`;
  const now = launch.keyArn === undefined ? 'New tasks get no customer key' : 'New tasks get the current key';
  if (old === 0) return `${now}; no volume ${ungranted === 0 ? 'sits' : 'is known to sit'} on an old one${besides}.`;
  return `${now}; ${volumes(old)} still ${old === 1 ? 'sits' : 'sit'} on an old key until ${old === 1 ? 'its task is' : 'their tasks are'} replaced (--force-new-deployment)${besides}.`;
}

const volumes = (count: number): string => `${count} ${count === 1 ? 'volume' : 'volumes'}`;
