import type { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { type CloudTrailClient, DescribeTrailsCommand, GetEventSelectorsCommand, GetTrailStatusCommand } from '@aws-sdk/client-cloudtrail';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DescribeRuleCommand, type EventBridgeClient, ListTargetsByRuleCommand } from '@aws-sdk/client-eventbridge';
import { DescribeKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import { GetTopicAttributesCommand, paginateListSubscriptionsByTopic, type SNSClient } from '@aws-sdk/client-sns';
import type { KeySeen, Observations, Observed, RuleSeen, SubscriptionSeen, TopicKeySeen, TopicSeen, TrailSeen } from '../core/observed.ts';
import type { Clock } from '../ports.ts';
import { type DeploymentParts, findDeployment, isNamed, observed } from './deployment-parts.ts';
import { DynamoDbLedger } from './dynamodb-ledger.ts';

/** The services a deployment is looked at through. */
export interface Clients {
  readonly cloudFormation: CloudFormationClient;
  readonly cloudTrail: CloudTrailClient;
  readonly dynamoDb: DynamoDBClient;
  readonly eventBridge: EventBridgeClient;
  readonly kms: KMSClient;
  readonly sns: SNSClient;
}

const RULES = [
  'BlindSpotRule',
  'CanaryRule',
  'ClusterRule',
  'EcsContextRule',
  'GrantRule',
  'KeyChangeRule',
  'RefusedUseRule',
  'SweepEventsRuleSchedule1',
  'TaskStoppedRule',
];

/** Observes a deployment, reading only; undefined where there is no such stack. What fails is part of what is observed. */
export async function inspect(clients: Clients, stack: string, now: Clock): Promise<Observations | undefined> {
  const parts = await findDeployment(clients.cloudFormation, stack);
  if (parts === undefined) return undefined;
  const { deployment, rules, topics, resourceUses } = parts;
  const [trails, seenRules, seenTopics, canary] = await Promise.all([
    seeTrails(clients.cloudTrail),
    onward(rules, (names) => Promise.all([...names].sort().map(([id, name]) => seeRule(clients.eventBridge, id, name)))),
    onward(topics, ({ alert, health }) =>
      Promise.all([
        ...(alert === undefined ? [] : [seeTopic(clients, 'alert', alert)]),
        ...(health === undefined ? [] : [seeTopic(clients, 'health', health)]),
      ]),
    ),
    seeCanary(clients.dynamoDb, parts, now),
  ]);
  const expectedRules = resourceUses ? [...RULES, 'ResourceUseRule'] : RULES;
  return { deployment, trails, rules: seenRules, expectedRules, topics: seenTopics, canary };
}

async function onward<T, U>(before: Observed<T>, next: (seen: T) => Promise<U>): Promise<Observed<U>> {
  return 'failed' in before ? before : { seen: await next(before.seen) };
}

/** The answer, or undefined where AWS says by one of these names that there is nothing. */
async function orNone<T>(ask: Promise<T>, ...names: readonly string[]): Promise<T | undefined> {
  try {
    return await ask;
  } catch (error) {
    if (isNamed(error, ...names)) return undefined;
    throw error;
  }
}

function seeTrails(client: CloudTrailClient): Promise<Observed<readonly TrailSeen[]>> {
  return observed('cloudtrail:DescribeTrails', async () => {
    const { trailList = [] } = await client.send(new DescribeTrailsCommand({ includeShadowTrails: true }));
    return Promise.all(
      trailList.map(async ({ Name = '', TrailARN: arn = '', HomeRegion: homeRegion = '' }): Promise<TrailSeen> => {
        const [logging, selectors] = await Promise.all([
          observed(
            'cloudtrail:GetTrailStatus',
            async () => (await client.send(new GetTrailStatusCommand({ Name: arn }))).IsLogging === true,
          ),
          observed('cloudtrail:GetEventSelectors', async () => {
            const { EventSelectors, AdvancedEventSelectors } = await client.send(new GetEventSelectorsCommand({ TrailName: arn }));
            return { classic: EventSelectors ?? [], advanced: AdvancedEventSelectors ?? [] };
          }),
        ]);
        return { name: Name, arn, homeRegion, logging, selectors };
      }),
    );
  });
}

async function seeRule(client: EventBridgeClient, id: string, name: string): Promise<RuleSeen> {
  const [rule, targets] = await Promise.all([
    observed('events:DescribeRule', async () => {
      const found = await orNone(client.send(new DescribeRuleCommand({ Name: name })), 'ResourceNotFoundException');
      if (found === undefined) return undefined;
      const { State: state = '', ScheduleExpression, Description: description } = found;
      return { state, scheduled: Boolean(ScheduleExpression), ...(description === undefined ? {} : { description }) };
    }),
    observed('events:ListTargetsByRule', async () => {
      const { Targets = [] } = await client.send(new ListTargetsByRuleCommand({ Rule: name }));
      return Targets.flatMap(({ Arn }) => Arn ?? []);
    }),
  ]);
  return { id, name, rule, targets };
}

async function seeTopic({ sns, kms }: Clients, role: TopicSeen['role'], arn: string): Promise<TopicSeen> {
  const [subscriptions, keyId] = await Promise.all([
    observed('sns:ListSubscriptionsByTopic', () => orNone(subscriptionsOf(sns, arn), 'NotFoundException')),
    observed('sns:GetTopicAttributes', async () => {
      const answer = await orNone(sns.send(new GetTopicAttributesCommand({ TopicArn: arn })), 'NotFoundException');
      return answer?.Attributes?.KmsMasterKeyId || undefined;
    }),
  ]);
  return { role, arn, subscriptions, key: await onward(keyId, async (id) => (id === undefined ? undefined : seeKey(kms, arn, id))) };
}

async function subscriptionsOf(client: SNSClient, topic: string): Promise<SubscriptionSeen[]> {
  const seen: SubscriptionSeen[] = [];
  for await (const { Subscriptions = [] } of paginateListSubscriptionsByTopic({ client }, { TopicArn: topic }))
    for (const { Protocol = '', Endpoint = '', SubscriptionArn = '' } of Subscriptions)
      if (SubscriptionArn !== 'Deleted')
        seen.push({ protocol: Protocol, endpoint: Endpoint, confirmed: SubscriptionArn.startsWith('arn:') });
  return seen;
}

/** A bare id or alias belongs to the account and Region of the topic, which may be another than the caller's. */
async function seeKey(client: KMSClient, topic: string, id: string): Promise<TopicKeySeen> {
  const [, partition, , region, account] = topic.split(':');
  const arn = id.startsWith('arn:') ? id : `arn:${partition}:kms:${region}:${account}:${id.startsWith('alias/') ? id : `key/${id}`}`;
  const key = await observed('kms:DescribeKey', async (): Promise<KeySeen | undefined> => {
    const answer = await orNone(client.send(new DescribeKeyCommand({ KeyId: arn })), 'NotFoundException');
    const metadata = answer?.KeyMetadata;
    if (metadata === undefined) return undefined;
    const { KeyState: state = 'unknown', KeyManager, CustomKeyStoreId: keyStoreId } = metadata;
    return { state, awsManaged: KeyManager === 'AWS', ...(keyStoreId === undefined ? {} : { keyStoreId }) };
  });
  return { arn, key };
}

async function seeCanary(client: DynamoDBClient, { table }: DeploymentParts, now: Clock): Promise<Observed<number | undefined>> {
  if ('failed' in table) return table;
  const { seen: name } = table;
  if (name === undefined) return { failed: 'the stack names no ledger table' };
  return observed('dynamodb:GetItem', async () => {
    const { returned } = await new DynamoDbLedger(client, name).canary();
    return returned === undefined ? undefined : Math.max(0, now() - returned);
  });
}
