import { describe, expect, it } from 'vitest';
import {
  FULL_STATE,
  invokeCommand,
  keyCommand,
  missingRuleCommand,
  ruleCommand,
  subscribeCommand,
  targetsCommand,
  trailCommand,
} from '../../src/core/mending.ts';
import type { Deployment, RuleSeen, TrailSeen } from '../../src/core/observed.ts';

const REGION = 'us-west-2';
const TOPIC = `arn:aws:sns:${REGION}:111122223333:alerts`;
const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/5a3c1c8e-4b3a-4c8e-9d0e-2f6b7c8d9e01';
const TRAIL = 'arn:aws:cloudtrail:us-east-1:111122223333:trail/all';
const AUDIT = `arn:aws:lambda:${REGION}:111122223333:function:audit`;
const QUEUE = `arn:aws:sqs:${REGION}:111122223333:undelivered`;
const ROLE = 'arn:aws:iam::111122223333:role/sweep';
const bare: Deployment = { stack: 'kms-audit-dev', region: REGION };
const deployment: Deployment = { ...bare, auditArn: AUDIT, sweepArn: `${AUDIT}-sweep`, sweepRoleArn: ROLE, undeliveredArn: QUEUE };
const ruleOf = (id: string, name: string): RuleSeen => ({ id, name, rule: { seen: undefined }, targets: { seen: [] } });
const grants = ruleOf('GrantRule', 'grants');
const canary = ruleOf('CanaryRule', 'canary');
const sweep = ruleOf('SweepEventsRuleSchedule10', 'sweep');
const selectors = { classic: [], advanced: [] };
const trail: TrailSeen = { name: 'all', arn: TRAIL, homeRegion: 'us-east-1', logging: { seen: true }, selectors: { seen: selectors } };

const targets = (rule: string, target: object): string =>
  `aws events put-targets --region ${REGION} --rule ${rule} --targets '${JSON.stringify([target])}'`;
const RETRIES = { RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 } };
const AUDIT_TARGET = { Id: 'audit', Arn: AUDIT, DeadLetterConfig: { Arn: QUEUE }, ...RETRIES };
const UNKNOWN_TARGET = { Id: 'audit', Arn: '<function ARN>', ...RETRIES };
const SWEEP_TARGET = { Id: 'sweepSchedule', Arn: `${AUDIT}-sweep` };
const template = (part: string, output: string): string =>
  `"$(aws cloudformation get-template --region ${REGION} --stack-name kms-audit-dev --query TemplateBody.Resources.${part} --output ${output})"`;
const canaryPattern = (arn: string): string =>
  `'${JSON.stringify({
    source: ['aws.kms'],
    'detail-type': ['AWS API Call via CloudTrail'],
    detail: {
      eventSource: ['kms.amazonaws.com'],
      eventName: ['ListAliases'],
      userIdentity: { sessionContext: { sessionIssuer: { arn: [arn] } } },
    },
  })}'`;

/** What an operator pastes into a shell: told to the letter. */
const commands: readonly [string, () => string, string][] = [
  [
    'a trail that is stopped',
    () => trailCommand({ region: REGION, stopped: trail }),
    `aws cloudtrail start-logging --region us-east-1 --name ${TRAIL}`,
  ],
  [
    'no trail at all',
    () => trailCommand({ region: REGION }),
    `aws cloudtrail create-trail --region ${REGION} --name kms-audit --s3-bucket-name <bucket> --is-multi-region-trail && aws cloudtrail start-logging --region ${REGION} --name kms-audit`,
  ],
  [
    'a trail that leaves out KMS',
    () => trailCommand({ region: REGION, partial: { trail, selectors: { ...selectors, classic: [{ ReadWriteType: 'WriteOnly' }] } } }),
    `aws cloudtrail put-event-selectors --region us-east-1 --trail-name ${TRAIL} --event-selectors '[{"ReadWriteType":"All","IncludeManagementEvents":true,"ExcludeManagementEventSources":[]}]'`,
  ],
  [
    'a rule that is off',
    () => ruleCommand('grants', { state: 'DISABLED', scheduled: false }, bare),
    `aws events put-rule --region ${REGION} --name grants --state ${FULL_STATE} --event-pattern "$(aws events describe-rule --region ${REGION} --name grants --query EventPattern --output text)"`,
  ],
  [
    'a rule with a description, that would be lost',
    () => ruleCommand('grants', { state: 'DISABLED', scheduled: false, description: "KMS's grants" }, bare),
    `aws events put-rule --region ${REGION} --name grants --state ${FULL_STATE} --description 'KMS'\\''s grants' --event-pattern "$(aws events describe-rule --region ${REGION} --name grants --query EventPattern --output text)"`,
  ],
  [
    'a schedule that is off',
    () => ruleCommand('sweep', { state: 'DISABLED', scheduled: true }, bare),
    `aws events enable-rule --region ${REGION} --name sweep`,
  ],
  [
    'a rule that was deleted',
    () => missingRuleCommand(grants, deployment),
    `aws events put-rule --region ${REGION} --name grants --state ${FULL_STATE} --event-pattern ${template('GrantRule.Properties.EventPattern', 'json')} && ${targets('grants', AUDIT_TARGET)}`,
  ],
  [
    'the canary rule, deleted',
    () => missingRuleCommand(canary, deployment),
    `aws events put-rule --region ${REGION} --name canary --state ${FULL_STATE} --event-pattern ${canaryPattern(ROLE)} && ${targets('canary', AUDIT_TARGET)}`,
  ],
  [
    'the canary rule, deleted, of a role nobody knows',
    () => missingRuleCommand(canary, bare),
    `aws events put-rule --region ${REGION} --name canary --state ${FULL_STATE} --event-pattern ${canaryPattern('<role ARN>')} && ${targets('canary', UNKNOWN_TARGET)}`,
  ],
  [
    'a schedule that was deleted',
    () => missingRuleCommand(sweep, deployment),
    `aws events put-rule --region ${REGION} --name sweep --schedule-expression ${template('SweepEventsRuleSchedule10.Properties.ScheduleExpression', 'text')} && ${targets('sweep', SWEEP_TARGET)}`,
  ],
  ['a rule without its target', () => targetsCommand(grants, deployment, AUDIT), targets('grants', AUDIT_TARGET)],
  ['a rule without its target, of a stack nobody could read', () => targetsCommand(grants, bare), targets('grants', UNKNOWN_TARGET)],
  ['a schedule without its target', () => targetsCommand(sweep, deployment, `${AUDIT}-sweep`), targets('sweep', SWEEP_TARGET)],
  [
    'a topic without subscription',
    () => subscribeCommand(TOPIC, REGION),
    `aws sns subscribe --region ${REGION} --topic-arn ${TOPIC} --protocol email --notification-endpoint <address>`,
  ],
  [
    'a subscription that waits',
    () => subscribeCommand(TOPIC, REGION, { protocol: 'https', endpoint: 'https://example.com/hook?a=1&b=2', confirmed: false }),
    `aws sns subscribe --region ${REGION} --topic-arn ${TOPIC} --protocol https --notification-endpoint 'https://example.com/hook?a=1&b=2'`,
  ],
  ['a disabled key', () => keyOf('Disabled'), `aws kms enable-key --region eu-west-1 --key-id ${KEY}`],
  [
    'a key about to be deleted',
    () => keyOf('PendingDeletion'),
    `aws kms cancel-key-deletion --region eu-west-1 --key-id ${KEY} && aws kms enable-key --region eu-west-1 --key-id ${KEY}`,
  ],
  [
    'a key without material',
    () => keyOf('PendingImport'),
    `aws kms import-key-material --region eu-west-1 --key-id ${KEY} --import-token fileb://<token> --encrypted-key-material fileb://<material>`,
  ],
  [
    'a key store that is off',
    () => keyOf('Unavailable', 'cks-1'),
    'aws kms connect-custom-key-store --region eu-west-1 --custom-key-store-id cks-1',
  ],
  [
    'a key store that is off and has no name',
    () => keyOf('Unavailable'),
    'aws kms connect-custom-key-store --region eu-west-1 --custom-key-store-id <store>',
  ],
  [
    'a key that is gone',
    () => keyCommand(KEY, TOPIC),
    `aws sns set-topic-attributes --region ${REGION} --topic-arn ${TOPIC} --attribute-name KmsMasterKeyId --attribute-value ''`,
  ],
  [
    'a canary that stays out',
    () => invokeCommand(deployment),
    `aws lambda invoke --region ${REGION} --function-name ${AUDIT}-sweep /dev/stdout`,
  ],
  [
    'a canary of a function nobody knows',
    () => invokeCommand(bare),
    `aws lambda invoke --region ${REGION} --function-name <function ARN> /dev/stdout`,
  ],
];

function keyOf(state: string, keyStoreId?: string): string {
  return keyCommand(KEY, TOPIC, { state, awsManaged: false, ...(keyStoreId === undefined ? {} : { keyStoreId }) });
}

describe('the command that mends', () => {
  it.each(commands)('%s', (_, command, expected) => {
    expect(command()).toBe(expected);
  });
});
