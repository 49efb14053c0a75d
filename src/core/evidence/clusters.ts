import { sortedBy } from '../sorting.ts';
import type { ReportedCluster, ReportedFinding, ReportedRefusal, ReportedVolume } from './model.ts';

/** A cluster as it is being counted. */
type Counted = { -readonly [K in keyof Omit<ReportedCluster, 'keyArns'>]: ReportedCluster[K] } & { readonly keys: Set<string> };

/** Every cluster that a volume, a refusal or a finding names, by account and name. */
export function clustersOf(
  volumes: readonly ReportedVolume[],
  refusals: readonly ReportedRefusal[],
  findings: readonly ReportedFinding[],
): ReportedCluster[] {
  const clusters = new Map<string, Counted>();
  const clusterOf = (clusterName: string, clusterAccount = ''): Counted => {
    const id = clusterId(clusterAccount, clusterName);
    const known = clusters.get(id);
    if (known !== undefined) return known;
    const counts = { volumes: 0, openGrants: 0, decrypts: 0, refusals: 0, findings: 0, keys: new Set<string>() };
    const cluster = { clusterAccount, clusterName, ...counts };
    clusters.set(id, cluster);
    return cluster;
  };
  for (const volume of volumes) {
    const cluster = clusterOf(volume.clusterName, volume.clusterAccount);
    cluster.volumes += 1;
    cluster.openGrants += volume.grants.filter(({ status }) => status === 'open').length;
    cluster.decrypts += volume.decrypts;
    cluster.keys.add(volume.keyArn);
  }
  for (const { clusterName, clusterAccount } of refusals)
    if (clusterName !== undefined) clusterOf(clusterName, clusterAccount).refusals += 1;
  for (const { clusterName, clusterAccount } of findings)
    if (clusterName !== undefined) clusterOf(clusterName, clusterAccount).findings += 1;
  const ordered = sortedBy(clusters.values(), ({ clusterAccount, clusterName }) => [clusterAccount, clusterName]);
  return ordered.map(({ keys, ...numbers }) => ({ ...numbers, keyArns: [...keys].sort() }));
}

/** Names a cluster within a report. */
export function clusterId(clusterAccount = '', clusterName?: string): string {
  return JSON.stringify([clusterAccount, clusterName]);
}
