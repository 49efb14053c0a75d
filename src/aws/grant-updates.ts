import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import type { GrantEnd, GrantHead } from '../core/grant.ts';
import { type SweepOfKey, youngest } from '../core/reconcile.ts';
import { openSortKey } from './item-keys.ts';
import { N, S } from './table.ts';

/** An earlier or equal creation is not known yet. */
const EARLIEST_CREATION = '(attribute_not_exists(ck) OR ck >= :ck OR attribute_exists(ad))';
/** What is adopted gives way to whatever is known. */
const NO_CREATION = 'attribute_not_exists(ck)';
const NOT_OVER = 'attribute_not_exists(en) AND attribute_not_exists(gn)';
/** An earlier or equal ending is not known yet. */
const EARLIEST_ENDING = '(attribute_not_exists(en) OR en >= :en)';
/** A later or equal sight is not known yet. */
export const LATEST_SIGHT = '(attribute_not_exists(seen) OR seen < :seen)';

/** A change of a grant's item, refused where what is known already decides. */
export type GrantUpdate = Pick<
  UpdateItemCommandInput,
  'UpdateExpression' | 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>;

/** A head of which a creation is known. */
export type CreatedHead = GrantHead & { readonly created: string };

const CREATED = 'ck = :ck, #is = :is';
const ENDED = 'en = :en, eh = :eh, eb = :eb, exp = :exp';
/** A record of the end takes the place of what was observed. */
const NO_LONGER_OBSERVED = 'ms, gn';
const NAMES = { '#is': 'is' };

const createdValues = ({ created, cluster, volumeId, adopted }: CreatedHead) => ({
  ':ck': S(created),
  ':is': S(openSortKey(cluster, volumeId)),
  ...(adopted === undefined ? {} : { ':ad': S(adopted) }),
});

/** How a creation is written: one of which there is a record takes the place of the adopted one. */
const creation = ({ adopted }: CreatedHead) =>
  adopted === undefined
    ? { set: CREATED, remove: 'ad', condition: EARLIEST_CREATION }
    : { set: `${CREATED}, ad = :ad`, remove: undefined, condition: NO_CREATION };

/** `expiry`: seconds since 1970. */
const endedValues = ({ order, how, by }: GrantEnd, expiry: number) => ({
  ':en': S(order),
  ':eh': S(how),
  ':eb': S(by),
  ':exp': N(expiry),
});

/** The creation, and its place in the index of open grants; refused once an ending is known, or the grant is gone. */
export function openUpdate(head: CreatedHead): GrantUpdate {
  const { set, remove, condition } = creation(head);
  return {
    UpdateExpression: `SET ${set}, ik = :ik${removing(remove)}`,
    ConditionExpression: `${condition} AND ${NOT_OVER}`,
    ExpressionAttributeNames: NAMES,
    ExpressionAttributeValues: { ...createdValues(head), ':ik': S(head.keyArn) },
  };
}

/** The creation of a grant that is over: it never enters the index. */
export function creationUpdate(head: CreatedHead): GrantUpdate {
  const { set, remove, condition } = creation(head);
  return {
    UpdateExpression: `SET ${set}${removing(remove)}`,
    ConditionExpression: condition,
    ExpressionAttributeNames: NAMES,
    ExpressionAttributeValues: createdValues(head),
  };
}

/** The ending, which takes the grant out of the index. */
export function endingUpdate(end: GrantEnd, expiry: number): GrantUpdate {
  return {
    UpdateExpression: `SET ${ENDED} REMOVE ik, ${NO_LONGER_OBSERVED}`,
    ConditionExpression: EARLIEST_ENDING,
    ExpressionAttributeValues: endedValues(end, expiry),
  };
}

/** Creation and ending at once, where both are the earliest known; of a grant that was recorded, not adopted. */
export function wholeUpdate(head: CreatedHead, end: GrantEnd, expiry: number): GrantUpdate {
  return {
    UpdateExpression: `SET ${CREATED}, ${ENDED} REMOVE ik, ad, ${NO_LONGER_OBSERVED}`,
    ConditionExpression: `${EARLIEST_CREATION} AND ${EARLIEST_ENDING}`,
    ExpressionAttributeNames: NAMES,
    ExpressionAttributeValues: { ...createdValues(head), ...endedValues(end, expiry) },
  };
}

/** The grant is not in KMS's list: noted where it is open and was made before `:young`. */
export function missingUpdate({ started }: SweepOfKey): GrantUpdate {
  return {
    UpdateExpression: 'SET ms = :started',
    ConditionExpression: `${OLD_ENOUGH} AND ${NOT_OVER} AND (attribute_not_exists(ms) OR ms < :started)`,
    ExpressionAttributeValues: { ':started': S(started), ':young': S(youngest(started)) },
  };
}

/** The grant is not in KMS's list again: it leaves the index. `expiry`: seconds since 1970. */
export function goneUpdate({ started, before = '' }: SweepOfKey, expiry: number): GrantUpdate {
  return {
    UpdateExpression: 'SET gn = :started, exp = :exp REMOVE ik, ms',
    ConditionExpression: `${OLD_ENOUGH} AND ${NOT_OVER} AND ms = :before`,
    ExpressionAttributeValues: { ':started': S(started), ':young': S(youngest(started)), ':before': S(before), ':exp': N(expiry) },
  };
}

/** KMS lists a grant that was gone: it is back in the index, unless a record of its end or a later sweep knows better. */
export function reopenUpdate(keyArn: string, { started }: SweepOfKey): GrantUpdate {
  return {
    UpdateExpression: 'SET ik = :ik REMOVE gn, ms, exp',
    ConditionExpression: 'attribute_exists(ck) AND attribute_not_exists(en) AND gn < :started',
    ExpressionAttributeValues: { ':ik': S(keyArn), ':started': S(started) },
  };
}

const OLD_ENOUGH = 'ck < :young';
const removing = (names: string | undefined): string => (names === undefined ? '' : ` REMOVE ${names}`);
