import type { Cluster } from './encryption-context.ts';
import type { ClusterConfigured, FactBase, StorageKeys } from './fact.ts';
import { at, field, firstText, isObject, items, text } from './json.ts';
import { findKeyArn, keyArnOfId, readKeyArn } from './key-arn.ts';
import { type CallReader, OUT_OF_SCOPE, type Reading, readEnvelopeBase, rejected } from './reading.ts';
import { bounded, type Digest, printable } from './text.ts';

const LIMITS = { account: 32, name: 255, key: 256, taskArn: 256, reason: 1_024 };
const CLUSTER_ARN = /^arn:aws[a-z-]*:ecs:[a-z0-9-]+:([A-Za-z0-9-]{1,32}):cluster\/(.{1,255})$/s;

/**
 * Reads a CreateCluster or UpdateCluster that succeeded. What the cluster ended up with is taken from the answer, where
 * there is one. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ManagedStorageConfiguration.html
 */
function readClusterConfigured(record: unknown, base: FactBase, digest: Digest): Reading {
  const request = field(record, 'requestParameters');
  const answer = at(record, 'responseElements', 'cluster');
  // A cluster that is made without a name is called this.
  const named = firstText(field(request, 'cluster'), field(request, 'clusterName')) ?? 'default';
  const cluster = clusterNamed([field(answer, 'clusterArn'), named], base.account, digest);
  if (cluster === undefined) return rejected(`ECS record ${printable(base.eventId, 64)}: ${base.operation} names no cluster`);
  const storage = storageOf(base, request, answer, digest);
  const fact: ClusterConfigured = { kind: 'cluster-configured', ...base, cluster, ...(storage === undefined ? {} : { storage }) };
  return { kind: 'fact', fact };
}

/** Amazon ECS's calls. */
export const CLUSTER_CALLS: CallReader = {
  service: 'ECS',
  operations: new Set(['CreateCluster', 'UpdateCluster']),
  read: readClusterConfigured,
};

/** What the answer says of the storage, else what was asked; an update that says nothing of it leaves it as it was. */
function storageOf(base: FactBase, request: unknown, answer: unknown, digest: Digest): StorageKeys | undefined {
  const asked = at(request, 'configuration', 'managedStorageConfiguration');
  const got = at(answer, 'configuration', 'managedStorageConfiguration');
  if (base.operation === 'UpdateCluster' && !isObject(asked)) return undefined;
  const settings = isObject(got) ? got : asked;
  const fargate = keyNamed(field(settings, 'fargateEphemeralStorageKmsKeyId'), base, digest);
  const volumes = keyNamed(field(settings, 'kmsKeyId'), base, digest);
  return { ...(fargate === undefined ? {} : { fargate }), ...(volumes === undefined ? {} : { volumes }) };
}

function keyNamed(value: unknown, { region, account }: FactBase, digest: Digest): string | undefined {
  const named = text(value);
  if (named === undefined) return undefined;
  return (readKeyArn(named) ?? keyArnOfId(named, region, account))?.arn ?? bounded(named, LIMITS.key, digest);
}

/** The first of `names` that is a cluster's ARN, or a name in `account`. */
function clusterNamed(names: readonly unknown[], account: string | undefined, digest: Digest): Cluster | undefined {
  for (const value of names) {
    const named = text(value);
    if (named === undefined) continue;
    const arn = CLUSTER_ARN.exec(named);
    const owner = arn === null ? account : arn[1];
    const name = arn?.[2] ?? named;
    if (owner !== undefined) return { account: bounded(owner, LIMITS.account, digest), name: bounded(name, LIMITS.name, digest) };
  }
  return undefined;
}

/** Stops that somebody or something asked for; their reason may be anybody's own words. */
const ASKED_FOR: ReadonlySet<unknown> = new Set(['UserInitiated', 'ServiceSchedulerInitiated', 'SpotInterruption', 'TerminationNotice']);
/** How services name KMS; Secrets Manager says "Access to KMS is not allowed". Repositories, which have small letters alone, are no match. */
const NAMES_KMS = /\bKMS|\bKms[A-Z]|\bkms:[A-Z]|arn:aws[a-z-]*:kms:/;
const NAMES_DECRYPTION = /\bdecrypt/i;

/** What else than its storage a task may need a key for. */
const CONCERNS_OTHERS = /secret|parameter|\bssm\b|\basm\b|\befs\b|file ?system|registry|image|\blogs?\b/i;

const blamesKey = (reason: string): boolean =>
  NAMES_KMS.test(reason) || (NAMES_DECRYPTION.test(reason) && !reason.startsWith('CannotPullContainer'));

/**
 * Reads an ECS "Task State Change" of a task that stopped because of a key; every other one is out of scope. A denial
 * that never reaches the account's trail is seen here alone. Documented shape, unseen in the wild:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
 */
export function readTaskState(envelope: unknown, digest: Digest): Reading {
  const detail = field(envelope, 'detail');
  const reason = stopReason(detail);
  if (text(field(detail, 'lastStatus')) !== 'STOPPED' || reason === undefined) return OUT_OF_SCOPE;
  const base = readEnvelopeBase(envelope, digest);
  if (typeof base === 'string') return rejected(base);
  const region = text(field(envelope, 'region'));
  const account = text(field(envelope, 'account'));
  const cluster = clusterNamed([field(detail, 'clusterArn')], account, digest);
  const taskArn = text(field(detail, 'taskArn'));
  if (cluster === undefined || taskArn === undefined)
    return rejected(`task state change ${printable(base.eventId, 64)}: expected clusterArn and taskArn`);
  // What is said of a secret or an image tells nothing of the storage's key.
  const storageKey = CONCERNS_OTHERS.test(reason) ? undefined : at(detail, 'fargateEphemeralStorage', 'kmsKeyId');
  const key = findKeyArn(reason) ?? readKeyArn(storageKey) ?? keyArnOfId(storageKey, region, account);
  return {
    kind: 'fact',
    fact: {
      kind: 'task-stopped',
      ...base,
      operation: 'ECS Task State Change',
      caller: { id: 'ecs.amazonaws.com', trusted: false, awsRole: false },
      ...(region === undefined ? {} : { region: bounded(region, 32, digest) }),
      ...(account === undefined ? {} : { account: bounded(account, LIMITS.account, digest) }),
      ...(key === undefined ? {} : { keyArn: key.arn }),
      cluster,
      taskArn: bounded(taskArn, LIMITS.taskArn, digest),
      reason: printable(reason, LIMITS.reason),
    },
  };
}

/** The first reason, the task's own or a container's, that blames a key. */
function stopReason(detail: unknown): string | undefined {
  if (ASKED_FOR.has(text(field(detail, 'stopCode')))) return undefined;
  const reasons = [field(detail, 'stoppedReason'), ...items(field(detail, 'containers')).map((container) => field(container, 'reason'))];
  // Stryker disable next-line ConditionalExpression: no reason blames no key, not even spelt out.
  return reasons.map(text).find((reason) => reason !== undefined && blamesKey(reason));
}
