#!/usr/bin/env node
// Writes a CloudTrail archive of a fixed seed: gzip files of mixed sizes as S3 keeps them, one record in twenty of KMS,
// records of one to three kilobytes full of random ids, so that they compress as badly as real ones do.
//
//   node bench/generate.mjs [folder] [--records 2000000] [--files 3000] [--seed 1] [--plain]
//
// The same arguments always give the same records in the same files. The folder's default is under the system's temporary one.
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createGzip } from 'node:zlib';

/** Files written at the same time: compression runs beside the generator. */
const PARALLEL = 4;
const CHUNK_CHARACTERS = 1 << 18;
const HEX = '0123456789abcdef';
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Where an archive of these measures is written unless another folder is given. */
export const archiveFolder = ({ records, files, seed }) => join(tmpdir(), `kms-audit-bench-${records}-${files}-${seed}`);

/** How many records each file holds: most few, some very many, together exactly `records`. */
export function fileSizes({ records, files, seed }) {
  const { real } = randomOf(seed ^ 0x5f3759df);
  const weights = Array.from({ length: files }, () => Math.exp(1.3 * (real() + real() + real() + real() - 2) * Math.sqrt(3)));
  const sum = weights.reduce((a, b) => a + b, 0);
  const sizes = weights.map((weight) => Math.floor((weight / sum) * records));
  let left = records - sizes.reduce((a, b) => a + b, 0);
  for (let file = 0; left > 0; file = (file + 1) % files, left -= 1) sizes[file] += 1;
  return sizes;
}

/** Writes the archive; `progress` hears of files and records written. */
export async function generate({ folder, records, files, seed, plain = false }, progress = () => {}) {
  await mkdir(folder, { recursive: true });
  const sizes = fileSizes({ records, files, seed });
  let next = 0;
  const written = { files: 0, records: 0, bytes: 0 };
  const writer = async () => {
    while (next < files) {
      const index = next;
      next += 1;
      const bytes = await writeFile(folder, index, sizes[index], seed, plain);
      written.bytes += bytes;
      written.files += 1;
      written.records += sizes[index];
      progress(written);
    }
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL, files) }, writer));
  return written;
}

async function writeFile(folder, index, count, seed, plain) {
  const random = randomOf(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  const day = `${(index % 28) + 1}`.padStart(2, '0');
  const name = `111122223333_CloudTrail_eu-west-1_202611${day}T${`${index % 24}`.padStart(2, '0')}00Z_${`${index}`.padStart(6, '0')}.json`;
  const file = createWriteStream(join(folder, plain ? name : `${name}.gz`));
  const target = plain ? file : createGzip();
  if (!plain) target.pipe(file);
  let bytes = 0;
  const write = async (chunk) => {
    bytes += chunk.length;
    if (!target.write(chunk, 'latin1')) await once(target, 'drain');
  };
  let text = '{"Records":[';
  for (let record = 0; record < count; record += 1) {
    if (record > 0) text += ',';
    text += recordText(random, index, record, day);
    if (text.length >= CHUNK_CHARACTERS) {
      await write(text);
      text = '';
    }
  }
  await write(`${text}]}`);
  target.end();
  await finished(file);
  return bytes;
}

/** A small fast generator (mulberry32) and what is drawn from it. */
function randomOf(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  const below = (limit) => next() % limit;
  const of = (alphabet, length) => {
    let word = '';
    for (let i = 0; i < length; i += 1) word += alphabet[next() % alphabet.length];
    return word;
  };
  const hex = (length) => {
    let word = '';
    for (let left = length; left > 0; left -= 8) word += (next() + 0x100000000).toString(16).slice(1, 1 + Math.min(8, left));
    return word;
  };
  return { real: () => next() / 0x100000000, below, of, hex, pick: (list) => list[next() % list.length] };
}

const uuid = ({ hex, pick }) => `${hex(8)}-${hex(4)}-4${hex(3)}-${pick(HEX.slice(8, 12))}${hex(3)}-${hex(12)}`;
const ACCOUNTS = ['111122223333', '123456789012'];
const REGIONS = ['eu-west-1', 'us-east-1', 'us-west-2'];
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

function recordText(random, file, record, day) {
  const time = `2026-11-${day}T${clock(record)}Z`;
  return random.below(20) === 0 ? kmsRecord(random, file, record, time) : otherRecord(random, time);
}

function clock(record) {
  const two = (value) => `${value}`.padStart(2, '0');
  return `${two(Math.floor(record / 3600) % 24)}:${two(Math.floor(record / 60) % 60)}:${two(record % 60)}`;
}

function sessionOf(r, account, time) {
  const role = `service-${r.hex(8)}`;
  const id = `AROA${r.of(UPPER, 17)}`;
  return `{"type":"AssumedRole","principalId":"${id}:i-${r.hex(17)}","arn":"arn:aws:sts::${account}:assumed-role/${role}/i-${r.hex(17)}","accountId":"${account}","accessKeyId":"ASIA${r.of(UPPER, 16)}","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"${id}","arn":"arn:aws:iam::${account}:role/${role}","accountId":"${account}","userName":"${role}"},"webIdFederationData":{},"attributes":{"creationDate":"${time}","mfaAuthenticated":"false"},"ec2RoleDelivery":"2.0"}}`;
}

function otherRecord(r, time) {
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

const KMS_CALLS = ['GenerateDataKeyWithoutPlaintext', 'CreateGrant', 'Decrypt', 'Decrypt', 'RetireGrant', 'DescribeKey'];

/** A Fargate task's or a stranger's call to KMS, in the shapes CloudTrail documents. */
function kmsRecord(r, file, record, time) {
  const region = r.pick(REGIONS);
  const name = r.pick(KMS_CALLS);
  const key = `arn:aws:kms:${region}:111122223333:key/5a3c1c8e-4b3a-4c8e-9d0e-2f6b7c8d9e${`${r.below(20)}`.padStart(2, '0')}`;
  const grant = `${r.hex(48)}${`${file}`.padStart(8, '0')}${`${record}`.padStart(8, '0')}`;
  const context = `{"aws:ecs:clusterAccount":"111122223333","aws:ecs:clusterName":"cluster-${r.below(12)}","aws:ebs:id":"vol-${r.hex(17)}"}`;
  const service = name === 'Decrypt' ? 'ec2-frontend-api.amazonaws.com' : 'fargate.amazonaws.com';
  const grants = `{"granteePrincipal":"fargate.${region}.amazonaws.com","retiringPrincipal":"ec2.${region}.amazonaws.com","operations":["Decrypt","DescribeKey"],"keyId":"${key}","constraints":{"encryptionContextSubset":${context}}}`;
  const request =
    { CreateGrant: grants, RetireGrant: 'null', DescribeKey: `{"keyId":"${key}"}` }[name] ??
    `{"keyId":"${key}","numberOfBytes":64,"encryptionContext":${context}}`;
  const response = name === 'CreateGrant' ? `{"grantId":"${grant}","keyId":"${key}"}` : 'null';
  const retired = name === 'RetireGrant' ? `"additionalEventData":{"grantId":"${grant}"},` : '';
  const identity = r.below(3) === 0 ? sessionOf(r, '111122223333', time) : `{"type":"AWSService","invokedBy":"${service}"}`;
  return `{"eventVersion":"1.11","userIdentity":${identity},"eventTime":"${time}","eventSource":"kms.amazonaws.com","eventName":"${name}","awsRegion":"${region}","sourceIPAddress":"${service}","userAgent":"${service}","requestParameters":${request},"responseElements":${response},${retired}"requestID":"${uuid(r)}","eventID":"${uuid(r)}","readOnly":${name !== 'CreateGrant'},"resources":[{"accountId":"111122223333","type":"AWS::KMS::Key","ARN":"${key}"}],"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","sharedEventID":"${uuid(r)}","eventCategory":"Management"}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      records: { type: 'string', default: '2000000' },
      files: { type: 'string', default: '3000' },
      seed: { type: 'string', default: '1' },
      plain: { type: 'boolean', default: false },
    },
  });
  const measures = { records: Number(values.records), files: Number(values.files), seed: Number(values.seed) };
  if (!Object.values(measures).every(Number.isSafeInteger) || measures.files < 1 || measures.records < measures.files) {
    console.error('expected whole numbers, and no fewer records than files');
    process.exit(2);
  }
  const folder = positionals[0] ?? archiveFolder(measures);
  const { isTTY } = process.stderr;
  const written = await generate({ ...measures, folder, plain: values.plain }, ({ files, records }) => {
    if (isTTY) process.stderr.write(`\r\u001b[K${files}/${measures.files} files, ${records} records`);
  });
  if (isTTY) process.stderr.write('\r\u001b[K');
  console.log(`${written.records} records, ${written.bytes} bytes, in ${written.files} files under ${folder}`);
}
