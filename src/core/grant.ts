import type { Cluster } from './encryption-context.ts';
import { type GrantCreated, type GrantEnded, type Order, orderOf } from './fact.ts';
import type { Timestamp } from './timestamp.ts';

/** Where a grant's creation and its endings meet: the earliest of each, so that order cannot matter. */
export interface GrantHead {
  readonly keyArn: string;
  readonly grantId: string;
  /** The earliest creation, or, until one is seen, the adopted one; absent while only an ending was seen. */
  readonly created?: Order;
  /** When the sweep adopted the grant; absent once a record of its creation is known. */
  readonly adopted?: Timestamp;
  /** From the earliest creation, when trusted. */
  readonly cluster?: Cluster;
  readonly volumeId?: string;
  readonly end?: GrantEnd;
  /** Absent from KMS's list in the sweep begun then; says nothing by itself. */
  readonly missing?: Timestamp;
  /** Absent from KMS's list in two sweeps, the second begun then, and no ending known. */
  readonly gone?: Timestamp;
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

/** `open` until an ending is known; `gone`: KMS has it no longer, and no record says how it ended. */
export type GrantStatus = 'open' | 'retired' | 'revoked' | 'gone';

/** The status of a grant. */
export function grantStatus({ end, gone }: GrantHead): GrantStatus {
  return end?.how ?? (gone === undefined ? 'open' : 'gone');
}

/** True for a grant that is known to have been made and not known to be over: one of the index of open grants. */
export function isOpenGrant(head: GrantHead): boolean {
  return head.created !== undefined && grantStatus(head) === 'open';
}

/** The head with one more creation told of it. What a record says decides over what was adopted, whichever came first. */
export function withCreation(head: GrantHead | undefined, fact: GrantCreated): GrantHead {
  const created = orderOf(fact);
  const { keyArn, grantId, cluster, volumeId, adopted } = fact;
  if (head?.created !== undefined) {
    if (adopted !== undefined) return head;
    // Stryker disable next-line EqualityOperator: the same creation says the same.
    if (head.adopted === undefined && head.created < created) return head;
  }
  const { end, missing, gone, alertedIn } = head ?? {};
  return {
    keyArn,
    grantId,
    created,
    ...(adopted === undefined ? {} : { adopted }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(volumeId === undefined ? {} : { volumeId }),
    ...(end === undefined ? {} : { end }),
    ...(missing === undefined ? {} : { missing }),
    ...(gone === undefined ? {} : { gone }),
    ...(alertedIn === undefined ? {} : { alertedIn }),
  };
}

/** The head with one more ending told of it; a record of the end makes an end of what was merely observed. */
export function withEnding(head: GrantHead | undefined, fact: GrantEnded): GrantHead {
  const order = orderOf(fact);
  // Stryker disable next-line EqualityOperator: the same ending says the same.
  if (head?.end !== undefined && head.end.order < order) return head;
  const { missing: _missing, gone: _gone, ...known } = head ?? {};
  return { keyArn: fact.keyArn, grantId: fact.grantId, ...known, end: { order, how: fact.how, by: fact.caller.id } };
}

/** False for an adopted creation that a record has since taken the place of. */
export function isCurrent(creation: GrantCreated, head: GrantHead | undefined): boolean {
  return creation.adopted === undefined || head?.created === undefined || head.created === orderOf(creation);
}
