import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { readEnvelope } from '../src/core/envelope.ts';
import { field } from '../src/core/json.ts';
import type { Metric } from '../src/core/metrics.ts';
import { DEFAULT_POLICY } from '../src/core/policy.ts';
import { MemoryLedger } from '../src/local/memory-ledger.ts';
import { auditEvent, type Pipeline } from '../src/pipeline.ts';
import { sha256 } from '../src/system.ts';
import { matchesPattern } from './support/event-pattern.ts';
import { eventBridge, KEY, record, service, user } from './support/fleet.ts';
import { ofType, packagedTemplate } from './support/template.ts';

const EVENTS = new URL('../events/', import.meta.url).pathname;
const files = readdirSync(EVENTS, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\/\d[^/]*\.json$/.test(file))
  .sort();
const SWEEP_ROLE = 'arn:aws:iam::111122223333:role/kms-audit-sweep';

/** The patterns of the packaged rules by logical id, the sweep's role put in. */
let patterns: Map<string, unknown>;
beforeAll(async () => {
  const template = await packagedTemplate('dev');
  patterns = new Map(
    ofType(template, 'AWS::Events::Rule')
      .filter(([, { Properties }]) => Properties.EventPattern !== undefined)
      .map(([id, { Properties }]) => [
        id,
        JSON.parse(JSON.stringify(Properties.EventPattern).replaceAll('{"Fn::GetAtt":["SweepRole","Arn"]}', JSON.stringify(SWEEP_ROLE))),
      ]),
  );
});

const rulesOf = (event: unknown): string[] => [...patterns].filter(([, pattern]) => matchesPattern(pattern, event)).map(([id]) => id);

/** Facts that no rule asks for: their record decides nothing and shows nothing about ECS. */
function isOrdinary(event: unknown): boolean {
  return readEnvelope(event, sha256).every(
    (reading) =>
      reading.kind !== 'fact' ||
      // A use that names neither a cluster nor a resource.
      (reading.fact.kind === 'key-used' &&
        reading.fact.trust !== 'forged' &&
        reading.fact.cluster === undefined &&
        reading.fact.resource === undefined) ||
      // A person or a task that is denied, or uses another ciphertext, says nothing about the key.
      (reading.fact.kind === 'refused' &&
        ['denied', 'wrong-context', 'passing', 'other'].includes(reading.fact.reason) &&
        !reading.fact.caller.trusted),
  );
}

describe('the rules of the packaged template', () => {
  it.each(files)('ask once for %s', (file) => {
    const event: unknown = JSON.parse(readFileSync(EVENTS + file, 'utf8'));
    const rules = rulesOf(event);
    expect(rules.length, rules.join(', ')).toBeLessThanOrEqual(1);
    if (!isOrdinary(event)) expect(rules).toHaveLength(1);
  });

  it('ask for nothing of other services, nor for reads', () => {
    for (const detail of [
      record('DescribeKey'),
      record('ListAliases', { userIdentity: user('operator') }),
      record('GetObject', { eventSource: 's3.amazonaws.com' }),
    ]) {
      expect(rulesOf(eventBridge(detail))).toEqual([]);
    }
  });

  it('ask for what nobody else would see: a forged context in any call, a message without a code', () => {
    const context = { 'aws:ecs:clusterName': 'payments' };
    expect(
      rulesOf(eventBridge(record('Encrypt', { userIdentity: user('operator'), requestParameters: { encryptionContext: context } }))),
    ).toEqual(['EcsContextRule']);
    expect(rulesOf(eventBridge(record('Sign', { errorMessage: `${KEY} is disabled.`, requestParameters: null })))).toEqual([
      'RefusedUseRule',
    ]);
  });
});

describe('handling an event', () => {
  // What the function's own calls leave in a trail, by the services that act for it under a customer key.
  const consequence = (context: Record<string, string>, overrides: object): unknown =>
    eventBridge(
      record('Decrypt', { userIdentity: service('sns.amazonaws.com'), requestParameters: { encryptionContext: context }, ...overrides }),
    );
  const contexts = {
    table: { 'aws:dynamodb:tableName': 'kms-audit-ledger', 'aws:dynamodb:subscriberId': '111122223333' },
    topic: { 'aws:sns:topicArn': 'arn:aws:sns:us-west-2:111122223333:kms-audit-alerts' },
    queue: { 'aws:sqs:arn': 'arn:aws:sqs:us-west-2:111122223333:kms-audit-failures' },
  };

  it.each(Object.entries(contexts))('causes no event that matches, through its %s', (_, context) => {
    expect(rulesOf(consequence(context, {}))).toEqual([]);
  });

  it('causes one metric and no further event when its own key is disabled', async () => {
    const counted: Metric[] = [];
    const pipeline: Pipeline = {
      ledger: new MemoryLedger(),
      policy: DEFAULT_POLICY,
      digest: sha256,
      now: () => Date.parse('2026-11-20T00:00:00Z') / 1000,
      log: () => {},
      ownKeys: new Set([KEY]),
      alerts: { publish: () => Promise.reject(new Error('publishing would be refused again, and matched again')) },
      metrics: { put: async (metrics) => void counted.push(...metrics) },
    };
    for (const context of Object.values(contexts)) {
      const refused = consequence(context, { errorCode: 'DisabledException', errorMessage: `${KEY} is disabled.` });
      expect(rulesOf(refused)).toEqual(['RefusedUseRule']);
      await auditEvent(refused, pipeline);
    }
    expect(counted.map(({ name }) => name)).toEqual(['OwnKeyRefused', 'OwnKeyRefused', 'OwnKeyRefused']);
  });

  it('of the canary ends in its note', () => {
    const identity = { type: 'AssumedRole', sessionContext: { sessionIssuer: { arn: SWEEP_ROLE, userName: 'kms-audit-sweep' } } };
    const canary = eventBridge(record('ListAliases', { userIdentity: identity, requestParameters: { limit: 1 } }));
    expect(rulesOf(canary)).toEqual(['CanaryRule']);
    expect(readEnvelope(field(canary, 'detail'), sha256)).toMatchObject([{ kind: 'out-of-scope', canary: { by: SWEEP_ROLE } }]);
  });
});
