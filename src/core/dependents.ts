import type { Cluster } from './encryption-context.ts';
import { sortedBy } from './sorting.ts';

/** Open grants of one cluster under one key. */
export interface ClusterDependents {
  readonly clusterAccount: string;
  readonly clusterName: string;
  readonly openGrants: number;
}

/** Who depends on a key by an open grant. */
export interface Dependents {
  /** All open grants, those attributed to no cluster included. */
  readonly openGrants: number;
  /** By account, then name. */
  readonly clusters: readonly ClusterDependents[];
  /** False where counting stopped at its bound: there are at least so many. */
  readonly complete: boolean;
}

/** Counts open grants by cluster, from the cluster of each (undefined: attributed to none). */
export function countDependents(clusters: Iterable<Cluster | undefined>, complete = true): Dependents {
  const counts = new Map<string, ClusterDependents>();
  let openGrants = 0;
  for (const cluster of clusters) {
    openGrants += 1;
    if (cluster === undefined) continue;
    const { account, name } = cluster;
    const id = JSON.stringify([account, name]);
    counts.set(id, { clusterAccount: account, clusterName: name, openGrants: (counts.get(id)?.openGrants ?? 0) + 1 });
  }
  return { openGrants, clusters: sortedBy(counts.values(), ({ clusterAccount, clusterName }) => [clusterAccount, clusterName]), complete };
}
