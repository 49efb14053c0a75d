import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CloudWatchMetricSink } from '../src/aws/cloudwatch-metric-sink.ts';
import { SnsAlertSink } from '../src/aws/sns-alert-sink.ts';
import type { AlertMessage } from '../src/core/message.ts';
import type { Metric } from '../src/core/metrics.ts';
import { type Loopback, startLoopback, type WireCall } from '../src/local/loopback.ts';
import { clock } from '../src/system.ts';

const TOPIC = 'arn:aws:sns:us-west-2:111122223333:kms-audit-alerts';
let loopback: Loopback;
let sns: SNSClient;
let cloudwatch: CloudWatchClient;
beforeEach(async () => {
  loopback = await startLoopback();
  const settings = { region: 'us-west-2', endpoint: loopback.endpoint, credentials: { accessKeyId: 'x', secretAccessKey: 'x' } };
  sns = new SNSClient({ ...settings, maxAttempts: 1 });
  cloudwatch = new CloudWatchClient({ ...settings, maxAttempts: 1 });
});
afterEach(async () => {
  sns.destroy();
  cloudwatch.destroy();
  await loopback.stop();
});

const message = (changes: Partial<AlertMessage> = {}): AlertMessage => ({
  subject: '[CRITICAL] A disabled key is still being used',
  chat: JSON.stringify({ version: '1.0', source: 'custom', content: { title: 'ü < & 🔑', description: 'a=b&c=d%20+' } }),
  email: 'line one\nline two & ü 🔑',
  attributes: { rule: 'disabled-key-use', severity: 'critical', clusterName: 'pay & ments+ü' },
  ...changes,
});
const count = (name: string, dimensions: Readonly<Record<string, string>> = {}, value = 1): Metric => ({ name, dimensions, value });

describe('the alert sink', () => {
  const publish = (changes?: Partial<AlertMessage>): Promise<void> => new SnsAlertSink(sns, TOPIC).publish(message(changes));

  it('publishes each body to its protocol, the subject, and the attributes', async () => {
    await publish();
    const { subject, chat, email, attributes } = message();
    expect(loopback.published).toEqual([{ topicArn: TOPIC, subject, bodies: { default: chat, email }, attributes }]);
  });

  it('leaves out attributes without a value, for which SNS would refuse the message', async () => {
    await publish({ attributes: { rule: 'launch-blocked', keyArn: '' } });
    expect(loopback.published).toMatchObject([{ attributes: { rule: 'launch-blocked' } }]);
    expect(loopback.published[0]?.attributes).not.toHaveProperty('keyArn');
  });

  it.each<[string, Partial<AlertMessage>, string]>([
    ['a subject of 100 characters', { subject: 'x'.repeat(100) }, 'Subject'],
    ['a subject beyond ASCII', { subject: 'clé' }, 'Subject'],
    ['a subject of two lines', { subject: 'one\ntwo' }, 'Subject'],
    ['a message over 262,144 bytes', { email: 'ü'.repeat(131_072) }, 'Message too long'],
    ['an attribute with a bad name', { attributes: { 'bad name': 'x' } }, 'bad name'],
  ])('throws what SNS answers to %s', async (_, changes, reason) => {
    await expect(publish(changes)).rejects.toThrow(reason);
    expect(loopback.published).toEqual([]);
  });

  it('takes a message of 262,144 bytes, attributes included, and a subject of 99', async () => {
    const bare = message({ email: '', attributes: { rule: 'r' } });
    const used = Buffer.byteLength(JSON.stringify({ default: bare.chat, email: '' })) + 'rule'.length + 'String'.length + 'r'.length;
    await publish({ ...bare, subject: 'x'.repeat(99), email: 'x'.repeat(262_144 - used) });
    expect(loopback.published).toHaveLength(1);
    await expect(publish({ ...bare, email: 'x'.repeat(262_145 - used) })).rejects.toThrow('Message too long');
  });

  it.each([
    ['an empty attribute', { Message: 'x', MessageAttributes: { rule: { DataType: 'String', StringValue: '' } } }, 'non-empty'],
    ['no default body', { Message: '{"email":"x"}', MessageStructure: 'json' }, 'No default entry'],
    ['no JSON', { Message: 'x', MessageStructure: 'json' }, 'failed to parse'],
    ['no message', { Message: '' }, 'Empty message'],
  ])('stands before a topic that refuses %s', async (_, input, reason) => {
    await expect(sns.send(new PublishCommand({ TopicArn: TOPIC, ...input }))).rejects.toMatchObject({
      name: expect.stringMatching(/^(?:InvalidParameter|ParameterValueInvalid)/),
      message: expect.stringContaining(reason),
    });
  });

  it('throws for a topic that cannot be', async () => {
    await expect(new SnsAlertSink(sns, 'arn:aws:sns:nowhere').publish(message())).rejects.toThrow('TopicArn');
  });

  it('throws when the service fails, whether or not the message went out', async () => {
    const reply = { status: 503, code: 'ServiceUnavailable', message: 'later' };
    const calls: WireCall[] = [];
    loopback.setFault((call) => {
      calls.push(call);
      return { effect: 'lost', reply };
    });
    await expect(publish()).rejects.toThrow('later');
    expect(loopback.published).toHaveLength(0);
    loopback.setFault(() => ({ effect: 'kept', reply: 'hang-up' }));
    await expect(publish()).rejects.toThrow();
    expect(loopback.published).toHaveLength(1);
    loopback.setFault(undefined);
    await publish();
    expect(loopback.published).toHaveLength(2);
    expect(calls).toEqual([{ service: 'sns', operation: 'Publish' }]);
  });
});

describe('the metric sink', () => {
  const NOW = clock();
  const put = (...metrics: Metric[]): Promise<void> => new CloudWatchMetricSink(cloudwatch, 'KmsAudit', () => NOW).put(metrics);

  it('sends counts with their dimensions, dated by arrival', async () => {
    await put(count('Findings', { Rule: 'foreign-cluster' }, 2), count('UnexpectedGrantee'));
    const common = { namespace: 'KmsAudit', unit: 'Count', timestamp: NOW };
    expect(loopback.metrics).toEqual([
      { ...common, name: 'Findings', dimensions: { Rule: 'foreign-cluster' }, value: 2 },
      { ...common, name: 'UnexpectedGrantee', dimensions: {}, value: 1 },
    ]);
  });

  it('says nothing when there is nothing to say', async () => {
    loopback.setFault(() => ({ effect: 'lost', reply: { status: 500, code: 'InternalFailure', message: 'no call was expected' } }));
    await put();
    expect(loopback.metrics).toEqual([]);
  });

  it('sends 1,000 metrics a call, the compressed body included', async () => {
    let calls = 0;
    loopback.setFault(() => {
      calls += 1;
      return undefined;
    });
    await put(...Array.from({ length: 2_001 }, (_, index) => count('Findings', { Rule: `rule-${index}` })));
    expect(calls).toBe(3);
    expect(loopback.metrics.map(({ dimensions }) => dimensions.Rule)).toEqual(Array.from({ length: 2_001 }, (_, index) => `rule-${index}`));
  });

  it.each([
    ['too long', 'c'.repeat(300), 'c'.repeat(255)],
    ['beyond ASCII', 'clé\u0007\u202e', 'cl???'],
    ['empty', '', '?'],
    ['blank', '   ', '?'],
  ])('mends a dimension value that is %s', async (_, given, sent) => {
    await put(count('DisabledKeyUse', { ClusterName: given }));
    expect(loopback.metrics[0]?.dimensions).toEqual({ ClusterName: sent });
  });

  it.each<[string, Metric, string]>([
    ['a name that is none', count(''), 'MetricName'],
    ['a value that is none', count('Findings', {}, Number.POSITIVE_INFINITY), 'Value'],
    ['a dimension without a name', count('Findings', { '': 'x' }), 'Name'],
  ])('throws what CloudWatch answers to %s, and nothing of the call is kept', async (_, metric, reason) => {
    await expect(put(count('Findings'), metric)).rejects.toThrow(reason);
    expect(loopback.metrics).toEqual([]);
  });

  it('throws what CloudWatch answers to a namespace of AWS’s own, and to metrics of last month', async () => {
    await expect(new CloudWatchMetricSink(cloudwatch, 'AWS/KMS', () => NOW).put([count('x')])).rejects.toMatchObject({
      name: expect.stringContaining('InvalidParameterValue'),
    });
    await expect(new CloudWatchMetricSink(cloudwatch, 'KmsAudit', () => NOW - 30 * 86_400).put([count('x')])).rejects.toThrow('two weeks');
  });
});

describe('the loopback services', () => {
  let bare: Loopback;
  beforeAll(async () => {
    bare = await startLoopback();
  });
  afterAll(async () => bare.stop());

  it.each<[string, RequestInit, number]>([
    ['what is neither', { method: 'GET' }, 404],
    ['a call without a signature', { method: 'POST', body: new URLSearchParams({ Action: 'Publish' }) }, 403],
    [
      'another action of SNS',
      { method: 'POST', headers: { authorization: 'AWS4-HMAC-SHA256 x' }, body: new URLSearchParams({ Action: 'Subscribe' }) },
      400,
    ],
  ])('refuse %s', async (_, request, status) => {
    expect((await fetch(bare.endpoint, request)).status).toBe(status);
  });
});
