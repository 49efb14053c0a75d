import { describe, expect, it } from 'vitest';
import { readEnvelope } from '../../src/core/envelope.ts';
import type { ClusterConfigured, TaskStopped } from '../../src/core/fact.ts';
import { readTaskState } from '../../src/core/read-cluster.ts';
import { readRecord } from '../../src/core/read-record.ts';
import type { Reading } from '../../src/core/reading.ts';
import { bounded } from '../../src/core/text.ts';
import { sha256 } from '../../src/system.ts';
import {
  ACCOUNT,
  eventBridge,
  eventId,
  instant,
  KEY,
  OTHER_ACCOUNT,
  type RawRecord,
  REGION,
  record,
  SECOND_KEY,
  user,
  userArn,
} from '../support/fleet.ts';

const KEY_ID = '11111111-1111-1111-1111-111111111111';
const MULTI_REGION_ID = 'mrk-1234abcd12ab34cd56ef1234567890ab';
const ALIAS_ARN = `arn:aws:kms:${REGION}:${ACCOUNT}:alias/storage`;
const clusterArn = (name: string, account = ACCOUNT): string => `arn:aws:ecs:${REGION}:${account}:cluster/${name}`;

/** A call of Amazon ECS by an operator; `overrides` replace whole top-level fields. */
const call = (eventName: string, overrides: RawRecord = {}): RawRecord =>
  record(eventName, { eventSource: 'ecs.amazonaws.com', userIdentity: user('operator'), resources: undefined, ...overrides });

const create = (requestParameters: unknown, cluster?: unknown): RawRecord =>
  call('CreateCluster', { requestParameters, responseElements: cluster === undefined ? null : { cluster } });

const update = (requestParameters: unknown, cluster?: unknown): RawRecord =>
  call('UpdateCluster', { requestParameters, responseElements: cluster === undefined ? null : { cluster } });

function configured(raw: unknown): ClusterConfigured {
  const reading = readRecord(raw, sha256);
  if (reading.kind !== 'fact' || reading.fact.kind !== 'cluster-configured')
    throw new Error(`expected a cluster, found ${JSON.stringify(reading)}`);
  return reading.fact;
}

const storage = (managedStorageConfiguration: unknown): RawRecord => ({ managedStorageConfiguration });
const fargate = (fargateEphemeralStorageKmsKeyId: unknown): RawRecord => storage({ fargateEphemeralStorageKmsKeyId });

describe('a call that configures a cluster', () => {
  it('is a fact of its whole record', () => {
    const raw = create(
      { clusterName: 'prod', configuration: storage({ fargateEphemeralStorageKmsKeyId: KEY, kmsKeyId: SECOND_KEY }) },
      { clusterArn: clusterArn('prod'), clusterName: 'prod' },
    );

    expect(readRecord(raw, sha256)).toStrictEqual({
      kind: 'fact',
      fact: {
        kind: 'cluster-configured',
        eventId: eventId('CreateCluster'),
        time: instant(0),
        operation: 'CreateCluster',
        caller: { id: userArn('operator'), type: 'IAMUser', trusted: false, awsRole: false },
        region: REGION,
        account: ACCOUNT,
        cluster: { account: ACCOUNT, name: 'prod' },
        storage: { fargate: KEY, volumes: SECOND_KEY },
      },
    });
  });

  it.each(['DeleteCluster', 'UpdateClusterSettings', 'PutClusterCapacityProviders', 'RunTask', 'createcluster'])(
    'is no other than CreateCluster and UpdateCluster: %s',
    (operation) => {
      expect(readRecord(call(operation, { requestParameters: { cluster: 'prod' } }), sha256)).toStrictEqual({ kind: 'out-of-scope' });
    },
  );

  it.each<[string, RawRecord]>([
    ['a denial', { errorCode: 'AccessDeniedException', errorMessage: 'not authorized to perform: ecs:CreateCluster' }],
    ['a code alone', { errorCode: 'InvalidParameterException' }],
    ['a message alone', { errorMessage: 'Cluster not found.' }],
    ['a code that is no text', { errorCode: 7 }],
  ])('changed nothing where it failed: %s', (_what, failure) => {
    expect(readRecord(call('CreateCluster', { requestParameters: { clusterName: 'prod' }, ...failure }), sha256)).toStrictEqual({
      kind: 'out-of-scope',
    });
  });

  it.each<[string, RawRecord, string]>([
    ['eventID', { eventID: undefined }, 'ECS record CreateCluster without eventID'],
    ['eventTime', { eventTime: 'yesterday' }, `ECS record ${eventId('CreateCluster')}: eventTime is no ISO 8601 instant`],
    [
      'an account for its name',
      { recipientAccountId: undefined, userIdentity: { type: 'AWSService' } },
      `ECS record ${eventId('CreateCluster')}: CreateCluster names no cluster`,
    ],
  ])('is rejected without %s', (_what, overrides, reason) => {
    expect(readRecord(call('CreateCluster', { requestParameters: { clusterName: 'prod' }, ...overrides }), sha256)).toStrictEqual({
      kind: 'rejected',
      reason,
    });
  });

  it('says in its rejection which record it was, bounded and printable', () => {
    const raw = call('UpdateCluster', {
      eventID: `\u202e${'x'.repeat(100)}`,
      recipientAccountId: null,
      userIdentity: null,
      requestParameters: { cluster: 'prod' },
    });
    const reading = readRecord(raw, sha256);
    const reason = reading.kind === 'rejected' ? reading.reason : '';

    expect(reason).toMatch(/^ECS record \\u\{202e\}x+~.*…: UpdateCluster names no cluster$/);
    expect(reason.length).toBeLessThan(120);
  });
});

describe('the cluster that is configured', () => {
  const table: readonly [string, RawRecord, { readonly account: string; readonly name: string }][] = [
    ['clusterName', create({ clusterName: 'prod' }), { account: ACCOUNT, name: 'prod' }],
    ['cluster, a name', update({ cluster: 'prod' }), { account: ACCOUNT, name: 'prod' }],
    ['cluster, an ARN', update({ cluster: clusterArn('prod', OTHER_ACCOUNT) }), { account: OTHER_ACCOUNT, name: 'prod' }],
    ['cluster before clusterName', update({ cluster: 'a', clusterName: 'b' }), { account: ACCOUNT, name: 'a' }],
    ['spaces around', create({ clusterName: ' prod ' }), { account: ACCOUNT, name: 'prod' }],
    [
      'the answer before the request',
      create({ clusterName: 'asked' }, { clusterArn: clusterArn('made', OTHER_ACCOUNT) }),
      { account: OTHER_ACCOUNT, name: 'made' },
    ],
    ['an ARN of China', update({ cluster: `arn:aws-cn:ecs:cn-north-1:${ACCOUNT}:cluster/prod` }), { account: ACCOUNT, name: 'prod' }],
    [
      'an ARN of GovCloud',
      update({ cluster: `arn:aws-us-gov:ecs:us-gov-west-1:${ACCOUNT}:cluster/prod` }),
      { account: ACCOUNT, name: 'prod' },
    ],
    ['a name with a slash', update({ cluster: clusterArn('a/b') }), { account: ACCOUNT, name: 'a/b' }],
    ['a name with a line break', update({ cluster: clusterArn('a\nb') }), { account: ACCOUNT, name: 'a\nb' }],
    ['no request', create(null), { account: ACCOUNT, name: 'default' }],
    ['no name', create({}), { account: ACCOUNT, name: 'default' }],
    ['an empty name', create({ clusterName: '' }), { account: ACCOUNT, name: 'default' }],
    ['a null name', create({ clusterName: null }), { account: ACCOUNT, name: 'default' }],
    ['a name that is a list', create({ clusterName: ['prod'] }), { account: ACCOUNT, name: 'default' }],
    ['a request that is a list', create([{ clusterName: 'prod' }]), { account: ACCOUNT, name: 'default' }],
    ['an answer without ARN', create({ clusterName: 'prod' }, {}), { account: ACCOUNT, name: 'prod' }],
    ['an answer whose ARN is empty', create({ clusterName: 'prod' }, { clusterArn: ' ' }), { account: ACCOUNT, name: 'prod' }],
    ['an answer whose ARN is a number', create({ clusterName: 'prod' }, { clusterArn: 7 }), { account: ACCOUNT, name: 'prod' }],
    ['an answer that is a list', create({ clusterName: 'prod' }, [{ clusterArn: clusterArn('made') }]), { account: ACCOUNT, name: 'prod' }],
    // What only looks like a cluster's ARN names nothing but itself.
    [
      'an ARN of something else',
      update({ cluster: `arn:aws:ecs:${REGION}:${OTHER_ACCOUNT}:service/prod` }),
      { account: ACCOUNT, name: `arn:aws:ecs:${REGION}:${OTHER_ACCOUNT}:service/prod` },
    ],
    [
      'an ARN of another service',
      update({ cluster: `arn:aws:eks:${REGION}:${OTHER_ACCOUNT}:cluster/prod` }),
      { account: ACCOUNT, name: `arn:aws:eks:${REGION}:${OTHER_ACCOUNT}:cluster/prod` },
    ],
    [
      'an ARN inside other words',
      update({ cluster: `x ${clusterArn('prod', OTHER_ACCOUNT)}` }),
      { account: ACCOUNT, name: `x ${clusterArn('prod', OTHER_ACCOUNT)}` },
    ],
    [
      'an ARN whose name is longer than any',
      update({ cluster: clusterArn('z'.repeat(256), OTHER_ACCOUNT) }),
      { account: ACCOUNT, name: bounded(clusterArn('z'.repeat(256), OTHER_ACCOUNT), 255, sha256) },
    ],
    ['an ARN without name', update({ cluster: clusterArn('') }), { account: ACCOUNT, name: clusterArn('') }],
  ];

  it.each(table)('is named by %s', (_what, raw, cluster) => {
    expect(configured(raw).cluster).toStrictEqual(cluster);
  });

  it('is named by its ARN where the record names no account', () => {
    const nobody = { recipientAccountId: undefined, userIdentity: { type: 'AWSService' } };

    expect(configured({ ...update({ cluster: clusterArn('prod') }), ...nobody }).cluster).toStrictEqual({ account: ACCOUNT, name: 'prod' });
  });

  it('keeps its identity within bounds', () => {
    const names = ['x', 'y'].map((last) => configured(create({ clusterName: `${'a'.repeat(400)}${last}` })).cluster.name);

    expect(names.map((name) => name.length)).toEqual([255, 255]);
    expect(new Set(names).size).toBe(2);
    expect(configured(create({ clusterName: 'a'.repeat(255) })).cluster.name).toBe('a'.repeat(255));
    expect(configured({ ...create({ clusterName: 'prod' }), recipientAccountId: '1'.repeat(80) }).cluster.account).toHaveLength(32);
  });
});

describe('the storage keys of a cluster', () => {
  const prod = { clusterName: 'prod' };
  const answer = (configuration?: unknown): RawRecord => ({ clusterArn: clusterArn('prod'), configuration });
  const exec = { executeCommandConfiguration: { logging: 'DEFAULT' } };
  const asked = (configuration: unknown): RawRecord => ({ cluster: 'prod', configuration });

  it.each<[string, RawRecord, unknown]>([
    // What a new cluster is not given, it has not.
    ['CreateCluster without request', create(null), {}],
    ['CreateCluster without configuration', create(prod), {}],
    ['CreateCluster, configuration null', create({ ...prod, configuration: null }), {}],
    ['CreateCluster, configuration a list', create({ ...prod, configuration: [fargate(KEY)] }), {}],
    ['CreateCluster, configuration of other things', create({ ...prod, configuration: exec }), {}],
    ['CreateCluster, storage null', create({ ...prod, configuration: storage(null) }), {}],
    ['CreateCluster, storage text', create({ ...prod, configuration: storage(KEY) }), {}],
    ['CreateCluster, storage empty', create({ ...prod, configuration: storage({}) }), {}],
    [
      'CreateCluster, both keys',
      create({ ...prod, configuration: storage({ fargateEphemeralStorageKmsKeyId: KEY, kmsKeyId: SECOND_KEY }) }),
      { fargate: KEY, volumes: SECOND_KEY },
    ],
    ['CreateCluster, a key for attached volumes alone', create({ ...prod, configuration: storage({ kmsKeyId: KEY }) }), { volumes: KEY }],
    ['CreateCluster, a key in the request alone', create({ ...prod, configuration: fargate(KEY) }, answer()), { fargate: KEY }],
    ['CreateCluster, a key in the answer alone', create(prod, answer(fargate(KEY))), { fargate: KEY }],
    [
      'CreateCluster, the answer before the request',
      create({ ...prod, configuration: fargate(KEY) }, answer(fargate(SECOND_KEY))),
      { fargate: SECOND_KEY },
    ],
    ['CreateCluster, an answer without the key', create({ ...prod, configuration: fargate(KEY) }, answer(exec)), { fargate: KEY }],
    [
      'CreateCluster, an answer whose configuration is null',
      create({ ...prod, configuration: fargate(KEY) }, answer(null)),
      { fargate: KEY },
    ],
    [
      'CreateCluster, an answer whose configuration is a list',
      create({ ...prod, configuration: fargate(KEY) }, answer([fargate(SECOND_KEY)])),
      { fargate: KEY },
    ],
    // What an update does not speak of stays as it was.
    ['UpdateCluster without request', update(null), undefined],
    ['UpdateCluster without configuration', update({ cluster: 'prod', settings: [] }), undefined],
    ['UpdateCluster without configuration, whatever the answer', update({ cluster: 'prod' }, answer(storage({}))), undefined],
    ['UpdateCluster, configuration null', update(asked(null)), undefined],
    ['UpdateCluster, configuration a list', update(asked([fargate(KEY)])), undefined],
    ['UpdateCluster of other things, no answer', update(asked(exec)), undefined],
    ['UpdateCluster of other things, an answer without configuration', update(asked(exec), answer()), undefined],
    ['UpdateCluster of other things, the answer has the key', update(asked(exec), answer({ ...exec, ...fargate(KEY) })), undefined],
    ['UpdateCluster of other things, the answer has none', update(asked(exec), answer(exec)), undefined],
    ['UpdateCluster, storage null and no answer', update(asked(storage(null))), undefined],
    ['UpdateCluster, storage empty and no answer', update(asked(storage({}))), {}],
    ['UpdateCluster, the key cleared', update(asked(fargate(''))), {}],
    ['UpdateCluster, the key cleared, and the answer', update(asked(fargate('')), answer(storage({}))), {}],
    ['UpdateCluster, a key and no answer', update(asked(fargate(KEY))), { fargate: KEY }],
    ['UpdateCluster, the answer before the request', update(asked(fargate(KEY)), answer(fargate(SECOND_KEY))), { fargate: SECOND_KEY }],
  ])('are told by %s', (_what, raw, keys) => {
    expect(configured(raw).storage).toStrictEqual(keys);
    expect(Object.hasOwn(configured(raw), 'storage')).toBe(keys !== undefined);
  });

  it.each<[string, unknown, string | undefined]>([
    ['an ARN', KEY, KEY],
    ['an ARN with spaces around', ` ${KEY} `, KEY],
    ['an ARN of China', `arn:aws-cn:kms:cn-north-1:${ACCOUNT}:key/${KEY_ID}`, `arn:aws-cn:kms:cn-north-1:${ACCOUNT}:key/${KEY_ID}`],
    ['a bare id', KEY_ID, KEY],
    ['a bare id of a multi-Region key', MULTI_REGION_ID, `arn:aws:kms:${REGION}:${ACCOUNT}:key/${MULTI_REGION_ID}`],
    ['an alias', 'alias/storage', 'alias/storage'],
    ['the ARN of an alias', ALIAS_ARN, ALIAS_ARN],
    ['anything else', 'aws/ebs', 'aws/ebs'],
    ['empty', '', undefined],
    ['spaces', '  ', undefined],
    ['null', null, undefined],
    ['a number', 7, undefined],
    ['a list', [KEY], undefined],
    ['an object', { keyId: KEY }, undefined],
    ['a key of the prototype', '__proto__', '__proto__'],
  ])('are read where they are spelt as %s', (_what, spelt, key) => {
    const keys = configured(
      create({ ...prod, configuration: storage({ fargateEphemeralStorageKmsKeyId: spelt, kmsKeyId: spelt }) }),
    ).storage;

    expect(keys).toStrictEqual(key === undefined ? {} : { fargate: key, volumes: key });
  });

  it.each<[string, RawRecord, string]>([
    ['in China', { awsRegion: 'cn-north-1' }, `arn:aws-cn:kms:cn-north-1:${ACCOUNT}:key/${KEY_ID}`],
    ['in GovCloud', { awsRegion: 'us-gov-west-1' }, `arn:aws-us-gov:kms:us-gov-west-1:${ACCOUNT}:key/${KEY_ID}`],
    ['in no Region', { awsRegion: undefined }, KEY_ID],
  ])('are completed %s', (_what, overrides, key) => {
    expect(configured({ ...create({ ...prod, configuration: fargate(KEY_ID) }), ...overrides }).storage).toStrictEqual({ fargate: key });
  });

  it('keep their identity within 256 characters', () => {
    const { fargate: long = '' } = configured(create({ ...prod, configuration: fargate(`alias/${'k'.repeat(400)}`) })).storage ?? {};

    expect(long).toHaveLength(256);
    expect(long).toMatch(/^alias\/k+~[0-9a-f]{16}$/);
  });

  it('are never inherited', () => {
    const hostile = JSON.parse(`{"__proto__": {"managedStorageConfiguration": {"fargateEphemeralStorageKmsKeyId": "${KEY}"}}}`);

    expect(configured(create({ ...prod, configuration: hostile })).storage).toStrictEqual({});
  });
});

const TASK = `arn:aws:ecs:${REGION}:${ACCOUNT}:task/prod/0123456789abcdef0123456789abcdef`;
const DENIED = 'ResourceInitializationError: unable to retrieve secret from asm: AccessDeniedException: Access to KMS is not allowed';

/** An event of a task that could not start; `detail` replaces fields of its detail, `overrides` whole fields of the event. */
function stopped(detail: RawRecord = {}, overrides: RawRecord = {}): RawRecord {
  const whole = {
    clusterArn: clusterArn('prod'),
    taskArn: TASK,
    lastStatus: 'STOPPED',
    stopCode: 'TaskFailedToStart',
    stoppedReason: DENIED,
  };
  return eventBridge(Object.fromEntries(Object.entries({ ...whole, ...detail }).filter(([, value]) => value !== undefined)), {
    source: 'aws.ecs',
    'detail-type': 'ECS Task State Change',
    id: eventId('task'),
    ...overrides,
  });
}

function taskOf(envelope: unknown): TaskStopped {
  const reading = readTaskState(envelope, sha256);
  if (reading.kind !== 'fact' || reading.fact.kind !== 'task-stopped') throw new Error(`expected a task, found ${JSON.stringify(reading)}`);
  return reading.fact;
}

describe('a task that stopped over a key', () => {
  it('is a fact of its whole event, whatever brings it', () => {
    const reading: Reading = {
      kind: 'fact',
      fact: {
        kind: 'task-stopped',
        eventId: eventId('task'),
        time: instant(0),
        operation: 'ECS Task State Change',
        caller: { id: 'ecs.amazonaws.com', trusted: false, awsRole: false },
        region: REGION,
        account: ACCOUNT,
        cluster: { account: ACCOUNT, name: 'prod' },
        taskArn: TASK,
        reason: DENIED,
      },
    };

    expect(readTaskState(stopped(), sha256)).toStrictEqual(reading);
    expect(readEnvelope(stopped(), sha256)).toStrictEqual([reading]);
    expect(readEnvelope({ requestPayload: stopped() }, sha256)).toStrictEqual([reading]);
  });

  it.each([
    ['KMS', 'Access to KMS is not allowed'],
    ['an exception of KMS’s', 'KMSInvalidStateException: key is pending deletion'],
    ['a client of KMS’s', 'api error KmsThrottledException'],
    ['an action of KMS’s', 'not authorized to perform: kms:CreateGrant'],
    ['a key’s ARN', `cannot use ${KEY}`],
    ['a key’s ARN of China', `cannot use arn:aws-cn:kms:cn-north-1:${ACCOUNT}:key/${KEY_ID}`],
    ['decryption', 'failed to decrypt the parameter'],
    ['decryption, in capitals', 'Decryption failed'],
  ])('says so by naming %s', (_what, reason) => {
    expect(taskOf(stopped({ stoppedReason: reason })).reason).toBe(reason);
  });

  it.each<[string, RawRecord]>([
    ['no reason', { stoppedReason: undefined }],
    ['a null reason', { stoppedReason: null }],
    ['an empty reason', { stoppedReason: '' }],
    ['a reason that is a list', { stoppedReason: [DENIED] }],
    ['another reason', { stoppedReason: 'Essential container in task exited' }],
    [
      'a repository of that name',
      { stoppedReason: `CannotPullContainerError: ${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/kms-gateway:latest: not found` },
    ],
    ['an image of that name', { stoppedReason: 'Essential container of kms:latest exited' }],
    ['an image that decrypts', { stoppedReason: 'CannotPullContainerError: pull access denied for decrypt-worker' }],
    ['a word that holds the letters', { stoppedReason: 'host bookkms-1 went away' }],
    ['a word that holds the letters, in capitals', { stoppedReason: 'host XKMS went away' }],
    ['a word that holds the action', { stoppedReason: 'undecrypted' }],
    ['a task that runs', { lastStatus: 'RUNNING' }],
    ['a task that is about to stop', { lastStatus: 'STOPPING' }],
    ['no status', { lastStatus: undefined }],
    ['a status that is a list', { lastStatus: ['STOPPED'] }],
    ['a person’s own words', { stopCode: 'UserInitiated', stoppedReason: 'rotating KMS keys' }],
    ['a deployment', { stopCode: 'ServiceSchedulerInitiated' }],
    ['an interruption', { stopCode: 'SpotInterruption' }],
    ['a host’s end', { stopCode: 'TerminationNotice' }],
    ['containers that are no list', { stoppedReason: undefined, containers: { reason: DENIED } }],
    ['containers without reason', { stoppedReason: undefined, containers: [{}, null, 7, { reason: null }, { reason: 'exited' }] }],
    ['a reason at the wrong place', { stoppedReason: undefined, containers: [[{ reason: DENIED }]] }],
  ])('is nothing else: %s', (_what, detail) => {
    expect(readTaskState(stopped(detail), sha256)).toStrictEqual({ kind: 'out-of-scope' });
  });

  it.each<[string, unknown]>([
    ['absent', undefined],
    ['null', null],
    ['a number', 7],
    ['one that is not known', 'EssentialContainerExited'],
  ])('may have a stop code that is %s', (_what, stopCode) => {
    expect(taskOf(stopped({ stopCode })).reason).toBe(DENIED);
  });

  it.each<[string, unknown]>([
    ['no detail', undefined],
    ['a null detail', null],
    ['a detail that is text', 'STOPPED'],
    ['a detail that is a list', [{ lastStatus: 'STOPPED', stoppedReason: DENIED }]],
  ])('cannot be told from %s', (_what, detail) => {
    expect(readEnvelope({ ...stopped(), detail }, sha256)).toStrictEqual([{ kind: 'out-of-scope' }]);
  });

  it.each<[string, RawRecord]>([
    ['source', { source: 'example.com' }],
    ['type', { 'detail-type': 'ECS Deployment State Change' }],
  ])('is told by no event of another %s', (_what, overrides) => {
    expect(readEnvelope(stopped({}, overrides), sha256)).toStrictEqual([{ kind: 'out-of-scope' }]);
  });

  it('is told by the first container that blames a key, after the task’s own reason', () => {
    const containers = [{ reason: 'exited' }, null, { reason: `first ${KEY}` }, { reason: `second ${SECOND_KEY}` }];

    expect(taskOf(stopped({ stoppedReason: 'Task failed to start', containers }))).toMatchObject({ reason: `first ${KEY}`, keyArn: KEY });
    expect(taskOf(stopped({ containers })).reason).toBe(DENIED);
  });

  it.each<[string, RawRecord, string | undefined]>([
    ['the reason', { stoppedReason: `${DENIED}: ${KEY}` }, KEY],
    ['the reason before the task’s storage', { stoppedReason: `KMS ${KEY}`, fargateEphemeralStorage: { kmsKeyId: SECOND_KEY } }, KEY],
    ['the task’s storage, an ARN', { fargateEphemeralStorage: { kmsKeyId: KEY } }, KEY],
    ['the task’s storage, a bare id', { fargateEphemeralStorage: { kmsKeyId: KEY_ID } }, KEY],
    ['nothing: an alias', { fargateEphemeralStorage: { kmsKeyId: 'alias/storage' } }, undefined],
    ['nothing: empty', { fargateEphemeralStorage: { kmsKeyId: '' } }, undefined],
    ['nothing: null', { fargateEphemeralStorage: { kmsKeyId: null } }, undefined],
    ['nothing: a list', { fargateEphemeralStorage: { kmsKeyId: [KEY] } }, undefined],
    ['nothing: a storage that is a list', { fargateEphemeralStorage: [{ kmsKeyId: KEY }] }, undefined],
    ['nothing: no storage', { fargateEphemeralStorage: null }, undefined],
    ['nothing: the size alone', { fargateEphemeralStorage: { sizeInGiB: 20 } }, undefined],
  ])('names its key by %s', (_what, detail, keyArn) => {
    // Storage is what stopped it, so that the key of the storage is the one to name.
    const reason = { stoppedReason: 'ResourceInitializationError: ephemeral storage: KMS key is not usable' };
    const fact = taskOf(stopped({ ...reason, ...detail }));

    expect(fact.keyArn).toBe(keyArn);
    expect(Object.hasOwn(fact, 'keyArn')).toBe(keyArn !== undefined);
  });

  // Known gap: of a secret, a parameter or an image the reason names no key, and the storage's is not the one that refused.
  it.each([
    DENIED,
    'KMS: a Secret',
    'KMS: a parameter',
    'KMS: from ssm',
    'KMS: from asm',
    'KMS: on efs',
    'KMS: the file system',
    'KMS: the FileSystem',
    'KMS: the registry',
    'KMS: the image',
    'KMS: the log group',
    'KMS: logs',
  ])('does not blame the storage’s key for another’s: %s', (stoppedReason) => {
    expect(taskOf(stopped({ stoppedReason, fargateEphemeralStorage: { kmsKeyId: KEY } })).keyArn).toBeUndefined();
  });

  it.each(['KMS: classmates', 'KMS: plasma', 'KMS: briefs', 'KMS: catalogs'])(
    'blames the storage’s key where only a part of a word is another’s: %s',
    (stoppedReason) => {
      expect(taskOf(stopped({ stoppedReason, fargateEphemeralStorage: { kmsKeyId: KEY } })).keyArn).toBe(KEY);
    },
  );

  it.each<[string, RawRecord, RawRecord]>([
    ['neither', { region: undefined, account: undefined }, {}],
    ['null', { region: null, account: null }, {}],
    ['numbers', { region: 7, account: 111 }, {}],
    ['the Region alone', { account: undefined }, { region: REGION }],
    ['the account alone', { region: undefined }, { account: ACCOUNT }],
  ])('has the Region and account of its event: %s', (_what, overrides, known) => {
    const { region, account, keyArn } = taskOf(stopped({ fargateEphemeralStorage: { kmsKeyId: KEY_ID } }, overrides));

    expect({ region, account, keyArn }).toEqual({ region: undefined, account: undefined, keyArn: undefined, ...known });
  });

  it.each<[string, RawRecord, RawRecord, string]>([
    ['id', {}, { id: undefined }, 'native event "ECS Task State Change" without id'],
    ['time', {}, { time: '2026-11-02' }, `native event ${eventId('task')}: time is no ISO 8601 instant`],
    ['clusterArn', { clusterArn: undefined }, {}, `task state change ${eventId('task')}: expected clusterArn and taskArn`],
    ['a clusterArn that is text', { clusterArn: 7 }, {}, `task state change ${eventId('task')}: expected clusterArn and taskArn`],
    ['taskArn', { taskArn: ' ' }, {}, `task state change ${eventId('task')}: expected clusterArn and taskArn`],
  ])('is rejected without %s', (_what, detail, overrides, reason) => {
    expect(readTaskState(stopped(detail, overrides), sha256)).toStrictEqual({ kind: 'rejected', reason });
  });

  it('bounds what strangers may lengthen, and shows nothing that cannot be seen', () => {
    const fact = taskOf(
      stopped(
        { stoppedReason: `KMS \u202e${'x'.repeat(2_000)}`, taskArn: `${TASK}${'y'.repeat(900)}`, clusterArn: clusterArn('z'.repeat(255)) },
        { region: `us-${'r'.repeat(80)}`, account: '1'.repeat(80) },
      ),
    );

    expect(fact.reason).toHaveLength(1_024);
    expect(fact.reason).toMatch(/^KMS \\u\{202e\}x+…$/);
    expect(fact.taskArn).toHaveLength(256);
    expect(fact.region).toHaveLength(32);
    expect(fact.account).toHaveLength(32);
    expect(fact.cluster).toStrictEqual({ account: ACCOUNT, name: 'z'.repeat(255) });
  });
});
