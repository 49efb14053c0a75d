import type { Caller, Trust } from './caller.ts';
import type { Cluster, EncryptionContext, Resource } from './encryption-context.ts';
import type { GrantTerms } from './grant-terms.ts';
import type { KeyChange } from './operations.ts';
import type { RefusalReason } from './outcome.ts';
import type { Timestamp } from './timestamp.ts';

/** What every fact tells: which record it is, when, what was called, by whom. */
export interface FactBase {
  /** CloudTrail's `eventID`, the only identity of a record; a native event's envelope id. */
  readonly eventId: string;
  readonly time: Timestamp;
  readonly operation: string;
  readonly caller: Caller;
  readonly region?: string;
  /** The account whose trail delivered the record. */
  readonly account?: string;
}

/** What a record's encryption context says, and how far it may be believed. `cluster` and `volumeId` are set only when trusted. */
export interface Attribution {
  readonly trust: Trust;
  readonly cluster?: Cluster;
  readonly volumeId?: string;
  readonly resource?: Resource;
  /** What an untrusted caller claims, for the alert about it. */
  readonly claimed?: Cluster;
}

/** A grant came to be (CreateGrant succeeded). */
export interface GrantCreated extends FactBase, Attribution, GrantTerms {
  readonly kind: 'grant-created';
  readonly keyArn: string;
  readonly grantId: string;
  /** When the sweep found the grant in KMS's list, whose CreateGrant was not seen: its caller is unknown. A record of it takes its place. */
  readonly adopted?: Timestamp;
}

/** The encryption-context condition of a grant. */
export interface GrantConstraint {
  readonly match: 'subset' | 'equals';
  readonly context: EncryptionContext;
}

/** A grant ended (RetireGrant or RevokeGrant succeeded). */
export interface GrantEnded extends FactBase {
  readonly kind: 'grant-ended';
  readonly keyArn: string;
  readonly grantId: string;
  readonly how: 'retired' | 'revoked';
}

/** A cryptographic operation succeeded. */
export interface KeyUsed extends FactBase, Attribution {
  readonly kind: 'key-used';
  readonly keyArn: string;
}

/** What a judgement needs to know of a successful Decrypt. */
export interface Decrypt extends Pick<KeyUsed, 'eventId' | 'time' | 'operation' | 'region'> {
  readonly caller: Pick<Caller, 'id'>;
}

/** A rehearsal that would have succeeded. */
export interface Rehearsed extends FactBase, Attribution {
  readonly kind: 'rehearsed';
  readonly keyArn?: string;
}

/** A call that KMS refused, real or rehearsed. */
export interface Refused extends FactBase, Attribution {
  readonly kind: 'refused';
  readonly keyArn?: string;
  readonly reason: RefusalReason;
  readonly code: string;
  readonly message: string;
  readonly rehearsal: boolean;
}

/** A key, or the custom key store that holds it, was made usable or unusable. */
export interface KeyChanged extends FactBase {
  readonly kind: 'key-changed';
  readonly keyArn?: string;
  readonly keyStoreId?: string;
  readonly change: KeyChange;
}

/** A key's policy was replaced (PutKeyPolicy succeeded). */
export interface KeyPolicyPut extends FactBase {
  readonly kind: 'key-policy-put';
  readonly keyArn: string;
}

/** An ECS cluster was made or changed (CreateCluster or UpdateCluster succeeded). */
export interface ClusterConfigured extends FactBase {
  readonly kind: 'cluster-configured';
  readonly keyArn?: never;
  readonly cluster: Cluster;
  /** The keys of the cluster's storage as the call left them; absent where it left them alone. */
  readonly storage?: StorageKeys;
}

/** The two key settings of a cluster, ARNs where the record lets us tell: for Fargate's ephemeral storage, for EBS volumes attached to tasks. */
export interface StorageKeys {
  readonly fargate?: string;
  readonly volumes?: string;
}

/** An ECS task stopped for a reason that names KMS or a decryption failure. */
export interface TaskStopped extends FactBase {
  readonly kind: 'task-stopped';
  readonly keyArn?: string;
  readonly cluster: Cluster;
  readonly taskArn: string;
  readonly reason: string;
}

/** A trail was started, stopped, deleted or changed. */
export interface TrailChanged extends FactBase {
  readonly kind: 'trail-changed';
  readonly keyArn?: never;
  readonly trailArn: string;
  readonly change: TrailChange;
  /** What of KMS the trail no longer records after this change, in words; none where it is whole. */
  readonly gaps: readonly string[];
}

/** What was done to a trail: to its logging, its selectors, the Regions it covers, or to nothing that matters here (`updated`). */
export type TrailChange = 'started' | 'stopped' | 'deleted' | 'selected' | 'narrowed' | 'widened' | 'updated';

/** An EventBridge rule was changed. */
export interface EventRuleChanged extends FactBase {
  readonly kind: 'event-rule-changed';
  readonly keyArn?: never;
  readonly ruleArn: string;
  readonly ruleName: string;
  readonly change: EventRuleChange;
}

/** What was done to an EventBridge rule; `deployed`: CloudFormation put it, in the state that lets read-only events through. */
export type EventRuleChange = 'enabled' | 'disabled' | 'deleted' | 'replaced' | 'deployed' | 'targets-removed' | 'targets-put';

/** True for what CloudFormation did on somebody's behalf. */
export function isByDeployment({ caller }: Pick<FactBase, 'caller'>): boolean {
  return caller.invokedBy === 'cloudformation.amazonaws.com';
}

/** What one record tells us. */
export type Fact =
  | GrantCreated
  | GrantEnded
  | KeyUsed
  | Rehearsed
  | Refused
  | KeyChanged
  | KeyPolicyPut
  | ClusterConfigured
  | TaskStopped
  | TrailChanged
  | EventRuleChanged;

/** A fact that is kept as it came; grants are joined besides. */
export type StandingFact = Exclude<Fact, GrantCreated | GrantEnded>;

/** A call with an encryption context, believed or not. */
export type ContextFact = GrantCreated | KeyUsed | Rehearsed | Refused;

/** True for a call that may carry an encryption context. */
export function hasContext(fact: Fact): fact is ContextFact {
  return 'trust' in fact;
}

/** True for what KMS recorded; false for what other services did around it. */
export function isOfKms(fact: Fact): boolean {
  return hasContext(fact) || fact.kind === 'grant-ended' || fact.kind === 'key-changed' || fact.kind === 'key-policy-put';
}

/** One encrypted volume: the unit whose timeline is kept together. */
export interface Volume {
  readonly clusterAccount: string;
  readonly clusterName: string;
  readonly volumeId: string;
  readonly keyArn: string;
}

/** The volume a fact is attributed to, if it is. */
export function volumeOf(fact: Fact): Volume | undefined {
  return hasContext(fact) ? volumeAt(fact) : undefined;
}

/** The volume that cluster, volume id and key name together; undefined where one of them is missing. */
export function volumeAt({
  cluster,
  volumeId,
  keyArn,
}: {
  readonly cluster?: Cluster;
  readonly volumeId?: string;
  readonly keyArn?: string;
}): Volume | undefined {
  if (cluster === undefined || volumeId === undefined || keyArn === undefined) return undefined;
  return { clusterAccount: cluster.account, clusterName: cluster.name, volumeId, keyArn };
}

/** Where an event stands in time among others: by second, then by its id, so that ties order alike everywhere. */
export type Order = string;

/** The {@link Order} of a fact. */
export function orderOf(fact: Pick<FactBase, 'time' | 'eventId'>): Order {
  return `${fact.time}#${fact.eventId}`;
}

/** The instant of an {@link Order}. */
export function timeOf(order: Order): Timestamp {
  return order.slice(0, order.indexOf('#'));
}

/** The event id of an {@link Order}. */
export function eventIdOf(order: Order): string {
  return order.slice(order.indexOf('#') + 1);
}
