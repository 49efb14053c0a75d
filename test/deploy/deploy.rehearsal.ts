import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at } from '../../src/core/json.ts';
import { type DynaliteServer, startDynalite } from '../../src/local/dynalite-server.ts';
import { type Loopback, startLoopback } from '../../src/local/loopback.ts';
import { refused } from '../../src/local/refusal.ts';
import { copyService } from '../support/service-copy.ts';
import { type AwsStandIn, startAwsStandIn } from './aws-stand-in.ts';
import { canaryRecord } from './canary-record.ts';
import type { DeployedStack } from './cloudformation-stand-in.ts';
import { type DeployedFunction, makeTables, startFunctions } from './deployed-functions.ts';
import { type EventDelivery, startDelivery } from './event-delivery.ts';
import { type Ended, oslsDeploy } from './osls-deploy.ts';
import { type ExpectedFinding, isInScope, REPLAY_ONLY, readScenarios } from './scenarios.ts';

const REGION = 'us-west-2';
/** Far enough for everything that has to stand for a while before it is alerted. */
const AN_HOUR = 3_600;
/** Half an hour and a little: by then a canary must be back. */
const CANARY_OVERDUE = 1_900;
/** Fires after the sweep only: late records would cry wolf. */
const STANDING = 'use-after-release';

const scenarios = readScenarios();
let folder: string;
let aws: AwsStandIn;
let database: DynaliteServer;
let loopback: Loopback;
const deploy = (...parameters: readonly string[]): Promise<Ended> =>
  oslsDeploy(join(folder, 'service'), aws.endpoint, REGION, ...parameters);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kms-audit-deploy-'));
  [aws, database, loopback] = await Promise.all([startAwsStandIn(REGION), startDynalite(), startLoopback()]);
  await copyService(join(folder, 'service'));
});
afterAll(async () => {
  await Promise.all([aws?.stop(), database?.stop(), loopback?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

describe('osls deploy', () => {
  it('makes the stack, uploads and updates it', async () => {
    const ended = await deploy();

    expect(ended).toMatchObject({ code: 0, output: expect.stringContaining('Service deployed to stack kms-audit-rehearsal') });
    expect(operations()).toEqual(expect.arrayContaining(['CreateStack', 'ValidateTemplate', 'UpdateStack']));
    expect(aws.unknown).toEqual([]);
    expect(rulesMade()).not.toContain('ResourceUseRule');
  });

  it('updates the stack when a parameter changes', async () => {
    const before = aws.calls.length;

    const ended = await deploy('resourceUses=ENABLED');

    expect(ended).toMatchObject({ code: 0, output: expect.stringContaining('Service deployed to stack kms-audit-rehearsal') });
    expect(operations(before)).toContain('UpdateStack');
    expect(operations(before)).not.toContain('CreateStack');
    expect(aws.unknown).toEqual([]);
    expect(rulesMade()).toContain('ResourceUseRule');
  });

  it('changes nothing when nothing changed', async () => {
    const before = aws.calls.length;

    const ended = await deploy('resourceUses=ENABLED');

    expect(ended).toMatchObject({ code: 0, output: expect.stringContaining('No changes to deploy') });
    expect(operations(before)).not.toContain('UpdateStack');
    expect(aws.unknown).toEqual([]);
  });
});

describe('what was deployed', () => {
  let functions: readonly DeployedFunction[];
  let delivery: EventDelivery;
  const rules = new Map<string, readonly string[]>();

  beforeAll(async () => {
    const endpoints = { dynamodb: database.endpoint, sns: loopback.endpoint, cloudwatch: loopback.endpoint, kms: aws.endpoint };
    await makeTables(database, stack().resolved);
    const runtime = join(folder, 'service/dist/cli/lambda-runtime.mjs');
    functions = await startFunctions(stack(), aws, endpoints, runtime, folder);
    delivery = startDelivery(stack().resolved, functions);
  });
  afterAll(async () => {
    await Promise.all((functions ?? []).map((one) => one.stop()));
  });

  it('holds the bundle and nothing else', () => {
    for (const { files } of functions) {
      expect(files).toEqual(expect.arrayContaining(['dist/audit.mjs', 'dist/sweep.mjs']));
      expect(files.filter((file) => !/^dist\/[\w-]+\.mjs$/.test(file))).toEqual([]);
    }
  });

  it('takes up by itself what it failed on', async () => {
    const failing = alerting().find(({ events }) => events.length === 1);
    loopback.setFault(({ service }) =>
      service === 'sns' ? { effect: 'lost', reply: refused('InternalError', 'not now', 500) } : undefined,
    );
    for (const { path, event } of failing?.events ?? []) rules.set(path, await delivery.deliver(event));
    loopback.setFault(undefined);

    expect(delivery.waiting('FailureQueue')).toMatchObject([{ requestPayload: failing?.events[0]?.event }]);
    expect(loopback.published).toEqual([]);

    expect(await delivery.receive()).toBe(1);
    expect(loopback.published).toMatchObject([{ attributes: { rule: failing?.findings[0]?.rule } }]);
    expect(await delivery.receive()).toBe(0);
  });

  it('handles every event of every scenario that a rule lets through', async () => {
    for (const { path, event } of scenarios.flatMap(({ events }) => events)) {
      if (!rules.has(path)) rules.set(path, await delivery.deliver(event));
    }

    expect(['FailureQueue', 'UndeliveredQueue', 'DeadLetterQueue'].flatMap(delivery.waiting)).toEqual([]);
  });

  it('lets each event in scope through by exactly one rule', () => {
    const unmatched = scenarios.flatMap(({ events }) => events).filter(({ path }) => rules.get(path)?.length === 0);
    const evidence = new Set(scenarios.flatMap(({ findings }) => findings.flatMap(({ eventIds }) => eventIds)));

    expect(unmatched.filter(({ event }) => isInScope(event)).map(({ path }) => path)).toEqual(REPLAY_ONLY);
    expect(unmatched.filter(({ event }) => evidence.has(String(at(event, 'detail', 'eventID') ?? at(event, 'id'))))).toEqual([]);
    expect([...rules].filter(([, matching]) => matching.length > 1)).toEqual([]);
  });

  it('has no rule that lets nothing through', () => {
    const others = ['CanaryRule', 'SweepEventsRuleSchedule1'];

    expect(new Set([...[...rules.values()].flat(), ...others])).toEqual(new Set(rulesMade()));
  });

  it('alerts each scenario with findings, on the topic of the template', async () => {
    expect(
      alerting()
        .filter(({ findings }) => !isAlerted(findings))
        .map(({ name }) => name),
    ).toEqual([]);
    expect(new Set(loopback.published.map(({ topicArn }) => topicArn))).toEqual(new Set([stack().resolved.outputs.AlertTopicArn]));
  });

  it('alerts what had to stand for a while, and sends its canary, on schedule', async () => {
    const standing = scenarios.flatMap(({ findings }) => findings).filter(({ rule }) => rule === STANDING);
    expect(standing).not.toEqual([]);
    expect(isAlerted(standing)).toBe(false);

    await delivery.runSchedules(AN_HOUR);

    expect(standing.every((finding) => isAlerted([finding]))).toBe(true);
    expect(operations().filter((operation) => operation === 'ListAliases')).toHaveLength(1);
  });

  it('sees its canary come back', async () => {
    const sweepRole = stack().resolved.resources.find(({ logicalId }) => logicalId === 'SweepRole')?.arn ?? '';

    expect(await delivery.deliver(canaryRecord(sweepRole, REGION, new Date(Date.now() + AN_HOUR * 1000)), AN_HOUR)).toEqual(['CanaryRule']);
    await delivery.runSchedules(AN_HOUR + CANARY_OVERDUE);

    expect(loopback.metrics.filter(({ name }) => name === 'CanaryMissing').map(({ value }) => value)).toEqual([0, 0]);
    expect(aws.unknown).toEqual([]);
  });
});

function stack(): DeployedStack {
  const deployed = aws.cloudFormation.deployed();
  if (deployed === undefined) throw new Error('nothing was deployed');
  return deployed;
}

const operations = (from = 0): string[] => aws.calls.slice(from).map((call) => call.slice(call.indexOf(' ') + 1));

function rulesMade(): string[] {
  return stack().resolved.resources.flatMap(({ type, logicalId }) => (type === 'AWS::Events::Rule' ? [logicalId] : []));
}

/** The scenarios that must be alerted at once. */
const alerting = () => scenarios.filter(({ findings }) => findings.some(({ rule }) => rule !== STANDING));

/** Whether an alert arrived for one of the findings: of the same key and rule. */
function isAlerted(findings: readonly ExpectedFinding[]): boolean {
  return findings.some(({ rule, keyArn }) =>
    loopback.published.some(({ attributes }) => attributes.rule === rule && attributes.keyArn === keyArn),
  );
}
