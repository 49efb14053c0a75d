import { printable } from './core/text.ts';
import type { Timestamp } from './core/timestamp.ts';
import {
  CLUSTERS_KEPT,
  DEVIATIONS_KEPT,
  type Deviation,
  grantCountKey,
  type TaskSeen,
  type Verification,
  type VerifiedCluster,
  verifyCluster,
} from './core/verify-clusters.ts';
import type { ReconcileWork } from './reconcile.ts';

/** Something that could not be looked at, and why. */
export interface Failure {
  readonly what: string;
  readonly why: string;
}

/** Takes note of what could not be looked at. */
export type Fail = (what: string, error: unknown) => void;

const FAILURES_KEPT = 50;
/** An item of DynamoDB's has at most 400 KB; names and keys of the longest kind leave room for fewer. */
const MAX_BYTES = 350_000;

/**
 * Compares the clusters of ECS and their Fargate tasks with each other and with the open grants of the ledger; undefined
 * where ECS is not to be asked. What ECS refuses is told to `fail`, and keeps nothing else from being looked at.
 */
export async function verifyClusters(
  { clusters: inspector, pipeline, mayGoOn = () => true }: ReconcileWork,
  started: Timestamp,
  fail: Fail,
): Promise<Verification | undefined> {
  if (inspector === undefined) return undefined;
  const grants = new Map<string, number>();
  for await (const { cluster, keyArn } of pipeline.ledger.openGrants()) {
    if (cluster !== undefined) grants.set(grantCountKey(cluster, keyArn), (grants.get(grantCountKey(cluster, keyArn)) ?? 0) + 1);
  }
  const failed: Failure[] = [];
  const failing: Fail = (what, error) => {
    failed.push({ what, why: printable(String(error), 300) });
    fail(what, error);
  };
  const deviations: Deviation[] = [];
  const verified: VerifiedCluster[] = [];
  let clusters = 0;
  let tasks = 0;
  try {
    for await (const cluster of inspector.clusters()) {
      if (!mayGoOn()) throw new Error('time was up');
      const seen: TaskSeen[] = [];
      try {
        for await (const task of inspector.tasks(cluster)) seen.push(task);
      } catch (error) {
        failing(printable(cluster.clusterArn, 300), error);
        continue;
      }
      const result = verifyCluster(cluster, seen, grants, started, pipeline.policy);
      clusters += 1;
      tasks += seen.length;
      deviations.push(...(result?.deviations ?? []));
      if (result !== undefined && (seen.length > 0 || result.deviations.length > 0)) verified.push(result.verified);
    }
  } catch (error) {
    failing('the clusters of ECS', error);
  }
  const keeping = (share: number): Verification => {
    const kept = Math.min(deviations.length, Math.floor(DEVIATIONS_KEPT * share));
    return {
      at: started,
      clusters,
      tasks,
      deviations: deviations.slice(0, kept),
      more: deviations.length - kept,
      verified: verified.slice(0, CLUSTERS_KEPT * share),
      failed: failed.slice(0, FAILURES_KEPT * share),
    };
  };
  let share = 1;
  while (Buffer.byteLength(JSON.stringify(keeping(share))) > MAX_BYTES) share /= 2;
  return keeping(share);
}
