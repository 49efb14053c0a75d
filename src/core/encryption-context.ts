import { isObject, text } from './json.ts';
import { bounded, type Digest } from './text.ts';

/**
 * Encryption context pairs by lower-cased key (KMS compares the keys of a constraint without case, the values with it).
 * https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html
 */
export type EncryptionContext = ReadonlyMap<string, string>;

/** An ECS cluster as its encryption context names it: the record carries no cluster ARN. */
export interface Cluster {
  readonly account: string;
  readonly name: string;
}

/** Something outside the ledger's volumes that a key protects, normalised so that retries name it alike. */
export interface Resource {
  readonly kind: ResourceKind;
  readonly id: string;
}

/** The kinds of resource an AWS service names in its encryption context. */
export type ResourceKind =
  | 'secret'
  | 'parameter'
  | 'log-group'
  | 'file-system'
  | 'repository'
  | 'bucket'
  | 'queue'
  | 'topic'
  | 'function'
  | 'table'
  | 'ebs-volume'
  | 'ebs-snapshot';

const CLUSTER_ACCOUNT = 'aws:ecs:clusteraccount';
const CLUSTER_NAME = 'aws:ecs:clustername';
const EBS_ID = 'aws:ebs:id';

const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';
const EMPTY: EncryptionContext = new Map();
/** Lengths that keep every composite key under DynamoDB's 2,048 and 1,024 bytes even when each character needs three. */
const LIMITS = { account: 32, cluster: 255, volume: 48, key: 128, value: 512, pairs: 128 };

/**
 * Reads a context. A pair whose value cannot be read (no text, hidden by CloudTrail, or named twice by keys that differ
 * only in case, which KMS refuses) stays as an empty value: it attributes nothing, but that its key was there counts.
 */
export function readContext(value: unknown, digest: Digest): EncryptionContext {
  if (!isObject(value)) return EMPTY;
  const context = new Map<string, string>();
  const pairs = Object.entries(value).map(
    ([rawKey, rawValue]) => [bounded(rawKey.toWellFormed().toLowerCase(), LIMITS.key, digest), rawValue] as const,
  );
  // However many pairs a caller adds, those that decide about trust are kept.
  const weight = ([key]: readonly [string, unknown]): number => (DECIDING.has(key) ? 0 : key.startsWith('aws:') ? 1 : 2);
  for (const [key, rawValue] of pairs.sort((a, b) => weight(a) - weight(b)).slice(0, LIMITS.pairs)) {
    const pair = text(rawValue);
    const readable = pair !== undefined && pair !== HIDDEN && !context.has(key);
    context.set(key, readable ? bounded(pair, LIMITS.value, digest) : '');
  }
  return context;
}

/** True where any pair claims to come from Amazon ECS. */
export function namesEcs(context: EncryptionContext): boolean {
  return [...context.keys()].some((key) => key.startsWith('aws:ecs:'));
}

/** True where the context holds a pair of a service that lets callers add their own, so that the ECS pairs prove nothing. */
export function namesOtherService(context: EncryptionContext): boolean {
  return [...context.keys()].some(
    (key) => key === 'secretarn' || key === 'parameter_arn' || (key.startsWith('aws:') && !key.startsWith('aws:ecs:') && key !== EBS_ID),
  );
}

/** The cluster a context names; undefined unless both its account and its name are there. */
export function clusterOf(context: EncryptionContext, digest: Digest): Cluster | undefined {
  const account = context.get(CLUSTER_ACCOUNT);
  const name = context.get(CLUSTER_NAME);
  if (!account || !name) return undefined;
  return { account: bounded(account, LIMITS.account, digest), name: bounded(name, LIMITS.cluster, digest) };
}

/** The EBS volume id a context names. */
export function volumeIdOf(context: EncryptionContext, digest: Digest): string | undefined {
  const id = context.get(EBS_ID);
  return id ? bounded(id, LIMITS.volume, digest) : undefined;
}

interface ResourceReader {
  readonly key: string;
  readonly read: (value: string) => Resource;
}

const plain = (key: string, kind: ResourceKind): ResourceReader => ({ key, read: (id) => ({ kind, id }) });

/** In order of precedence: ECR reads through S3 and names both. Context keys: domain of each service's own encryption page. */
const READERS: readonly ResourceReader[] = [
  plain('secretarn', 'secret'),
  plain('parameter_arn', 'parameter'),
  { key: 'aws:logs:arn', read: (arn) => ({ kind: 'log-group', id: arn.replace(/(:log-group:[^:]+):.*/s, '$1') }) },
  plain('aws:elasticfilesystem:filesystem:id', 'file-system'),
  plain('aws:ecr:arn', 'repository'),
  { key: 'aws:s3:arn', read: (arn) => ({ kind: 'bucket', id: arn.replace(/^(arn:[^:]*:s3:::[^/]+)\/.*/s, '$1') }) },
  plain('aws:sqs:arn', 'queue'),
  plain('aws:sns:topicarn', 'topic'),
  { key: 'aws:lambda:functionarn', read: (arn) => ({ kind: 'function', id: arn.replace(/(:function:[^:]+):.*/s, '$1') }) },
  plain('aws:dynamodb:tablename', 'table'),
  { key: EBS_ID, read: (id) => ({ kind: id.startsWith('snap-') ? 'ebs-snapshot' : 'ebs-volume', id }) },
];

/** Keys that attribute, or that show another service at work. */
const DECIDING: ReadonlySet<string> = new Set([CLUSTER_ACCOUNT, CLUSTER_NAME, ...READERS.map(({ key }) => key)]);

/** The resource a context names, if any. */
export function resourceOf(context: EncryptionContext): Resource | undefined {
  for (const { key, read } of READERS) {
    const value = context.get(key);
    if (value) return read(value);
  }
  return undefined;
}
