import type { Subject } from '../../../src/core/finding.ts';
import { clusterOf, SECOND_TRAIL, TRAIL } from './administration.ts';
import { APPLICATION_KEY, CLUSTERS, type Cluster, ecsContext, openVolume, rehearsals, storageGrant, type Task } from './fargate.ts';
import type { Random } from './random.ts';
import {
  ACCOUNT,
  call,
  createGrant,
  type Draft,
  decrypt,
  denied,
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
import { BUCKET_KEY } from './resources.ts';
import { DATABASE_KEY } from './storage.ts';
import { taskState } from './task-state.ts';

/** A finding that must be raised: its rule and everything that identifies it. */
export interface Expected {
  readonly rule: string;
  readonly subject: Subject;
}

/** One attack or fault, and exactly what it must raise. */
export interface Plant {
  readonly name: string;
  readonly drafts: readonly Draft[];
  readonly raises: readonly Expected[];
}

type Make = (random: Random) => Plant;

const LEGACY: Cluster = { name: 'legacy', key: keyArn('legacy') };
const DELETED_KEY = keyArn('to be deleted');
const IMPORTED_KEY = keyArn('material gone');
const DENIED_KEY = keyArn('policy without fargate');
const OWN_RULE = 'kms-audit-prod-GrantRule-1A2B3C4D5E6F';

const operator = user('operator');
const deployer = role('deployer', 'release-88');
const reader = (name: string): string => `arn:aws:iam::${OTHER_ACCOUNT}:role/${name}`;
const clusterSubject = ({ name }: Cluster): Subject => ({ clusterAccount: ACCOUNT, clusterName: name });

const disabled: Make = (random) => ({
  name: 'a key that a cluster needs is disabled',
  drafts: [kms(random, 36_000, 'DisableKey', operator, LEGACY.key, { requestParameters: { keyId: LEGACY.key } })],
  raises: [{ rule: 'key-made-unusable', subject: { keyArn: LEGACY.key } }],
});

const launchOnDisabled: Make = (random) => ({
  name: 'its tasks no longer start',
  drafts: [0, 60, 180].flatMap((wait) =>
    rehearsals(random, 36_200 + wait, LEGACY, { errorCode: 'DisabledException', errorMessage: `${LEGACY.key} is disabled.` }),
  ),
  raises: [
    { rule: 'disabled-key-use', subject: { keyArn: LEGACY.key, ...clusterSubject(LEGACY) } },
    { rule: 'launch-blocked', subject: { keyArn: LEGACY.key, ...clusterSubject(LEGACY) } },
  ],
});

const secretOnDisabled: Make = (random) => {
  const secret = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:legacy/database-Xy12Zq`;
  const by = role('ecs-task-execution', random.hex(32), 'secretsmanager.amazonaws.com');
  return {
    name: 'a secret under it cannot be read',
    drafts: [
      decrypt(
        random,
        36_900,
        by,
        LEGACY.key,
        { SecretARN: secret },
        { errorCode: 'DisabledException', errorMessage: `${LEGACY.key} is disabled.` },
      ),
    ],
    raises: [{ rule: 'disabled-key-use', subject: { keyArn: LEGACY.key, resource: secret } }],
  };
};

const pendingDeletion: Make = (random) => {
  const group = `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:/ecs/legacy`;
  return {
    name: 'a key that still encrypts logs is scheduled for deletion',
    drafts: [
      kms(random, 41_000, 'ScheduleKeyDeletion', operator, DELETED_KEY, {
        requestParameters: { keyId: DELETED_KEY, pendingWindowInDays: 7 },
        responseElements: {
          keyId: DELETED_KEY,
          keyState: 'PendingDeletion',
          pendingWindowInDays: 7,
          deletionDate: 'Nov 25, 2026, 11:23:20 AM',
        },
      }),
      kms(random, 41_400, 'GenerateDataKey', service(`logs.${REGION}.amazonaws.com`), DELETED_KEY, {
        errorCode: 'KMSInvalidStateException',
        errorMessage: `${DELETED_KEY} is pending deletion.`,
        requestParameters: { keyId: DELETED_KEY, keySpec: 'AES_256', encryptionContext: { 'aws:logs:arn': group } },
      }),
    ],
    raises: [
      { rule: 'key-made-unusable', subject: { keyArn: DELETED_KEY } },
      { rule: 'pending-deletion-key-use', subject: { keyArn: DELETED_KEY, resource: group } },
    ],
  };
};

const unusable: Make = (random) => ({
  name: 'a key’s imported material has run out',
  drafts: [
    decrypt(
      random,
      22_000,
      role('archive-reader', 'hourly', 'AWS Internal'),
      IMPORTED_KEY,
      { 'aws:s3:arn': 'arn:aws:s3:::example-import-archive/2026/11/batch-17' },
      { errorCode: 'KMSInvalidStateException', errorMessage: `${IMPORTED_KEY} is pending import.` },
    ),
  ],
  raises: [{ rule: 'unusable-key-use', subject: { keyArn: IMPORTED_KEY, resource: 'arn:aws:s3:::example-import-archive' } }],
});

const strangersGrant = (name: string, second: number, parameters: Readonly<Record<string, unknown>>, ...rules: readonly string[]): Make => {
  return (random) => {
    const grantId = random.hex(64);
    return {
      name,
      drafts: [createGrant(random, second, deployer, DATABASE_KEY, grantId, parameters)],
      raises: ['unexpected-grantee', ...rules].map((rule) => ({ rule, subject: { keyArn: DATABASE_KEY, grantId } })),
    };
  };
};

const BOUND = { constraints: { encryptionContextSubset: { 'aws:ebs:id': 'vol-0a1b2c3d4e5f60718' } } };

const foreignCluster: Make = (random) => ({
  name: 'a cluster of another account uses a key',
  drafts: [
    volumeDataKey(random, 52_000, service('ec2-frontend-api.amazonaws.com'), CLUSTERS[0].key, {
      ...ecsContext('shadow', `vol-0${random.hex(16)}`, OTHER_ACCOUNT),
    }),
  ],
  raises: [{ rule: 'foreign-cluster', subject: { keyArn: CLUSTERS[0].key, clusterAccount: OTHER_ACCOUNT, clusterName: 'shadow' } }],
});

const forged: Make = (random) => ({
  name: 'a user claims to be Fargate',
  drafts: [decrypt(random, 53_000, operator, CLUSTERS[1].key, ecsContext('payments', `vol-0${random.hex(16)}`))],
  raises: [{ rule: 'forged-context', subject: { keyArn: CLUSTERS[1].key, caller: `arn:aws:iam::${ACCOUNT}:user/operator` } }],
});

const forgedThroughS3: Make = (random) => ({
  name: 'a role has S3 pass an ECS context on',
  drafts: [
    decrypt(random, 54_000, role('media-import', 'worker-3', 'AWS Internal'), BUCKET_KEY, {
      'aws:s3:arn': 'arn:aws:s3:::example-media-originals/uploads/clip-1',
      ...ecsContext('orders', `vol-0${random.hex(16)}`),
    }),
  ],
  raises: [{ rule: 'forged-context', subject: { keyArn: BUCKET_KEY, caller: roleArn('media-import') } }],
});

const lateDecrypt: Make = (random) => {
  const cluster = CLUSTERS[4];
  const [volumeId, grantId] = [`vol-0${random.hex(16)}`, random.hex(64)];
  return {
    name: 'a volume is opened an hour after its task ended',
    drafts: [
      storageGrant(random, 30_000, cluster, volumeId, grantId),
      openVolume(random, 30_004, cluster, volumeId),
      retireGrant(random, 31_000, cluster.key, grantId),
      decrypt(random, 34_600, infrastructure(`i-0${random.hex(16)}`), cluster.key, ecsContext(cluster.name, volumeId)),
    ],
    raises: [{ rule: 'use-after-release', subject: { keyArn: cluster.key, ...clusterSubject(cluster), volumeId } }],
  };
};

const revoked: Make = (random) => {
  const cluster = CLUSTERS[5];
  const [volumeId, grantId] = [`vol-0${random.hex(16)}`, random.hex(64)];
  return {
    name: 'the grant of a running task is revoked',
    drafts: [
      storageGrant(random, 45_000, cluster, volumeId, grantId),
      openVolume(random, 45_003, cluster, volumeId),
      revokeGrant(random, 47_000, operator, cluster.key, grantId),
    ],
    raises: [{ rule: 'grant-revoked-in-use', subject: { keyArn: cluster.key, grantId } }],
  };
};

const policyChanged: Make = (random) => ({
  name: 'a key policy is replaced',
  drafts: [
    kms(random, 60_000, 'PutKeyPolicy', operator, APPLICATION_KEY, {
      requestParameters: {
        keyId: APPLICATION_KEY,
        policyName: 'default',
        policy: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}]}',
        bypassPolicyLockoutSafetyCheck: true,
      },
      responseElements: { keyId: APPLICATION_KEY },
    }),
  ],
  raises: [{ rule: 'key-policy-changed', subject: { keyArn: APPLICATION_KEY } }],
});

const launchDenied: Make = (random) => ({
  name: 'a key policy has no place for Fargate',
  drafts: [
    denied(
      random,
      61_000,
      'GenerateDataKeyWithoutPlaintext',
      service('fargate.amazonaws.com'),
      'fargate.amazonaws.com',
      DENIED_KEY,
      'resource-based',
    ),
  ],
  raises: [{ rule: 'launch-blocked', subject: { keyArn: DENIED_KEY } }],
});

const failedStart: Make = (random) => {
  const cluster: Cluster = { name: 'returns', key: keyArn('storage of returns') };
  const reason = `ResourceInitializationError: unable to create the encrypted ephemeral storage: AccessDeniedException: User: fargate.amazonaws.com is not authorized to perform: kms:GenerateDataKeyWithoutPlaintext on resource: ${cluster.key} because no resource-based policy allows the kms:GenerateDataKeyWithoutPlaintext action`;
  const stop = { second: 62_010, code: 'TaskFailedToStart', reason } as const;
  const task: Task = { cluster, family: 'returns-web', spot: false, start: 62_000, stop };
  return {
    name: 'ECS tells of a task that its key kept from starting',
    drafts: [taskState(random, 62_015, task, random.hex(32), 'STOPPED')],
    raises: [{ rule: 'launch-blocked', subject: { keyArn: cluster.key, ...clusterSubject(cluster) } }],
  };
};

const keylessCluster: Make = (random) => ({
  name: 'a cluster is made without a customer key',
  drafts: [
    call(random, 63_000, 'ecs', 'CreateCluster', deployer, {
      requestParameters: { clusterName: 'scratch' },
      responseElements: { cluster: clusterOf('scratch', {}) },
    }),
  ],
  raises: [{ rule: 'cluster-without-customer-key', subject: { clusterAccount: ACCOUNT, clusterName: 'scratch' } }],
});

const trailStopped: Make = (random) => ({
  name: 'the trail is stopped',
  drafts: [call(random, 70_000, 'cloudtrail', 'StopLogging', operator, { requestParameters: { name: TRAIL } })],
  raises: [{ rule: 'audit-blind-spot', subject: { resource: TRAIL } }],
});

const trailBlinded: Make = (random) => {
  const eventSelectors = [
    { readWriteType: 'All', includeManagementEvents: true, dataResources: [], excludeManagementEventSources: ['kms.amazonaws.com'] },
  ];
  return {
    name: 'a trail leaves KMS out',
    drafts: [
      call(random, 70_300, 'cloudtrail', 'PutEventSelectors', operator, {
        requestParameters: { trailName: SECOND_TRAIL, eventSelectors },
        responseElements: { trailARN: SECOND_TRAIL, eventSelectors },
      }),
    ],
    raises: [{ rule: 'audit-blind-spot', subject: { resource: SECOND_TRAIL } }],
  };
};

const ruleDisabled: Make = (random) => ({
  name: 'a rule of the audit is disabled',
  drafts: [call(random, 70_600, 'events', 'DisableRule', operator, { requestParameters: { name: OWN_RULE } })],
  raises: [{ rule: 'audit-blind-spot', subject: { resource: `arn:aws:events:${REGION}:${ACCOUNT}:rule/${OWN_RULE}` } }],
});

const PLANTS: readonly Make[] = [
  disabled,
  launchOnDisabled,
  secretOnDisabled,
  pendingDeletion,
  unusable,
  strangersGrant('another account is let in', 55_000, { granteePrincipal: reader('reader'), operations: ['Decrypt'], ...BOUND }),
  strangersGrant(
    'another account may hand the key on',
    56_000,
    { granteePrincipal: reader('broker'), operations: ['Decrypt', 'CreateGrant'], ...BOUND },
    'delegating-grant',
  ),
  strangersGrant(
    'another account may open everything',
    57_000,
    { granteePrincipal: reader('backup'), operations: ['Decrypt'] },
    'unconstrained-grant',
  ),
  foreignCluster,
  forged,
  forgedThroughS3,
  lateDecrypt,
  revoked,
  policyChanged,
  launchDenied,
  failedStart,
  keylessCluster,
  trailStopped,
  trailBlinded,
  ruleDisabled,
];

/** Every attack and fault of the planted day. */
export const plants = (random: Random): Plant[] => PLANTS.map((make) => make(random));
