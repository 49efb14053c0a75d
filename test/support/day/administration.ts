import { APPLICATION_KEY, CLUSTERS } from './fargate.ts';
import type { Random } from './random.ts';
import {
  ACCOUNT,
  call,
  type Draft,
  envelope,
  instant,
  keyArn,
  kms,
  type Origin,
  type RawRecord,
  REGION,
  role,
  service,
  serviceEvent,
  user,
} from './records.ts';
import { BUCKET_KEY } from './resources.ts';
import { INSTANCE_KEY } from './storage.ts';

/** The account's trail. */
export const TRAIL = `arn:aws:cloudtrail:${REGION}:${ACCOUNT}:trail/management-events`;
/** Another trail of the account, for another team. */
export const SECOND_TRAIL = `arn:aws:cloudtrail:${REGION}:${ACCOUNT}:trail/security-lake`;

const NEW_KEY = keyArn('made today');
const pipeline = role('deployment', 'deploy');
const auditor = user('auditor');
const platform = role('platform-admin', 'session-60');

/** Who looks after keys, and what they look at: never more than a look. */
export function reads(random: Random): Draft[] {
  const readers: readonly [Origin, ...Origin[]] = [
    auditor,
    platform,
    role('aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig', 'configuration', 'config.amazonaws.com'),
    service('fargate.amazonaws.com'),
    role('instance-launcher', 'fleet-1', 'ec2-frontend-api.amazonaws.com'),
  ];
  return Array.from({ length: 900 }, () => {
    const name = random.pick([
      'DescribeKey',
      'DescribeKey',
      'DescribeKey',
      'ListGrants',
      'GetKeyPolicy',
      'GetKeyRotationStatus',
      'ListResourceTags',
      'ListAliases',
      'ListKeys',
    ]);
    const second = random.int(0, 86_399);
    if (name === 'ListAliases' || name === 'ListKeys') return call(random, second, 'kms', name, random.pick(readers), { resources: [] });
    const key = random.pick([APPLICATION_KEY, BUCKET_KEY, INSTANCE_KEY]);
    return kms(random, second, name, random.pick(readers), key, { requestParameters: { keyId: key } });
  });
}

/** What becomes of keys in a day: made, named, tagged, rotated, given material; none is taken away. */
export function keyCare(random: Random): Draft[] {
  const made = 30_000;
  const rotated = [APPLICATION_KEY, BUCKET_KEY].flatMap((key, index) => [
    call(random, 10_000 + index * 60, 'kms', 'RotateKey', serviceEvent, {
      resources: [{ accountId: ACCOUNT, type: 'AWS::KMS::Key', ARN: key }],
      eventType: 'AwsServiceEvent',
      serviceEventDetails: { rotationType: 'AUTOMATIC', keyOrigin: 'AWS_KMS', keyId: key },
    }),
    envelope(random, 10_005 + index * 60, 'aws.kms', 'KMS CMK Rotation', { 'key-id': key.split('/').at(-1) }, [key]),
  ]);
  const keyMetadata = {
    aWSAccountId: ACCOUNT,
    keyId: NEW_KEY.split('/').at(-1),
    arn: NEW_KEY,
    creationDate: instant(made),
    enabled: true,
    keyState: 'Enabled',
    keyManager: 'CUSTOMER',
    keySpec: 'SYMMETRIC_DEFAULT',
    multiRegion: false,
  };
  const alias = { aliasName: 'alias/storage-next', targetKeyId: NEW_KEY };
  return [
    ...rotated,
    kms(random, made, 'CreateKey', platform, NEW_KEY, {
      requestParameters: { description: 'storage of the next clusters', keyUsage: 'ENCRYPT_DECRYPT', keySpec: 'SYMMETRIC_DEFAULT' },
      responseElements: { keyMetadata },
    }),
    kms(random, made + 3, 'CreateAlias', platform, NEW_KEY, { requestParameters: alias, responseElements: null }),
    kms(random, made + 5, 'TagResource', platform, NEW_KEY, {
      requestParameters: { keyId: NEW_KEY, tags: [{ tagKey: 'team', tagValue: 'storage' }] },
    }),
    kms(random, made + 8, 'EnableKeyRotation', platform, NEW_KEY, { requestParameters: { keyId: NEW_KEY, rotationPeriodInDays: 365 } }),
    kms(random, made + 60, 'EnableKey', platform, NEW_KEY, { requestParameters: { keyId: NEW_KEY } }),
    kms(random, made + 90, 'UpdateKeyDescription', platform, NEW_KEY, { requestParameters: { keyId: NEW_KEY, description: 'storage' } }),
    kms(random, made + 600, 'GetParametersForImport', platform, keyArn('imported'), {
      requestParameters: { keyId: keyArn('imported'), wrappingAlgorithm: 'RSAES_OAEP_SHA_256', wrappingKeySpec: 'RSA_4096' },
    }),
    kms(random, made + 660, 'ImportKeyMaterial', platform, keyArn('imported'), {
      requestParameters: { keyId: keyArn('imported'), expirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' },
    }),
  ];
}

/** ECS as its users drive it: releases, jobs, settings, and one cluster made as the policy wants it. */
export function containers(random: Random): Draft[] {
  const releases = Array.from({ length: 40 }, () => {
    const second = random.int(0, 86_000);
    const { name } = random.pick(CLUSTERS);
    return [
      call(random, second, 'ecs', 'RegisterTaskDefinition', pipeline, {
        requestParameters: {
          family: `${name}-web`,
          requiresCompatibilities: ['FARGATE'],
          networkMode: 'awsvpc',
          cpu: '256',
          memory: '512',
        },
      }),
      call(random, second + 4, 'ecs', 'UpdateService', pipeline, {
        requestParameters: { cluster: name, service: `${name}-web`, forceNewDeployment: random.chance(0.3) },
      }),
      call(random, second + 90, 'ecs', 'RunTask', role('scheduler', 'nightly'), {
        requestParameters: { cluster: name, taskDefinition: `${name}-job`, launchType: 'FARGATE', count: 1 },
      }),
    ];
  }).flat();
  const settings = [{ name: 'containerInsights', value: 'enhanced' }];
  const fargateEphemeralStorageKmsKeyId = CLUSTERS[0].key;
  return [
    ...releases,
    call(random, 33_000, 'ecs', 'CreateService', pipeline, {
      requestParameters: { cluster: 'mail', serviceName: 'mail-digest', desiredCount: 1 },
    }),
    call(random, 33_500, 'ecs', 'UpdateCluster', pipeline, {
      requestParameters: { cluster: 'orders', settings },
      responseElements: { cluster: clusterOf('orders', { settings }) },
    }),
    call(random, 33_600, 'ecs', 'UpdateClusterSettings', pipeline, {
      requestParameters: { cluster: 'search', settings },
      responseElements: { cluster: clusterOf('search', { settings }) },
    }),
    call(random, 34_000, 'ecs', 'CreateCluster', pipeline, {
      errorCode: 'AccessDeniedException',
      errorMessage: `User: arn:aws:sts::${ACCOUNT}:assumed-role/deployment/deploy is not authorized to perform: ecs:CreateCluster on resource: arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/returns with an explicit deny in a service control policy`,
      requestParameters: { clusterName: 'returns' },
    }),
    call(random, 34_200, 'ecs', 'CreateCluster', pipeline, {
      requestParameters: { clusterName: 'returns', configuration: { managedStorageConfiguration: { fargateEphemeralStorageKmsKeyId } } },
      responseElements: {
        cluster: clusterOf('returns', { configuration: { managedStorageConfiguration: { fargateEphemeralStorageKmsKeyId } } }),
      },
    }),
    // What the caller asks of ECS, ECS asks of KMS in the caller's name.
    kms(random, 34_201, 'DescribeKey', role('deployment', 'deploy', 'ecs.amazonaws.com'), fargateEphemeralStorageKmsKeyId, {
      requestParameters: { keyId: fargateEphemeralStorageKmsKeyId },
    }),
    call(random, 34_400, 'ecs', 'UpdateCluster', pipeline, {
      requestParameters: { cluster: 'returns', configuration: { executeCommandConfiguration: { logging: 'DEFAULT' } } },
      responseElements: {
        cluster: clusterOf('returns', {
          configuration: {
            executeCommandConfiguration: { logging: 'DEFAULT' },
            managedStorageConfiguration: { fargateEphemeralStorageKmsKeyId },
          },
        }),
      },
    }),
    call(random, 34_500, 'ecs', 'DeleteCluster', pipeline, {
      requestParameters: { cluster: 'trial' },
      responseElements: { cluster: { ...clusterOf('trial', {}), status: 'INACTIVE' } },
    }),
    ...['ECS Service Action', 'ECS Deployment State Change'].map((detailType, index) =>
      envelope(
        random,
        34_600 + index,
        'aws.ecs',
        detailType,
        {
          eventType: 'INFO',
          eventName: index === 0 ? 'SERVICE_STEADY_STATE' : 'SERVICE_DEPLOYMENT_COMPLETED',
          clusterArn: clusterOf('orders', {}).clusterArn,
        },
        [`arn:aws:ecs:${REGION}:${ACCOUNT}:service/orders/orders-web`],
      ),
    ),
    call(random, 34_300, 'ecs', 'DescribeClusters', auditor, { requestParameters: { clusters: ['returns'], include: ['CONFIGURATIONS'] } }),
  ];
}

/** A cluster as ECS answers with it. */
export const clusterOf = (name: string, fields: RawRecord): RawRecord => ({
  clusterArn: `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/${name}`,
  clusterName: name,
  status: 'ACTIVE',
  registeredContainerInstancesCount: 0,
  runningTasksCount: 0,
  pendingTasksCount: 0,
  activeServicesCount: 0,
  statistics: [],
  tags: [],
  settings: [],
  capacityProviders: ['FARGATE', 'FARGATE_SPOT'],
  defaultCapacityProviderStrategy: [],
  ...fields,
});

/** Changes of trails that leave them whole, and looks at them. */
export function trails(random: Random): Draft[] {
  const trail = { name: TRAIL };
  const whole = { readWriteType: 'All', includeManagementEvents: true, dataResources: [], excludeManagementEventSources: [] };
  const advanced = [{ name: 'Management events', fieldSelectors: [{ field: 'eventCategory', equals: ['Management'] }] }];
  return [
    call(random, 28_000, 'cloudtrail', 'UpdateTrail', platform, {
      requestParameters: { name: 'management-events', s3KeyPrefix: 'year-2026' },
      responseElements: {
        name: 'management-events',
        s3BucketName: 'example-trail-logs',
        s3KeyPrefix: 'year-2026',
        includeGlobalServiceEvents: true,
        isMultiRegionTrail: true,
        trailARN: TRAIL,
        logFileValidationEnabled: true,
        isOrganizationTrail: false,
      },
    }),
    // The console sends every setting, whichever was changed.
    call(random, 28_030, 'cloudtrail', 'UpdateTrail', platform, {
      requestParameters: {
        name: TRAIL,
        s3BucketName: 'example-trail-logs',
        s3KeyPrefix: 'years/2026',
        snsTopicName: '',
        includeGlobalServiceEvents: true,
        isMultiRegionTrail: true,
        enableLogFileValidation: true,
        kmsKeyId: '',
        isOrganizationTrail: false,
      },
      responseElements: {
        name: 'management-events',
        s3BucketName: 'example-trail-logs',
        s3KeyPrefix: 'years/2026',
        includeGlobalServiceEvents: true,
        isMultiRegionTrail: true,
        trailARN: TRAIL,
        logFileValidationEnabled: true,
        isOrganizationTrail: false,
      },
    }),
    call(random, 28_150, 'cloudtrail', 'StopLogging', role('build-agent', 'run-2207'), {
      errorCode: 'AccessDenied',
      errorMessage: `User: arn:aws:sts::${ACCOUNT}:assumed-role/build-agent/run-2207 is not authorized to perform: cloudtrail:StopLogging on resource: ${TRAIL} with an explicit deny in a service control policy`,
    }),
    call(random, 28_060, 'cloudtrail', 'PutEventSelectors', platform, {
      requestParameters: { trailName: TRAIL, eventSelectors: [whole] },
      responseElements: { trailARN: TRAIL, eventSelectors: [whole] },
    }),
    call(random, 28_120, 'cloudtrail', 'PutEventSelectors', platform, {
      requestParameters: { trailName: SECOND_TRAIL, advancedEventSelectors: advanced },
      responseElements: { trailARN: SECOND_TRAIL, advancedEventSelectors: advanced },
    }),
    call(random, 28_180, 'cloudtrail', 'StartLogging', platform, { requestParameters: trail }),
    ...Array.from({ length: 24 }, (_, hour) => [
      call(random, hour * 3_600 + 7, 'cloudtrail', 'DescribeTrails', auditor, { requestParameters: { includeShadowTrails: true } }),
      call(random, hour * 3_600 + 8, 'cloudtrail', 'GetEventSelectors', auditor, { requestParameters: { trailName: TRAIL } }),
    ]).flat(),
    call(random, 50_000, 'cloudtrail', 'LookupEvents', auditor, { requestParameters: { maxResults: 50 } }),
  ];
}

/** The rules of other applications, changed as their owners please. */
export function rules(random: Random): Draft[] {
  return ['orders-nightly', 'thumbnails-on-upload', 'orders-kms-report'].flatMap((name, index) => {
    const second = 40_000 + index * 300;
    const targets = [{ id: 'run', arn: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}` }];
    const unfailing = { failedEntryCount: 0, failedEntries: [] };
    return [
      call(random, second, 'events', 'PutRule', pipeline, {
        requestParameters: { name, scheduleExpression: 'cron(0 3 * * ? *)', state: 'ENABLED' },
        responseElements: { ruleArn: `arn:aws:events:${REGION}:${ACCOUNT}:rule/${name}` },
      }),
      call(random, second + 1, 'events', 'PutTargets', pipeline, {
        requestParameters: { rule: name, targets },
        responseElements: unfailing,
      }),
      call(random, second + 60, 'events', 'DisableRule', user('operator'), { requestParameters: { name } }),
      call(random, second + 120, 'events', 'RemoveTargets', user('operator'), {
        requestParameters: { rule: name, ids: ['run'] },
        responseElements: unfailing,
      }),
      call(random, second + 180, 'events', 'EnableRule', user('operator'), { requestParameters: { name } }),
    ];
  });
}
