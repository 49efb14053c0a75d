import { sortedBy } from '../sorting.ts';
import type { ReportedCluster, ReportedFinding, ReportedRefusal, ReportedVolume } from './model.ts';

/** Every cluster that a volume, a refusal or a finding names, by account and name. */
export function clustersOf(
  volumes: readonly ReportedVolume[],
  refusals: readonly ReportedRefusal[],
  findings: readonly ReportedFinding[],
): ReportedCluster[] {
  const clusters = new Map<string, { -readonly [K in keyof ReportedCluster]: ReportedCluster[K] } & { readonly keys: Set<string> }>();
  const clusterOf = ({ clusterAccount = '', clusterName }: { readonly clusterAccount?: string; readonly clusterName?: string }) => {
    if (clusterName === undefined) return undefined;
    const id = clusterId(clusterAccount, clusterName);
    const known = clusters.get(id);
    if (known !== undefined) return known;
    const counts = { volumes: 0, openGrants: 0, decrypts: 0, refusals: 0, findings: 0, keyArns: [], keys: new Set<string>() };
    const cluster = { clusterAccount, clusterName, ...counts };
    clusters.set(id, cluster);
    return cluster;
  };
  for (const volume of volumes) {
    const cluster = clusterOf(volume);
    if (cluster === undefined) continue;
    cluster.volumes += 1;
    cluster.openGrants += volume.grants.filter(({ status }) => status === 'open').length;
    cluster.decrypts += volume.decrypts;
    cluster.keys.add(volume.keyArn);
  }
  for (const refusal of refusals) {
    const cluster = clusterOf(refusal);
    if (cluster !== undefined) cluster.refusals += 1;
  }
  for (const finding of findings) {
    const cluster = clusterOf(finding);
    if (cluster !== undefined) cluster.findings += 1;
  }
  const ordered = sortedBy(clusters.values(), ({ clusterAccount, clusterName }) => [clusterAccount, clusterName]);
  return ordered.map(({ keys, ...numbers }) => ({ ...numbers, keyArns: [...keys].sort() }));
}

/** Names a cluster within a report. */
export function clusterId(clusterAccount = '', clusterName = ''): string {
  return JSON.stringify([clusterAccount, clusterName]);
}
