import { readFile } from 'node:fs/promises';
import { devNull } from 'node:os';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { doctor } from '../src/cli/doctor.ts';
import { InputError } from '../src/cli/input.ts';
import type { Terminal } from '../src/cli/terminal.ts';
import { testAlert } from '../src/cli/test-alert.ts';
import type { Check } from '../src/core/doctor.ts';
import { refused } from '../src/local/refusal.ts';
import { type AwsStandIn, startAwsStandIn, type World } from './support/aws-stand-in.ts';
import { ALERTS, AUDIT, HEALTH, healthy, KEY, nameOf, RULES, STATE, SWEEP, seconds, TRAIL, WHERE } from './support/healthy-world.ts';

/** What a test changes about a healthy deployment. */
type Seed = (world: World) => Partial<World>;

let world: World;
let aws: AwsStandIn;
beforeEach(async () => {
  world = healthy();
  aws = await startAwsStandIn(world);
  const environment = {
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_REGION: 'us-west-2',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  process.exitCode = undefined;
  await aws.stop();
});

async function told(run: (terminal: Terminal) => Promise<void>): Promise<{ out: string; code: unknown }> {
  const chunks: string[] = [];
  const sink = new Writable({
    write: (chunk, _, done) => {
      chunks.push(String(chunk));
      done();
    },
  });
  await run({ out: sink, err: sink, colour: false, live: false, width: 140 });
  return { out: chunks.join(''), code: process.exitCode ?? 0 };
}

const examine = (stack = 'kms-audit-dev') => told((terminal) => doctor({ stack, json: false }, terminal));
async function notGood(): Promise<Check[]> {
  const { out, code } = await told((terminal) => doctor({ stack: 'kms-audit-dev', json: true }, terminal));
  expect(code).toBe(1);
  return JSON.parse(out).filter(({ verdict }: Check) => verdict !== 'good');
}

describe('kms-audit doctor', () => {
  it('finds nothing wrong with a healthy deployment', async () => {
    const { out, code } = await examine();
    expect(out.trimEnd().split('\n')).toEqual([
      '✔ trail: all records KMS reads and writes',
      ...[
        ...RULES.map((rule) => `✔ rule ${rule}: ${nameOf(rule)} delivers reads and writes`),
        `✔ rule SweepEventsRuleSchedule1: ${nameOf('SweepEventsRuleSchedule1')} delivers on schedule`,
      ].sort(),
      '✔ alert topic subscription: 1 confirmed: https',
      `✔ alert topic key: ${KEY} is enabled`,
      '✔ health topic subscription: 1 confirmed: email',
      '✔ canary: came back 10 min ago',
    ]);
    expect(code).toBe(0);
  });

  const put = `aws cloudtrail put-event-selectors --region us-east-1 --trail-name ${TRAIL}`;
  const grantRule = `--region us-west-2 --name ${nameOf('GrantRule')}`;
  const without = ({ rules: { [nameOf('GrantRule')]: _, ...rules } }: World): Partial<World> => ({ rules });
  const grants =
    (state: string, targets: string[]): Seed =>
    ({ rules }) => ({ rules: { ...rules, [nameOf('GrantRule')]: { state, targets } } });
  const seeded: [string, Seed, string, string, string][] = [
    ['no trail', () => ({ trails: {} }), 'trail', 'no trail covers us-west-2', 'aws cloudtrail create-trail --region us-west-2'],
    [
      'a stopped trail',
      () => ({ trails: { all: { arn: TRAIL, logging: false, selectors: {} } } }),
      'trail',
      'logging is stopped on all',
      `aws cloudtrail start-logging --region us-east-1 --name ${TRAIL}`,
    ],
    [
      'a trail of writes',
      () => ({ trails: { all: { arn: TRAIL, logging: true, selectors: { EventSelectors: [{ ReadWriteType: 'WriteOnly' }] } } } }),
      'trail',
      'no KMS reads (Decrypt, GenerateDataKey): ReadWriteType is WriteOnly',
      `${put} --event-selectors '[{"ReadWriteType":"All","IncludeManagementEvents":true,"ExcludeManagementEventSources":[]}]'`,
    ],
    [
      'a disabled rule',
      grants('DISABLED', [AUDIT]),
      'rule GrantRule',
      'is DISABLED',
      `aws events put-rule ${grantRule} --state ${STATE} --event-pattern "$(aws events describe-rule ${grantRule} --query EventPattern --output text)"`,
    ],
    [
      'a deleted rule',
      without,
      'rule GrantRule',
      'was deleted',
      '--query TemplateBody.Resources.GrantRule.Properties.EventPattern --output json)" && aws events put-targets',
    ],
    [
      'a rule without target',
      grants(STATE, []),
      'rule GrantRule',
      'has no target',
      `--rule ${nameOf('GrantRule')} --targets '[{"Id":"audit","Arn":"${AUDIT}","DeadLetterConfig":{"Arn":"arn:aws:sqs:${WHERE}:undelivered"}`,
    ],
    [
      'a subscription that waits',
      ({ topics }) => ({
        topics: {
          ...topics,
          [HEALTH]: { subscriptions: [{ protocol: 'email', endpoint: 'ops@example.com', arn: 'PendingConfirmation' }] },
        },
      }),
      'health topic subscription',
      'ops@example.com has not confirmed',
      `aws sns subscribe --region us-west-2 --topic-arn ${HEALTH} --protocol email --notification-endpoint ops@example.com`,
    ],
    [
      'a key about to be deleted',
      () => ({ keys: { [KEY]: { KeyId: KEY, KeyState: 'PendingDeletion', KeyManager: 'CUSTOMER' } } }),
      'alert topic key',
      'is PendingDeletion',
      `aws kms cancel-key-deletion --region us-west-2 --key-id ${KEY} && aws kms enable-key --region us-west-2 --key-id ${KEY}`,
    ],
    [
      'a key that is gone',
      () => ({ keys: {} }),
      'alert topic key',
      'does not exist',
      "--attribute-name KmsMasterKeyId --attribute-value ''",
    ],
    ['a canary that stays out', () => ({ canaryReturned: seconds() - 6_000 }), 'canary', '100 min ago', `--function-name ${SWEEP}`],
    [
      'a canary that never came',
      () => ({ canaryReturned: undefined }),
      'canary',
      'never came back',
      'aws lambda invoke --region us-west-2',
    ],
  ];
  it.each(seeded)('names %s and the command that mends it, and nothing else', async (_, seed, name, says, mend) => {
    Object.assign(world, seed(world));
    expect(await notGood()).toEqual([{ name, verdict: 'bad', says: expect.stringContaining(says), mend: expect.stringContaining(mend) }]);
  });

  it('expects every rule that the template has', async () => {
    const template = await readFile(new URL('../infra/rules.yml', import.meta.url), 'utf8');
    const rules = [...template.matchAll(/^ {2}(\w+):\n {4}Type: AWS::Events::Rule$/gm)].flatMap(([, rule]) => rule ?? []);
    for (const rule of Object.keys(world.resources)) if (/Rule/.test(rule)) delete world.resources[rule];
    world.stack.parameters.ResourceUses = 'ENABLED';
    const missing = (await notGood()).filter(({ says }) => says.startsWith('is not in the stack')).map(({ name }) => name);
    expect(missing.sort()).toEqual([...rules, 'SweepEventsRuleSchedule1'].map((rule) => `rule ${rule}`).sort());
  });

  it('puts the command on a line of its own', async () => {
    world.rules[nameOf('GrantRule')] = { state: 'ENABLED', targets: [AUDIT] };
    const { out, code } = await examine();
    const lines = out.split('\n');
    const at = lines.findIndex((line) => line.startsWith('✖ '));
    expect(lines[at]).toContain('is plain ENABLED');
    expect(lines[at + 1]).toMatch(/^ {4}aws events put-rule .*"$/);
    expect(code).toBe(1);
  });

  it.each([
    ['cloudtrail:DescribeTrails', ['trail']],
    ['cloudtrail:GetEventSelectors', ['trail']],
    ['events:DescribeRule', [...RULES, 'SweepEventsRuleSchedule1'].sort().map((rule) => `rule ${rule}`)],
    ['sns:ListSubscriptionsByTopic', ['alert topic subscription', 'health topic subscription']],
    ['sns:GetTopicAttributes', ['alert topic key', 'health topic key']],
    ['kms:DescribeKey', ['alert topic key']],
    ['dynamodb:GetItem', ['canary']],
    ['cloudformation:DescribeStackResources', ['rules']],
  ])('does not know what %s would have shown, were it denied', async (call, names) => {
    const code = call.startsWith('sns') ? 'AuthorizationError' : call.startsWith('cloudf') ? 'AccessDenied' : 'AccessDeniedException';
    world.refusals[call] = refused(code, 'not for you', 403);
    const says = expect.stringContaining(`${call} was denied: not for you`);
    expect(await notGood()).toEqual(names.map((name) => ({ name, verdict: 'unknown', says })));
  });

  it('does not know anything while AWS does not answer', async () => {
    await aws.stop();
    expect((await notGood()).map(({ name, verdict }) => `${name} ${verdict}`)).toEqual(
      ['trail', 'rules', 'topics', 'canary'].map((name) => `${name} unknown`),
    );
  });

  it('asks for a Region', async () => {
    vi.stubEnv('AWS_REGION', undefined);
    await expect(examine()).rejects.toThrow('no AWS Region is set');
  });

  it('refuses a stack that is not there', async () => {
    await expect(examine('nobody')).rejects.toThrow(InputError);
  });
});

describe('kms-audit test-alert', () => {
  const send = () => told((terminal) => testAlert({ stack: 'kms-audit-dev' }, terminal));

  it('arrives, marked as a test, as real alerts do', async () => {
    const { out, code } = await send();
    expect({ out, code }).toEqual({
      out: expect.stringMatching(/^✔ arn:aws:sns:\S+ took the test alert: MessageId [0-9a-f-]{36}\n$/),
      code: 0,
    });
    expect(aws.published).toMatchObject([
      {
        topicArn: ALERTS,
        subject: expect.stringContaining('[TEST]'),
        attributes: { rule: 'test-alert', severity: 'low', findingId: 'test' },
        bodies: { email: expect.stringContaining('[TEST]') },
      },
    ]);
    expect(JSON.parse(aws.published[0]?.bodies.default ?? '')).toMatchObject({ version: '1.0', source: 'custom' });
  });

  it.each([
    ['KMSDisabled', 'aws kms enable-key --region us-west-2 --key-id "$(aws sns get-topic-attributes'],
    ['KMSInvalidState', 'aws kms describe-key'],
    ['KMSAccessDenied', 'aws kms get-key-policy'],
    ['KMSNotFound', '--attribute-name KmsMasterKeyId'],
    ['NotFound', 'aws sns create-topic --region us-west-2 --name kms-audit-dev-AlertTopic-1'],
    ['AuthorizationError', '--query Attributes.Policy'],
    ['InvalidParameter', 'kms-audit doctor --stack kms-audit-dev'],
  ])('says what failed and how to mend it: %s', async (code, mend) => {
    world.refusals['sns:Publish'] = refused(code, 'no');
    expect(await send()).toEqual({ out: expect.stringContaining(mend), code: 1 });
    expect(aws.published).toEqual([]);
  });

  it('refuses a stack that is not there', async () => {
    await expect(told((terminal) => testAlert({ stack: 'nobody' }, terminal))).rejects.toThrow(InputError);
  });
});
