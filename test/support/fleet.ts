import fc from 'fast-check';
import { sha256 } from '../../src/system.ts';

/** A CloudTrail record as a generator writes it. */
export type RawRecord = Record<string, unknown>;

export const REGION = 'us-east-1';
export const ACCOUNT = '111122223333';
export const OTHER_ACCOUNT = '123456789012';
export const KEY = keyArn('11111111-1111-1111-1111-111111111111');
export const SECOND_KEY = keyArn('22222222-2222-2222-2222-222222222222');
const KEYS = [KEY, SECOND_KEY] as const;
const START = Date.UTC(2026, 10, 2, 10, 0, 0);

function keyArn(id: string): string {
  return `arn:aws:kms:${REGION}:${ACCOUNT}:key/${id}`;
}

/** The `eventTime` so many seconds after the fleet's first instant. */
export function instant(second: number): string {
  return `${new Date(START + second * 1000).toISOString().slice(0, 19)}Z`;
}

/** A UUID-shaped id that depends on nothing but `seed`. */
export function eventId(seed: string): string {
  const hex = sha256(seed);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

/** A record of a successful call on {@link KEY}; `overrides` replace whole top-level fields, `undefined` removes one. */
export function record(eventName: string, overrides: RawRecord = {}): RawRecord {
  const whole: RawRecord = {
    eventVersion: '1.11',
    userIdentity: service('ec2-frontend-api.amazonaws.com'),
    eventTime: instant(0),
    eventSource: 'kms.amazonaws.com',
    eventName,
    awsRegion: REGION,
    sourceIPAddress: '192.0.2.1',
    userAgent: 'example.com',
    requestParameters: {},
    responseElements: null,
    requestID: eventId('request'),
    eventID: eventId(eventName),
    readOnly: false,
    resources: [{ accountId: 'AWS Internal', type: 'AWS::KMS::Key', ARN: KEY }],
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: ACCOUNT,
    eventCategory: 'Management',
    ...overrides,
  };
  return Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined));
}

/** `userIdentity` of an AWS service: nothing but its type and its principal. */
export function service(invokedBy: string): RawRecord {
  return { type: 'AWSService', invokedBy };
}

/** `userIdentity` of an IAM user. */
export function user(name: string, invokedBy?: string): RawRecord {
  return {
    type: 'IAMUser',
    principalId: 'AIDAEXAMPLE',
    arn: userArn(name),
    accountId: ACCOUNT,
    userName: name,
    ...(invokedBy === undefined ? {} : { invokedBy }),
  };
}

/** The ARN of {@link user}. */
export const userArn = (name: string): string => `arn:aws:iam::${ACCOUNT}:user/${name}`;

export const INFRASTRUCTURE_ROLE = `arn:aws:iam::${ACCOUNT}:role/aws:ec2-infrastructure`;

/** `userIdentity` of the session under which EBS decrypts for an instance. */
export function infrastructureSession(): RawRecord {
  return {
    type: 'AssumedRole',
    principalId: `${ACCOUNT}:aws:ec2-infrastructure:i-0123456789abcdef0`,
    arn: `arn:aws:sts::${ACCOUNT}:assumed-role/aws:ec2-infrastructure/i-0123456789abcdef0`,
    accountId: ACCOUNT,
    sessionContext: {
      sessionIssuer: {
        type: 'Role',
        principalId: `${ACCOUNT}:aws:ec2-infrastructure`,
        arn: INFRASTRUCTURE_ROLE,
        accountId: ACCOUNT,
        userName: 'aws:ec2-infrastructure',
      },
      attributes: { creationDate: instant(0), mfaAuthenticated: 'false' },
      ec2RoleDelivery: '2.0',
    },
    invokedBy: 'AWS Internal',
  };
}

/** A cluster as contexts name it. */
export interface ClusterName {
  readonly account: string;
  readonly name: string;
}

export const PROD: ClusterName = { account: ACCOUNT, name: 'prod' };

/** The encryption context of Fargate ephemeral storage. */
export function ecsContext({ account, name }: ClusterName, volume?: string): Record<string, string> {
  return {
    'aws:ecs:clusterAccount': account,
    'aws:ecs:clusterName': name,
    ...(volume === undefined ? {} : { 'aws:ebs:id': volume }),
  };
}

/** CreateGrant as Fargate makes it for a task's volume; `parameters` replace fields of the request. */
export function createGrant(grantId: string, parameters: RawRecord = {}, overrides: RawRecord = {}): RawRecord {
  return record('CreateGrant', {
    requestParameters: {
      keyId: KEY,
      granteePrincipal: `fargate.${REGION}.amazonaws.com`,
      retiringPrincipal: `ec2.${REGION}.amazonaws.com`,
      operations: ['Decrypt'],
      constraints: { encryptionContextSubset: ecsContext(PROD, 'vol-0000000000000000a') },
      ...parameters,
    },
    responseElements: { grantId, keyId: KEY },
    ...overrides,
  });
}

/** RetireGrant as it comes at a task's end: no request, no context, no caller that tells. */
export function retireGrant(grantId: string, overrides: RawRecord = {}): RawRecord {
  return record('RetireGrant', {
    userIdentity: service('AWS Internal'),
    requestParameters: null,
    responseElements: { keyId: KEY },
    additionalEventData: { grantId },
    ...overrides,
  });
}

/** RevokeGrant by a user. */
export function revokeGrant(grantId: string, by: string, overrides: RawRecord = {}): RawRecord {
  return record('RevokeGrant', {
    userIdentity: user(by),
    requestParameters: { keyId: KEY, grantId },
    ...overrides,
  });
}

/** Decrypt of a volume, by Fargate itself; no `keyId`, as nearly every real one. */
export function decrypt(encryptionContext: Record<string, string>, overrides: RawRecord = {}): RawRecord {
  return record('Decrypt', {
    userIdentity: service('fargate.amazonaws.com'),
    requestParameters: { encryptionContext, encryptionAlgorithm: 'SYMMETRIC_DEFAULT' },
    readOnly: true,
    ...overrides,
  });
}

/** An EventBridge event around a record. */
export function eventBridge(detail: unknown, overrides: RawRecord = {}): RawRecord {
  return {
    version: '0',
    id: eventId(JSON.stringify(detail) ?? ''),
    'detail-type': 'AWS API Call via CloudTrail',
    source: 'aws.kms',
    account: ACCOUNT,
    time: instant(0),
    region: REGION,
    resources: [],
    detail,
    ...overrides,
  };
}

/** What a generated record is meant to say: all that the model knows of it. */
export type Meaning =
  | { readonly is: 'rehearsal'; readonly cluster: ClusterName }
  | { readonly is: 'use'; readonly purpose: Purpose; readonly decrypt: boolean }
  | {
      readonly is: 'grant';
      readonly grantId: string;
      readonly purpose: Purpose;
      readonly expected: boolean;
      readonly delegating: boolean;
      readonly constrained: boolean;
    }
  | { readonly is: 'ending'; readonly grantId: string; readonly how: 'retired' | 'revoked' }
  | { readonly is: 'refusal'; readonly purpose: Purpose; readonly reason: Reason; readonly launch: boolean }
  | { readonly is: 'key-change'; readonly change: Change }
  | { readonly is: 'out-of-scope' }
  | { readonly is: 'rejected' };

/** What a call was made for, and whether its word counts. */
export type Purpose =
  | { readonly of: 'volume'; readonly cluster: ClusterName; readonly volumeId: string }
  | { readonly of: 'cluster'; readonly cluster: ClusterName }
  | { readonly of: 'forgery'; readonly resource?: ResourceName }
  | { readonly of: 'hearsay' }
  | { readonly of: 'resource'; readonly resource: ResourceName; readonly trusted?: true }
  | { readonly of: 'nothing'; readonly trusted?: true };

/** A resource by kind and id. */
export interface ResourceName {
  readonly kind: string;
  readonly id: string;
}

export type Reason = 'disabled' | 'pending-deletion' | 'unusable' | 'denied' | 'wrong-context' | 'throttled';
export type Change = 'enabled' | 'disabled' | 'deletion-scheduled' | 'deletion-cancelled' | 'deleted';

/** One generated record and what it is meant to say. */
export interface FleetEvent {
  readonly record: unknown;
  readonly eventId: string;
  /** Seconds after the fleet's first instant. */
  readonly second: number;
  readonly operation: string;
  readonly caller: string;
  /** The key the record names, if it does. */
  readonly key?: string;
  readonly meaning: Meaning;
}

/** A record on its way to becoming an event: everything but its place in time and its id. */
interface Draft {
  readonly second: number;
  readonly caller: string;
  readonly key?: string;
  readonly meaning: Meaning;
  readonly record: RawRecord;
}

const draft = (second: number, caller: string, key: string, meaning: Meaning, raw: RawRecord): Draft => ({
  second,
  caller,
  key,
  meaning,
  record: { ...raw, resources: [{ accountId: 'AWS Internal', type: 'AWS::KMS::Key', ARN: key }] },
});

const CLUSTERS: readonly ClusterName[] = [PROD, { account: ACCOUNT, name: 'staging' }, { account: OTHER_ACCOUNT, name: 'prod' }];
const VOLUMES = ['vol-0000000000000000a', 'vol-0000000000000000b', 'snap-0000000000000000c'] as const;

/** Ties and near ties mostly, so that everything happens around everything else; now and then after the reminder's time. */
const second = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 12 }) },
  { weight: 1, arbitrary: fc.integer({ min: 4000, max: 4004 }) },
);
const key = fc.constantFrom(...KEYS);
const cluster = fc.constantFrom(...CLUSTERS);
const volume = fc.constantFrom(...VOLUMES);
const person = fc.constantFrom('operator', 'auditor');

/** The two shapes in which a Decrypt through a grant may come; public records show neither, domain.md documents both. */
const decrypter = fc.constantFrom(
  { identity: service('fargate.amazonaws.com'), id: 'fargate.amazonaws.com' },
  { identity: infrastructureSession(), id: INFRASTRUCTURE_ROLE },
);

/** A volume's grant: made, perhaps twice under one name, and ended, perhaps twice. Any of it may be missing. */
const grantLife = fc.record({
  creations: fc.array(second, { maxLength: 2 }),
  retirements: fc.array(second, { maxLength: 1 }),
  revocations: fc.array(fc.record({ second, person }), { maxLength: 2 }),
  grantee: fc.constantFrom('expected' as const, 'expected' as const, 'stranger' as const, 'delegate' as const),
});

/** One task's life under one key: domain.md section 1, any piece of it missing; a re-attached volume has a second grant. */
const taskLife: fc.Arbitrary<Draft[]> = fc
  .record({
    key,
    cluster,
    volumeId: volume,
    decrypter,
    rehearsals: fc.array(second, { maxLength: 2 }),
    dataKeys: fc.array(second, { maxLength: 1 }),
    grants: fc.array(grantLife, { minLength: 1, maxLength: 2, size: 'max' }),
    decrypts: fc.array(second, { maxLength: 3 }),
  })
  .map((life) => {
    const { cluster: ofCluster, volumeId, key: arn } = life;
    const purpose: Purpose = { of: 'volume', cluster: ofCluster, volumeId };
    const context = ecsContext(ofCluster, volumeId);
    const rehearsal = {
      userIdentity: service('fargate.amazonaws.com'),
      errorCode: 'DryRunOperationException',
      errorMessage: 'The request would have succeeded, but the DryRun option is set.',
      requestParameters: { keyId: arn, dryRun: true, numberOfBytes: 64, encryptionContext: ecsContext(ofCluster) },
    };
    const dataKey = { requestParameters: { keyId: arn, numberOfBytes: 64, encryptionContext: context } };
    return [
      ...life.rehearsals.map((at) => {
        const meaning: Meaning = { is: 'rehearsal', cluster: ofCluster };
        return draft(at, 'fargate.amazonaws.com', arn, meaning, record('GenerateDataKeyWithoutPlaintext', rehearsal));
      }),
      ...life.dataKeys.map((at) => {
        const meaning: Meaning = { is: 'use', purpose, decrypt: false };
        return draft(at, 'ec2-frontend-api.amazonaws.com', arn, meaning, record('GenerateDataKeyWithoutPlaintext', dataKey));
      }),
      ...life.grants.flatMap((grant, index) => grantDrafts(grant, arn, ofCluster, volumeId, index)),
      ...life.decrypts.map((at) => {
        const meaning: Meaning = { is: 'use', purpose, decrypt: true };
        return draft(at, life.decrypter.id, arn, meaning, decrypt(context, { userIdentity: life.decrypter.identity }));
      }),
    ];
  });

type GrantLife = typeof grantLife extends fc.Arbitrary<infer T> ? T : never;

function grantDrafts(life: GrantLife, arn: string, ofCluster: ClusterName, volumeId: string, index: number): Draft[] {
  // A grant id belongs to one volume and one request: otherwise two lives would tell two stories of one grant.
  const grantId = `grant-${index}-${ofCluster.account}-${ofCluster.name}-${volumeId}-${life.grantee}`;
  const parameters = {
    keyId: arn,
    constraints: { encryptionContextSubset: ecsContext(ofCluster, volumeId) },
    ...(life.grantee === 'expected' ? {} : { granteePrincipal: `arn:aws:iam::${OTHER_ACCOUNT}:role/reader` }),
    ...(life.grantee === 'delegate' ? { operations: ['Decrypt', 'CreateGrant'] } : {}),
  };
  const created: Meaning = {
    is: 'grant',
    grantId,
    purpose: { of: 'volume', cluster: ofCluster, volumeId },
    expected: life.grantee === 'expected',
    delegating: life.grantee === 'delegate',
    constrained: true,
  };
  const creation = createGrant(grantId, parameters, { responseElements: { grantId, keyId: arn } });
  const retirement = retireGrant(grantId, { responseElements: { keyId: arn } });
  return [
    ...life.creations.map((at) => draft(at, 'ec2-frontend-api.amazonaws.com', arn, created, creation)),
    ...life.retirements.map((at) => draft(at, 'AWS Internal', arn, { is: 'ending', grantId, how: 'retired' }, retirement)),
    ...life.revocations.map(({ second: at, person: name }) => {
      const raw = revokeGrant(grantId, name, { requestParameters: { keyId: arn, grantId } });
      return draft(at, userArn(name), arn, { is: 'ending', grantId, how: 'revoked' }, raw);
    }),
  ];
}

const WITH_RESOURCE: readonly {
  readonly context: Record<string, string>;
  readonly by: RawRecord;
  readonly id: string;
  readonly purpose: Purpose;
}[] = [
  {
    context: { SecretARN: `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:db-AbCdEf`, SecretVersionId: 'v1' },
    by: user('operator', 'secretsmanager.amazonaws.com'),
    id: userArn('operator'),
    purpose: { of: 'resource', resource: { kind: 'secret', id: `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:db-AbCdEf` } },
  },
  {
    context: { 'aws:logs:arn': `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:/ecs/web:log-stream:one` },
    by: service(`logs.${REGION}.amazonaws.com`),
    id: `logs.${REGION}.amazonaws.com`,
    purpose: { of: 'resource', resource: { kind: 'log-group', id: `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:/ecs/web` } },
  },
  {
    context: { 'aws:ebs:id': 'vol-0000000000000000e' },
    by: service('ec2-frontend-api.amazonaws.com'),
    id: 'ec2-frontend-api.amazonaws.com',
    purpose: { of: 'resource', resource: { kind: 'ebs-volume', id: 'vol-0000000000000000e' }, trusted: true },
  },
  {
    context: { 'aws:s3:arn': 'arn:aws:s3:::bucket/object' },
    by: user('auditor', 'AWS Internal'),
    id: userArn('auditor'),
    purpose: { of: 'resource', resource: { kind: 'bucket', id: 'arn:aws:s3:::bucket' } },
  },
  { context: {}, by: user('auditor'), id: userArn('auditor'), purpose: { of: 'nothing' } },
  // A service's refusal may lack the context.
  {
    context: {},
    by: service('ec2-frontend-api.amazonaws.com'),
    id: 'ec2-frontend-api.amazonaws.com',
    purpose: { of: 'nothing', trusted: true },
  },
  // Written by the caller himself.
  {
    context: ecsContext(PROD, VOLUMES[0]),
    by: user('operator'),
    id: userArn('operator'),
    purpose: { of: 'forgery' },
  },
  { context: ecsContext(PROD), by: user('auditor'), id: userArn('auditor'), purpose: { of: 'forgery' } },
  // Added to a call of S3's: the bucket gives it away, whoever calls.
  {
    context: { ...ecsContext(PROD, VOLUMES[0]), 'aws:s3:arn': 'arn:aws:s3:::bucket' },
    by: service('ec2-frontend-api.amazonaws.com'),
    id: 'ec2-frontend-api.amazonaws.com',
    purpose: { of: 'forgery', resource: { kind: 'bucket', id: 'arn:aws:s3:::bucket' } },
  },
  // Passed on by a service that we cannot judge.
  {
    context: ecsContext(PROD, VOLUMES[1]),
    by: user('operator', 'AWS Internal'),
    id: userArn('operator'),
    purpose: { of: 'hearsay' },
  },
  {
    context: ecsContext(PROD),
    by: service('example.amazonaws.com'),
    id: 'example.amazonaws.com',
    purpose: { of: 'hearsay' },
  },
];

/** A Decrypt outside any task's life: other resources, forged and unverified contexts. */
const otherUse: fc.Arbitrary<Draft[]> = fc
  .record({ at: second, key, one: fc.constantFrom(...WITH_RESOURCE) })
  .map(({ at, key: arn, one }) => [
    draft(at, one.id, arn, { is: 'use', purpose: one.purpose, decrypt: true }, decrypt(one.context, { userIdentity: one.by })),
  ]);

/** A grant made by a person, bound to a context or to nothing. */
const otherGrant: fc.Arbitrary<Draft[]> = fc
  .record({
    at: second,
    key,
    person,
    grantId: fc.constantFrom('grant-8', 'grant-9'),
    delegating: fc.boolean(),
    bound: fc.constantFrom('not' as const, 'ebs' as const, 'ecs' as const),
    ended: fc.option(fc.record({ second, how: fc.constantFrom('retired' as const, 'revoked' as const) }), { nil: undefined }),
  })
  .map(({ at, key: arn, person: name, grantId: raw, delegating, bound, ended }) => {
    const grantId = `${raw}-${name}-${bound}-${delegating}`;
    const resource = { kind: 'ebs-volume', id: VOLUMES[0] };
    const purpose: Purpose = bound === 'not' ? { of: 'nothing' } : bound === 'ebs' ? { of: 'resource', resource } : { of: 'forgery' };
    const context = bound === 'ecs' ? ecsContext(PROD, VOLUMES[0]) : { 'aws:ebs:id': VOLUMES[0] };
    const creation = createGrant(
      grantId,
      {
        keyId: arn,
        granteePrincipal: `arn:aws:iam::${OTHER_ACCOUNT}:role/reader`,
        retiringPrincipal: undefined,
        operations: delegating ? ['CreateGrant', 'Decrypt'] : ['Decrypt'],
        constraints: bound === 'not' ? null : { encryptionContextEquals: context },
      },
      { userIdentity: user(name), responseElements: { grantId, keyId: arn } },
    );
    const ending =
      ended?.how === 'retired'
        ? retireGrant(grantId, { userIdentity: user(name) })
        : revokeGrant(grantId, name, { requestParameters: { keyId: arn, grantId } });
    return [
      draft(at, userArn(name), arn, { is: 'grant', grantId, purpose, expected: false, delegating, constrained: bound !== 'not' }, creation),
      ...(ended === undefined ? [] : [draft(ended.second, userArn(name), arn, { is: 'ending', grantId, how: ended.how }, ending)]),
    ];
  });

const REFUSALS: readonly { readonly reason: Reason; readonly code?: string; readonly message: (arn: string) => string | undefined }[] = [
  { reason: 'disabled', code: 'DisabledException', message: (arn) => `${arn} is disabled.` },
  { reason: 'disabled', code: 'KMSInvalidStateException', message: (arn) => `${arn} is disabled.` },
  { reason: 'disabled', message: (arn) => `${arn} is disabled.` },
  { reason: 'pending-deletion', code: 'KMSInvalidStateException', message: (arn) => `${arn} is pending deletion.` },
  {
    reason: 'pending-deletion',
    code: 'DisabledException',
    message: (arn) => `${arn} is pending deletion (or pending replica deletion).`,
  },
  { reason: 'unusable', code: 'KMSInvalidStateException', message: (arn) => `${arn} is pending import.` },
  { reason: 'unusable', code: 'KeyUnavailableException', message: () => undefined },
  { reason: 'unusable', code: 'NotFoundException', message: (arn) => `Key '${arn}' does not exist` },
  {
    reason: 'denied',
    code: 'AccessDenied',
    message: (arn) => `User: someone is not authorized to perform: kms:CreateGrant on resource: ${arn} because no policy allows it`,
  },
  { reason: 'wrong-context', code: 'InvalidCiphertextException', message: () => undefined },
  { reason: 'throttled', code: 'ThrottlingException', message: () => 'Rate exceeded' },
];

/** A call that KMS refused, real or rehearsed, by a service for a cluster or by anybody else. */
const refusal: fc.Arbitrary<Draft[]> = fc
  .record({
    at: second,
    key,
    refusal: fc.constantFrom(...REFUSALS),
    operation: fc.constantFrom('Decrypt', 'CreateGrant', 'GenerateDataKeyWithoutPlaintext'),
    dryRun: fc.boolean(),
    cluster,
    volumeId: volume,
    other: fc.option(fc.constantFrom(...WITH_RESOURCE), { nil: undefined }),
    withVolume: fc.boolean(),
    inMessageOnly: fc.boolean(),
  })
  .map(({ at, key: arn, refusal: why, operation, dryRun, cluster: ofCluster, volumeId, other, withVolume, inMessageOnly }) => {
    const context = other?.context ?? ecsContext(ofCluster, withVolume ? volumeId : undefined);
    const purpose: Purpose =
      other?.purpose ?? (withVolume ? { of: 'volume', cluster: ofCluster, volumeId } : { of: 'cluster', cluster: ofCluster });
    const message = why.message(arn);
    const raw = record(operation, {
      userIdentity: other?.by ?? service('ec2-frontend-api.amazonaws.com'),
      errorCode: why.code,
      errorMessage: message,
      requestParameters: {
        ...(dryRun ? { dryRun: true } : {}),
        ...(operation === 'CreateGrant' ? { constraints: { encryptionContextSubset: context } } : { encryptionContext: context }),
      },
      responseElements: null,
    });
    const one = draft(
      at,
      other?.id ?? 'ec2-frontend-api.amazonaws.com',
      arn,
      { is: 'refusal', purpose, reason: why.reason, launch: operation !== 'Decrypt' },
      raw,
    );
    return [inMessageOnly && message?.includes(arn) ? { ...one, record: { ...one.record, resources: undefined } } : one];
  });

const CHANGES: Readonly<Record<Change, string>> = {
  enabled: 'EnableKey',
  disabled: 'DisableKey',
  'deletion-scheduled': 'ScheduleKeyDeletion',
  'deletion-cancelled': 'CancelKeyDeletion',
  deleted: 'DeleteKey',
};

/** Somebody changes a key. Deletion comes last, as it does in AWS. */
const keyChange: fc.Arbitrary<Draft[]> = fc
  .record({ at: second, key, person, change: fc.constantFrom(...(Object.keys(CHANGES) as Change[])) })
  .map(({ at, key: arn, person: name, change }) => [
    draft(
      change === 'deleted' ? 9000 : at,
      userArn(name),
      arn,
      { is: 'key-change', change },
      record(CHANGES[change], { userIdentity: user(name), requestParameters: { keyId: arn } }),
    ),
  ]);

/** Records that are none of the audit's business, or none at all. */
const noise: fc.Arbitrary<Draft[]> = fc
  .record({
    at: second,
    kind: fc.constantFrom('describe' as const, 's3' as const, 'no-id' as const, 'no-time' as const, 'no-name' as const),
  })
  .map(({ at, kind }) => {
    const rejected = kind !== 'describe' && kind !== 's3';
    const raw = {
      describe: record('DescribeKey', { userIdentity: user('operator') }),
      s3: record('GetObject', { eventSource: 's3.amazonaws.com' }),
      'no-id': record('Decrypt', { eventID: null }),
      'no-time': record('Decrypt', { eventTime: 'yesterday' }),
      'no-name': record('', {}),
    }[kind];
    return [{ second: at, caller: '', meaning: { is: rejected ? 'rejected' : 'out-of-scope' }, record: raw }];
  });

/** The parts of a fleet's history other than its tasks. */
const incident = fc.oneof(refusal, otherGrant, otherUse, keyChange, noise);

/**
 * The history of a small fleet as records, each with what it is meant to say. Every event has an id of its own; ids
 * do not follow time, so that ties fall either way.
 */
export function fleets(tasks = 2, incidents = 5): fc.Arbitrary<FleetEvent[]> {
  return fc
    .record({
      tasks: fc.array(taskLife, { maxLength: tasks }),
      incidents: fc.array(incident, { maxLength: incidents }),
      salt: fc.nat(9999),
    })
    .map(({ tasks: lives, incidents: others, salt }) => [...lives, ...others].flat().map((one, index) => asEvent(one, `${salt}/${index}`)));
}

function asEvent({ second: at, caller, key: arn, meaning, record: raw }: Draft, seed: string): FleetEvent {
  const id = eventId(seed);
  const damaged = meaning.is === 'rejected';
  const whole: RawRecord = { ...raw, ...(damaged ? {} : { eventTime: instant(at), eventID: id }) };
  return {
    // Through JSON, as records come: nothing is shared, nothing is undefined.
    record: JSON.parse(JSON.stringify(whole)),
    eventId: id,
    second: at,
    operation: String(raw.eventName),
    caller,
    ...(arn === undefined ? {} : { key: arn }),
    meaning,
  };
}

/** Events in the order in which they happened; within a second, by id, as ledger.md orders them. */
export function inOrder(events: readonly FleetEvent[]): FleetEvent[] {
  return [...events].sort((a, b) => a.second - b.second || (a.eventId < b.eventId ? -1 : 1));
}

/** A delivery: some envelope around some records. */
export type Delivery = unknown;

const WRAPPERS: readonly ((records: readonly unknown[]) => Delivery[])[] = [
  (records) => [...records],
  (records) => records.map((one) => eventBridge(one)),
  (records) => [[...records]],
  (records) => [{ Records: [...records] }],
  (records) => [records.map((one) => eventBridge(one))],
  (records) => [
    {
      Records: records.map((one, index) => ({
        messageId: `message-${index}`,
        eventSource: 'aws:sqs',
        body: JSON.stringify({ requestContext: { condition: 'RetriesExhausted' }, requestPayload: eventBridge(one) }),
      })),
    },
  ],
  (records) => [{ Events: records.map((one) => ({ EventId: 'e', EventName: 'n', CloudTrailEvent: JSON.stringify(one) })) }],
  (records) => records.map((one) => ({ Type: 'Notification', MessageId: 'm', Message: JSON.stringify(eventBridge(one)) })),
  (records) => [{ messageType: 'DATA_MESSAGE', logEvents: records.map((one) => ({ id: '1', message: JSON.stringify(one) })) }],
];

/** Any order, any repetition, any envelopes: every event at least once. */
export function deliveriesOf(events: readonly FleetEvent[]): fc.Arbitrary<Delivery[]> {
  if (events.length === 0) return fc.constant([]);
  const repeated = fc.array(fc.constantFrom(...events), { maxLength: 4 });
  return repeated
    .chain((again) => {
      const all = [...events, ...again];
      return fc.tuple(
        fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.nat(WRAPPERS.length - 1)), { minLength: 1, maxLength: 6 }),
      );
    })
    .map(([order, plan]) => {
      const deliveries: Delivery[] = [];
      for (let from = 0, step = 0; from < order.length; step += 1) {
        const [size, wrapper] = plan[step % plan.length] ?? [1, 0];
        const chunk = order.slice(from, from + size).map((event) => event.record);
        deliveries.push(...(WRAPPERS[wrapper]?.(chunk) ?? chunk));
        from += size;
      }
      return deliveries;
    });
}
