import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { DynamoDbLedger } from '../src/aws/dynamodb-ledger.ts';
import { canaryMetric } from '../src/core/canary.ts';
import type { Occurrence } from '../src/core/finding.ts';
import { field } from '../src/core/json.ts';
import { type Metric, metricsOf, OWN_KEY_REFUSED, REJECTED_RECORD } from '../src/core/metrics.ts';
import { DEFAULT_POLICY } from '../src/core/policy.ts';
import { RULES } from '../src/core/rules/registry.ts';
import { fromSeconds } from '../src/core/timestamp.ts';
import { MEMORY_MB } from '../src/local/embedded-stack.ts';
import { auditEvent, flyCanary, type Pipeline } from '../src/pipeline.ts';
import { reconcile } from '../src/reconcile.ts';
import { settleCandidates } from '../src/releases.ts';
import { sha256 } from '../src/system.ts';
import { eventId, retireGrant } from './support/fleet.ts';
import { startSweepWorld } from './support/sweep-world.ts';
import { many, packagedTemplate, statementsOf, type Template } from './support/template.ts';
import { templateFaults } from './support/template-checks.ts';
import { schemaFaults } from './support/template-schema.ts';
import { startTestTables } from './support/test-tables.ts';

/** Every metric and set of dimensions the code can send. */
const SENT = new Set(
  [
    ...RULES.flatMap(({ id, severity }) =>
      [{}, { clusterName: 'c' }].flatMap((subject) => metricsOf(occurrenceOf(id, severity, subject), DEFAULT_POLICY)),
    ),
    REJECTED_RECORD,
    OWN_KEY_REFUSED,
    canaryMetric({}, 0),
  ].map(({ name, dimensions }: Metric) => `${name}{${Object.keys(dimensions).sort().join(',')}}`),
);

function occurrenceOf(rule: string, severity: Occurrence['severity'], subject: Occurrence['subject']): Occurrence {
  return { rule, severity, subject, about: {}, group: '', eventId: '', time: '', operation: '', caller: '', sentence: '' };
}

const faultsOf = (checked: Template): string[] => [...templateFaults(checked, SENT), ...schemaFaults(checked)];

let template: Template;
beforeAll(async () => {
  template = await packagedTemplate('dev');
});

describe('the packaged template', () => {
  it('is as the design has it, for two stages and both ways of each parameter', async () => {
    expect(faultsOf(template)).toEqual([]);
    const given = [
      'alertTopicArn=arn:aws:sns:us-west-2:123456789012:security-alerts',
      'keyArn=arn:aws:kms:us-west-2:111122223333:key/5a3c1c8e-4b3a-4c8e-9d0e-2f6b7c8d9e01',
      'resourceUses=ENABLED',
    ];
    const other = await packagedTemplate('prod', ...given);
    expect(faultsOf(other)).toEqual([]);
    expect(other.Parameters).toMatchObject({
      AlertTopicArn: { Default: given[0]?.slice('alertTopicArn='.length) },
      ResourceUses: { Default: 'ENABLED' },
    });
  });

  it('gives the functions the memory that they have on one machine', () => {
    const memoryOf = (id: string): unknown => template.Resources[id]?.Properties.MemorySize;
    expect(memoryOf('AuditLambdaFunction')).toBe(MEMORY_MB.audit);
    expect(memoryOf('SweepLambdaFunction')).toBe(MEMORY_MB.sweep);
  });

  it('has a dashboard whose body is JSON and whose own metrics the code sends', () => {
    const text = String(field(template.Resources.Dashboard?.Properties.DashboardBody, 'Fn::Sub'));
    const { widgets }: { widgets: { properties: { metrics?: unknown[][] } }[] } = JSON.parse(text);
    const shown = widgets.flatMap(({ properties }) => properties.metrics ?? []).filter(([namespace]) => namespace === 'KmsAudit');
    expect(shown.length).toBeGreaterThan(5);
    for (const [, name, ...dimensions] of shown)
      expect(SENT).toContain(`${String(name)}{${dimensions.filter((_, index) => index % 2 === 0).join(',')}}`);
    for (const [, id = ''] of text.matchAll(/\$\{([A-Za-z]+)[}.]/g)) expect(template.Resources, id).toHaveProperty(id);
  });

  const seeded: readonly [string, (resources: Template['Resources']) => void, string][] = [
    ['a rule in plain ENABLED', (r) => set(r, 'GrantRule', 'State', 'ENABLED'), 'GrantRule: State ENABLED'],
    [
      'a target without dead-letter queue',
      (r) =>
        edit(r, 'GrantRule', 'Targets', (targets) => many(targets).map((target) => ({ ...Object(target), DeadLetterConfig: undefined }))),
      'without dead-letter queue',
    ],
    [
      'a target without retry policy',
      (r) =>
        edit(r, 'KeyChangeRule', 'Targets', (targets) => many(targets).map((target) => ({ ...Object(target), RetryPolicy: undefined }))),
      'without retry policy',
    ],
    ['no queue policy', (r) => void delete r.UndeliveredQueuePolicy, 'may not write to its dead-letter queue'],
    [
      'a wildcard action',
      (r) => edit(r, 'AuditRole', 'Policies', (policies) => JSON.parse(JSON.stringify(policies).replace('dynamodb:GetItem', 'dynamodb:*'))),
      'wildcard action',
    ],
    [
      'metrics for any namespace',
      (r) =>
        edit(r, 'SweepRole', 'Policies', (policies) =>
          JSON.parse(JSON.stringify(policies).replace('cloudwatch:namespace', 'aws:RequestedRegion')),
        ),
      'on every resource',
    ],
    ['a permission for any source', (r) => set(r, 'GrantRulePermission', 'SourceArn', undefined), 'permission for any source'],
    ['no permission', (r) => void delete r.RefusedUseRulePermission, 'RefusedUseRule: may not invoke'],
    ['no expiry', (r) => set(r, 'Ledger', 'TimeToLiveSpecification', undefined), 'nothing expires'],
    ['no recovery', (r) => set(r, 'Ledger', 'PointInTimeRecoverySpecification', undefined), 'point-in-time'],
    [
      'an alarm on a dimension that is never sent',
      (r) => set(r, 'DisabledKeyUseAlarm', 'Dimensions', [{ Name: 'VolumeId', Value: 'v' }]),
      'nobody sends DisabledKeyUse{VolumeId}',
    ],
    ['an alarm that tells nobody', (r) => set(r, 'HighFindingsAlarm', 'AlarmActions', []), 'tells nobody'],
    ['a function that outlives its lease', (r) => set(r, 'AuditLambdaFunction', 'Timeout', 60), 'outlives its lease'],
    ['lost failures', (r) => void delete r.AuditLambdaEvConf, 'failed events are lost'],
    [
      'a batch lost to one message',
      (r) => set(r, 'AuditEventSourceMappingSQSFailureQueue', 'FunctionResponseTypes', []),
      'takes its batch along',
    ],
    ['no last queue', (r) => set(r, 'FailureQueue', 'RedrivePolicy', undefined), 'without a dead-letter queue'],
    ['a topic under the AWS managed key', (r) => set(r, 'AlertTopic', 'KmsMasterKeyId', 'alias/aws/sns'), 'alarms cannot publish'],
    ['a health topic under the customer key', (r) => set(r, 'HealthTopic', 'KmsMasterKeyId', { Ref: 'KeyArn' }), 'may be the trouble'],
    ['endless logs', (r) => set(r, 'AuditLogGroup', 'RetentionInDays', undefined), 'kept for ever'],
    ['no alarm on the last queue', (r) => void delete r.DeadLetterAlarm, 'DeadLetterQueue: no alarm'],
    ['an unprotected table', (r) => set(r, 'Ledger', 'DeletionProtectionEnabled', false), 'deletion protection'],
    ['a misspelt property', (r) => set(r, 'Ledger', 'BilingMode', 'PAY_PER_REQUEST'), 'Ledger: no property BilingMode'],
    ['a word that is none', (r) => set(r, 'GrantRule', 'State', 'ENABLED_FOR_ALL'), 'ENABLED_FOR_ALL is none of'],
    ['a missing property', (r) => set(r, 'GrantRulePermission', 'Principal', undefined), 'Principal is required'],
    ['another type', (r) => set(r, 'FailureQueue', 'DelaySeconds', 'soon'), 'a number is expected'],
  ];
  it.each(seeded)('is faulted for %s', (_, plant, fault) => {
    const faulty = structuredClone(template);
    plant(faulty.Resources);
    expect(faultsOf(faulty)).toContainEqual(expect.stringContaining(fault));
  });
});

function edit(resources: Template['Resources'], id: string, property: string, change: (value: unknown) => unknown): void {
  const resource = resources[id];
  if (resource === undefined) throw new Error(`no resource ${id}`);
  resource.Properties[property] = change(resource.Properties[property]);
}

const set = (resources: Template['Resources'], id: string, property: string, value: unknown): void =>
  edit(resources, id, property, () => value);

/** Every call to KMS and ECS that a reconciliation makes. */
async function reconciled(pipeline: Pipeline): Promise<string[]> {
  const world = await startSweepWorld();
  const cluster = 'arn:aws:ecs:us-west-2:111122223333:cluster/payments';
  world.ecs.clusters.set(cluster, { tasks: { [`${cluster}/1`]: { createdAt: 0 } } });
  for await (const { keyArn } of pipeline.ledger.openGrants())
    world.kms.keys.set(keyArn, { state: 'Enabled', manager: 'CUSTOMER', rotates: true });
  await reconcile({ ...world.work(pipeline.ledger, fromSeconds(pipeline.now())), pipeline, resumable: true });
  await world.stop();
  return [...world.kms.calls.map(({ operation }) => `kms:${operation}`), ...world.ecs.calls.map((operation) => `ecs:${operation}`)];
}

describe('the roles', () => {
  it('allow what the functions send, and nothing else', async () => {
    const tables = await startTestTables();
    const client = tables.anotherClient();
    const name = await tables.create();
    let sent = new Set<string>();
    client.middlewareStack.add(
      (next, { commandName = '' }) =>
        (args) => {
          sent.add(`dynamodb:${commandName.replace('Command', '')}`);
          return next(args);
        },
      { step: 'initialize' },
    );
    let now = Date.parse('2026-11-20T00:00:00Z') / 1000;
    const pipeline: Pipeline = {
      ledger: new DynamoDbLedger(client, name),
      policy: { ...DEFAULT_POLICY, orphanAfterHours: 1 },
      digest: sha256,
      now: () => now,
      log: () => {},
      alerts: { publish: async () => void sent.add('sns:Publish') },
      metrics: { put: async () => void sent.add('cloudwatch:PutMetricData') },
    };
    const events = new URL('../events/', import.meta.url).pathname;
    for (const file of readdirSync(events, { recursive: true, encoding: 'utf8' }).sort()) {
      if (/\/\d[^/]*\.json$/.test(file)) await auditEvent(JSON.parse(readFileSync(events + file, 'utf8')), pipeline);
    }
    now += 3_600;
    const byAudit = sent;
    sent = new Set();
    const probe = async (): Promise<void> => void sent.add('kms:ListAliases');
    await settleCandidates(pipeline);
    await flyCanary(pipeline, probe);
    for (const call of await reconciled(pipeline)) sent.add(call);
    // Grants that were told as too old are ended before the next pass.
    const unseen = {
      ...pipeline,
      ledger: new DynamoDbLedger(tables.client, name),
      metrics: { put: async () => {} },
      alerts: { publish: async () => {} },
    };
    for (const { keyArn, grantId } of (await unseen.ledger.snapshot()).grants)
      await auditEvent(
        retireGrant(grantId, { resources: [{ ARN: keyArn }], eventTime: fromSeconds(now), eventID: eventId(grantId) }),
        unseen,
      );
    now += 3_600;
    await flyCanary(pipeline, probe);
    await tables.stop();

    for (const [role, platform, actions] of [
      ['AuditRole', /^(?:logs|sqs|kms):/, byAudit],
      ['SweepRole', /^(?:logs:|kms:(?:Decrypt|GenerateDataKey)$)/, sent],
    ] as const) {
      const resource = template.Resources[role];
      const allowed = resource === undefined ? [] : statementsOf(resource).flatMap(({ Action }) => many(Action).map(String));
      expect([...new Set(allowed)].filter((action) => !platform.test(action)).sort(), role).toEqual([...actions].sort());
    }
  });
});
