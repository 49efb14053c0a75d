import { describe, expect, it } from 'vitest';
import { readEnvelope } from '../../src/core/envelope.ts';
import { sha256 } from '../../src/system.ts';
import { ACCOUNT, createGrant, decrypt, eventBridge, KEY, REGION, record } from '../support/fleet.ts';

const one = decrypt({});
const other = createGrant('g');
const kinds = (input: unknown): string[] => readEnvelope(input, sha256).map(({ kind }) => kind);
const eventIds = (input: unknown): (string | undefined)[] =>
  readEnvelope(input, sha256).map((reading) => (reading.kind === 'fact' ? reading.fact.eventId : undefined));
const native = (detailType: string, overrides: Record<string, unknown> = {}): unknown =>
  eventBridge({ 'key-id': KEY }, { 'detail-type': detailType, resources: [KEY], ...overrides });

describe('readEnvelope', () => {
  const failed = {
    requestContext: { condition: 'RetriesExhausted' },
    requestPayload: eventBridge(one),
    responsePayload: { errorType: 'Error' },
  };

  it.each([
    ['a record', one],
    ['an EventBridge event', eventBridge(one)],
    ['an archive replay', eventBridge(one, { 'replay-name': 'again' })],
    ['a service event', eventBridge(one, { 'detail-type': 'AWS Service Event via CloudTrail' })],
    ['an event of KMS’s that holds a record all the same', eventBridge(one, { 'detail-type': 'KMS CMK Rotation' })],
    ['an event of a bus of one’s own', eventBridge(one, { source: 'example.com' })],
    ['a failure destination', failed],
    ['an SQS message', { Records: [{ messageId: 'm', eventSource: 'aws:sqs', body: JSON.stringify(eventBridge(one)) }] }],
    ['an SQS message without source', { messageId: 'm', body: JSON.stringify(one) }],
    ['an SQS message without id', { eventSource: 'aws:sqs', body: JSON.stringify(one) }],
    ['SQS messages as ReceiveMessage spells them', { Messages: [{ MessageId: 'm', Body: JSON.stringify(one) }] }],
    ['an SQS message of a failure', { Records: [{ messageId: 'm', eventSource: 'aws:sqs', body: JSON.stringify(failed) }] }],
    ['an SNS notification', { Type: 'Notification', Message: JSON.stringify(eventBridge(one)) }],
    ['an SNS invocation', { Records: [{ EventSource: 'aws:sns', Sns: { Message: JSON.stringify(eventBridge(one)) } }] }],
    [
      'SNS inside SQS',
      {
        Records: [
          {
            messageId: 'm',
            eventSource: 'aws:sqs',
            body: JSON.stringify({ Type: 'Notification', Message: JSON.stringify(eventBridge(one)) }),
          },
        ],
      },
    ],
    ['a CloudTrail file', { Records: [one] }],
    ['a LookupEvents page', { Events: [{ EventId: 'x', CloudTrailEvent: JSON.stringify(one) }], NextToken: 't' }],
    ['a LookupEvents entry', { EventId: 'x', CloudTrailEvent: JSON.stringify(one) }],
    ['a logs subscription', { messageType: 'DATA_MESSAGE', logEvents: [{ id: '1', message: JSON.stringify(one) }] }],
    ['results of a CloudTrail Lake query', { QueryResultRows: [[{ eventID: 'x' }, { eventJson: JSON.stringify(one) }]] }],
    ['rows of such a query', [[{ eventjson: JSON.stringify(one) }]]],
    // A record is one whatever else it holds.
    ['a record with a body', { ...one, body: 'x' }],
    ['a record with a Body', { ...one, Body: 'x' }],
    ['a record with a MessageId', { ...one, MessageId: 'x' }],
    ['a record with a Message', { ...one, Message: 'x' }],
    ['a record with the type of a notification', { ...one, Type: 'Notification' }],
    ['a record with the time of a query', { ...one, queryCompleteTime: 'x' }],
    ['a record with a signature', { ...one, hashSignature: 'x' }],
    ['a record with an eventJson that is no text', { ...one, eventJson: 7 }],
    ['an array', [one]],
    ['an array of events', [eventBridge(one)]],
    ['an array of arrays', [[one]]],
  ])('opens %s', (_what, input) => {
    expect(eventIds(input)).toEqual([one.eventID]);
  });

  it('keeps the order of records and their neighbours apart', () => {
    const records = [one, null, 'x', other, record('Decrypt', { eventID: '' }), { eventSource: 's3.amazonaws.com' }];

    expect(kinds({ Records: records })).toEqual(['fact', 'rejected', 'rejected', 'fact', 'rejected', 'out-of-scope']);
  });

  it.each([
    ['deletion', native('KMS CMK Deletion'), { change: 'deleted', keyArn: KEY }],
    ['expired material', native('KMS Imported Key Material Expiration'), { change: 'material-deleted', keyArn: KEY }],
    ['no resources', native('KMS CMK Deletion', { resources: [] }), { keyArn: KEY }],
    [
      'an alias among the resources',
      eventBridge({}, { 'detail-type': 'KMS CMK Deletion', resources: [`arn:aws:kms:${REGION}:${ACCOUNT}:alias/a`, KEY] }),
      { keyArn: KEY },
    ],
    [
      'a bare key id',
      eventBridge({ 'key-id': KEY.split('/')[1] }, { 'detail-type': 'KMS CMK Deletion' }),
      { keyArn: KEY, region: REGION, account: ACCOUNT },
    ],
  ])('reads native events: %s', (_what, input, expected) => {
    const [reading] = readEnvelope(input, sha256);

    expect(reading).toMatchObject({ kind: 'fact', fact: { kind: 'key-changed', caller: { trusted: false }, ...expected } });
  });

  it.each([
    ['rotation', native('KMS CMK Rotation'), 'out-of-scope'],
    ['no id', native('KMS CMK Deletion', { id: null }), 'rejected'],
    ['no detail-type', native('', { 'detail-type': null }), 'out-of-scope'],
    ['no time', native('KMS CMK Deletion', { time: 7 }), 'rejected'],
    ['no key', eventBridge({}, { 'detail-type': 'KMS CMK Deletion' }), 'rejected'],
    ['no detail', eventBridge(null, { 'detail-type': 'KMS CMK Deletion', resources: [KEY] }), 'fact'],
  ])('reads native events: %s', (_what, input, kind) => {
    expect(kinds(input)).toEqual([kind]);
  });

  it.each([
    [
      'an event of another source',
      eventBridge({ state: 'x' }, { source: 'aws.ecs', 'detail-type': 'ECS Task State Change' }),
      'out-of-scope',
    ],
    ['a KMS event without record', eventBridge({}), 'rejected'],
    ['a KMS event whose detail is text', eventBridge('x'), 'rejected'],
    ['a KMS event without detail', eventBridge(undefined), 'rejected'],
    ['a digest file', { awsAccountId: ACCOUNT, digestS3Object: 'x', logFiles: [] }, 'out-of-scope'],
    [
      'a sign file of CloudTrail Lake',
      { files: [{ fileName: 'result_1.csv.gz' }], queryCompleteTime: '2026-11-02T10:00:00Z', hashSignature: '0' },
      'out-of-scope',
    ],
    ['a CloudTrail Lake row without eventJson', { QueryResultRows: [[{ eventName: 'Decrypt' }]] }, 'rejected'],
    ['a CloudTrail Lake row that is none', { QueryResultRows: ['x'] }, 'rejected'],
    ['an eventJson that is no JSON', { eventJson: 'x' }, 'rejected'],
    [
      'a control message',
      { messageType: 'CONTROL_MESSAGE', logEvents: [{ message: 'CWL CONTROL MESSAGE: Checking health' }] },
      'out-of-scope',
    ],
    ['a control message without events', { messageType: 'CONTROL_MESSAGE' }, 'out-of-scope'],
    ['an SQS body that is no JSON', { Records: [{ messageId: 'm', eventSource: 'aws:sqs', body: '{"a":"}"' }] }, 'rejected'],
    ['an SQS body that is no text', { Records: [{ messageId: 'm', eventSource: 'aws:sqs', body: { a: 1 } }] }, 'rejected'],
    ['an SNS message that is no JSON', { Type: 'Notification', Message: 'hello' }, 'rejected'],
    ['a CloudTrailEvent that is no JSON', { CloudTrailEvent: 'x' }, 'rejected'],
    ['a log message that is no JSON', { messageType: 'DATA_MESSAGE', logEvents: [{ message: 'x' }] }, 'rejected'],
    ['a log event without message', { messageType: 'DATA_MESSAGE', logEvents: [null] }, 'rejected'],
    ['Records that are no list', { Records: 'x' }, 'rejected'],
    ['a failure without payload', { requestPayload: null }, 'rejected'],
    ['null', null, 'rejected'],
    ['nothing', undefined, 'rejected'],
    ['an empty object', {}, 'rejected'],
  ])('gives one reading of %s', (_what, input, kind) => {
    expect(kinds(input)).toEqual([kind]);
  });

  it.each([
    [{ Type: 'Notification', Message: 'x' }, 'SNS message is no JSON'],
    [{ Sns: { Message: 7 } }, 'expected a SNS message that is JSON text, found a number'],
    [{ CloudTrailEvent: 'x' }, 'CloudTrailEvent is no JSON'],
    [{ eventJson: 'x' }, 'eventJson is no JSON'],
    [{ QueryResultRows: [[{ eventJson: 'x' }]] }, 'eventJson is no JSON'],
    [
      { QueryResultRows: [[{ eventName: 'Decrypt' }]] },
      'expected a row of a CloudTrail Lake query with the column eventJson; the others hold no whole record',
    ],
    [{ messageId: 'm', body: 'x' }, 'SQS body is no JSON'],
    [{ logEvents: [null] }, 'expected a log message that is JSON text, found nothing'],
    [native('', { 'detail-type': null, id: null }), 'native event "" without id'],
    [eventBridge('x'), 'expected an EventBridge event whose detail is an object, found a string'],
  ])('says why it rejects %j', (input, reason) => {
    expect(readEnvelope(input, sha256)).toEqual([{ kind: 'rejected', reason }]);
  });

  it.each([[[]], [{ Records: [] }], [{ Events: [] }]])('finds no record in %j', (input) => {
    expect(kinds(input)).toEqual([]);
  });

  it('rejects what is nested deeper than any delivery, once', () => {
    const nested = (depth: number): unknown => (depth === 0 ? one : [nested(depth - 1)]);

    expect(kinds(nested(8))).toEqual(['fact']);
    expect(kinds(nested(9))).toEqual(['rejected']);
    expect(kinds([nested(500), one])).toEqual(['rejected', 'fact']);
  });

  it('never runs a getter-like name of the prototype', () => {
    expect(kinds(JSON.parse('{"__proto__":{"Records":[]},"constructor":{"requestPayload":1}}'))).toEqual(['rejected']);
  });
});
