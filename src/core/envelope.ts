import { field, isObject, items, type JsonObject, kindOf, text } from './json.ts';
import { readTaskState } from './read-cluster.ts';
import { readNativeEvent, readRecord } from './read-record.ts';
import type { Reading } from './reading.ts';
import type { Digest } from './text.ts';

/** Envelopes nest (a queue's body holds a failure notice that holds the event); deeper than this is no delivery of AWS's. */
const DEPTH_LIMIT = 8;

/**
 * Opens whatever a record comes in and reads every record inside: EventBridge events (API calls, service events,
 * native ones of KMS and ECS), Lambda's failure destination, SQS and SNS bodies, CloudTrail files, LookupEvents pages,
 * results of CloudTrail Lake queries, CloudWatch Logs subscriptions, arrays
 * and bare records. Each record reads on its own: a bad one is a rejection beside its neighbours. Never throws.
 */
export function readEnvelope(input: unknown, digest: Digest, depth = 0): Reading[] {
  if (depth > DEPTH_LIMIT) return [{ kind: 'rejected', reason: `envelopes nested more than ${DEPTH_LIMIT} deep` }];
  const inner = (value: unknown): Reading[] => readEnvelope(value, digest, depth + 1);
  if (Array.isArray(input)) return input.flatMap(inner);
  if (!isObject(input)) return [readRecord(input, digest)];
  if (Object.hasOwn(input, 'requestPayload')) return inner(input.requestPayload);
  if (Object.hasOwn(input, 'detail-type')) return [readEventBridge(input, digest)];
  if (isObject(input.Sns)) return readText(input.Sns.Message, 'SNS message', inner);
  if (input.Type === 'Notification' && Object.hasOwn(input, 'Message')) return readText(input.Message, 'SNS message', inner);
  if (typeof input.CloudTrailEvent === 'string') return readText(input.CloudTrailEvent, 'CloudTrailEvent', inner);
  const lakeEvent = eventJsonIn(input);
  if (lakeEvent !== undefined) return readText(lakeEvent, 'eventJson', inner);
  if (isQueueMessage(input)) return readText(input.body ?? input.Body, 'SQS body', inner);
  if (Array.isArray(input.QueryResultRows)) return input.QueryResultRows.flatMap((row) => readQueryRow(row, inner));
  for (const list of ['Records', 'Events', 'Messages', 'logEvents'] as const) {
    if (Array.isArray(input[list])) return list === 'logEvents' ? readLogEvents(input, inner) : input[list].flatMap(inner);
  }
  if (vouchesOnly(input) || input.messageType === 'CONTROL_MESSAGE') return [{ kind: 'out-of-scope' }];
  return [readRecord(input, digest)];
}

/**
 * A digest of log files, or the sign file beside the saved results of a CloudTrail Lake query: neither holds records.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-results-file-custom-validation.html
 */
function vouchesOnly(input: JsonObject): boolean {
  return Object.hasOwn(input, 'digestS3Object') || (Object.hasOwn(input, 'queryCompleteTime') && Object.hasOwn(input, 'hashSignature'));
}

/** The whole record, as CloudTrail Lake keeps it beside its columns; it spells the column as the query did. */
function eventJsonIn(column: unknown): string | undefined {
  const json = field(column, 'eventJson') ?? field(column, 'eventjson');
  return typeof json === 'string' ? json : undefined;
}

/** A row of a CloudTrail Lake query: a list of columns, each an object of its own. https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetQueryResults.html */
function readQueryRow(row: unknown, inner: (value: unknown) => Reading[]): Reading[] {
  const json = items(row)
    .map(eventJsonIn)
    .find((column) => column !== undefined);
  if (json !== undefined) return readText(json, 'eventJson', inner);
  return [
    { kind: 'rejected', reason: 'expected a row of a CloudTrail Lake query with the column eventJson; the others hold no whole record' },
  ];
}

/** A message of an SQS batch, as Lambda or as ReceiveMessage spells it. */
function isQueueMessage(input: JsonObject): boolean {
  if (Object.hasOwn(input, 'Body') && Object.hasOwn(input, 'MessageId')) return true;
  return Object.hasOwn(input, 'body') && (input.eventSource === 'aws:sqs' || Object.hasOwn(input, 'messageId'));
}

function readEventBridge(envelope: unknown, digest: Digest): Reading {
  const detail = field(envelope, 'detail');
  const detailType = text(field(envelope, 'detail-type'));
  const isNative = !detailType?.endsWith(' via CloudTrail') && !Object.hasOwn(Object(detail), 'eventSource');
  if (field(envelope, 'source') === 'aws.kms' && isNative) return readNativeEvent(envelope, digest);
  if (field(envelope, 'source') === 'aws.ecs' && detailType === 'ECS Task State Change') return readTaskState(envelope, digest);
  if (!isObject(detail))
    return { kind: 'rejected', reason: `expected an EventBridge event whose detail is an object, found ${kindOf(detail)}` };
  if (Object.hasOwn(detail, 'eventSource') || field(envelope, 'source') === 'aws.kms') return readRecord(detail, digest);
  return { kind: 'out-of-scope' };
}

function readLogEvents(input: unknown, inner: (value: unknown) => Reading[]): Reading[] {
  if (field(input, 'messageType') === 'CONTROL_MESSAGE') return [{ kind: 'out-of-scope' }];
  return items(field(input, 'logEvents')).flatMap((event) => readText(field(event, 'message'), 'log message', inner));
}

function readText(json: unknown, what: string, inner: (value: unknown) => Reading[]): Reading[] {
  if (typeof json !== 'string') return [{ kind: 'rejected', reason: `expected a ${what} that is JSON text, found ${kindOf(json)}` }];
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return [{ kind: 'rejected', reason: `${what} is no JSON` }];
  }
  return inner(parsed);
}
