import { randomUUID } from 'node:crypto';
import { field } from '../../src/core/json.ts';
import { startLoopbackServer } from '../../src/local/loopback-server.ts';
import { isRefusal, type Refusal, refused } from '../../src/local/refusal.ts';
import { type PublishedAlert, readPublish } from '../../src/local/sns-wire.ts';

/** A deployment as AWS would show it. What a test seeds, it changes here. */
export interface World {
  stack: { name: string; id: string; outputs: Record<string, string>; parameters: Record<string, string> };
  /** Name in the template: type, physical id. */
  resources: Record<string, readonly [string, string]>;
  trails: Record<string, { arn: string; logging: boolean; selectors: object }>;
  rules: Record<string, { state: string; schedule?: string; targets: string[] }>;
  topics: Record<string, { keyId?: string; subscriptions: { protocol: string; endpoint: string; arn: string }[] }>;
  keys: Record<string, object>;
  /** Seconds since 1970. */
  canaryReturned?: number | undefined;
  /** What these calls answer instead, by `service:Operation`. */
  refusals: Record<string, Refusal>;
}

/** CloudFormation, CloudTrail, EventBridge, KMS, SNS and DynamoDB as far as `doctor` and `test-alert` ask them. */
export interface AwsStandIn {
  readonly endpoint: string;
  readonly published: readonly PublishedAlert[];
  /** Every call that arrived, as `service:Operation`. */
  readonly calls: readonly string[];
  stop(): Promise<void>;
}

const SERVICES: Readonly<Record<string, string>> = {
  CloudTrail_20131101: 'cloudtrail',
  AWSEvents: 'events',
  TrentService: 'kms',
  DynamoDB_20120810: 'dynamodb',
  '2010-03-31': 'sns',
  '2010-05-15': 'cloudformation',
};

/** Starts them on one loopback port. */
export async function startAwsStandIn(world: World): Promise<AwsStandIn> {
  const published: PublishedAlert[] = [];
  const calls: string[] = [];
  const server = await startLoopbackServer((request, body, response) => {
    const target = request.headers['x-amz-target'];
    const signed = request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 ');
    if (!signed) return void response.writeHead(403).end();
    if (typeof target === 'string') {
      const [prefix = '', operation = ''] = target.split('.').slice(-2);
      const call = `${SERVICES[prefix]}:${operation}`;
      calls.push(call);
      const answer = world.refusals[call] ?? json(world, call, JSON.parse(body.toString('utf8')));
      const type = prefix.startsWith('DynamoDB') ? '1.0' : '1.1';
      const [status, reply] = isRefusal(answer) ? [answer.status, { __type: answer.code, message: answer.message }] : [200, answer];
      return void response.writeHead(status, { 'content-type': `application/x-amz-json-${type}` }).end(JSON.stringify(reply));
    }
    const form = new URLSearchParams(body.toString('utf8'));
    const operation = form.get('Action') ?? '';
    const call = `${SERVICES[form.get('Version') ?? '']}:${operation}`;
    calls.push(call);
    const answer = world.refusals[call] ?? query(world, call, form, published);
    const [status, reply] =
      typeof answer === 'string'
        ? [200, `<${operation}Response><${operation}Result>${answer}</${operation}Result></${operation}Response>`]
        : [
            answer.status,
            `<ErrorResponse><Error><Type>Sender</Type>${xml({ Code: answer.code, Message: answer.message })}</Error></ErrorResponse>`,
          ];
    return void response.writeHead(status, { 'content-type': 'text/xml' }).end(reply);
  });
  return { endpoint: server.endpoint, published, calls, stop: server.stop };
}

function json(world: World, call: string, input: unknown): object {
  const named = (name: string): string => String(field(input, name));
  const none = refused('ResourceNotFoundException', 'does not exist');
  switch (call) {
    case 'cloudtrail:DescribeTrails':
      return { trailList: Object.entries(world.trails).map(([Name, { arn }]) => ({ Name, TrailARN: arn, HomeRegion: arn.split(':')[3] })) };
    case 'cloudtrail:GetTrailStatus':
      return { IsLogging: Object.values(world.trails).find(({ arn }) => arn === named('Name'))?.logging };
    case 'cloudtrail:GetEventSelectors':
      return Object.values(world.trails).find(({ arn }) => arn === named('TrailName'))?.selectors ?? none;
    case 'events:DescribeRule': {
      const rule = world.rules[named('Name')];
      return rule === undefined ? none : { Name: named('Name'), State: rule.state, ScheduleExpression: rule.schedule };
    }
    case 'events:ListTargetsByRule':
      return { Targets: world.rules[named('Rule')]?.targets.map((Arn, index) => ({ Id: String(index), Arn })) };
    case 'kms:DescribeKey': {
      const metadata = world.keys[named('KeyId')];
      return metadata === undefined ? refused('NotFoundException', 'Key does not exist') : { KeyMetadata: metadata };
    }
    case 'dynamodb:GetItem':
      return world.canaryReturned === undefined ? {} : { Item: { returnedAt: { N: String(world.canaryReturned) } } };
    default:
      return refused('UnknownOperationException', call);
  }
}

function query(world: World, call: string, form: URLSearchParams, published: PublishedAlert[]): string | Refusal {
  const { stack, resources } = world;
  const topic = world.topics[form.get('TopicArn') ?? ''];
  if (form.has('StackName') && form.get('StackName') !== stack.name)
    return refused('ValidationError', `Stack with id ${form.get('StackName')} does not exist`);
  if (form.has('TopicArn') && topic === undefined) return refused('NotFound', 'Topic does not exist', 404);
  switch (call) {
    case 'cloudformation:DescribeStacks': {
      const outputs = members(Object.entries(stack.outputs).map(([OutputKey, OutputValue]) => xml({ OutputKey, OutputValue })));
      const parameters = members(
        Object.entries(stack.parameters).map(([ParameterKey, ParameterValue]) => xml({ ParameterKey, ParameterValue })),
      );
      const names = xml({ StackName: stack.name, StackId: stack.id });
      return `<Stacks><member>${names}<Outputs>${outputs}</Outputs><Parameters>${parameters}</Parameters></member></Stacks>`;
    }
    case 'cloudformation:DescribeStackResources': {
      const all = Object.entries(resources).map(([LogicalResourceId, [ResourceType, PhysicalResourceId]]) =>
        xml({ StackId: stack.id, LogicalResourceId, PhysicalResourceId, ResourceType, ResourceStatus: 'CREATE_COMPLETE' }),
      );
      return `<StackResources>${members(all)}</StackResources>`;
    }
    case 'sns:GetTopicAttributes':
      return `<Attributes>${topic?.keyId === undefined ? '' : `<entry><key>KmsMasterKeyId</key><value>${topic.keyId}</value></entry>`}</Attributes>`;
    case 'sns:ListSubscriptionsByTopic': {
      const all = (topic?.subscriptions ?? []).map(({ protocol, endpoint, arn }) =>
        xml({ SubscriptionArn: arn, Protocol: protocol, Endpoint: endpoint, TopicArn: form.get('TopicArn') ?? '' }),
      );
      return `<Subscriptions>${members(all)}</Subscriptions>`;
    }
    case 'sns:Publish': {
      const alert = readPublish(form);
      if (isRefusal(alert)) return alert;
      published.push(alert);
      return xml({ MessageId: randomUUID() });
    }
    default:
      return refused('InvalidAction', call);
  }
}

const members = (all: readonly string[]): string => all.map((one) => `<member>${one}</member>`).join('');
const xml = (fields: Readonly<Record<string, string>>): string =>
  Object.entries(fields)
    .map(([name, value]) => `<${name}>${value.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</${name}>`)
    .join('');
