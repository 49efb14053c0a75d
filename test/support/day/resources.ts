import { APPLICATION_KEY, ecsContext } from './fargate.ts';
import type { Random } from './random.ts';
import {
  ACCOUNT,
  call,
  type Draft,
  decrypt,
  denied,
  generateDataKey,
  instant,
  keyArn,
  kms,
  type Origin,
  otherAccount,
  REGION,
  role,
  service,
  serviceEvent,
  user,
} from './records.ts';

export const BUCKET_KEY = keyArn('buckets');
const SIGNING_KEY = keyArn('signing');

interface Use {
  readonly by: readonly [Origin, ...Origin[]];
  readonly key: string;
  readonly context: (random: Random) => Readonly<Record<string, string>>;
  /** How often in a day. */
  readonly times: number;
}

const arn = (of: string, name: string): string => `arn:aws:${of}:${REGION}:${ACCOUNT}:${name}`;
const always = (context: Readonly<Record<string, string>>) => (): Readonly<Record<string, string>> => context;

/** What uses keys all day, each service in its own words: domain.md, section 4. */
const USES: readonly Use[] = [
  {
    by: [
      role('media-import', 'worker-3', 'AWS Internal'),
      role('report-writer', 'hourly', 's3.amazonaws.com'),
      user('auditor', 'AWS Internal'),
      service('logging.s3.amazonaws.com'),
      otherAccount('AWS Internal'),
    ],
    key: BUCKET_KEY,
    context: (random) => ({
      'aws:s3:arn': `arn:aws:s3:::example-media-originals${random.chance(0.5) ? `/uploads/clip-${random.int(1, 9_999)}` : ''}`,
    }),
    times: 1_500,
  },
  {
    by: [service(`logs.${REGION}.amazonaws.com`)],
    key: APPLICATION_KEY,
    context: (random) => ({ 'aws:logs:arn': arn('logs', `log-group:/ecs/${random.pick(['orders-web', 'mail-worker', 'search-web'])}`) }),
    times: 700,
  },
  {
    by: [service('elasticfilesystem.amazonaws.com')],
    key: BUCKET_KEY,
    context: always({ 'aws:elasticfilesystem:filesystem:id': 'fs-0e328593fba02a778' }),
    times: 150,
  },
  {
    by: [role('orders-task', 'queue-reader', 'sqs.amazonaws.com'), service('sqs.amazonaws.com')],
    key: APPLICATION_KEY,
    context: always({ 'aws:sqs:arn': arn('sqs', 'orders-incoming') }),
    times: 400,
  },
  {
    by: [role('orders-task', 'publisher', 'sns.amazonaws.com'), service('sns.amazonaws.com')],
    key: APPLICATION_KEY,
    context: always({ 'aws:sns:topicArn': arn('sns', 'orders-shipped') }),
    times: 250,
  },
  {
    by: [role('orders-task', 'carts', 'dynamodb.amazonaws.com')],
    key: BUCKET_KEY,
    context: always({ 'aws:dynamodb:tableName': 'carts', 'aws:dynamodb:subscriberId': ACCOUNT }),
    times: 300,
  },
  {
    by: [role('resize-images-execution', 'resize-images', 'lambda.amazonaws.com')],
    key: APPLICATION_KEY,
    context: always({ 'aws:lambda:FunctionArn': arn('lambda', 'function:resize-images') }),
    times: 120,
  },
  {
    by: [role('model-builder', 'session-2', 'bedrock.amazonaws.com')],
    key: BUCKET_KEY,
    context: always({ 'aws:bedrock:arn': arn('bedrock', 'custom-model/example-model') }),
    times: 30,
  },
  {
    by: [user('operator')],
    key: APPLICATION_KEY,
    context: (random) => ({
      'aws:ssm:SessionId': `operator-0${random.hex(16)}`,
      'aws:ssm:TargetId': `ecs:orders_${random.hex(32)}_${random.hex(32)}-1`,
    }),
    times: 6,
  },
  { by: [role('orders-task', 'envelope')], key: APPLICATION_KEY, context: always({ purpose: 'cart-token' }), times: 200 },
  // ECS volumes that are attached to tasks carry the volume alone; a service that passes an ECS context on is not believed.
  {
    by: [service('backup.amazonaws.com')],
    key: BUCKET_KEY,
    context: (random) => ecsContext('reports', `vol-0${random.hex(16)}`),
    times: 3,
  },
];

/** A day's uses of keys by what is no volume of a task. */
export function resourceUses(random: Random): Draft[] {
  return USES.flatMap(({ by, key, context, times }) =>
    Array.from({ length: times }, () => {
      const make = random.chance(0.6) ? decrypt : generateDataKey;
      return make(random, random.int(0, 86_399), random.pick(by), key, context(random));
    }),
  );
}

/** What a role that may not do it tries, wittingly or not. */
const ATTEMPTS = [
  'Decrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'CreateGrant',
  'RevokeGrant',
  'DescribeKey',
  'DisableKey',
  'ScheduleKeyDeletion',
  'PutKeyPolicy',
] as const;

/** Calls that fail or only try, for reasons that are nobody's alarm, and cryptography that uses no data key. */
export function mishaps(random: Random): Draft[] {
  const at = (): number => random.int(0, 86_399);
  const builder = role('build-agent', 'run-2207');
  const session = `arn:aws:sts::${ACCOUNT}:assumed-role/build-agent/run-2207`;
  const refusals = Array.from({ length: 12 }, () => [
    denied(random, at(), random.pick(ATTEMPTS), builder, session, BUCKET_KEY, 'identity-based'),
    kms(random, at(), 'Decrypt', role('thumbnail-task', 'session'), APPLICATION_KEY, {
      errorCode: random.pick(['InvalidCiphertextException', 'IncorrectKeyException']),
      requestParameters: { encryptionAlgorithm: 'SYMMETRIC_DEFAULT', encryptionContext: { purpose: 'thumbnail-cache' } },
    }),
    kms(random, at(), random.pick(['Decrypt', 'GenerateDataKey']), role('orders-task', 'envelope'), APPLICATION_KEY, {
      errorCode: 'ThrottlingException',
      errorMessage: 'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.',
    }),
  ]).flat();
  const attempts = Array.from({ length: 4 }, () => [
    call(random, at(), 'kms', 'Encrypt', builder, {
      errorCode: 'NotFoundException',
      errorMessage: `Alias arn:aws:kms:${REGION}:${ACCOUNT}:alias/retired-builds is not found.`,
    }),
    kms(random, at(), 'GenerateDataKey', user('deployer'), APPLICATION_KEY, {
      errorCode: 'DryRunOperationException',
      errorMessage: 'The request would have succeeded, but the DryRun option is set.',
      requestParameters: { keyId: 'alias/application', keySpec: 'AES_256', dryRun: true },
    }),
    call(random, at(), 'kms', 'Decrypt', builder, {
      errorCode: 'VpceAccessDenied',
      errorMessage: 'The request was denied due to a VPC endpoint policy',
      eventType: 'AwsVpceEvent',
      eventCategory: 'NetworkActivity',
      vpcEndpointId: 'vpce-0a1b2c3d4e5f60718',
      managementEvent: false,
    }),
    kms(random, at(), 'Sign', role('release-signer', 'release-9'), SIGNING_KEY, {
      requestParameters: { keyId: 'alias/release-signing', messageType: 'DIGEST', signingAlgorithm: 'ECDSA_SHA_256' },
    }),
    kms(random, at(), 'Verify', role('release-signer', 'release-9'), SIGNING_KEY, {
      requestParameters: { keyId: SIGNING_KEY, messageType: 'DIGEST', signingAlgorithm: 'ECDSA_SHA_256' },
    }),
    kms(random, at(), 'RevokeGrant', user('operator'), BUCKET_KEY, {
      errorCode: 'DryRunOperationException',
      errorMessage: 'The request would have succeeded, but the DryRun option is set.',
      requestParameters: { keyId: BUCKET_KEY, grantId: random.hex(64), dryRun: true },
    }),
    call(random, at(), 'kms', 'RetireGrant', service('AWS Internal'), {
      errorCode: 'NotFoundException',
      errorMessage: `Grant ${random.hex(64)} is not found.`,
    }),
    call(random, at(), 'kms', 'DescribeKey', builder, {
      errorCode: 'NotFoundException',
      errorMessage: `Key '${keyArn('never made')}' does not exist`,
    }),
    call(random, at(), 'kms', 'GenerateRandom', user('deployer'), { requestParameters: { numberOfBytes: 32 }, resources: [] }),
  ]).flat();
  return [...refusals, ...attempts, ...lateCopy(random), ...multiRegion(random)];
}

/** A multi-Region key at work and kept alike everywhere; Fargate takes none such, others do. */
function multiRegion(random: Random): Draft[] {
  const key = `arn:aws:kms:${REGION}:${ACCOUNT}:key/mrk-7d6f0c1e5b2a4f3e9a8b7c6d5e4f3a2b`;
  const by = role('report-writer', 'hourly', 's3.amazonaws.com');
  const context = { 'aws:s3:arn': 'arn:aws:s3:::example-reports-everywhere' };
  return [
    ...Array.from({ length: 12 }, (_, hour) => decrypt(random, hour * 7_000, by, key, context)),
    kms(random, 20_000, 'SynchronizeMultiRegionKey', serviceEvent, key, {
      eventType: 'AwsServiceEvent',
      serviceEventDetails: { keyId: key },
    }),
  ];
}

/** A record and CloudTrail's later, corrected copy of it. */
function lateCopy(random: Random): Draft[] {
  const by = role('orders-task', 'carts', 'dynamodb.amazonaws.com');
  const context = { 'aws:dynamodb:tableName': 'carts', 'aws:dynamodb:subscriberId': ACCOUNT };
  const addendum = {
    reason: 'UPDATED_DATA',
    updatedFields: 'eventVersion',
    originalRequestID: random.uuid(),
    originalEventID: random.uuid(),
    addendumTime: instant(40_000),
  };
  return [
    decrypt(random, 36_000, by, BUCKET_KEY, context, { eventID: addendum.originalEventID, requestID: addendum.originalRequestID }),
    decrypt(random, 36_000, by, BUCKET_KEY, context, { requestID: addendum.originalRequestID, addendum }),
  ];
}
