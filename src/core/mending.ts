import { CANARY_OPERATION } from './canary.ts';
import type { Deployment, KeySeen, RuleSeen, RuleState, SubscriptionSeen, TrailSeen, TrailSelectors } from './observed.ts';
import { printableJson } from './text.ts';
import { mendedSelectors } from './trail-selectors.ts';

/** Plain ENABLED leaves out read-only management events. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html */
export const FULL_STATE = 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS';

/** A word of a POSIX shell command: quoted where it needs to be. */
function shellQuoted(word: string): string {
  return /^[A-Za-z0-9@%+=:,./_-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

const json = (value: unknown): string => shellQuoted(printableJson(JSON.stringify(value)));
const regionOfArn = (arn: string): string | undefined => arn.split(':')[3];

interface TrailFault {
  readonly region: string;
  readonly stopped?: TrailSeen | undefined;
  /** A trail that leaves out some of KMS, and what it selects. */
  readonly partial?: { readonly trail: TrailSeen; readonly selectors: TrailSelectors };
}

/** Makes a trail record all of KMS: a trail's settings are changed in its home Region only. */
export function trailCommand({ region, stopped, partial }: TrailFault): string {
  if (stopped !== undefined) return `aws cloudtrail start-logging --region ${stopped.homeRegion} --name ${stopped.arn}`;
  if (partial === undefined)
    return `aws cloudtrail create-trail --region ${region} --name kms-audit --s3-bucket-name <bucket> --is-multi-region-trail && aws cloudtrail start-logging --region ${region} --name kms-audit`;
  const { trail, selectors } = partial;
  const { option, value } = mendedSelectors(selectors);
  return `aws cloudtrail put-event-selectors --region ${trail.homeRegion} --trail-name ${trail.arn} ${option} ${json(value)}`;
}

/**
 * Puts a rule back into its full state: PutRule forgets what it is not told, and EnableRule knows plain ENABLED only.
 * https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
 */
export function ruleCommand(name: string, { scheduled, description }: RuleState, { region }: Deployment): string {
  if (scheduled) return `aws events enable-rule --region ${region} --name ${name}`;
  const described = description === undefined ? '' : ` --description ${shellQuoted(description)}`;
  const pattern = `"$(aws events describe-rule --region ${region} --name ${name} --query EventPattern --output text)"`;
  return `aws events put-rule --region ${region} --name ${name} --state ${FULL_STATE}${described} --event-pattern ${pattern}`;
}

/** Makes a deleted rule anew from the stack's template, with its target: a second deployment of the same template would not. */
export function missingRuleCommand(rule: RuleSeen, deployment: Deployment): string {
  const { stack, region } = deployment;
  const property = (name: string, output: string): string =>
    `"$(aws cloudformation get-template --region ${region} --stack-name ${shellQuoted(stack)} --query TemplateBody.Resources.${rule.id}.Properties.${name} --output ${output})"`;
  const put = `aws events put-rule --region ${region} --name ${rule.name}`;
  if (isSchedule(rule))
    return `${put} --schedule-expression ${property('ScheduleExpression', 'text')} && ${targetsCommand(rule, deployment, deployment.sweepArn)}`;
  const pattern = rule.id === 'CanaryRule' ? json(canaryPattern(deployment)) : property('EventPattern', 'json');
  return `${put} --state ${FULL_STATE} --event-pattern ${pattern} && ${targetsCommand(rule, deployment, deployment.auditArn)}`;
}

/** The one pattern that names a resource of the stack: the template does not hold it as EventBridge wants it. */
function canaryPattern({ sweepRoleArn = '<role ARN>' }: Deployment): object {
  return {
    source: ['aws.kms'],
    'detail-type': ['AWS API Call via CloudTrail'],
    detail: {
      eventSource: ['kms.amazonaws.com'],
      eventName: [CANARY_OPERATION],
      userIdentity: { sessionContext: { sessionIssuer: { arn: [sweepRoleArn] } } },
    },
  };
}

/** The name that the Serverless Framework gives to the rules of `schedule` events. */
const isSchedule = ({ id }: RuleSeen): boolean => id.includes('EventsRuleSchedule');

/** Points a rule at its function, with the retries and the queue that the template gives it. */
export function targetsCommand(rule: RuleSeen, { region, undeliveredArn }: Deployment, arn = '<function ARN>'): string {
  const queue = undeliveredArn === undefined ? {} : { DeadLetterConfig: { Arn: undeliveredArn } };
  const retries = { RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 } };
  const target = isSchedule(rule) ? { Id: 'sweepSchedule', Arn: arn } : { Id: 'audit', Arn: arn, ...queue, ...retries };
  return `aws events put-targets --region ${region} --rule ${rule.name} --targets ${json([target])}`;
}

/** Subscribes somebody, or asks for a confirmation again. */
export function subscribeCommand(topicArn: string, region: string, pending?: SubscriptionSeen): string {
  const { protocol, endpoint } = pending ?? { protocol: 'email', endpoint: '<address>' };
  const where = endpoint === '<address>' ? endpoint : shellQuoted(endpoint);
  return `aws sns subscribe --region ${region} --topic-arn ${topicArn} --protocol ${protocol} --notification-endpoint ${where}`;
}

/** Makes a topic's key usable again; without a key to mend, takes it off the topic. */
export function keyCommand(arn: string, topicArn: string, key?: KeySeen): string {
  const kms = (operation: string): string => `aws kms ${operation} --region ${regionOfArn(arn)} --key-id ${shellQuoted(arn)}`;
  switch (key?.state) {
    case 'Disabled':
      return kms('enable-key');
    case 'PendingDeletion':
      return `${kms('cancel-key-deletion')} && ${kms('enable-key')}`;
    case 'PendingImport':
      return `${kms('import-key-material')} --import-token fileb://<token> --encrypted-key-material fileb://<material>`;
    case 'Unavailable':
      return `aws kms connect-custom-key-store --region ${regionOfArn(arn)} --custom-key-store-id ${key.keyStoreId ?? '<store>'}`;
    default:
      return `aws sns set-topic-attributes --region ${regionOfArn(topicArn)} --topic-arn ${topicArn} --attribute-name KmsMasterKeyId --attribute-value ''`;
  }
}

/** Sends the canary once more: the sweep does. */
export function invokeCommand({ region, sweepArn = '<function ARN>' }: Deployment): string {
  return `aws lambda invoke --region ${region} --function-name ${sweepArn} /dev/stdout`;
}
