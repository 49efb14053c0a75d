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
  /** Volumes on a key that new tasks no longer get: their tasks must be replaced. */
  readonly volumesOnOldKeys: number;
  /** One line. */
  readonly verdict: string;
}

/** Which keys a cluster's storage needs, from what was read of it. A cluster's new key applies to new tasks only. */
export function clusterDependents({ cluster, launch, keys, lastUses }: ClusterSeen): ClusterDependents {
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
    volumesOnOldKeys,
    verdict: verdictOn(launch, volumesOnOldKeys, told.flatMap(({ volumes }) => volumes).length),
  };
}

function verdictOn(launch: Launch | undefined, old: number, all: number): string {
  if (launch === undefined) return `Nothing tells which key new tasks get; ${volumes(all)} with an open grant.`;
  const now = launch.keyArn === undefined ? 'New tasks get no customer key' : 'New tasks get the current key';
  if (old === 0) return `${now}; no volume sits on an old one.`;
  return `${now}; ${volumes(old)} still ${old === 1 ? 'sits' : 'sit'} on an old key until ${old === 1 ? 'its task is' : 'their tasks are'} replaced (--force-new-deployment).`;
}

const volumes = (count: number): string => `${count} ${count === 1 ? 'volume' : 'volumes'}`;
