import type { Cluster } from './encryption-context.ts';
import { type GrantCreated, type GrantEnded, type Order, orderOf } from './fact.ts';

/** Where a grant's creation and its endings meet: the earliest of each, so that order cannot matter. */
export interface GrantHead {
  readonly keyArn: string;
  readonly grantId: string;
  /** The earliest creation; absent while only an ending was seen. */
  readonly created?: Order;
  /** From the earliest creation, when trusted. */
  readonly cluster?: Cluster;
  readonly volumeId?: string;
  readonly end?: GrantEnd;
  /** The groups whose alerts told of this grant, so that its ending can be told as well. */
  readonly alertedIn?: readonly string[];
}

/** The ending that decides: the earliest. */
export interface GrantEnd {
  readonly order: Order;
  readonly how: 'retired' | 'revoked';
  /** Who ended it. */
  readonly by: string;
}

/** `open` until an ending is known. */
export type GrantStatus = 'open' | 'retired' | 'revoked';

/** The status of a grant. */
export function grantStatus({ end }: GrantHead): GrantStatus {
  return end?.how ?? 'open';
}

/** The head with one more creation told of it. */
export function withCreation(head: GrantHead | undefined, fact: GrantCreated): GrantHead {
  const created = orderOf(fact);
  const { keyArn, grantId, cluster, volumeId } = fact;
  if (head?.created !== undefined && head.created < created) return head;
  return {
    keyArn,
    grantId,
    created,
    ...(cluster === undefined ? {} : { cluster }),
    ...(volumeId === undefined ? {} : { volumeId }),
    ...(head?.end === undefined ? {} : { end: head.end }),
    ...(head?.alertedIn === undefined ? {} : { alertedIn: head.alertedIn }),
  };
}

/** The head with one more ending told of it. */
export function withEnding(head: GrantHead | undefined, fact: GrantEnded): GrantHead {
  const order = orderOf(fact);
  if (head?.end !== undefined && head.end.order < order) return head;
  return { keyArn: fact.keyArn, grantId: fact.grantId, ...head, end: { order, how: fact.how, by: fact.caller.id } };
}
