import type { Caller, Trust } from './caller.ts';
import type { Cluster, EncryptionContext, Resource } from './encryption-context.ts';
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
export interface GrantCreated extends FactBase, Attribution {
  readonly kind: 'grant-created';
  readonly keyArn: string;
  readonly grantId: string;
  /** `granteePrincipal` or `granteeServicePrincipal`, trimmed. */
  readonly grantee?: string;
  readonly retiree?: string;
  /** Sorted; absent where the record names none. */
  readonly operations?: readonly string[];
  readonly constraint?: GrantConstraint;
  readonly sourceArn?: string;
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

/** What one record tells us. */
export type Fact = GrantCreated | GrantEnded | KeyUsed | Rehearsed | Refused | KeyChanged;

/** One encrypted volume: the unit whose timeline is kept together. */
export interface Volume {
  readonly clusterAccount: string;
  readonly clusterName: string;
  readonly volumeId: string;
  readonly keyArn: string;
}

/** The volume a fact is attributed to, if it is. */
export function volumeOf(fact: Fact): Volume | undefined {
  return fact.kind === 'grant-ended' || fact.kind === 'key-changed' ? undefined : volumeAt(fact);
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
