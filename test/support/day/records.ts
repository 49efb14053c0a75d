import { sha256 } from '../../../src/system.ts';
import type { Random } from './random.ts';

/** A CloudTrail record, or a part of one, as a generator writes it. */
export type RawRecord = Readonly<Record<string, unknown>>;

/** An event and the second of the day in which it happened. */
export interface Draft {
  readonly second: number;
  readonly event: RawRecord;
}

export const ACCOUNT = '111122223333';
export const OTHER_ACCOUNT = '123456789012';
export const REGION = 'us-west-2';
export const DAY_SECONDS = 86_400;
/** Seconds since 1970 of the day's midnight. */
export const MIDNIGHT = Date.UTC(2026, 10, 18) / 1000;

/** The instant so many seconds after midnight. */
export const instant = (second: number): string => `${new Date((MIDNIGHT + second) * 1000).toISOString().slice(0, 19)}Z`;

/** The ARN of the key of this name, the same in every day. */
export function keyArn(name: string): string {
  const hex = sha256(`key ${name}`);
  const id = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
  return `arn:aws:kms:${REGION}:${ACCOUNT}:key/${id}`;
}

/** Who calls, and where the call comes from: a service's own name, or an address outside. */
export interface Origin {
  readonly identity: (second: number) => RawRecord;
  /** The service that calls, itself or on somebody's behalf. */
  readonly through?: string;
  readonly isService: boolean;
}

/** An AWS service on its own account: its record names nothing but itself. */
export const service = (principal: string): Origin => ({
  identity: () => ({ type: 'AWSService', invokedBy: principal }),
  through: principal,
  isService: true,
});

const uniqueId = (prefix: string, name: string): string => `${prefix}${sha256(name).slice(0, 10).toUpperCase()}EXAMPLE`;

/** The ARN of a role, as a finding names a session of it. */
export const roleArn = (name: string, account = ACCOUNT): string => `arn:aws:iam::${account}:role/${name}`;

/** A session of a role; `through` is the AWS service that called for it. */
export const role = (name: string, session: string, through?: string, account = ACCOUNT): Origin => ({
  identity: (second) => ({
    type: 'AssumedRole',
    principalId: `${uniqueId('AROA', name)}:${session}`,
    arn: `arn:aws:sts::${account}:assumed-role/${name.split('/').at(-1)}/${session}`,
    accountId: account,
    accessKeyId: uniqueId('ASIA', `${name} ${session}`),
    sessionContext: {
      sessionIssuer: {
        type: 'Role',
        principalId: uniqueId('AROA', name),
        arn: roleArn(name, account),
        accountId: account,
        userName: name.split('/').at(-1),
      },
      attributes: { creationDate: instant(second - 1_500), mfaAuthenticated: 'false' },
    },
    ...(through === undefined ? {} : { invokedBy: through }),
  }),
  ...(through === undefined ? {} : { through }),
  isService: false,
});

/** An IAM user; `through` is the AWS service that called for them. */
export const user = (name: string, through?: string): Origin => ({
  identity: () => ({
    type: 'IAMUser',
    principalId: uniqueId('AIDA', name),
    arn: `arn:aws:iam::${ACCOUNT}:user/${name}`,
    accountId: ACCOUNT,
    accessKeyId: uniqueId('AKIA', name),
    userName: name,
    ...(through === undefined ? {} : { invokedBy: through }),
  }),
  ...(through === undefined ? {} : { through }),
  isService: false,
});

/** The session under which EBS decrypts for an instance or a task's host. */
export const infrastructure = (instance: string): Origin => ({
  identity: (second) => ({
    type: 'AssumedRole',
    principalId: `${ACCOUNT}:aws:ec2-infrastructure:${instance}`,
    arn: `arn:aws:sts::${ACCOUNT}:assumed-role/aws:ec2-infrastructure/${instance}`,
    accountId: ACCOUNT,
    accessKeyId: uniqueId('ASIA', instance),
    sessionContext: {
      sessionIssuer: {
        type: 'Role',
        principalId: `${ACCOUNT}:aws:ec2-infrastructure`,
        arn: roleArn('aws:ec2-infrastructure'),
        accountId: ACCOUNT,
        userName: 'aws:ec2-infrastructure',
      },
      attributes: { creationDate: instant(second - 60), mfaAuthenticated: 'false' },
      ec2RoleDelivery: '2.0',
    },
    invokedBy: 'AWS Internal',
  }),
  through: 'AWS Internal',
  isService: false,
});

/** Another account's principal, as the key owner's copy of a call across accounts names it. */
export const otherAccount = (through: string): Origin => ({
  identity: () => ({ type: 'AWSAccount', principalId: uniqueId('AROA', 'reader'), accountId: OTHER_ACCOUNT, invokedBy: through }),
  through,
  isService: false,
});

/** A service event's identity, which has no type. */
export const serviceEvent: Origin = {
  identity: () => ({ accountId: ACCOUNT, invokedBy: 'AWS Internal' }),
  through: 'AWS Internal',
  isService: false,
};

const AGENTS = [
  'aws-cli/2.31.4 md/awscrt#0.27.6 ua/2.1 os/linux#6.1.0 md/arch#x86_64 lang/python#3.13.7 md/pyimpl#CPython',
  'Boto3/1.40.44 md/Botocore#1.40.44 ua/2.1 os/linux#6.1.0 md/arch#aarch64 lang/python#3.12.11',
  'aws-sdk-java/2.34.6 md/io#sync md/http#Apache ua/2.1 os/Linux#6.1.0 lang/java#21.0.8',
] as const;

const READS =
  /^(?:Describe|Get(?!Parameters)|List|Lookup|Decrypt$|Encrypt$|GenerateDataKey|GenerateMac$|GenerateRandom$|ReEncrypt$|Sign$|Verify)/;

/** The CloudTrail record of a call to an AWS service, in the event that EventBridge makes of it. */
export function call(
  random: Random,
  second: number,
  to: 'kms' | 'ecs' | 'cloudtrail' | 'events',
  eventName: string,
  origin: Origin,
  fields: RawRecord,
): Draft {
  const address = origin.through ?? `${random.pick(['192.0.2', '198.51.100', '203.0.113'])}.${random.int(1, 254)}`;
  const record: RawRecord = {
    eventVersion: random.pick(['1.11', '1.11', '1.11', '1.10', '1.08']),
    userIdentity: origin.identity(second),
    eventTime: instant(second),
    eventSource: `${to}.amazonaws.com`,
    eventName,
    awsRegion: REGION,
    sourceIPAddress: address,
    userAgent: origin.through ?? random.pick(AGENTS),
    requestParameters: null,
    responseElements: null,
    requestID: random.uuid(),
    eventID: random.uuid(),
    readOnly: READS.test(eventName),
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: ACCOUNT,
    ...(origin.isService ? { sharedEventID: random.uuid() } : {}),
    eventCategory: 'Management',
    ...(origin.through === undefined
      ? {
          tlsDetails: {
            tlsVersion: 'TLSv1.3',
            cipherSuite: 'TLS_AES_128_GCM_SHA256',
            clientProvidedHostHeader: `${to}.${REGION}.amazonaws.com`,
          },
        }
      : {}),
    ...fields,
  };
  const isServiceEvent = record.eventType === 'AwsServiceEvent';
  return envelope(random, second, `aws.${to}`, `AWS ${isServiceEvent ? 'Service Event' : 'API Call'} via CloudTrail`, record);
}

/** An event as EventBridge delivers it. */
export function envelope(
  random: Random,
  second: number,
  source: string,
  detailType: string,
  detail: RawRecord,
  resources: readonly string[] = [],
): Draft {
  const event = {
    version: '0',
    id: random.uuid(),
    'detail-type': detailType,
    source,
    account: ACCOUNT,
    time: instant(second),
    region: REGION,
    resources,
    detail,
  };
  return { second, event };
}

/** A KMS call with its key where CloudTrail keeps it: in `resources`. */
export function kms(random: Random, second: number, eventName: string, origin: Origin, key: string, fields: RawRecord = {}): Draft {
  return call(random, second, 'kms', eventName, origin, {
    resources: [{ accountId: origin.isService ? 'AWS Internal' : ACCOUNT, type: 'AWS::KMS::Key', ARN: key }],
    ...fields,
  });
}

/** A Decrypt: its key is in `resources` alone. */
export function decrypt(
  random: Random,
  second: number,
  origin: Origin,
  key: string,
  encryptionContext: RawRecord,
  fields: RawRecord = {},
): Draft {
  return kms(random, second, 'Decrypt', origin, key, {
    requestParameters: { encryptionAlgorithm: 'SYMMETRIC_DEFAULT', encryptionContext },
    ...(origin.isService ? {} : { additionalEventData: { keyMaterialId: sha256(`material of ${key}`) } }),
    ...fields,
  });
}

/** A data key made under a key. */
export function generateDataKey(random: Random, second: number, origin: Origin, key: string, encryptionContext: RawRecord): Draft {
  return kms(random, second, 'GenerateDataKey', origin, key, { requestParameters: { keyId: key, keySpec: 'AES_256', encryptionContext } });
}

/** The data key of an EBS volume; a service never sees it in the clear. */
export function volumeDataKey(random: Random, second: number, origin: Origin, key: string, encryptionContext: RawRecord): Draft {
  return kms(random, second, 'GenerateDataKeyWithoutPlaintext', origin, key, {
    requestParameters: { keyId: key, numberOfBytes: 64, encryptionContext },
  });
}

/** A grant made: `parameters` are the request's, the key excepted. */
export function createGrant(random: Random, second: number, origin: Origin, key: string, grantId: string, parameters: RawRecord): Draft {
  return kms(random, second, 'CreateGrant', origin, key, {
    requestParameters: { keyId: key, ...parameters },
    responseElements: { grantId, keyId: key },
  });
}

/** A grant ended by the service it was for: no request, no context, no caller that tells. */
export function retireGrant(random: Random, second: number, key: string, grantId: string): Draft {
  return kms(random, second, 'RetireGrant', service('AWS Internal'), key, {
    responseElements: { keyId: key },
    additionalEventData: { grantId },
  });
}

/** A grant ended by somebody else. */
export function revokeGrant(random: Random, second: number, origin: Origin, key: string, grantId: string): Draft {
  return kms(random, second, 'RevokeGrant', origin, key, { requestParameters: { keyId: key, grantId }, responseElements: { keyId: key } });
}

/** A call denied to somebody: KMS keeps neither request nor resource, the key stands in the message alone. */
export function denied(random: Random, second: number, eventName: string, origin: Origin, who: string, key: string, policy: string): Draft {
  return call(random, second, 'kms', eventName, origin, {
    errorCode: 'AccessDenied',
    errorMessage: `User: ${who} is not authorized to perform: kms:${eventName} on resource: ${key} because no ${policy} policy allows the kms:${eventName} action`,
  });
}
