import type { Random } from './random.ts';
import {
  ACCOUNT,
  createGrant,
  DAY_SECONDS,
  type Draft,
  decrypt,
  denied,
  infrastructure,
  keyArn,
  kms,
  type Origin,
  type RawRecord,
  REGION,
  retireGrant,
  role,
  service,
  volumeDataKey,
} from './records.ts';
import { type Stop, taskState } from './task-state.ts';

/** A cluster and the key its tasks' storage is encrypted under. */
export interface Cluster {
  readonly name: string;
  readonly key: string;
}

const STORAGE_KEYS = [keyArn('storage one'), keyArn('storage two'), keyArn('storage three')] as const;

const cluster = (name: string, key: 0 | 1 | 2): Cluster => ({ name, key: STORAGE_KEYS[key] });

/** The clusters of the account. */
export const CLUSTERS = [
  cluster('orders', 0),
  cluster('payments', 0),
  cluster('sessions', 0),
  cluster('thumbnails', 0),
  cluster('search', 1),
  cluster('catalogue', 1),
  cluster('mail', 1),
  cluster('reports', 1),
  cluster('imports', 2),
  cluster('invoices', 2),
  cluster('edge-cache', 2),
  cluster('Batch_Jobs-2', 2),
] as const;

/** The key of a cluster's secrets, parameters and images. */
export const APPLICATION_KEY = keyArn('application');

/** The encryption context of Fargate's ephemeral storage. */
export const ecsContext = (name: string, volumeId?: string, account = ACCOUNT): Record<string, string> => ({
  'aws:ecs:clusterAccount': account,
  ...(volumeId === undefined ? {} : { 'aws:ebs:id': volumeId }),
  'aws:ecs:clusterName': name,
});

/** One Fargate task: where and when it ran. */
export interface Task {
  readonly cluster: Cluster;
  readonly family: string;
  readonly spot: boolean;
  /** Second of the day; below zero for a task of yesterday. */
  readonly start: number;
  /** Absent while it runs on into tomorrow. */
  readonly stop?: Stop;
}

const FARGATE = service('fargate.amazonaws.com');
const EC2 = service('ec2-frontend-api.amazonaws.com');
const REHEARSED = {
  errorCode: 'DryRunOperationException',
  errorMessage: 'The request would have succeeded, but the DryRun option is set.',
};
const GRANTED = { granteePrincipal: `fargate.${REGION}.amazonaws.com`, operations: ['Decrypt'] };

/** The two rehearsals before a task is placed, as KMS answers them. */
export function rehearsals(random: Random, second: number, { name, key }: Cluster, answer: RawRecord = REHEARSED): Draft[] {
  const encryptionContext = ecsContext(name);
  return [
    kms(random, second, 'GenerateDataKeyWithoutPlaintext', FARGATE, key, {
      ...answer,
      requestParameters: { keyId: key, dryRun: true, numberOfBytes: 64, encryptionContext },
    }),
    kms(random, second, 'CreateGrant', FARGATE, key, {
      ...answer,
      requestParameters: { keyId: key, dryRun: true, ...GRANTED, constraints: { encryptionContextSubset: encryptionContext } },
    }),
  ];
}

/** The grant under which a task's host opens its volume. */
export function storageGrant(random: Random, second: number, { name, key }: Cluster, volumeId: string, grantId: string): Draft {
  return createGrant(random, second, EC2, key, grantId, {
    ...GRANTED,
    constraints: { encryptionContextSubset: ecsContext(name, volumeId) },
    retiringPrincipal: `ec2.${REGION}.amazonaws.com`,
  });
}

/** A volume opened, in one of the two shapes the records come in. */
export function openVolume(random: Random, second: number, { name, key }: Cluster, volumeId: string): Draft {
  const by = random.chance(0.5) ? FARGATE : infrastructure(`i-0${random.hex(16)}`);
  return decrypt(random, second, by, key, ecsContext(name, volumeId));
}

/** Everything that one task's life leaves behind: KMS records, and the state changes that ECS tells of. */
export function lifeOf(random: Random, task: Task): Draft[] {
  const { cluster: of, start, stop } = task;
  const { name, key } = of;
  const volumeId = `vol-0${random.hex(16)}`;
  const grantId = random.hex(64);
  const taskId = random.hex(32);
  const drafts: Draft[] = [...rehearsals(random, start, of), ...throttled(random, start, of, volumeId)];
  drafts.push(
    volumeDataKey(random, start + 2, EC2, key, ecsContext(name, volumeId)),
    storageGrant(random, start + 2, of, volumeId, grantId),
  );
  drafts.push(openVolume(random, start + random.int(3, 6), of, volumeId));
  if (random.chance(0.4)) drafts.push(openVolume(random, start + random.int(6, 12), of, volumeId));
  const until = Math.min(stop?.second ?? DAY_SECONDS, DAY_SECONDS);
  if (random.chance(0.2)) drafts.push(openVolume(random, random.int(start + 12, Math.max(start + 12, until)), of, volumeId));
  drafts.push(...configuration(random, start + 8, task, taskId));
  drafts.push(taskState(random, start + 1, task, taskId, 'PROVISIONING'), taskState(random, start + 7, task, taskId, 'PENDING'));
  if (stop?.code !== 'TaskFailedToStart') drafts.push(taskState(random, start + 20, task, taskId, 'RUNNING'));
  if (stop !== undefined) {
    drafts.push(taskState(random, stop.second + random.int(15, 50), task, taskId, 'STOPPED'));
    drafts.push(retireGrant(random, stop.second + random.int(13, 60), key, grantId));
  }
  return drafts;
}

/** Now and then KMS is busy and the service comes back a moment later. */
function throttled(random: Random, start: number, { name, key }: Cluster, volumeId: string): Draft[] {
  if (!random.chance(0.01)) return [];
  const refused = { errorCode: 'ThrottlingException', errorMessage: 'Rate exceeded' };
  const real = kms(random, start + 1, 'GenerateDataKeyWithoutPlaintext', EC2, key, {
    ...refused,
    requestParameters: { keyId: key, numberOfBytes: 64, encryptionContext: ecsContext(name, volumeId) },
  });
  return [real, ...(random.chance(0.5) ? rehearsals(random, start, { name, key }, refused) : [])];
}

/** What a task reads before its containers start, by its execution role: secrets, parameters, image layers. */
function configuration(random: Random, second: number, { family }: Task, taskId: string): Draft[] {
  const by = (through: string): Origin => role('ecs-task-execution', taskId, through);
  const registry = `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/${family}`;
  const drafts: Draft[] = [];
  if (random.chance(0.4)) {
    const secret = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${family}/database-k3ZvPa`;
    const version = { SecretARN: secret, SecretVersionId: 'b2c5a0de-7a0e-4f5e-9a51-1b7f5a0c44e1' };
    drafts.push(decrypt(random, second, by('secretsmanager.amazonaws.com'), APPLICATION_KEY, version));
  }
  if (random.chance(0.2)) {
    const parameter = { PARAMETER_ARN: `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/${family}/feature-flags` };
    drafts.push(decrypt(random, second, by('ssm.amazonaws.com'), APPLICATION_KEY, parameter));
  }
  if (random.chance(0.3)) {
    const layer = { 'aws:s3:arn': 'arn:aws:s3:::prod-us-west-2-starport-layer-bucket', 'aws:ecr:arn': registry };
    drafts.push(decrypt(random, second, service(`ecr.${REGION}.amazonaws.com`), APPLICATION_KEY, layer));
  }
  if (random.chance(0.004)) {
    const session = `arn:aws:sts::${ACCOUNT}:assumed-role/ecs-task-execution/${taskId}`;
    drafts.push(denied(random, second, 'Decrypt', by('secretsmanager.amazonaws.com'), session, APPLICATION_KEY, 'identity-based'));
  }
  return drafts;
}

/** What is left of a task whose beginning was yesterday: an end to a grant that nobody saw made. */
export function endOf(random: Random, task: Task): Draft[] {
  const { cluster: of, stop } = task;
  if (stop === undefined) return [];
  const taskId = random.hex(32);
  return [
    taskState(random, stop.second + random.int(15, 50), task, taskId, 'STOPPED'),
    retireGrant(random, stop.second + random.int(13, 60), of.key, random.hex(64)),
  ];
}
