/** Builds the CloudTrail records of one Fargate task's life, afresh from the documented shapes. */

export interface LifeOptions {
  readonly account?: string;
  readonly region?: string;
  readonly keyId?: string;
  readonly cluster?: string;
  readonly volumeId?: string;
  readonly grantId?: string;
  readonly day?: string;
  /** Distinguishes the event ids of one life from another's. */
  readonly serial?: number;
}

export type CloudTrailRecord = Record<string, unknown>;

/** The ARN of a test key. */
export const testKeyArn = ({
  account = '111122223333',
  region = 'us-west-2',
  keyId = '5a3c1c8e-4b3a-4c8e-9d0e-2f6b7c8d9e01',
}: LifeOptions = {}): string => `arn:aws:kms:${region}:${account}:key/${keyId}`;

/** A 64-digit grant id. */
const testGrantId = (serial: number): string => serial.toString(16).padStart(64, 'a');

function eventId(serial: number, step: number): string {
  return `${serial.toString(16).padStart(8, '0')}-0000-4000-8000-${step.toString(16).padStart(12, '0')}`;
}

/** The six records of a clean life, in order: two rehearsals, data key, grant, Decrypt, retirement. */
export function cleanLife(options: LifeOptions = {}): CloudTrailRecord[] {
  const {
    account = '111122223333',
    region = 'us-west-2',
    cluster = 'payments',
    volumeId = 'vol-0a1b2c3d4e5f60718',
    day = '2026-11-02',
    serial = 1,
  } = options;
  const keyArn = testKeyArn(options);
  const grantId = options.grantId ?? testGrantId(serial);
  const rehearsal = { 'aws:ecs:clusterAccount': account, 'aws:ecs:clusterName': cluster };
  const context = { ...rehearsal, 'aws:ebs:id': volumeId };
  const record = (step: number, time: string, invokedBy: string, eventName: string, fields: CloudTrailRecord): CloudTrailRecord => ({
    eventVersion: '1.11',
    userIdentity: { type: 'AWSService', invokedBy },
    eventTime: `${day}T${time}Z`,
    eventSource: 'kms.amazonaws.com',
    eventName,
    awsRegion: region,
    sourceIPAddress: invokedBy,
    userAgent: invokedBy,
    requestParameters: null,
    responseElements: null,
    requestID: eventId(serial, step + 100),
    eventID: eventId(serial, step),
    readOnly: eventName === 'Decrypt' || eventName === 'GenerateDataKeyWithoutPlaintext',
    resources: [{ accountId: 'AWS Internal', type: 'AWS::KMS::Key', ARN: keyArn }],
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: account,
    eventCategory: 'Management',
    ...fields,
  });
  const dryRun = { errorCode: 'DryRunOperationException', errorMessage: 'The request would have succeeded, but the DryRun option is set.' };
  const grantee = { granteePrincipal: `fargate.${region}.amazonaws.com`, operations: ['Decrypt'] };
  return [
    record(1, '10:00:00', 'fargate.amazonaws.com', 'GenerateDataKeyWithoutPlaintext', {
      ...dryRun,
      requestParameters: { keyId: keyArn, dryRun: true, numberOfBytes: 64, encryptionContext: rehearsal },
    }),
    record(2, '10:00:00', 'fargate.amazonaws.com', 'CreateGrant', {
      ...dryRun,
      requestParameters: { keyId: keyArn, dryRun: true, ...grantee, constraints: { encryptionContextSubset: rehearsal } },
    }),
    record(3, '10:00:02', 'ec2-frontend-api.amazonaws.com', 'GenerateDataKeyWithoutPlaintext', {
      requestParameters: { keyId: keyArn, numberOfBytes: 64, encryptionContext: context },
    }),
    record(4, '10:00:02', 'ec2-frontend-api.amazonaws.com', 'CreateGrant', {
      requestParameters: {
        keyId: keyArn,
        ...grantee,
        constraints: { encryptionContextSubset: context },
        retiringPrincipal: `ec2.${region}.amazonaws.com`,
      },
      responseElements: { grantId, keyId: keyArn },
    }),
    record(5, '10:00:05', 'fargate.amazonaws.com', 'Decrypt', {
      requestParameters: { encryptionContext: context, encryptionAlgorithm: 'SYMMETRIC_DEFAULT' },
    }),
    record(6, '11:30:00', 'AWS Internal', 'RetireGrant', { responseElements: { keyId: keyArn }, additionalEventData: { grantId } }),
  ];
}
