import type { World } from './aws-stand-in.ts';

/** Region and account of the deployment. */
export const WHERE = 'us-west-2:111122223333';
/** Its alert topic. */
export const ALERTS = `arn:aws:sns:${WHERE}:kms-audit-dev-AlertTopic-1`;
/** Its health topic. */
export const HEALTH = `arn:aws:sns:${WHERE}:kms-audit-dev-HealthTopic-1`;
/** Its audit function. */
export const AUDIT = `arn:aws:lambda:${WHERE}:function:kms-audit-dev-audit`;
/** Its sweep. */
export const SWEEP = `arn:aws:lambda:${WHERE}:function:kms-audit-dev-sweep`;
/** The alert topic's key. */
export const KEY = `arn:aws:kms:${WHERE}:key/5a3c1c8e-4b3a-4c8e-9d0e-2f6b7c8d9e01`;
/** The one trail of the account, at home in another Region. */
export const TRAIL = `arn:aws:cloudtrail:us-east-1:111122223333:trail/all`;
/** The full state of a rule. */
export const STATE = 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS';
/** Its rules for events, by their names in the template. */
export const RULES = [
  'BlindSpotRule',
  'CanaryRule',
  'ClusterRule',
  'EcsContextRule',
  'GrantRule',
  'KeyChangeRule',
  'RefusedUseRule',
  'TaskStoppedRule',
];
/** A rule's name in EventBridge. */
export const nameOf = (rule: string): string => `kms-audit-dev-${rule}-1`;
/** The machine's clock. */
export const seconds = (): number => Math.floor(Date.now() / 1000);

/** A deployment in which all is well. */
export function healthy(): World {
  const subscription = (protocol: string, endpoint: string) => ({ protocol, endpoint, arn: `${ALERTS}:0a1b` });
  return {
    stack: {
      name: 'kms-audit-dev',
      id: `arn:aws:cloudformation:${WHERE}:stack/kms-audit-dev/0a1b`,
      outputs: { AlertTopicArn: ALERTS, HealthTopicArn: HEALTH, LedgerTable: 'ledger' },
      parameters: { ResourceUses: 'DISABLED' },
    },
    resources: {
      AuditLambdaFunction: ['AWS::Lambda::Function', 'kms-audit-dev-audit'],
      SweepLambdaFunction: ['AWS::Lambda::Function', 'kms-audit-dev-sweep'],
      SweepRole: ['AWS::IAM::Role', 'kms-audit-dev-SweepRole-1'],
      UndeliveredQueue: ['AWS::SQS::Queue', 'https://sqs.us-west-2.amazonaws.com/111122223333/undelivered'],
      ...Object.fromEntries([...RULES, 'SweepEventsRuleSchedule1'].map((rule) => [rule, ['AWS::Events::Rule', nameOf(rule)] as const])),
    },
    trails: {
      all: { arn: TRAIL, logging: true, selectors: { EventSelectors: [{ ReadWriteType: 'All', IncludeManagementEvents: true }] } },
    },
    rules: {
      ...Object.fromEntries(RULES.map((rule) => [nameOf(rule), { state: STATE, targets: [AUDIT] }])),
      [nameOf('SweepEventsRuleSchedule1')]: { state: 'ENABLED', schedule: 'rate(15 minutes)', targets: [SWEEP] },
    },
    topics: {
      [ALERTS]: { keyId: KEY, subscriptions: [subscription('https', 'https://example.com/alerts')] },
      [HEALTH]: { subscriptions: [subscription('email', 'ops@example.com')] },
    },
    keys: { [KEY]: { KeyId: KEY, KeyState: 'Enabled', KeyManager: 'CUSTOMER' } },
    canaryReturned: seconds() - 600,
    refusals: {},
  };
}
