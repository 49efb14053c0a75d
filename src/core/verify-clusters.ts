import type { Cluster } from './encryption-context.ts';
import { keyArnOfId, readKeyArn } from './key-arn.ts';
import { isKeyInScope, type Policy } from './policy.ts';
import { youngest } from './reconcile.ts';
import { printable } from './text.ts';
import type { Timestamp } from './timestamp.ts';

/** A cluster as ECS describes it: the two keys of its storage as they were set, by ARN or id. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ManagedStorageConfiguration.html */
export interface ClusterSeen {
  readonly clusterArn: string;
  /** For Fargate's ephemeral storage. */
  readonly fargate?: string;
  /** For EBS volumes attached to tasks. */
  readonly volumes?: string;
}

/** A Fargate task as ECS describes it. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskEphemeralStorage.html */
export interface TaskSeen {
  readonly taskArn: string;
  readonly createdAt?: Timestamp;
  /** Its ephemeral storage and the key it was set to, if any; absent where ECS does not say, as of Windows and of platform versions before 1.4.0. */
  readonly storage?: { readonly key?: string | undefined };
}

/** How a cluster or a task differs from what is expected of it. */
export type Deviation =
  | { readonly kind: 'cluster-without-customer-key'; readonly cluster: Cluster; readonly tasks: number }
  | {
      readonly kind: 'task-on-other-key';
      readonly cluster: Cluster;
      readonly taskArn: string;
      /** The task's key; absent where it has none of the customer's. */
      readonly keyArn?: string;
      readonly clusterKeyArn: string;
    }
  | {
      /** ECS does not say which volume a task has, so tasks and grants are counted: so many tasks have no grant that was seen. */
      readonly kind: 'tasks-without-grant';
      readonly cluster: Cluster;
      readonly keyArn: string;
      readonly tasks: number;
      readonly openGrants: number;
    };

/** A cluster as it was verified. */
export interface VerifiedCluster {
  readonly cluster: Cluster;
  readonly fargateKeyArn?: string;
  readonly volumesKeyArn?: string;
  readonly tasks: number;
}

/** What a verification of the ledger against ECS found. */
export interface Verification {
  /** When the sweep began. */
  readonly at: Timestamp;
  /** How many there were. */
  readonly clusters: number;
  readonly tasks: number;
  /** At most {@link DEVIATIONS_KEPT}, and how many more there are. */
  readonly deviations: readonly Deviation[];
  readonly more: number;
  /** The clusters that deviate or have tasks, at most {@link CLUSTERS_KEPT}. */
  readonly verified: readonly VerifiedCluster[];
  /** What could not be looked at, and why; nothing deviates there as far as anybody knows. */
  readonly failed: readonly { readonly what: string; readonly why: string }[];
}

/** Bounds of what is kept: an item may have 400,000 bytes, and a deviation has up to 600. */
export const DEVIATIONS_KEPT = 300;
export const CLUSTERS_KEPT = 200;

const CLUSTER = /^arn:[^:]*:ecs:([^:]*):([^:]*):cluster\/(.+)/s;
const NAME_LIMIT = 255;

/** Account and name of a cluster, and its Region; undefined for what is no cluster's ARN. */
function readClusterArn(arn: string): (Cluster & { readonly region: string }) | undefined {
  // Stryker disable next-line ArrayDeclaration: one element is none of the three.
  const [, region, account, name] = CLUSTER.exec(arn) ?? [];
  return region && account && name ? { account, name: printable(name, NAME_LIMIT), region } : undefined;
}

/** Open grants by cluster and key, as {@link grantCountKey} names them. */
export type GrantCounts = ReadonlyMap<string, number>;

/** What a cluster and a key are called among the counts. */
export const grantCountKey = ({ account, name }: Cluster, keyArn: string): string => JSON.stringify([account, name, keyArn]);

/** Compares one cluster and its tasks with each other and with the open grants that are known. Tasks too young for their records to be here are not missed any, nor are those on keys that the policy leaves out. */
export function verifyCluster(
  seen: ClusterSeen,
  tasks: readonly TaskSeen[],
  grants: GrantCounts,
  started: Timestamp,
  policy: Policy,
): { readonly verified: VerifiedCluster; readonly deviations: readonly Deviation[] } | undefined {
  const named = readClusterArn(seen.clusterArn);
  if (named === undefined) return undefined;
  const { region, ...cluster } = named;
  const arnOf = (key: string | undefined): string | undefined =>
    key === undefined ? undefined : (readKeyArn(key)?.arn ?? keyArnOfId(key, region, cluster.account)?.arn ?? printable(key, NAME_LIMIT));
  const fargate = arnOf(seen.fargate);
  const volumes = arnOf(seen.volumes);
  const deviations: Deviation[] = [];
  if (fargate === undefined) deviations.push({ kind: 'cluster-without-customer-key', cluster, tasks: tasks.length });
  const settled = new Map<string, number>();
  for (const { taskArn, storage, createdAt } of tasks) {
    const keyArn = arnOf(storage?.key);
    if (storage !== undefined && fargate !== undefined && keyArn !== fargate) {
      const task = { cluster, taskArn: printable(taskArn, NAME_LIMIT), clusterKeyArn: fargate };
      deviations.push({ kind: 'task-on-other-key', ...task, ...(keyArn === undefined ? {} : { keyArn }) });
    }
    if (keyArn !== undefined && (createdAt ?? started) < youngest(started)) settled.set(keyArn, (settled.get(keyArn) ?? 0) + 1);
  }
  for (const [keyArn, count] of settled) {
    const openGrants = grants.get(grantCountKey(cluster, keyArn)) ?? 0;
    if (openGrants < count && isKeyInScope(keyArn, policy))
      deviations.push({ kind: 'tasks-without-grant', cluster, keyArn, tasks: count, openGrants });
  }
  const verified = {
    cluster,
    ...(fargate === undefined ? {} : { fargateKeyArn: fargate }),
    ...(volumes === undefined ? {} : { volumesKeyArn: volumes }),
    tasks: tasks.length,
  };
  return { verified, deviations };
}
