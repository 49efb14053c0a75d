import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { AlertNote, Claim } from '../core/alerting.ts';
import type { Caller } from '../core/caller.ts';
import type { GrantConstraint, GrantCreated, StandingFact } from '../core/fact.ts';
import { eventIdOf, timeOf } from '../core/fact.ts';
import type { Occurrence } from '../core/finding.ts';
import type { GrantEnd, GrantHead } from '../core/grant.ts';
import type { KeySighting } from '../core/key-state.ts';
import type { Severity } from '../core/severity.ts';
import type { ResourceUse } from '../core/snapshot.ts';
import { grantOfPartition, type ItemKey, ofOpenSortKey, volumeOfPartition } from './item-keys.ts';

/** An item as DynamoDB sends it. */
export type Item = Readonly<Record<string, AttributeValue>>;

type StoredFact = GrantCreated | StandingFact;

/** A string attribute. */
export const textOf = (item: Item, name: string): string | undefined => item[name]?.S;

/** The key of an item, as it was written. */
export const keyOf = (item: Item): ItemKey => ({ pk: textOf(item, 'pk') ?? '', sk: textOf(item, 'sk') ?? '' });

/** The order in a sort key: what follows its one-letter kind. */
const orderIn = (sk: string): string => sk.slice(2);

/**
 * A fact as the JSON of its item's `f`, without what its key already says: storage costs as much as writing, and an
 * item over 1,024 bytes costs another write unit.
 */
export function encodeFact(fact: StoredFact, { pk }: ItemKey): string {
  const { eventId: _id, time: _time, ...told } = fact;
  const keyed: Record<string, unknown> = { ...told };
  if (volumeOfPartition(pk) !== undefined) for (const name of ['cluster', 'volumeId', 'keyArn']) delete keyed[name];
  return JSON.stringify({
    ...keyed,
    caller: encodeCaller(fact.caller),
    ...('constraint' in fact && fact.constraint ? { constraint: encodeConstraint(fact) } : {}),
  });
}

/** The fact of an item, whole again. */
export function decodeFact(item: Item): StoredFact {
  const { pk, sk } = keyOf(item);
  const stored = JSON.parse(textOf(item, 'f') ?? '{}');
  const volume = volumeOfPartition(pk);
  const fact = {
    ...stored,
    eventId: eventIdOf(orderIn(sk)),
    time: timeOf(orderIn(sk)),
    caller: decodeCaller(stored.caller),
    ...(volume === undefined
      ? {}
      : { cluster: { account: volume.clusterAccount, name: volume.clusterName }, volumeId: volume.volumeId, keyArn: volume.keyArn }),
  };
  return stored.constraint === undefined ? fact : { ...fact, constraint: decodeConstraint(stored.constraint, fact) };
}

type StoredCaller = readonly [id: string, flags: number, type?: string, invokedBy?: string, session?: string];

function encodeCaller({ id, type, invokedBy, session, trusted, awsRole }: Caller): StoredCaller {
  return [id, Number(trusted) + 2 * Number(awsRole), type ?? '', invokedBy === id ? SAME : doubled(invokedBy ?? ''), session ?? ''];
}

/** What stands for a service principal that is the caller's id as well; one that begins so begins so twice. */
const SAME = '=';
const doubled = (name: string): string => (name.startsWith(SAME) ? SAME + name : name);

function decodeCaller([id, flags, type, invokedBy, session]: StoredCaller): Caller {
  return {
    id,
    trusted: (flags & 1) === 1,
    awsRole: (flags & 2) === 2,
    ...(type ? { type } : {}),
    ...(invokedBy ? { invokedBy: invokedBy === SAME ? id : invokedBy.replace(/^=/, '') } : {}),
    ...(session ? { session } : {}),
  };
}

type StoredConstraint = readonly [match: GrantConstraint['match'], context: readonly (readonly [string, string])[] | 'volume'];

/** The three pairs that attribute a grant to its volume are in its key already. */
function storagePairs({ cluster, volumeId }: GrantCreated): readonly (readonly [string, string])[] {
  if (cluster === undefined || volumeId === undefined) return [];
  return [
    ['aws:ebs:id', volumeId],
    ['aws:ecs:clusteraccount', cluster.account],
    ['aws:ecs:clustername', cluster.name],
  ];
}

function encodeConstraint(fact: GrantCreated): StoredConstraint | undefined {
  if (fact.constraint === undefined) return undefined;
  const { match, context } = fact.constraint;
  const pairs = [...context].sort(([a], [b]) => (a < b ? -1 : 1));
  return [match, JSON.stringify(pairs) === JSON.stringify(storagePairs(fact)) ? 'volume' : pairs];
}

function decodeConstraint([match, context]: StoredConstraint, fact: GrantCreated): GrantConstraint {
  return { match, context: new Map(context === 'volume' ? storagePairs(fact) : context) };
}

/** The grant of a head item. */
export function decodeHead(item: Item): GrantHead {
  const created = textOf(item, 'ck');
  const end = decodeEnd(item);
  const [adopted, missing, gone] = [textOf(item, 'ad'), textOf(item, 'ms'), textOf(item, 'gn')];
  return {
    ...grantOfPartition(keyOf(item).pk),
    ...(created === undefined ? {} : { created }),
    ...(adopted === undefined ? {} : { adopted }),
    ...ofOpenSortKey(textOf(item, 'is') ?? '-'),
    ...(end === undefined ? {} : { end }),
    ...(missing === undefined ? {} : { missing }),
    ...(gone === undefined ? {} : { gone }),
    ...(item.ag?.SS === undefined ? {} : { alertedIn: [...item.ag.SS].sort() }),
  };
}

function decodeEnd(item: Item): GrantEnd | undefined {
  const order = textOf(item, 'en');
  return order === undefined
    ? undefined
    : { order, how: textOf(item, 'eh') === 'revoked' ? 'revoked' : 'retired', by: textOf(item, 'eb') ?? '' };
}

/** When a resource was last seen, of its item. */
export function decodeResource(item: Item): ResourceUse {
  return { ...JSON.parse(textOf(item, 'f') ?? '{}'), lastSeen: textOf(item, 'seen') ?? '' };
}

/** What the sweep saw of a key. */
export function decodeSighting(item: Item): KeySighting {
  return JSON.parse(textOf(item, 'f') ?? '{}');
}

/** An occurrence as the JSON of its evidence item. */
export function encodeOccurrence({ eventId: _id, time: _time, ...told }: Occurrence): string {
  return JSON.stringify(told);
}

/** The occurrence of an evidence item. */
export function decodeOccurrence(item: Item): Occurrence {
  const order = orderIn(keyOf(item).sk);
  return { ...JSON.parse(textOf(item, 'f') ?? '{}'), eventId: eventIdOf(order), time: timeOf(order) };
}

/** The note of an alert's item. */
export function decodeNote(item: Item): AlertNote {
  const sent = textOf(item, 'sent');
  const over = textOf(item, 'over');
  const closed = textOf(item, 'closed');
  const until = item.claim?.N;
  const attributes = textOf(item, 'attrs');
  return {
    ...(sent === undefined
      ? {}
      : {
          sent: {
            through: sent,
            severity: severityIn(item, 'sev'),
            ...(attributes === undefined ? {} : { attributes: JSON.parse(attributes) }),
          },
        }),
    ...(over === undefined ? {} : { over }),
    ...(closed === undefined ? {} : { closed }),
    ...(until === undefined
      ? {}
      : {
          claim: {
            tells: tellsIn(item),
            until: Number(until),
            by: textOf(item, 'claimBy') ?? '',
            through: textOf(item, 'claimThrough') ?? '',
            severity: severityIn(item, 'claimSev'),
          },
        }),
  };
}

/** Severities are written by us alone; one that is missing is taken for the lowest, so that nothing hides behind it. */
function severityIn(item: Item, name: string): Severity {
  const value = textOf(item, name);
  return value === 'critical' || value === 'high' || value === 'medium' ? value : 'low';
}

function tellsIn(item: Item): Claim['tells'] {
  const value = textOf(item, 'claimTells');
  return value === 'over' || value === 'joint' ? value : 'alert';
}
