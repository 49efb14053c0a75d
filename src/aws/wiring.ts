import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { printable } from '../core/text.ts';
import type { Pipeline } from '../pipeline.ts';
import type { AlertSink, Log, MetricSink } from '../ports.ts';
import { clock, once, sha256 } from '../system.ts';
import { builtPolicy } from './built-policy.ts';
import { DynamoDbLedger } from './dynamodb-ledger.ts';

/** The environment is not what a deployment sets: fails every invocation until it is mended. */
class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** Settings of every AWS client: fail fast inside the function's time-out, and let the SDK try three times. */
export const CLIENT = {
  accountIdEndpointMode: 'disabled',
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 1_500, throwOnRequestTimeout: true },
} as const;

const log: Log = (message, fields) => {
  const told = Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? printable(value, 1_000) : value]);
  console.log(JSON.stringify({ message, ...Object.fromEntries(told) }));
};

/** The pipeline of the deployed function, from its environment (design: TABLE_NAME, ALERT_TOPIC_ARN, METRIC_NAMESPACE, OWN_KEY_ARNS, OWN_RULE_PREFIX, CANARY_ROLE_ARN, RETENTION_DAYS). */
export function deployedPipeline(environment: NodeJS.ProcessEnv): Pipeline {
  const required = (name: string): string => {
    const value = environment[name]?.trim();
    if (!value) throw new ConfigurationError(`environment variable ${name} is not set`);
    return value;
  };
  const topic = required('ALERT_TOPIC_ARN');
  const namespace = environment.METRIC_NAMESPACE?.trim() || 'KmsAudit';
  return {
    ledger: new DynamoDbLedger(new DynamoDBClient(CLIENT), required('TABLE_NAME'), retentionDays(environment.RETENTION_DAYS)),
    policy: builtPolicy(),
    digest: sha256,
    now: clock,
    log,
    alerts: alertSink(topic),
    metrics: metricSink(namespace),
    ...(environment.OWN_RULE_PREFIX ? { ownRules: environment.OWN_RULE_PREFIX } : {}),
    ...(environment.CANARY_ROLE_ARN ? { canaryRole: environment.CANARY_ROLE_ARN } : {}),
    ownKeys: new Set((environment.OWN_KEY_ARNS ?? '').split(/[\s,]+/).filter((arn) => arn !== '')),
  };
}

/** Days as a whole number of at least one; the ledger's own default where none are given. */
function retentionDays(given: string | undefined): number | undefined {
  if (!given?.trim()) return undefined;
  const days = Number(given);
  if (!Number.isInteger(days) || days < 1)
    throw new ConfigurationError(`environment variable RETENTION_DAYS: expected whole days, found ${printable(given, 40)}`);
  return days;
}

/** SNS is loaded when the first finding needs it: most events never do. */
function alertSink(topic: string): AlertSink {
  const sink = once(async () => {
    const [{ SNSClient }, { SnsAlertSink }] = await Promise.all([import('@aws-sdk/client-sns'), import('./sns-alert-sink.ts')]);
    return new SnsAlertSink(new SNSClient(CLIENT), topic);
  });
  return { publish: async (message) => (await sink()).publish(message) };
}

/** CloudWatch likewise. */
function metricSink(namespace: string): MetricSink {
  const sink = once(async () => {
    const [{ CloudWatchClient }, { CloudWatchMetricSink }] = await Promise.all([
      import('@aws-sdk/client-cloudwatch'),
      import('./cloudwatch-metric-sink.ts'),
    ]);
    return new CloudWatchMetricSink(new CloudWatchClient(CLIENT), namespace, clock);
  });
  return { put: async (metrics) => (await sink()).put(metrics) };
}
