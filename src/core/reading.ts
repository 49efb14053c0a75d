import { readCaller } from './caller.ts';
import type { Fact, FactBase } from './fact.ts';
import { at, field, firstText, text } from './json.ts';
import { bounded, type Digest, printable } from './text.ts';
import { readTimestamp, type Timestamp } from './timestamp.ts';

/**
 * What reading one record came to. A record that is out of scope is counted and left alone; `eventId` is there when it
 * is a KMS record, whose repetitions are counted. A rejection says what was expected and what was found.
 */
export type Reading =
  | { readonly kind: 'fact'; readonly fact: Fact }
  | { readonly kind: 'out-of-scope'; readonly eventId?: string; readonly canary?: CanarySighting }
  | { readonly kind: 'rejected'; readonly reason: string };

/** A call such as the audit's own canary makes, and who made it. */
export interface CanarySighting {
  readonly by: string;
  readonly time: Timestamp;
}

const LIMITS = { eventId: 64, region: 32, account: 32 };

/** A record that cannot be read, and why. */
export const rejected = (reason: string): Reading => ({ kind: 'rejected', reason });

/** A record that is none of the audit's business. */
export const OUT_OF_SCOPE: Reading = { kind: 'out-of-scope' };

/** What every CloudTrail record tells, or why this one does not. `what` names its kind in the reason. */
export function readBase(record: unknown, what: string, digest: Digest): FactBase | string {
  const operation = text(field(record, 'eventName'));
  if (operation === undefined) return `${what} record without eventName`;
  const eventId = text(field(record, 'eventID'));
  if (eventId === undefined) return `${what} record ${printable(operation, 64)} without eventID`;
  const time = readTimestamp(field(record, 'eventTime'));
  if (time === undefined) return `${what} record ${printable(eventId, 64)}: eventTime is no ISO 8601 instant`;
  const region = text(field(record, 'awsRegion'));
  const account = firstText(field(record, 'recipientAccountId'), at(record, 'userIdentity', 'accountId'));
  return {
    eventId: bounded(eventId, LIMITS.eventId, digest),
    time,
    operation,
    caller: readCaller(field(record, 'userIdentity'), region, digest),
    ...(region === undefined ? {} : { region: bounded(region, LIMITS.region, digest) }),
    ...(account === undefined ? {} : { account: bounded(account, LIMITS.account, digest) }),
  };
}

/** The id and time of an event that a service sends to EventBridge itself, or why it has none. */
export function readEnvelopeBase(envelope: unknown, digest: Digest): Pick<FactBase, 'eventId' | 'time'> | string {
  const detailType = printable(text(field(envelope, 'detail-type')) ?? '', 64);
  const eventId = text(field(envelope, 'id'));
  if (eventId === undefined) return `native event "${detailType}" without id`;
  const time = readTimestamp(field(envelope, 'time'));
  if (time === undefined) return `native event ${printable(eventId, 64)}: time is no ISO 8601 instant`;
  return { eventId: bounded(eventId, LIMITS.eventId, digest), time };
}

/** Reads what another service records around the keys. A call that failed changed nothing and is never read. */
export interface CallReader {
  /** The service, as a reason names it. */
  readonly service: string;
  readonly operations: ReadonlySet<string>;
  readonly read: (record: unknown, base: FactBase, digest: Digest) => Reading;
}

/** What a record was read as that could be read. */
export type Read = Exclude<Reading, { kind: 'rejected' }>;

/** A record that could not be read: its place among the source's records, and why. */
export interface Rejection {
  readonly index: number;
  readonly reason: string;
}

/**
 * What became of some of a source's records, in their order. `records` is the sum of the others: `readings` (facts, and
 * records out of scope that something has to be known of), `outOfScope` (merely counted) and `rejected`.
 */
export interface ReadBatch {
  readonly records: number;
  readonly outOfScope: number;
  readonly readings: readonly Read[];
  readonly rejected: readonly Rejection[];
}

/** A batch and its source; `last`: there are no more of this source. */
export interface SourceBatch extends ReadBatch {
  readonly path: string;
  readonly last: boolean;
}
