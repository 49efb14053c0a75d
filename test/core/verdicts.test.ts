import { describe, expect, it } from 'vitest';
import { readEnvelope } from '../../src/core/envelope.ts';
import type { Fact } from '../../src/core/fact.ts';
import type { Occurrence } from '../../src/core/finding.ts';
import type { GrantHead } from '../../src/core/grant.ts';
import { DEFAULT_POLICY, type Policy } from '../../src/core/policy.ts';
import { endingsOf, FACT_RULES, judgeAge, judgeFact, judgeGrant, judgeVolume } from '../../src/core/rules/registry.ts';
import type { RuleId } from '../../src/core/rules/rule-id.ts';
import { toSeconds } from '../../src/core/timestamp.ts';
import { sha256 } from '../../src/system.ts';
import {
  ACCOUNT,
  createGrant,
  decrypt,
  ecsContext,
  eventBridge,
  eventId,
  INFRASTRUCTURE_ROLE,
  infrastructureSession,
  instant,
  KEY,
  OTHER_ACCOUNT,
  PROD,
  type RawRecord,
  REGION,
  record,
  retireGrant,
  revokeGrant,
  SECOND_KEY,
  service,
  user,
  userArn,
} from '../support/fleet.ts';

const KEY_ID = '11111111-1111-1111-1111-111111111111';
const SECOND_KEY_ID = '22222222-2222-2222-2222-222222222222';
const VOLUME = 'vol-0000000000000000a';
const CONTEXT = ecsContext(PROD, VOLUME);
const OPERATOR = userArn('operator');
const STRANGER = `arn:aws:iam::${OTHER_ACCOUNT}:role/reader`;
const TRAIL = `arn:aws:cloudtrail:${REGION}:${ACCOUNT}:trail/main`;
const RULE_NAME = 'kms-audit-prod-GrantRule-1A2B3C4D5E6F';
const RULE = `arn:aws:events:${REGION}:${ACCOUNT}:rule/${RULE_NAME}`;
const TASK = `arn:aws:ecs:${REGION}:${ACCOUNT}:task/prod/0123456789abcdef0123456789abcdef`;

function factOf(raw: unknown): Fact {
  const [reading] = readEnvelope(raw, sha256);
  if (reading?.kind !== 'fact') throw new Error(`expected a fact, found ${JSON.stringify(reading)}`);
  return reading.fact;
}

const policyOf = (fields: Partial<Policy>): Policy => ({ ...DEFAULT_POLICY, ...fields });
const by = (operation: string, requestParameters: unknown, source = 'kms', overrides: RawRecord = {}): RawRecord =>
  record(operation, { eventSource: `${source}.amazonaws.com`, userIdentity: user('operator'), requestParameters, ...overrides });

const cluster = (operation: string, requestParameters: unknown): RawRecord => by(operation, requestParameters, 'ecs');
const storage = (fargateEphemeralStorageKmsKeyId?: string, kmsKeyId?: string): RawRecord => ({
  clusterName: 'prod',
  configuration: { managedStorageConfiguration: { fargateEphemeralStorageKmsKeyId, kmsKeyId } },
});
const trail = (operation: string, requestParameters: RawRecord = {}): RawRecord =>
  by(operation, { name: 'main', ...requestParameters }, 'cloudtrail');
const rule = (operation: string, requestParameters: RawRecord = {}, overrides: RawRecord = {}): RawRecord =>
  by(operation, { name: RULE_NAME, ...requestParameters }, 'events', overrides);
const FULL = { state: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS' };
const DEPLOYMENT = { userIdentity: user('operator', 'cloudformation.amazonaws.com') };
const task = (detail: RawRecord = {}, overrides: RawRecord = {}): RawRecord =>
  eventBridge(
    {
      clusterArn: `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/prod`,
      taskArn: TASK,
      lastStatus: 'STOPPED',
      stoppedReason: 'Access to KMS is not allowed',
      ...detail,
    },
    { source: 'aws.ecs', 'detail-type': 'ECS Task State Change', id: eventId('task'), ...overrides },
  );

/** A call refused to Fargate's storage service for the cluster's volume; `fields` replace whole top-level fields. */
const refusal = (operation: string, code: string | undefined, message: string | undefined, fields: RawRecord = {}): RawRecord =>
  record(operation, {
    errorCode: code,
    errorMessage: message,
    requestParameters: { encryptionContext: CONTEXT, constraints: { encryptionContextSubset: CONTEXT } },
    ...fields,
  });
const disabled = (fields: RawRecord = {}, operation = 'Decrypt'): RawRecord =>
  refusal(operation, 'DisabledException', `${KEY} is disabled.`, fields);

describe('which rules speak of which facts', () => {
  const facts = {
    'grant-created': createGrant('g'),
    'grant-created for nobody': createGrant('g', { constraints: null }),
    'grant-ended': retireGrant('g'),
    'key-used': decrypt(CONTEXT),
    'key-used for nobody': decrypt({}),
    rehearsed: refusal('CreateGrant', 'DryRunOperationException', 'The request would have succeeded'),
    'refused use': refusal('Decrypt', 'AccessDenied', 'no'),
    'refused launch': refusal('CreateGrant', 'AccessDenied', 'no'),
    'refused ending': refusal('RetireGrant', 'AccessDenied', 'no'),
    'key-changed': by('DisableKey', { keyId: KEY }),
    'key-policy-put': by('PutKeyPolicy', { keyId: KEY }),
    'cluster-configured': cluster('CreateCluster', storage(KEY)),
    'task-stopped': task(),
    'trail-changed': trail('StopLogging'),
    'event-rule-changed': rule('DisableRule'),
  };
  type Named = keyof typeof facts;
  const contexts: readonly Named[] = [
    'grant-created',
    'grant-created for nobody',
    'key-used',
    'key-used for nobody',
    'rehearsed',
    'refused use',
    'refused launch',
    'refused ending',
  ];
  const applies: Readonly<Record<string, readonly Named[]>> = {
    'disabled-key-use': ['refused use', 'refused launch'],
    'pending-deletion-key-use': ['refused use', 'refused launch'],
    'unusable-key-use': ['refused use', 'refused launch'],
    'unexpected-grantee': ['grant-created', 'grant-created for nobody'],
    'delegating-grant': ['grant-created', 'grant-created for nobody'],
    'unconstrained-grant': ['grant-created', 'grant-created for nobody'],
    'foreign-cluster': ['grant-created', 'key-used', 'rehearsed', 'refused use', 'refused launch'],
    'forged-context': contexts,
    'key-made-unusable': ['key-changed'],
    'key-policy-changed': ['key-policy-put'],
    'launch-blocked': ['refused launch', 'task-stopped'],
    'cluster-without-customer-key': ['cluster-configured'],
    'audit-blind-spot': ['trail-changed', 'event-rule-changed'],
  };

  it.each(FACT_RULES.map((one) => [one.id, one] as const))('%s', (id, { judge }) => {
    const spoken = Object.entries(facts).filter(([, raw]) => judge(factOf(raw), DEFAULT_POLICY).verdict !== 'not-applicable');

    expect(spoken.map(([name]) => name)).toEqual(applies[id]);
  });
});

/** What one rule makes of a record, without what every occurrence copies from its record. */
function verdict(id: RuleId, raw: RawRecord, policy: Policy = DEFAULT_POLICY): unknown {
  const fact = factOf(raw);
  const occurrence = judgeFact(fact, policy).find((one) => one.rule === id);
  if (occurrence === undefined) return undefined;
  const { rule: _, eventId: event, time, operation, caller, region, ...own } = occurrence;
  expect({ event, time, operation, caller, region }).toStrictEqual({
    event: fact.eventId,
    time: fact.time,
    operation: fact.operation,
    caller: fact.caller.id,
    region: fact.region,
  });
  return own;
}

const group = (...parts: string[]): string => JSON.stringify(parts);

type Row = [what: string, raw: RawRecord, verdict: RawRecord | undefined, policy?: Policy];

describe('a refused use', () => {
  const secret = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:db-AbCdEf`;
  const forSecret = {
    userIdentity: user('operator', 'secretsmanager.amazonaws.com'),
    requestParameters: { encryptionContext: { SecretARN: secret } },
  };
  const nowhere = { resources: null, requestParameters: null };
  const by = 'ec2-frontend-api.amazonaws.com';

  it.each<Row>([
    [
      'of a cluster’s volume',
      disabled(),
      {
        severity: 'critical',
        subject: { keyArn: KEY, clusterAccount: ACCOUNT, clusterName: 'prod' },
        about: {},
        group: group('disabled-key-use', KEY, ''),
        sentence: `Decrypt for cluster prod of account ${ACCOUNT}, volume ${VOLUME} by ${by} was refused: key ${KEY_ID} is disabled.`,
      },
    ],
    [
      'of a cluster, as a rehearsal',
      disabled({ requestParameters: { dryRun: true, encryptionContext: ecsContext(PROD) } }, 'GenerateDataKeyWithoutPlaintext'),
      {
        severity: 'critical',
        subject: { keyArn: KEY, clusterAccount: ACCOUNT, clusterName: 'prod' },
        about: {},
        group: group('disabled-key-use', KEY, ''),
        sentence: `A rehearsal of GenerateDataKeyWithoutPlaintext for cluster prod of account ${ACCOUNT} by ${by} was refused: key ${KEY_ID} is disabled.`,
      },
    ],
    [
      'of a secret, through a service',
      disabled(forSecret),
      {
        severity: 'critical',
        subject: { keyArn: KEY, resource: secret },
        about: {},
        group: group('disabled-key-use', KEY, ''),
        sentence: `Decrypt for secret ${secret} by ${OPERATOR} through secretsmanager.amazonaws.com was refused: key ${KEY_ID} is disabled. Tasks that inject this secret cannot start.`,
      },
    ],
    [
      'of nothing that is known',
      disabled({ requestParameters: null }),
      {
        severity: 'critical',
        subject: { keyArn: KEY },
        about: {},
        group: group('disabled-key-use', KEY, ''),
        sentence: `Decrypt by ${by} was refused: key ${KEY_ID} is disabled.`,
      },
    ],
    [
      'of a key the record does not name',
      refusal('Decrypt', 'DisabledException', undefined, nowhere),
      {
        severity: 'critical',
        subject: { account: ACCOUNT },
        about: {},
        group: group('disabled-key-use', '', ACCOUNT),
        sentence: `Decrypt by ${by} was refused: a key the record does not name is disabled.`,
      },
    ],
    [
      'of a key and an account the record does not name',
      refusal('Decrypt', 'DisabledException', undefined, { ...nowhere, recipientAccountId: null }),
      {
        severity: 'critical',
        subject: {},
        about: {},
        group: group('disabled-key-use', '', ''),
        sentence: `Decrypt by ${by} was refused: a key the record does not name is disabled.`,
      },
    ],
    ['that was denied', refusal('Decrypt', 'AccessDenied', 'no'), undefined],
    ['that found the key pending deletion', refusal('Decrypt', 'DisabledException', `${KEY} is pending deletion.`), undefined],
  ])('is a disabled key’s: %s', (_what, raw, expected) => {
    expect(verdict('disabled-key-use', raw)).toStrictEqual(expected);
  });

  it.each<[RuleId, string, string, string | undefined, string]>([
    ['pending-deletion-key-use', 'critical', 'KMSInvalidStateException', `${KEY} is pending deletion.`, 'is pending deletion'],
    ['unusable-key-use', 'high', 'KMSInvalidStateException', `${KEY} is pending import.`, 'waits for imported key material'],
    ['unusable-key-use', 'high', 'KeyUnavailableException', undefined, 'is unavailable'],
    ['unusable-key-use', 'high', 'NotFoundException', `Key '${KEY}' does not exist`, 'does not exist'],
  ])('fires %s', (id, severity, code, message, state) => {
    expect(verdict(id, refusal('Decrypt', code, message))).toStrictEqual({
      severity,
      subject: { keyArn: KEY, clusterAccount: ACCOUNT, clusterName: 'prod' },
      about: {},
      group: group(id, KEY, ''),
      sentence: `Decrypt for cluster prod of account ${ACCOUNT}, volume ${VOLUME} by ${by} was refused: key ${KEY_ID} ${state}.`,
    });
  });

  it.each<[string, RawRecord, boolean]>([
    ['a key that is gone', refusal('Decrypt', 'NotFoundException', `Key '${KEY}' does not exist`, nowhere), true],
    ['an alias that never was', refusal('Decrypt', 'NotFoundException', 'Alias does not exist', nowhere), false],
    ['an unavailable key the record does not name', refusal('Decrypt', 'KeyUnavailableException', undefined, nowhere), true],
  ])('of what is missing must name a key: %s', (_what, raw, fires) => {
    expect(verdict('unusable-key-use', raw) !== undefined).toBe(fires);
  });

  it.each<[string, Record<string, string>, string | undefined, string]>([
    ['secret', { SecretARN: secret }, secret, ' Tasks that inject this secret cannot start.'],
    ['parameter', { PARAMETER_ARN: 'p' }, 'p', ' Tasks that inject this parameter cannot start.'],
    ['log-group', { 'aws:logs:arn': 'l' }, 'l', ' Tasks that log to this group lose their logs, or wait where their log driver blocks.'],
    [
      'file-system',
      { 'aws:elasticfilesystem:filesystem:id': 'fs-1' },
      'fs-1',
      ' Tasks that mount this file system cannot start or lose it.',
    ],
    ['repository', { 'aws:ecr:arn': 'r', 'aws:s3:arn': 'b' }, 'r', ' Tasks cannot pull this repository’s images.'],
    ['bucket', { 'aws:s3:arn': 'b' }, 'b', ' Tasks cannot read this bucket’s objects, image layers among them.'],
    ['queue', { 'aws:sqs:arn': 'q' }, 'q', ' Tasks cannot read or send this queue’s messages.'],
    ['topic', { 'aws:sns:topicArn': 't' }, 't', ' Messages of this topic are not delivered.'],
    ['function', { 'aws:lambda:FunctionArn': 'f' }, 'f', ' This function cannot start.'],
    ['table', { 'aws:dynamodb:tableName': 'd' }, 'd', ' Tasks cannot read or write this table.'],
    // Never in the subject: each retry makes a new volume.
    ['ebs-volume', { 'aws:ebs:id': 'vol-1' }, undefined, ' Tasks and instances cannot attach this volume.'],
    ['ebs-snapshot', { 'aws:ebs:id': 'snap-1' }, undefined, ' No volume can be made of this snapshot.'],
  ])('tells what it means: %s', (kind, encryptionContext, resource, consequence) => {
    const id = Object.values(encryptionContext)[0];
    const raw = disabled({ userIdentity: user('operator'), requestParameters: { encryptionContext } });

    expect(verdict('disabled-key-use', raw)).toMatchObject({
      subject: resource === undefined ? { keyArn: KEY } : { keyArn: KEY, resource },
      sentence: `Decrypt for ${kind} ${id} by ${OPERATOR} was refused: key ${KEY_ID} is disabled.${consequence}`,
    });
    expect(Object.keys(Object(Object(verdict('disabled-key-use', raw)).subject))).toHaveLength(resource === undefined ? 1 : 2);
  });
});

describe('launch-blocked', () => {
  const denial = `User: fargate.amazonaws.com is not authorized on resource: ${KEY}`;
  const subject = { keyArn: KEY, clusterAccount: ACCOUNT, clusterName: 'prod' };

  it.each<Row>([
    [
      'CreateGrant',
      refusal('CreateGrant', 'AccessDenied', denial),
      {
        severity: 'high',
        subject,
        about: {},
        group: group('launch-blocked', KEY),
        sentence: `CreateGrant for cluster prod of account ${ACCOUNT}, volume ${VOLUME} by ec2-frontend-api.amazonaws.com with key ${KEY_ID} was refused: ${denial}`,
      },
    ],
    [
      'a rehearsal',
      refusal('GenerateDataKeyWithoutPlaintext', 'AccessDenied', denial, {
        userIdentity: service('fargate.amazonaws.com'),
        requestParameters: { dryRun: true, encryptionContext: ecsContext(PROD) },
      }),
      {
        severity: 'high',
        subject,
        about: {},
        group: group('launch-blocked', KEY),
        sentence: `A rehearsal of GenerateDataKeyWithoutPlaintext for cluster prod of account ${ACCOUNT} by fargate.amazonaws.com with key ${KEY_ID} was refused: ${denial}`,
      },
    ],
    [
      'no context, no key',
      refusal('CreateGrant', 'AccessDenied', 'no', { resources: null, requestParameters: null }),
      {
        severity: 'high',
        subject: { account: ACCOUNT },
        about: {},
        group: group('launch-blocked', ACCOUNT),
        sentence: 'CreateGrant by ec2-frontend-api.amazonaws.com with a key the record does not name was refused: no',
      },
    ],
    [
      'no account either',
      refusal('CreateGrant', 'AccessDenied', denial.replace(KEY, 'it'), {
        resources: null,
        requestParameters: null,
        recipientAccountId: null,
      }),
      {
        severity: 'high',
        subject: {},
        about: {},
        group: group('launch-blocked', ''),
        sentence: `CreateGrant by ec2-frontend-api.amazonaws.com with a key the record does not name was refused: ${denial.replace(KEY, 'it')}`,
      },
    ],
    [
      'a session of a role of AWS',
      refusal('CreateGrant', 'AccessDenied', denial, { userIdentity: infrastructureSession() }),
      {
        severity: 'high',
        subject,
        about: {},
        group: group('launch-blocked', KEY),
        sentence: `CreateGrant for cluster prod of account ${ACCOUNT}, volume ${VOLUME} by ${INFRASTRUCTURE_ROLE} through AWS Internal with key ${KEY_ID} was refused: ${denial}`,
      },
    ],
    ['throttling', refusal('CreateGrant', 'ThrottlingException', 'Rate exceeded'), undefined],
    ['a fault of KMS’s own', refusal('CreateGrant', 'KMSInternalException', 'try again'), undefined],
    ['a person', refusal('CreateGrant', 'AccessDenied', denial, { userIdentity: user('operator') }), undefined],
    [
      'a service nobody knows',
      refusal('CreateGrant', 'AccessDenied', denial, { userIdentity: service('example.amazonaws.com') }),
      undefined,
    ],
    [
      'a service with another service’s context',
      refusal('GenerateDataKeyWithoutPlaintext', 'AccessDenied', denial, {
        requestParameters: { encryptionContext: { ...CONTEXT, 'aws:s3:arn': 'b' } },
      }),
      undefined,
    ],
    ['Decrypt', refusal('Decrypt', 'AccessDenied', denial), undefined],
    ['GenerateDataKey', refusal('GenerateDataKey', 'AccessDenied', denial), undefined],
    ['a rehearsal that succeeded', refusal('CreateGrant', 'DryRunOperationException', 'The request would have succeeded'), undefined],
    ['a grant that was made', createGrant('g'), undefined],
  ])('is right for %s', (_what, raw, expected) => {
    expect(verdict('launch-blocked', raw)).toStrictEqual(expected);
  });

  // Known bug: a message that is not there is read as an empty one, so that the code never stands for it.
  it('tells the code where there is no message', () => {
    expect(verdict('launch-blocked', refusal('CreateGrant', 'AccessDenied', undefined))).toMatchObject({
      sentence: expect.stringMatching(/ was refused: AccessDenied$/),
    });
  });

  const stopped = `A task of cluster prod of account ${ACCOUNT} stopped over`;

  it.each<Row>([
    [
      'no key',
      task(),
      {
        severity: 'high',
        subject: { account: ACCOUNT, clusterAccount: ACCOUNT, clusterName: 'prod' },
        about: { taskArn: TASK },
        group: group('launch-blocked', ACCOUNT),
        sentence: `${stopped} a key the record does not name: Access to KMS is not allowed`,
      },
    ],
    [
      'a key',
      task({ stoppedReason: `cannot use ${KEY}` }),
      {
        severity: 'high',
        subject,
        about: { taskArn: TASK },
        group: group('launch-blocked', KEY),
        sentence: `${stopped} key ${KEY_ID}: cannot use ${KEY}`,
      },
    ],
    [
      'no key and no account',
      task({}, { account: null }),
      {
        severity: 'high',
        subject: { clusterAccount: ACCOUNT, clusterName: 'prod' },
        about: { taskArn: TASK },
        group: group('launch-blocked', ''),
        sentence: `${stopped} a key the record does not name: Access to KMS is not allowed`,
      },
    ],
  ])('hears ECS say that a task stopped over %s', (_what, raw, expected) => {
    expect(verdict('launch-blocked', raw)).toStrictEqual(expected);
  });
});

describe('key-policy-changed', () => {
  it.each<Row>([
    [
      'PutKeyPolicy',
      by('PutKeyPolicy', { keyId: KEY }),
      {
        severity: 'medium',
        subject: { keyArn: KEY },
        about: {},
        group: group('key-policy-changed', KEY),
        sentence: `The policy of key ${KEY_ID} was replaced by ${OPERATOR}.`,
      },
    ],
    [
      'PutKeyPolicy by a template',
      by('PutKeyPolicy', { keyId: KEY }, 'kms', DEPLOYMENT),
      {
        severity: 'medium',
        subject: { keyArn: KEY },
        about: {},
        group: group('key-policy-changed', KEY),
        sentence: `The policy of key ${KEY_ID} was replaced by ${OPERATOR} through cloudformation.amazonaws.com.`,
      },
    ],
    ['PutKeyPolicy refused', by('PutKeyPolicy', null, 'kms', { errorCode: 'AccessDenied', errorMessage: KEY }), undefined],
    ['PutKeyPolicy rehearsed', by('PutKeyPolicy', null, 'kms', { errorCode: 'DryRunOperationException' }), undefined],
    ['another change of the key', by('DisableKey', { keyId: KEY }), undefined],
  ])('is right for %s', (_what, raw, expected) => {
    expect(verdict('key-policy-changed', raw)).toStrictEqual(expected);
  });
});

describe('key-made-unusable', () => {
  it.each([
    ['DisableKey', 'disabled'],
    ['ScheduleKeyDeletion', 'scheduled for deletion'],
    ['DeleteKey', 'deleted'],
    ['DeleteImportedKeyMaterial', 'left without its imported material'],
  ])('tells of %s', (operation, state) => {
    expect(verdict('key-made-unusable', by(operation, { keyId: KEY }))).toStrictEqual({
      severity: 'high',
      subject: { keyArn: KEY },
      about: {},
      group: group('key-made-unusable', KEY),
      sentence: `Key ${KEY_ID} was ${state} by ${OPERATOR}.`,
    });
  });

  it('tells of a key store', () => {
    const raw = by('DisconnectCustomKeyStore', { customKeyStoreId: 'cks-1' }, 'kms', { resources: null });

    expect(verdict('key-made-unusable', raw)).toStrictEqual({
      severity: 'high',
      subject: { keyStoreId: 'cks-1' },
      about: {},
      group: group('key-made-unusable', 'cks-1'),
      sentence: `Key store cks-1 was disconnected by ${OPERATOR}.`,
    });
  });

  it.each(['EnableKey', 'CancelKeyDeletion', 'ImportKeyMaterial', 'ConnectCustomKeyStore'])('is silent at %s', (operation) => {
    expect(verdict('key-made-unusable', by(operation, { keyId: KEY }))).toBeUndefined();
  });
});

describe('cluster-without-customer-key', () => {
  const alias = `arn:aws:kms:${REGION}:${ACCOUNT}:alias/aws/ebs`;
  const inScope = policyOf({ keys: [KEY] });
  const fault = (what: string, operation = 'CreateCluster'): RawRecord => ({
    severity: 'high',
    subject: { clusterAccount: ACCOUNT, clusterName: 'prod' },
    about: {},
    group: group('cluster-without-customer-key', ACCOUNT, 'prod'),
    sentence: `${operation} by ${OPERATOR} left cluster prod of account ${ACCOUNT} with ${what}.`,
  });
  const none = 'no customer key for Fargate’s ephemeral storage';
  const fargate = (key: string): string => `key ${key} for Fargate’s ephemeral storage, which the policy does not name`;
  const volumes = (key: string): string => `key ${key} for attached EBS volumes, which the policy does not name`;

  it.each<Row>([
    ['no configuration', cluster('CreateCluster', { clusterName: 'prod' }), fault(none)],
    ['no key', cluster('CreateCluster', storage()), fault(none)],
    [
      'a key for attached volumes alone',
      cluster('CreateCluster', storage(undefined, KEY)),
      fault(`${none}; kmsKeyId covers attached EBS volumes alone`),
    ],
    ['the key cleared', cluster('UpdateCluster', storage('')), fault(none, 'UpdateCluster')],
    ['a customer key', cluster('CreateCluster', storage(KEY)), undefined],
    ['two customer keys', cluster('CreateCluster', storage(KEY, SECOND_KEY)), undefined],
    ['a bare id', cluster('CreateCluster', storage(KEY_ID)), undefined],
    ['a customer alias', cluster('CreateCluster', storage('alias/storage', 'alias/volumes')), undefined],
    ['an alias that only looks like AWS’s', cluster('CreateCluster', storage(KEY, 'alias/aws-ebs')), undefined],
    ['an alias with AWS’s inside', cluster('CreateCluster', storage(KEY, 'my-alias/aws/ebs')), undefined],
    ['AWS’s own key', cluster('CreateCluster', storage('alias/aws/ebs')), fault(fargate('ebs'))],
    ['AWS’s own key by its ARN', cluster('CreateCluster', storage(alias)), fault(fargate('ebs'))],
    ['AWS’s own key for attached volumes', cluster('CreateCluster', storage(KEY, 'alias/aws/ebs')), fault(volumes('ebs'))],
    ['an update of other things', cluster('UpdateCluster', { clusterName: 'prod', settings: [] }), undefined],
    ['a key of the policy', cluster('CreateCluster', storage(KEY, KEY)), undefined, inScope],
    ['a key outside it', cluster('CreateCluster', storage(SECOND_KEY)), fault(fargate(SECOND_KEY_ID)), inScope],
    ['a bare id outside it', cluster('CreateCluster', storage(SECOND_KEY_ID)), fault(fargate(SECOND_KEY_ID)), inScope],
    ['attached volumes outside it', cluster('CreateCluster', storage(KEY, SECOND_KEY)), fault(volumes(SECOND_KEY_ID)), inScope],
    ['both outside it', cluster('CreateCluster', storage(SECOND_KEY, SECOND_KEY)), fault(fargate(SECOND_KEY_ID)), inScope],
    ['an alias under it, which nobody can resolve', cluster('CreateCluster', storage(KEY, 'alias/volumes')), undefined, inScope],
  ])('is right for %s', (_what, raw, expected, policy) => {
    expect(verdict('cluster-without-customer-key', raw, policy)).toStrictEqual(expected);
  });
});

describe('audit-blind-spot', () => {
  const narrowed = { isMultiRegionTrail: false };
  const excluding = { eventSelectors: [{ excludeManagementEventSources: ['kms.amazonaws.com'] }] };
  const lost = (operation: string, what: string, severity = 'medium'): RawRecord => ({
    severity,
    subject: { resource: TRAIL },
    about: {},
    group: group('audit-blind-spot', TRAIL),
    sentence: `${operation} by ${OPERATOR} on trail ${TRAIL}: ${what}.`,
  });
  const without = 'it leaves out KMS; ExcludeManagementEventSources names kms.amazonaws.com';

  it.each<Row>([
    ['StopLogging', trail('StopLogging'), lost('StopLogging', 'it logs nothing any more')],
    ['DeleteTrail', trail('DeleteTrail'), lost('DeleteTrail', 'it was deleted')],
    ['UpdateTrail to one Region', trail('UpdateTrail', narrowed), lost('UpdateTrail', 'it records its home Region alone')],
    ['PutEventSelectors without KMS', trail('PutEventSelectors', excluding), lost('PutEventSelectors', without)],
    [
      'a trail of the policy',
      trail('StopLogging'),
      lost('StopLogging', 'it logs nothing any more', 'critical'),
      policyOf({ trails: [TRAIL] }),
    ],
    [
      'a trail that a pattern names',
      trail('StopLogging'),
      lost('StopLogging', 'it logs nothing any more', 'critical'),
      policyOf({ trails: ['arn:aws:cloudtrail:*:*:trail/*'] }),
    ],
    [
      'one of the policy’s trails',
      trail('StopLogging'),
      lost('StopLogging', 'it logs nothing any more', 'critical'),
      policyOf({ trails: ['x', TRAIL] }),
    ],
    [
      'a trail of the policy’s accounts',
      trail('StopLogging'),
      lost('StopLogging', 'it logs nothing any more', 'critical'),
      policyOf({ trails: ['arn:aws:cloudtrail:*:${Accounts}:trail/*'], accounts: [ACCOUNT] }),
    ],
    [
      'a trail of other accounts',
      trail('StopLogging'),
      lost('StopLogging', 'it logs nothing any more'),
      policyOf({ trails: ['arn:aws:cloudtrail:*:${Accounts}:trail/*'] }),
    ],
    [
      'another trail than the policy’s',
      trail('StopLogging'),
      lost('StopLogging', 'it logs nothing any more'),
      policyOf({ trails: [`${TRAIL}-2`] }),
    ],
    ['StartLogging', trail('StartLogging'), undefined, policyOf({ trails: [TRAIL] })],
    ['UpdateTrail of its files', trail('UpdateTrail', { s3KeyPrefix: 'p' }), undefined, policyOf({ trails: [TRAIL] })],
    ['UpdateTrail to every Region', trail('UpdateTrail', { isMultiRegionTrail: true }), undefined, policyOf({ trails: [TRAIL] })],
    ['PutEventSelectors with everything', trail('PutEventSelectors', { eventSelectors: [{}] }), undefined, policyOf({ trails: [TRAIL] })],
  ])('is right for %s', (_what, raw, expected, policy) => {
    expect(verdict('audit-blind-spot', raw, policy)).toStrictEqual(expected);
  });

  it.each([
    ['DisableRule', 'was disabled'],
    ['DeleteRule', 'was deleted'],
    ['PutRule', 'was replaced'],
    ['RemoveTargets', 'lost a target'],
    ['PutTargets', 'got another target'],
  ])('is critical for a rule at %s, and medium in a deployment', (operation, loss) => {
    const common = { subject: { resource: RULE }, about: {}, group: group('audit-blind-spot', RULE) };

    expect(verdict('audit-blind-spot', rule(operation))).toStrictEqual({
      severity: 'critical',
      ...common,
      sentence: `The audit’s own rule ${RULE_NAME} ${loss} by ${OPERATOR} (${operation}).`,
    });
    expect(verdict('audit-blind-spot', rule(operation, {}, DEPLOYMENT))).toStrictEqual({
      severity: 'medium',
      ...common,
      sentence: `The audit’s own rule ${RULE_NAME} ${loss} by ${OPERATOR} through cloudformation.amazonaws.com (${operation}).`,
    });
    expect(
      verdict('audit-blind-spot', rule(operation, {}, { userIdentity: user('operator', 'cloudformation.example.com') })),
    ).toMatchObject({
      severity: 'critical',
    });
  });

  it('is medium for a rule that a deployment puts in its full state', () => {
    expect(verdict('audit-blind-spot', rule('PutRule', FULL, DEPLOYMENT))).toStrictEqual({
      severity: 'medium',
      subject: { resource: RULE },
      about: {},
      group: group('audit-blind-spot', RULE),
      sentence: `The audit’s own rule ${RULE_NAME} was replaced by ${OPERATOR} through cloudformation.amazonaws.com (PutRule).`,
    });
  });

  it('calls a rule disabled that PutRule turned off', () => {
    expect(verdict('audit-blind-spot', rule('PutRule', { state: 'DISABLED' }))).toMatchObject({
      sentence: `The audit’s own rule ${RULE_NAME} was disabled by ${OPERATOR} (PutRule).`,
    });
  });

  it('is silent when a rule is enabled', () => {
    expect(verdict('audit-blind-spot', rule('EnableRule'))).toBeUndefined();
  });
});

describe('forged-context', () => {
  const forged = (encryptionContext: Record<string, string>, overrides: RawRecord = {}): RawRecord =>
    decrypt(encryptionContext, { userIdentity: user('operator'), ...overrides });
  const common = { severity: 'high', about: {} };
  const bucket = { 'aws:s3:arn': 'arn:aws:s3:::bucket/object' };

  it.each<Row>([
    [
      'a cluster',
      forged(CONTEXT),
      {
        ...common,
        subject: { keyArn: KEY, caller: OPERATOR },
        group: group('forged-context', KEY, OPERATOR),
        sentence: `${OPERATOR} claimed cluster prod of account ${ACCOUNT} in Decrypt with key ${KEY_ID}.`,
      },
    ],
    [
      'half a cluster',
      forged({ 'aws:ecs:clusterName': 'prod' }),
      {
        ...common,
        subject: { keyArn: KEY, caller: OPERATOR },
        group: group('forged-context', KEY, OPERATOR),
        sentence: `${OPERATOR} claimed an ECS context in Decrypt with key ${KEY_ID}.`,
      },
    ],
    [
      'a cluster beside a bucket',
      forged({ ...CONTEXT, ...bucket }, { userIdentity: user('operator', 'AWS Internal') }),
      {
        ...common,
        subject: { keyArn: KEY, caller: OPERATOR },
        group: group('forged-context', KEY, OPERATOR),
        sentence: `${OPERATOR} through AWS Internal claimed cluster prod of account ${ACCOUNT} in Decrypt for bucket arn:aws:s3:::bucket with key ${KEY_ID}.`,
      },
    ],
    [
      'no key',
      forged(CONTEXT, { resources: null, errorCode: 'AccessDenied', errorMessage: 'no' }),
      {
        ...common,
        subject: { caller: OPERATOR },
        group: group('forged-context', '', OPERATOR),
        sentence: `${OPERATOR} claimed cluster prod of account ${ACCOUNT} in Decrypt with a key the record does not name.`,
      },
    ],
    ['a service’s own word', decrypt(CONTEXT), undefined],
    ['a word passed on', forged(CONTEXT, { userIdentity: user('operator', 'AWS Internal') }), undefined],
    ['another context', forged(bucket), undefined],
  ])('is right for %s', (_what, raw, expected) => {
    expect(verdict('forged-context', raw)).toStrictEqual(expected);
  });
});

describe('foreign-cluster', () => {
  const foreign = ecsContext({ account: OTHER_ACCOUNT, name: 'prod' }, VOLUME);
  const common = { severity: 'high', about: {}, group: group('foreign-cluster', OTHER_ACCOUNT, 'prod') };
  const subject = { keyArn: KEY, clusterAccount: OTHER_ACCOUNT, clusterName: 'prod' };
  const made = createGrant('g', { constraints: { encryptionContextSubset: foreign } });
  const whole = ` for cluster prod of account ${OTHER_ACCOUNT}, volume ${VOLUME} with key ${KEY_ID}`;

  it.each<Row>([
    [
      'Decrypt',
      decrypt(foreign),
      { ...common, subject, sentence: `Decrypt${whole} by fargate.amazonaws.com; the policy names no such cluster.` },
    ],
    [
      'a grant',
      made,
      {
        ...common,
        subject: { ...subject, grantId: 'g', volumeId: VOLUME },
        sentence: `CreateGrant${whole} by ec2-frontend-api.amazonaws.com; the policy names no such cluster.`,
      },
    ],
    [
      'a grant without volume',
      createGrant('g', { constraints: { encryptionContextSubset: ecsContext({ account: OTHER_ACCOUNT, name: 'prod' }) } }),
      {
        ...common,
        subject: { ...subject, grantId: 'g' },
        sentence: `CreateGrant for cluster prod of account ${OTHER_ACCOUNT} with key ${KEY_ID} by ec2-frontend-api.amazonaws.com; the policy names no such cluster.`,
      },
    ],
    ['the key’s own account', decrypt(CONTEXT), undefined],
    ['an account of the policy', decrypt(foreign), undefined, policyOf({ accounts: [OTHER_ACCOUNT] })],
    [
      'no key, so that nobody can tell',
      refusal('Decrypt', 'AccessDenied', 'no', { resources: null, requestParameters: { encryptionContext: foreign } }),
      undefined,
    ],
    ['a claim', decrypt(foreign, { userIdentity: user('operator') }), undefined],
  ])('is right for %s', (_what, raw, expected, policy) => {
    expect(verdict('foreign-cluster', raw, policy)).toStrictEqual(expected);
  });
});

describe('an unexpected grant', () => {
  const made = (parameters: RawRecord, overrides: RawRecord = {}): RawRecord =>
    createGrant('g', { granteePrincipal: STRANGER, ...parameters }, overrides);
  const SERVICE = 'ec2-frontend-api.amazonaws.com';

  it('tells who may do what with which key, and the profile that would expect it', () => {
    expect(verdict('unexpected-grantee', made({}))).toStrictEqual({
      severity: 'high',
      subject: { keyArn: KEY, grantId: 'g' },
      about: { clusterAccount: ACCOUNT, clusterName: 'prod', volumeId: VOLUME },
      group: group('grant', KEY, SERVICE, STRANGER),
      sentence: `${SERVICE} made grant g: it lets ${STRANGER} do Decrypt with key ${KEY_ID} for cluster prod of account ${ACCOUNT}, volume ${VOLUME}; no profile expects such a grant.`,
      advice: expect.stringMatching(/^\{"grants":\[\{"name":"expected-g"/),
    });
  });

  it('tells as much as the record does', () => {
    const bare = made({ granteePrincipal: null, operations: undefined, constraints: null }, { userIdentity: user('operator') });

    expect(verdict('unexpected-grantee', bare)).toStrictEqual({
      severity: 'high',
      subject: { keyArn: KEY, grantId: 'g' },
      about: {},
      group: group('grant', KEY, OPERATOR, ''),
      sentence: `${OPERATOR} made grant g: it lets unknown do unnamed operations with key ${KEY_ID}; no profile expects such a grant.`,
    });
  });

  it.each<[RuleId, RawRecord, string]>([
    ['unexpected-grantee', {}, 'no profile expects such a grant'],
    ['delegating-grant', { operations: ['CreateGrant'] }, 'it may make further grants, and no profile expects it'],
    ['unconstrained-grant', { constraints: null }, 'it is bound to no encryption context, and no profile expects it'],
  ])('tells why: %s', (id, parameters, because) => {
    expect(verdict(id, made(parameters))).toMatchObject({ sentence: expect.stringMatching(new RegExp(`; ${because}\\.$`)) });
  });

  it('is none where the policy names the account it goes to', () => {
    const toOther = made(
      { granteePrincipal: `arn:aws:iam::${OTHER_ACCOUNT}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX` },
      { userIdentity: user('operator') },
    );

    expect(verdict('unexpected-grantee', toOther)).toBeDefined();
    expect(verdict('unexpected-grantee', toOther, policyOf({ accounts: [OTHER_ACCOUNT] }))).toBeUndefined();
  });

  it('names its operations in order', () => {
    expect(verdict('unexpected-grantee', made({ operations: ['Encrypt', 'Decrypt'] }))).toMatchObject({
      sentence: expect.stringContaining(` lets ${STRANGER} do Decrypt, Encrypt with key `),
    });
  });

  it.each<[RuleId, string, RawRecord, boolean]>([
    ['delegating-grant', 'critical', made({ operations: ['Decrypt', 'CreateGrant'] }), true],
    ['delegating-grant', 'critical', made({ operations: ['Decrypt'] }), false],
    ['delegating-grant', 'critical', made({ operations: undefined }), false],
    ['delegating-grant', 'critical', createGrant('g'), false],
    ['unconstrained-grant', 'high', made({ constraints: null }), true],
    ['unconstrained-grant', 'high', made({ constraints: { encryptionContextSubset: {} } }), true],
    ['unconstrained-grant', 'high', made({}), false],
    ['unconstrained-grant', 'high', createGrant('g'), false],
    ['unexpected-grantee', 'high', createGrant('g'), false],
  ])('is worse or not: %s', (id, severity, raw, fires) => {
    expect(verdict(id, raw)).toEqual(fires ? expect.objectContaining({ severity, subject: { keyArn: KEY, grantId: 'g' } }) : undefined);
  });

  it('gives advice of at most 2,000 characters', () => {
    const adviceOf = (last: number): string | undefined => {
      const keys = [...Array.from({ length: 13 }, (_, index) => `${index}`.padStart(120, 'k')), 'x'.repeat(last)];
      const constraints = { encryptionContextSubset: Object.fromEntries(keys.map((name) => [name, 'v'])) };
      const occurrences = judgeFact(factOf(made({ constraints }, { userIdentity: user('operator') })), DEFAULT_POLICY);
      return occurrences.find((one) => one.rule === 'unexpected-grantee')?.advice;
    };
    const room = 2_000 - (adviceOf(1)?.length ?? Number.NaN);

    expect(room).toBeGreaterThan(0);
    expect(room).toBeLessThan(120);
    expect(adviceOf(1 + room)).toHaveLength(2_000);
    expect(adviceOf(2 + room)).toBeUndefined();
  });
});

describe('endings', () => {
  const usable = (operation: string): RawRecord[] =>
    (['disabled-key-use', 'pending-deletion-key-use', 'unusable-key-use'] as const).map((id) => ({
      group: [id, KEY, ''],
      subject: { keyArn: KEY },
      lagSeconds: 60,
      sentence: `${operation} by ${OPERATOR} made key ${KEY_ID} usable again.`,
      rule: id,
    }));
  const made = (operation: string): RawRecord => ({
    group: ['key-made-unusable', KEY],
    subject: { keyArn: KEY },
    lagSeconds: 0,
    sentence: `${operation} by ${OPERATOR} made key ${KEY_ID} usable again.`,
    rule: 'key-made-unusable',
  });
  const whole = (operation: string): RawRecord => ({
    group: ['audit-blind-spot', TRAIL],
    subject: { resource: TRAIL },
    sentence: `${operation} by ${OPERATOR}: trail ${TRAIL} records KMS whole again.`,
    rule: 'audit-blind-spot',
  });
  const deployed = (operation: string): RawRecord => ({
    group: ['audit-blind-spot', RULE],
    subject: { resource: RULE },
    lagSeconds: 300,
    sentence: `${operation} by ${OPERATOR} through cloudformation.amazonaws.com: rule ${RULE_NAME} is on again.`,
    rule: 'audit-blind-spot',
  });

  it.each<[string, RawRecord, readonly RawRecord[]]>([
    ['EnableKey', by('EnableKey', { keyId: KEY }), [...usable('EnableKey'), made('EnableKey')]],
    ['ImportKeyMaterial', by('ImportKeyMaterial', { keyId: KEY }), [...usable('ImportKeyMaterial'), made('ImportKeyMaterial')]],
    ['StartLogging', trail('StartLogging'), [whole('StartLogging')]],
    ['PutEventSelectors with everything', trail('PutEventSelectors', { eventSelectors: [{}] }), [whole('PutEventSelectors')]],
    [
      'EnableRule',
      rule('EnableRule'),
      [
        {
          group: ['audit-blind-spot', RULE],
          subject: { resource: RULE },
          sentence: `EnableRule by ${OPERATOR}: rule ${RULE_NAME} is on again. Whether in its full state, doctor says.`,
          rule: 'audit-blind-spot',
        },
      ],
    ],
    ['a key store that is connected', by('ConnectCustomKeyStore', { customKeyStoreId: 'cks-1' }, 'kms', { resources: null }), []],
    ['EnableKey of no key', by('EnableKey', { customKeyStoreId: 'cks-1' }, 'kms', { resources: null }), []],
    ['CancelKeyDeletion, which leaves the key disabled', by('CancelKeyDeletion', { keyId: KEY }), []],
    ['DisableKey', by('DisableKey', { keyId: KEY }), []],
    ['PutKeyPolicy', by('PutKeyPolicy', { keyId: KEY }), []],
    ['Decrypt', decrypt(CONTEXT), []],
    ['RetireGrant', retireGrant('g'), []],
    ['StopLogging', trail('StopLogging'), []],
    ['PutEventSelectors without reads', trail('PutEventSelectors', { eventSelectors: [{ readWriteType: 'WriteOnly' }] }), []],
    ['UpdateTrail of its files', trail('UpdateTrail', { s3KeyPrefix: 'p' }), []],
    ['UpdateTrail to every Region', trail('UpdateTrail', { isMultiRegionTrail: true }), [whole('UpdateTrail')]],
    ['PutRule', rule('PutRule'), []],
    ['PutTargets', rule('PutTargets'), []],
    ['PutRule in a deployment', rule('PutRule', FULL, DEPLOYMENT), [deployed('PutRule')]],
    ['PutRule of another state in a deployment', rule('PutRule', {}, DEPLOYMENT), []],
    ['PutTargets in a deployment', rule('PutTargets', {}, DEPLOYMENT), [deployed('PutTargets')]],
    ['RemoveTargets in a deployment', rule('RemoveTargets', {}, DEPLOYMENT), []],
    ['DisableRule', rule('DisableRule'), []],
    ['a task that stopped', task(), []],
    ['a cluster with its key', cluster('UpdateCluster', storage(KEY)), []],
  ])('of %s', (_what, raw, endings) => {
    expect(endingsOf(factOf(raw))).toStrictEqual(endings);
  });

  it('belong to the groups that the rules themselves make', () => {
    const groups = (raw: RawRecord): string[] => judgeFact(factOf(raw), DEFAULT_POLICY).map((occurrence) => occurrence.group);
    const ended = (raw: RawRecord): string[] => endingsOf(factOf(raw)).map((ending) => JSON.stringify(ending.group));

    expect(ended(by('EnableKey', { keyId: KEY }))).toEqual(
      expect.arrayContaining([...groups(disabled()), ...groups(by('DisableKey', { keyId: KEY }))]),
    );
    expect(ended(trail('StartLogging'))).toEqual(groups(trail('StopLogging')));
    expect(ended(rule('EnableRule'))).toEqual(groups(rule('DisableRule')));
  });
});

const CREATED = '2026-11-02T10:00:00Z';
const grant = (fields: Partial<GrantHead> = {}): GrantHead => ({
  keyArn: KEY,
  grantId: 'g',
  created: `${CREATED}#created`,
  cluster: PROD,
  volumeId: VOLUME,
  ...fields,
});
const end = (how: 'retired' | 'revoked', time = '2026-11-02T11:00:00Z') => ({ order: `${time}#ended`, how, by: OPERATOR });

describe('orphan-grant', () => {
  const policy = policyOf({ orphanAfterHours: 24 });
  const due = toSeconds(CREATED) + 24 * 60 * 60;

  it('holds from the instant at which the grant is too old', () => {
    expect(judgeAge(grant(), policy, due)).toStrictEqual([
      {
        rule: 'orphan-grant',
        severity: 'medium',
        subject: { keyArn: KEY, grantId: 'g' },
        about: { clusterAccount: ACCOUNT, clusterName: 'prod', volumeId: VOLUME },
        group: group('orphan-grant', KEY),
        eventId: 'created',
        time: '2026-11-03T10:00:00Z',
        operation: 'CreateGrant',
        caller: 'unknown',
        region: REGION,
        sentence: `Grant g on key ${KEY_ID} for cluster prod, made at ${CREATED}, is still open after 24 hours.`,
      },
    ]);
  });

  it('holds of a grant that is gone, of any age, apart from those that are too old', () => {
    const gone = '2026-11-02T12:00:00Z';

    expect(judgeAge(grant({ gone }), DEFAULT_POLICY, toSeconds(gone))).toStrictEqual([
      {
        rule: 'orphan-grant',
        severity: 'medium',
        subject: { keyArn: KEY, grantId: 'g' },
        about: { clusterAccount: ACCOUNT, clusterName: 'prod', volumeId: VOLUME },
        group: group('orphan-grant', KEY, 'gone'),
        eventId: 'created',
        time: gone,
        operation: 'CreateGrant',
        caller: 'unknown',
        region: REGION,
        sentence: `Grant g on key ${KEY_ID} for cluster prod, made at ${CREATED}, was gone from KMS by ${gone}, and no record says how it ended.`,
      },
    ]);
  });

  it.each<[string, GrantHead, Policy, number, number]>([
    ['a second before', grant(), policy, due - 1, 0],
    ['long after', grant(), policy, due + 9_999_999, 1],
    ['where no age is set', grant(), DEFAULT_POLICY, due, 0],
    ['where it was retired', grant({ end: end('retired') }), policy, due, 0],
    ['where it was revoked', grant({ end: end('revoked') }), policy, due, 0],
    ['where only its ending is known', { keyArn: KEY, grantId: 'g', end: end('retired') }, policy, due, 0],
    ['where not even that is known', { keyArn: KEY, grantId: 'g' }, policy, due, 0],
    ['of half an hour, before', grant(), policyOf({ orphanAfterHours: 1.5 }), toSeconds(CREATED) + 5_399, 0],
    ['of half an hour', grant(), policyOf({ orphanAfterHours: 1.5 }), toSeconds(CREATED) + 5_400, 1],
    ['where its rule is off', grant(), policyOf({ orphanAfterHours: 24, rules: { 'orphan-grant': 'off' } }), due, 0],
  ])('counts %s', (_what, head, ofPolicy, now, count) => {
    expect(judgeAge(head, ofPolicy, now)).toHaveLength(count);
  });

  it('tells as much as is known of the grant', () => {
    expect(judgeAge({ keyArn: 'no ARN', grantId: 'g', created: `${CREATED}#created` }, policy, due)).toStrictEqual([
      {
        rule: 'orphan-grant',
        severity: 'medium',
        subject: { keyArn: 'no ARN', grantId: 'g' },
        about: {},
        group: group('orphan-grant', 'no ARN'),
        eventId: 'created',
        time: '2026-11-03T10:00:00Z',
        operation: 'CreateGrant',
        caller: 'unknown',
        sentence: `Grant g on key no ARN, made at ${CREATED}, is still open after 24 hours.`,
      },
    ]);
  });
});

describe('grant-revoked-in-use', () => {
  const revoked: Occurrence = {
    rule: 'grant-revoked-in-use',
    severity: 'high',
    subject: { keyArn: KEY, grantId: 'g' },
    about: { clusterAccount: ACCOUNT, clusterName: 'prod', volumeId: VOLUME },
    group: group('grant-revoked-in-use', KEY, OPERATOR),
    eventId: 'ended',
    time: '2026-11-02T11:00:00Z',
    operation: 'RevokeGrant',
    caller: OPERATOR,
    region: REGION,
    sentence: `${OPERATOR} revoked grant g on key ${KEY_ID} of cluster prod, volume ${VOLUME}.`,
  };
  const { volumeId: _, ...withoutVolume } = grant({ end: end('revoked') });
  const { cluster: __, ...withoutCluster } = grant({ end: end('revoked') });

  it.each<[string, GrantHead, readonly Occurrence[]]>([
    ['a revoked grant', grant({ end: end('revoked') }), [revoked]],
    [
      'a revoked grant without volume',
      withoutVolume,
      [
        {
          ...revoked,
          about: { clusterAccount: ACCOUNT, clusterName: 'prod' },
          sentence: `${OPERATOR} revoked grant g on key ${KEY_ID} of cluster prod.`,
        },
      ],
    ],
    ['a retired grant', grant({ end: end('retired') }), []],
    ['an open grant', grant(), []],
    ['a grant of no cluster', withoutCluster, []],
  ])('is right for %s', (_what, head, expected) => {
    expect(judgeGrant(head, DEFAULT_POLICY)).toStrictEqual(expected);
  });

  it('names no Region where the key’s ARN names none', () => {
    expect(Object.hasOwn(Object(judgeGrant(grant({ keyArn: 'no ARN', end: end('revoked') }), DEFAULT_POLICY)[0]), 'region')).toBe(false);
  });

  it('is none where its rule is off', () => {
    expect(judgeGrant(grant({ end: end('revoked') }), policyOf({ rules: { 'grant-revoked-in-use': 'off' } }))).toStrictEqual([]);
  });
});

describe('use-after-release', () => {
  const volume = { clusterAccount: ACCOUNT, clusterName: 'prod', volumeId: VOLUME, keyArn: KEY };
  const at = (second: number): string => instant(second);
  const head = (created: number | undefined, ended?: number): GrantHead => ({
    keyArn: KEY,
    grantId: `${created}-${ended}`,
    ...(created === undefined ? {} : { created: `${at(created)}#c` }),
    ...(ended === undefined ? {} : { end: { order: `${at(ended)}#e`, how: 'retired', by: 'AWS Internal' } }),
  });
  const decrypts = (...seconds: number[]) =>
    seconds.flatMap((second) => {
      const fact = factOf(decrypt(CONTEXT, { eventTime: at(second), eventID: eventId(`decrypt/${second}`) }));
      return fact.kind === 'key-used' ? fact : [];
    });

  it('is a Decrypt after the end of every grant', () => {
    expect(judgeVolume(volume, [head(0, 10)], decrypts(11), DEFAULT_POLICY)).toStrictEqual([
      {
        rule: 'use-after-release',
        severity: 'medium',
        subject: volume,
        about: {},
        group: group('use-after-release', ACCOUNT, 'prod'),
        eventId: eventId('decrypt/11'),
        time: at(11),
        operation: 'Decrypt',
        caller: 'fargate.amazonaws.com',
        region: REGION,
        sentence: `fargate.amazonaws.com decrypted volume ${VOLUME} of cluster prod with key ${KEY_ID} after every grant of it had ended.`,
      },
    ]);
  });

  it.each<[string, readonly GrantHead[], readonly number[], readonly number[]]>([
    ['no grant at all', [], [11], []],
    ['an ending without creation', [head(undefined, 10)], [11], []],
    ['an open grant', [head(0)], [11], []],
    ['the second of the ending', [head(0, 10)], [10], []],
    ['a later second', [head(0, 10)], [11], [11]],
    ['before the ending', [head(0, 10)], [9], []],
    ['before the creation', [head(5, 10)], [4], []],
    ['each that came later', [head(0, 10)], [9, 10, 11, 30], [11, 30]],
    ['an open grant beside an ended one', [head(0, 10), head(1)], [11], []],
    ['the later of two endings', [head(0, 10), head(1, 20)], [11, 20, 21], [21]],
    ['the later of two endings, the other way round', [head(1, 10), head(0, 20)], [11, 20, 21], [21]],
    ['a grant made only afterwards', [head(0, 10), head(30, 40)], [11, 29, 30, 40, 41], [11, 29, 41]],
    ['a grant made in the second of the Decrypt', [head(0, 10), head(11)], [11], []],
    ['a grant whose ending came before its creation', [head(20, 10)], [19, 20], [20]],
    ['many grants', [head(8, 9), head(4, 5), head(0, 1), head(2, 3), head(6, 7)], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [10]],
    ['many grants with gaps', [head(20, 21), head(0, 1), head(10, 11)], [1, 5, 10, 15, 20, 25], [5, 15, 25]],
  ])('is right for %s', (_what, heads, seconds, found) => {
    const occurrences = judgeVolume(volume, heads, decrypts(...seconds), DEFAULT_POLICY);

    expect(occurrences.map((occurrence) => occurrence.time)).toEqual(found.map(at));
  });

  it('is none where its rule is off', () => {
    expect(judgeVolume(volume, [head(0, 10)], decrypts(11), policyOf({ rules: { 'use-after-release': 'off' } }))).toStrictEqual([]);
  });
});

describe('an occurrence', () => {
  it.each<[string, RawRecord, string | undefined]>([
    ['its record’s', {}, REGION],
    ['none where the record names none', { awsRegion: null }, undefined],
  ])('has the Region that is %s', (_what, overrides, region) => {
    const decrypted = factOf(decrypt(CONTEXT, { eventTime: instant(9), ...overrides }));
    const released: GrantHead = grant({ end: { order: `${instant(1)}#e`, how: 'retired', by: 'AWS Internal' } });
    const volume = { clusterAccount: ACCOUNT, clusterName: 'prod', volumeId: VOLUME, keyArn: KEY };
    const found = [
      ...judgeFact(factOf(by('DisableKey', { keyId: KEY }, 'kms', overrides)), DEFAULT_POLICY),
      ...judgeVolume(volume, [released], decrypted.kind === 'key-used' ? [decrypted] : [], DEFAULT_POLICY),
    ];

    expect(found.map((one) => one.rule)).toEqual(['key-made-unusable', 'use-after-release']);
    for (const one of found) {
      expect(one.region).toBe(region);
      expect(Object.hasOwn(one, 'region')).toBe(region !== undefined);
    }
  });
});

describe('the policy and the rules', () => {
  it('changes the severity of what a fact is', () => {
    expect(verdict('disabled-key-use', disabled(), policyOf({ severities: { 'disabled-key-use': 'low' } }))).toMatchObject({
      severity: 'low',
    });
  });

  it('turns rules off one by one', () => {
    const off = policyOf({ rules: { 'disabled-key-use': 'off' } });

    expect(judgeFact(factOf(disabled({}, 'CreateGrant')), off).map((one) => one.rule)).toEqual(['launch-blocked']);
  });

  it('excepts until a second before the end', () => {
    const until = (expires: string): unknown =>
      verdict(
        'cluster-without-customer-key',
        cluster('CreateCluster', { clusterName: 'prod' }),
        policyOf({ exceptions: [{ rule: 'cluster-without-customer-key', match: { clusterName: 'prod' }, reason: 'EC2 alone', expires }] }),
      );

    expect(until(instant(1))).toBeUndefined();
    expect(until(instant(0))).toBeDefined();
  });

  it('says nothing of what an ending told that nobody revoked', () => {
    expect(judgeFact(factOf(revokeGrant('g', 'operator')), DEFAULT_POLICY)).toStrictEqual([]);
  });
});
