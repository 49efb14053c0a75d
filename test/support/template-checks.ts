import { field, items } from '../../src/core/json.ts';
import { many, ofType, type Resource, refersTo, statementsOf, type Template } from './template.ts';

const FULL_STATE = 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS';

/** A metric and its exact set of dimensions, as the code sends it: `Findings{Severity}`. */
export type SentMetrics = ReadonlySet<string>;

/** Everything that is wrong with a packaged template; none when it is as the design has it. */
export function templateFaults(template: Template, sent: SentMetrics): string[] {
  return [rules, roles, permissions, ledger, functions, queues, topics, alarms, logs].flatMap((check) => check(template, sent));
}

const patternRules = (template: Template): [string, Resource][] =>
  ofType(template, 'AWS::Events::Rule').filter(([, { Properties }]) => Properties.EventPattern !== undefined);

function rules(template: Template): string[] {
  const policies = ofType(template, 'AWS::SQS::QueuePolicy');
  return patternRules(template).flatMap(([id, { Properties }]) => {
    const targets = items(Properties.Targets);
    const faults = Properties.State === FULL_STATE ? [] : [`${id}: State ${String(Properties.State)} leaves read-only events out`];
    if (targets.length !== 1) faults.push(`${id}: one target is expected`);
    for (const target of targets) {
      if (!refersTo(field(target, 'DeadLetterConfig'), 'UndeliveredQueue')) faults.push(`${id}: target without dead-letter queue`);
      if (field(field(target, 'RetryPolicy'), 'MaximumRetryAttempts') === undefined) faults.push(`${id}: target without retry policy`);
    }
    if (!policies.some(([, policy]) => refersTo(policy.Properties.PolicyDocument, id)))
      faults.push(`${id}: may not write to its dead-letter queue`);
    return faults;
  });
}

function permissions(template: Template): string[] {
  const all = ofType(template, 'AWS::Lambda::Permission');
  const unscoped = all.filter(([, { Properties }]) => Properties.SourceArn === undefined).map(([id]) => `${id}: permission for any source`);
  const missing = patternRules(template)
    .filter(([rule]) => !all.some(([, { Properties }]) => refersTo(Properties.SourceArn, rule)))
    .map(([rule]) => `${rule}: may not invoke the function`);
  return [...unscoped, ...missing];
}

/** Actions for which their services know no resource, or none that fits. */
const UNSCOPABLE: ReadonlySet<string> = new Set(['kms:ListAliases', 'kms:ListKeys', 'ecs:ListClusters', 'ecs:ListTasks']);

function roles(template: Template): string[] {
  return ofType(template, 'AWS::IAM::Role').flatMap(([id, role]) =>
    statementsOf(role).flatMap((statement) => {
      const wildcard = many(statement.Action).some((action) => String(action).includes('*'));
      const unscopable = many(statement.Action).every((action) => UNSCOPABLE.has(String(action)));
      const anywhere =
        !unscopable &&
        many(statement.Resource).includes('*') &&
        field(field(statement.Condition, 'StringEquals'), 'cloudwatch:namespace') === undefined;
      return [...(wildcard ? [`${id}: wildcard action`] : []), ...(anywhere ? [`${id}: ${String(statement.Sid)} on every resource`] : [])];
    }),
  );
}

function ledger(template: Template): string[] {
  const table = template.Resources.Ledger;
  const properties = table?.Properties ?? {};
  const faults: string[] = [];
  if (table?.DeletionPolicy !== 'Retain') faults.push('Ledger: is deleted with the stack');
  if (properties.DeletionProtectionEnabled !== true) faults.push('Ledger: without deletion protection');
  if (field(properties.PointInTimeRecoverySpecification, 'PointInTimeRecoveryEnabled') !== true)
    faults.push('Ledger: without point-in-time recovery');
  if (field(properties.TimeToLiveSpecification, 'AttributeName') !== 'exp') faults.push('Ledger: nothing expires');
  if (properties.BillingMode !== 'PAY_PER_REQUEST') faults.push('Ledger: not on demand');
  if (properties.SSESpecification === undefined) faults.push('Ledger: encryption is not said');
  return faults;
}

function functions(template: Template): string[] {
  const faults = ofType(template, 'AWS::Lambda::Function').flatMap(([id, { Properties }]) => [
    ...(Properties.Runtime === 'nodejs24.x' ? [] : [`${id}: runtime ${String(Properties.Runtime)}`]),
    ...(items(Properties.Architectures).includes('arm64') ? [] : [`${id}: not on arm64`]),
  ]);
  const timeout = Number(template.Resources.AuditLambdaFunction?.Properties.Timeout);
  if (!(timeout < 15)) faults.push('AuditLambdaFunction: outlives its lease on an alert');
  if (
    !ofType(template, 'AWS::Lambda::EventInvokeConfig').some(([, { Properties }]) => refersTo(Properties.DestinationConfig, 'FailureQueue'))
  ) {
    faults.push('AuditLambdaFunction: failed events are lost');
  }
  for (const queue of ['FailureQueue', 'UndeliveredQueue']) {
    const mapping = ofType(template, 'AWS::Lambda::EventSourceMapping').find(([, { Properties }]) =>
      refersTo(Properties.EventSourceArn, queue),
    );
    if (mapping === undefined) faults.push(`${queue}: nobody takes its messages up again`);
    else if (!items(mapping[1].Properties.FunctionResponseTypes).includes('ReportBatchItemFailures'))
      faults.push(`${queue}: one bad message takes its batch along`);
    if (Number(template.Resources[queue]?.Properties.VisibilityTimeout) < 6 * timeout)
      faults.push(`${queue}: messages come back while they are handled`);
  }
  return faults;
}

function queues(template: Template): string[] {
  return ['FailureQueue', 'UndeliveredQueue']
    .filter((queue) => !refersTo(template.Resources[queue]?.Properties.RedrivePolicy, 'DeadLetterQueue'))
    .map((queue) => `${queue}: without a dead-letter queue`);
}

function topics(template: Template): string[] {
  const faults = ofType(template, 'AWS::SNS::Topic')
    .filter(([, { Properties }]) => JSON.stringify(Properties.KmsMasterKeyId ?? '').includes('alias/aws/sns'))
    .map(([id]) => `${id}: alarms cannot publish under the AWS managed key`);
  if (template.Resources.HealthTopic?.Properties.KmsMasterKeyId !== undefined)
    faults.push('HealthTopic: needs a key that may be the trouble');
  return faults;
}

/** Metrics of AWS's own that alarms watch, with their exact dimensions. */
const AWS_METRICS = new Set([
  'AWS/SQS ApproximateNumberOfMessagesVisible{QueueName}',
  'AWS/SQS ApproximateAgeOfOldestMessage{QueueName}',
  'AWS/Lambda Errors{FunctionName}',
  'AWS/Lambda Throttles{FunctionName}',
  'AWS/Events FailedInvocations{RuleName}',
  'AWS/DynamoDB WriteThrottleEvents{GlobalSecondaryIndexName,TableName}',
]);

function alarms(template: Template, sent: SentMetrics): string[] {
  const all = ofType(template, 'AWS::CloudWatch::Alarm');
  const faults = all.flatMap(([id, { Properties }]) => {
    const dimensions = items(Properties.Dimensions).map((dimension) => String(field(dimension, 'Name')));
    const metric = `${String(Properties.MetricName)}{${dimensions.sort().join(',')}}`;
    const known = Properties.Namespace === 'KmsAudit' ? sent.has(metric) : AWS_METRICS.has(`${String(Properties.Namespace)} ${metric}`);
    return [
      ...(known ? [] : [`${id}: nobody sends ${metric}`]),
      ...(items(Properties.AlarmActions).length === 0 ? [`${id}: tells nobody`] : []),
    ];
  });
  for (const watched of ['DeadLetterQueue', 'FailureQueue', 'UndeliveredQueue', 'AuditLambdaFunction']) {
    if (!all.some(([, { Properties }]) => refersTo(Properties.Dimensions, watched))) faults.push(`${watched}: no alarm watches it`);
  }
  return faults;
}

function logs(template: Template): string[] {
  return ofType(template, 'AWS::Logs::LogGroup')
    .filter(([, { Properties }]) => Properties.RetentionInDays === undefined)
    .map(([id]) => `${id}: kept for ever`);
}
