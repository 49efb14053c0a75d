// Records of other services, of one to three kilobytes, full of ids that compress badly.
import { ACCOUNTS, BASE64, REGIONS, UPPER, uuid } from './random.mjs';

const AGENTS = [
  'aws-sdk-java/2.20.160 Linux/5.10.224-212.876.amzn2.x86_64 OpenJDK_64-Bit_Server_VM/17.0.12+7-LTS Java/17.0.12 vendor/Amazon.com_Inc. io/sync http/Apache cfg/retry-mode/legacy',
  'Boto3/1.34.106 md/Botocore#1.34.106 ua/2.0 os/linux#6.1.90-99.173.amzn2023.x86_64 md/arch#x86_64 lang/python#3.11.6 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.34.106',
  '[aws-cli/2.15.30 Python/3.11.8 Linux/6.1.79-99.164.amzn2023.x86_64 exe/x86_64.amzn.2023 prompt/off command/s3api.get-object]',
  'APN/1.0 HashiCorp/1.0 Terraform/1.7.5 (+https://www.terraform.io) terraform-provider-aws/5.40.0 aws-sdk-go-v2/1.25.3 os/linux lang/go#1.21.8 md/GOOS#linux md/GOARCH#amd64',
];

/** Other services' calls: what is asked and answered, as CloudTrail shows it. */
const OTHERS = [
  [
    's3',
    'GetObject',
    (r) => [
      `{"bucketName":"logs-${r.hex(10)}","Host":"logs-${r.hex(10)}.s3.eu-west-1.amazonaws.com","key":"AWSLogs/${r.hex(40)}.json.gz"}`,
      'null',
    ],
  ],
  [
    's3',
    'PutObject',
    (r) => [
      `{"bucketName":"data-${r.hex(10)}","Host":"s3.eu-west-1.amazonaws.com","x-amz-acl":"private","key":"in/${uuid(r)}/${r.hex(32)}"}`,
      `{"x-amz-server-side-encryption":"aws:kms","x-amz-version-id":"${r.of(BASE64, 32)}","x-amz-expiration":"expiry-date=\\"Fri, 04 Dec 2026 00:00:00 GMT\\", rule-id=\\"${r.hex(16)}\\""}`,
    ],
  ],
  [
    'sts',
    'AssumeRole',
    (r) => [
      `{"roleArn":"arn:aws:iam::111122223333:role/service-${r.hex(8)}","roleSessionName":"session-${r.hex(24)}","durationSeconds":3600}`,
      `{"credentials":{"accessKeyId":"ASIA${r.of(UPPER, 16)}","sessionToken":"${r.of(BASE64, 480)}","expiration":"Nov 2, 2026, 12:03:11 PM"},"assumedRoleUser":{"assumedRoleId":"AROA${r.of(UPPER, 17)}:session","arn":"arn:aws:sts::111122223333:assumed-role/service/${r.hex(16)}"}}`,
    ],
  ],
  [
    'ec2',
    'DescribeInstances',
    (r) => [
      `{"instancesSet":{"items":[${Array.from({ length: 1 + r.below(6) }, () => `{"instanceId":"i-${r.hex(17)}"}`).join(',')}]},"filterSet":{"items":[{"name":"vpc-id","valueSet":{"items":[{"value":"vpc-${r.hex(17)}"}]}}]}}`,
      'null',
    ],
  ],
  [
    'ec2',
    'RunInstances',
    (r) => [
      `{"instancesSet":{"items":[{"imageId":"ami-${r.hex(17)}","minCount":1,"maxCount":1,"keyName":"k-${r.hex(8)}"}]},"instanceType":"m6i.large","blockDeviceMapping":{},"monitoring":{"enabled":false},"disableApiTermination":false,"clientToken":"${uuid(r)}"}`,
      `{"requestId":"${uuid(r)}","reservationId":"r-${r.hex(17)}","ownerId":"111122223333","groupSet":{},"instancesSet":{"items":[{"instanceId":"i-${r.hex(17)}","imageId":"ami-${r.hex(17)}","currentState":{"code":0,"name":"pending"},"privateDnsName":"ip-10-0-${r.below(255)}-${r.below(255)}.eu-west-1.compute.internal","amiLaunchIndex":0,"productCodes":{},"launchTime":1793613791000,"subnetId":"subnet-${r.hex(17)}","vpcId":"vpc-${r.hex(17)}","privateIpAddress":"192.0.2.${r.below(255)}","networkInterfaceSet":{"items":[{"networkInterfaceId":"eni-${r.hex(17)}","macAddress":"0a:${r.hex(2)}:${r.hex(2)}:${r.hex(2)}:${r.hex(2)}:${r.hex(2)}"}]}}]}}`,
    ],
  ],
  ['dynamodb', 'GetItem', (r) => [`{"tableName":"orders-${r.hex(6)}","key":{"id":"${uuid(r)}"},"consistentRead":true}`, 'null']],
  [
    'logs',
    'CreateLogStream',
    (r) => [`{"logGroupName":"/aws/lambda/handler-${r.hex(12)}","logStreamName":"2026/11/02/[$LATEST]${r.hex(32)}"}`, 'null'],
  ],
  [
    'lambda',
    'Invoke',
    (r) => [
      `{"functionName":"arn:aws:lambda:eu-west-1:111122223333:function:worker-${r.hex(8)}","qualifier":"live","clientContext":"${r.of(BASE64, 120)}","invocationType":"RequestResponse"}`,
      'null',
    ],
  ],
  [
    'ssm',
    'GetParameters',
    (r) => [
      `{"names":[${Array.from({ length: 1 + r.below(4) }, () => `"/app/${r.hex(8)}/secret"`).join(',')}],"withDecryption":true}`,
      'null',
    ],
  ],
  [
    'iam',
    'PutRolePolicy',
    (r) => [
      `{"roleName":"role-${r.hex(10)}","policyName":"inline","policyDocument":"{\\n  \\"Version\\": \\"2012-10-17\\",\\n  \\"Statement\\": [{\\"Sid\\": \\"${r.hex(12)}\\", \\"Effect\\": \\"Allow\\", \\"Action\\": [\\"s3:GetObject\\", \\"s3:ListBucket\\"], \\"Resource\\": \\"arn:aws:s3:::bucket-${r.hex(12)}/*\\"}]\\n}"}`,
      'null',
    ],
  ],
  [
    'elasticloadbalancing',
    'DescribeTargetHealth',
    (r) => [`{"targetGroupArn":"arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/tg-${r.hex(8)}/${r.hex(16)}"}`, 'null'],
  ],
  [
    'secretsmanager',
    'GetSecretValue',
    (r) => [
      `{"secretId":"arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-${r.of(UPPER, 6)}","versionStage":"AWSCURRENT"}`,
      'null',
    ],
  ],
];

function sessionOf(r, account, time) {
  const role = `service-${r.hex(8)}`;
  const id = `AROA${r.of(UPPER, 17)}`;
  return `{"type":"AssumedRole","principalId":"${id}:i-${r.hex(17)}","arn":"arn:aws:sts::${account}:assumed-role/${role}/i-${r.hex(17)}","accountId":"${account}","accessKeyId":"ASIA${r.of(UPPER, 16)}","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"${id}","arn":"arn:aws:iam::${account}:role/${role}","accountId":"${account}","userName":"${role}"},"webIdFederationData":{},"attributes":{"creationDate":"${time}","mfaAuthenticated":"false"},"ec2RoleDelivery":"2.0"}}`;
}

/** One record that is not of KMS, as the JSON that CloudTrail writes on one line. */
export function otherRecord(r, time) {
  const account = r.pick(ACCOUNTS);
  const region = r.pick(REGIONS);
  const [service, name, make] = r.pick(OTHERS);
  const [request, response] = make(r);
  const read = name.startsWith('Get') || name.startsWith('Describe');
  const failed = r.below(40) === 0 ? '"errorCode":"AccessDenied","errorMessage":"User is not authorized to perform this operation",' : '';
  const extra = `{"SignatureVersion":"SigV4","CipherSuite":"ECDHE-RSA-AES128-GCM-SHA256","bytesTransferredIn":${r.below(9000)},"AuthenticationMethod":"AuthHeader","x-amz-id-2":"${r.of(BASE64, 76)}","bytesTransferredOut":${r.below(90000)}}`;
  const host = `${service}.${region}.amazonaws.com`;
  return `{"eventVersion":"1.09","userIdentity":${sessionOf(r, account, time)},"eventTime":"${time}","eventSource":"${service}.amazonaws.com","eventName":"${name}","awsRegion":"${region}","sourceIPAddress":"198.51.100.${r.below(255)}","userAgent":"${r.pick(AGENTS)}",${failed}"requestParameters":${request},"responseElements":${response},"additionalEventData":${extra},"requestID":"${uuid(r)}","eventID":"${uuid(r)}","readOnly":${read},"resources":[{"accountId":"${account}","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::logs-${r.hex(12)}"}],"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"${account}","sharedEventID":"${uuid(r)}","vpcEndpointId":"vpce-${r.hex(17)}","eventCategory":"Management","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"${host}"}}`;
}
