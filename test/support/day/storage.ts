import type { Random } from './random.ts';
import {
  ACCOUNT,
  createGrant,
  type Draft,
  decrypt,
  infrastructure,
  keyArn,
  kms,
  OTHER_ACCOUNT,
  REGION,
  retireGrant,
  revokeGrant,
  role,
  roleArn,
  service,
  user,
  volumeDataKey,
} from './records.ts';

export const INSTANCE_KEY = keyArn('instances');
export const DATABASE_KEY = keyArn('databases');

const EC2 = 'ec2-frontend-api.amazonaws.com';
const LINKED = `${roleArn('aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling')}`;
const EVERYTHING = [
  'Decrypt',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
  'CreateGrant',
  'RetireGrant',
  'DescribeKey',
];

/** Instances that people, Auto Scaling and EC2 itself start and end, each with an encrypted volume. */
export function instances(random: Random): Draft[] {
  return Array.from({ length: 220 }, () => instanceLife(random)).flat();
}

function instanceLife(random: Random): Draft[] {
  const start = random.int(0, 86_000);
  const instance = `i-0${random.hex(16)}`;
  const volume = { 'aws:ebs:id': `vol-0${random.hex(16)}` };
  const grantId = random.hex(64);
  const by = random.pick([
    role('instance-launcher', `fleet-${random.int(1, 9)}`, EC2),
    role('aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling', 'AutoScaling', EC2),
    user('operator', EC2),
    service(EC2),
  ]);
  const grantee = random.pick([
    `arn:aws:sts::${ACCOUNT}:assumed-role/aws:ec2-infrastructure/${instance}`,
    `${ACCOUNT}:aws:ec2-infrastructure:${instance}`,
  ]);
  const request = {
    granteePrincipal: grantee,
    ...(random.chance(0.9) ? { operations: ['Decrypt'] } : {}),
    constraints: { encryptionContextSubset: volume },
    name: `${volume['aws:ebs:id']}-${instance}`,
  };
  const drafts = [
    volumeDataKey(random, start, by, INSTANCE_KEY, volume),
    createGrant(random, start + 1, by, INSTANCE_KEY, grantId, request),
    // A grant asked for again by its name is the same grant: another record, the same answer.
    ...(random.chance(0.04) ? [createGrant(random, start + 2, by, INSTANCE_KEY, grantId, request)] : []),
    ...Array.from({ length: random.int(1, 3) }, (_, index) =>
      decrypt(random, start + 3 + index, infrastructure(instance), INSTANCE_KEY, volume),
    ),
  ];
  if (random.chance(0.7)) drafts.push(retireGrant(random, start + random.int(600, 40_000), INSTANCE_KEY, grantId));
  if (random.chance(0.15)) drafts.push(...snapshotOf(random, start + 300));
  return drafts;
}

/** A snapshot copied, and a volume made from it: two keys in one record. */
function snapshotOf(random: Random, second: number): Draft[] {
  const snapshot = { 'aws:ebs:id': `snap-0${random.hex(16)}` };
  const destinationEncryptionContext = { 'aws:ebs:id': `vol-0${random.hex(16)}` };
  const by = role('backup', 'nightly', EC2);
  return [
    decrypt(random, second, by, INSTANCE_KEY, snapshot),
    kms(random, second + 2, 'ReEncrypt', by, INSTANCE_KEY, {
      requestParameters: {
        sourceEncryptionContext: snapshot,
        sourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
        destinationEncryptionContext,
        destinationKeyId: DATABASE_KEY,
        destinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      },
      resources: [INSTANCE_KEY, DATABASE_KEY].map((ARN) => ({ accountId: ACCOUNT, type: 'AWS::KMS::Key', ARN })),
    }),
  ];
}

/** Grants that services and service-linked roles are given for databases, brokers, tables, images and models. */
export function serviceGrants(random: Random): Draft[] {
  const at = (): number => random.int(0, 85_000);
  const grant = (by: Parameters<typeof createGrant>[2], parameters: Parameters<typeof createGrant>[5], key = DATABASE_KEY): Draft =>
    createGrant(random, at(), by, key, random.hex(64), parameters);
  const many = (count: number, make: () => Draft[]): Draft[] => Array.from({ length: count }, make).flat();
  const drafts = [
    ...many(14, () => databaseLife(random, at())),
    ...many(4, () => [
      grant(role('broker-provision', 'stack-9', 'mq.amazonaws.com'), {
        granteePrincipal: 'mq.amazonaws.com',
        operations: ['Decrypt', 'CreateGrant', 'DescribeKey', 'GenerateDataKeyWithoutPlaintext', 'ReEncryptFrom', 'ReEncryptTo'],
        constraints: { encryptionContextSubset: { 'aws:ebs:id': `vol-0${random.hex(16)}` } },
        retiringPrincipal: 'mq.amazonaws.com',
      }),
    ]),
    ...many(6, () => [
      grant(role('table-provision', 'stack-4', 'dynamodb.amazonaws.com'), {
        granteePrincipal: `dynamodb.${REGION}.amazonaws.com`,
        operations: ['Encrypt', 'Decrypt', 'ReEncryptFrom', 'ReEncryptTo', 'GenerateDataKey', 'DescribeKey', 'RetireGrant', 'CreateGrant'],
        constraints: { encryptionContextSubset: { 'aws:dynamodb:tableName': 'carts', 'aws:dynamodb:subscriberId': ACCOUNT } },
        retiringPrincipal: `dynamodb.${REGION}.amazonaws.com`,
      }),
    ]),
    ...many(5, () => [
      grant(role('repository-provision', 'stack-2', 'AWS Internal'), {
        granteePrincipal: 'AWS Internal',
        operations: ['GenerateDataKey', 'Decrypt'],
        constraints: {
          encryptionContextSubset: {
            'aws:s3:arn': 'arn:aws:s3:::prod-us-west-2-starport-layer-bucket',
            'aws:ecr:arn': `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/orders-web`,
          },
        },
        retiringPrincipal: `ecr.${REGION}.amazonaws.com`,
      }),
    ]),
    ...many(6, () => [grant(role('function-deploy', 'release-19', 'lambda.amazonaws.com'), functionGrant('resize-images'))]),
    ...many(3, () => [
      grant(role('model-builder', 'session-2', 'bedrock.amazonaws.com'), {
        granteePrincipal: 'bedrock.amazonaws.com',
        operations: ['Decrypt', 'GenerateDataKey', 'DescribeKey', 'CreateGrant'],
        constraints: {
          encryptionContextSubset: {
            'aws:bedrock:arn': `arn:aws:bedrock:${REGION}:${ACCOUNT}:custom-model/example-model/${random.hex(9)}f`,
          },
        },
        retiringPrincipal: 'bedrock.amazonaws.com',
      }),
      grant(role('agent-builder', 'session-7', 'bedrock-agentcore.amazonaws.com'), {
        granteeServicePrincipal: 'bedrock-agentcore.amazonaws.com',
        operations: ['Decrypt', 'GenerateDataKey', 'DescribeKey'],
        constraints: { sourceArn: `arn:aws:bedrock-agentcore:${REGION}:${ACCOUNT}:memory/orders-${random.hex(10)}` },
        retiringServicePrincipal: 'bedrock-agentcore.amazonaws.com',
      }),
    ]),
    ...[role('platform-admin', 'session-60'), service('autoscaling.amazonaws.com')].map((by) =>
      grant(by, { granteePrincipal: LINKED, operations: EVERYTHING.filter((operation) => operation !== 'RetireGrant') }, INSTANCE_KEY),
    ),
    // A grant of long ago that nobody needs any more.
    revokeGrant(random, at(), role('platform-admin', 'session-61'), DATABASE_KEY, random.hex(64)),
  ];
  return drafts;
}

/** What Lambda asks for when a function with an encrypted environment is deployed. */
function functionGrant(name: string): Parameters<typeof createGrant>[5] {
  const execution = `arn:aws:sts::${ACCOUNT}:assumed-role/${name}-execution/${name}`;
  return {
    granteePrincipal: execution,
    operations: ['Decrypt', 'Encrypt', 'GenerateDataKey', 'DescribeKey', 'RetireGrant'],
    constraints: { encryptionContextEquals: { 'aws:lambda:FunctionArn': `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}` } },
    retiringPrincipal: execution,
  };
}

/** A database made: RDS is given the key, and hands it on to the hosts of its own account. */
function databaseLife(random: Random, second: number): Draft[] {
  const context = { 'aws:rds:db-id': `db-${random.letters(26)}` };
  const rds = `rds.${REGION}.amazonaws.com`;
  const instance = `i-0${random.hex(16)}`;
  const volume = { 'aws:ebs:id': `vol-0${random.hex(16)}` };
  const [own, host] = [random.hex(64), random.hex(64)];
  return [
    createGrant(random, second, role('database-provision', 'stack-5', 'rds.amazonaws.com'), DATABASE_KEY, own, {
      // Some of AWS's own records end in a space here.
      granteePrincipal: random.chance(0.3) ? `${rds} ` : rds,
      operations: EVERYTHING,
      constraints: { encryptionContextSubset: context },
      retiringPrincipal: rds,
    }),
    createGrant(random, second + 40, service('rds.amazonaws.com'), DATABASE_KEY, host, {
      granteePrincipal: `arn:aws:sts::${OTHER_ACCOUNT}:assumed-role/aws:ec2-infrastructure/${instance}`,
      operations: ['Decrypt'],
      constraints: { encryptionContextSubset: volume },
      retiringPrincipal: rds,
    }),
    decrypt(random, second + 45, service('rds.amazonaws.com'), DATABASE_KEY, context),
    retireGrant(random, second + random.int(100, 30_000), DATABASE_KEY, host),
  ];
}
