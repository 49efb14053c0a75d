import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import type { GrantEnd, GrantHead } from '../core/grant.ts';
import { openSortKey } from './item-keys.ts';
import { N, S } from './table.ts';

/** An earlier or equal creation is not known yet. */
const EARLIEST_CREATION = '(attribute_not_exists(ck) OR ck >= :ck)';
const NOT_ENDED = 'attribute_not_exists(en)';
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
const NAMES = { '#is': 'is' };

const createdValues = ({ created, cluster, volumeId }: CreatedHead) => ({ ':ck': S(created), ':is': S(openSortKey(cluster, volumeId)) });

/** `expiry`: seconds since 1970. */
const endedValues = ({ order, how, by }: GrantEnd, expiry: number) => ({
  ':en': S(order),
  ':eh': S(how),
  ':eb': S(by),
  ':exp': N(expiry),
});

/** The creation, and its place in the index of open grants; refused once an ending is known. */
export function openUpdate(head: CreatedHead): GrantUpdate {
  return {
    UpdateExpression: `SET ${CREATED}, ik = :ik`,
    ConditionExpression: `${EARLIEST_CREATION} AND ${NOT_ENDED}`,
    ExpressionAttributeNames: NAMES,
    ExpressionAttributeValues: { ...createdValues(head), ':ik': S(head.keyArn) },
  };
}

/** The creation of a grant that has ended: it never enters the index. */
export function creationUpdate(head: CreatedHead): GrantUpdate {
  return {
    UpdateExpression: `SET ${CREATED}`,
    ConditionExpression: EARLIEST_CREATION,
    ExpressionAttributeNames: NAMES,
    ExpressionAttributeValues: createdValues(head),
  };
}

/** The ending, which takes the grant out of the index. */
export function endingUpdate(end: GrantEnd, expiry: number): GrantUpdate {
  return {
    UpdateExpression: `SET ${ENDED} REMOVE ik`,
    ConditionExpression: EARLIEST_ENDING,
    ExpressionAttributeValues: endedValues(end, expiry),
  };
}

/** Creation and ending at once, where both are the earliest known. */
export function wholeUpdate(head: CreatedHead, end: GrantEnd, expiry: number): GrantUpdate {
  return {
    UpdateExpression: `SET ${CREATED}, ${ENDED} REMOVE ik`,
    ConditionExpression: `${EARLIEST_CREATION} AND ${EARLIEST_ENDING}`,
    ExpressionAttributeNames: NAMES,
    ExpressionAttributeValues: { ...createdValues(head), ...endedValues(end, expiry) },
  };
}
