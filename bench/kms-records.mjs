// The KMS share of an archive, as two accounts with clusters on Fargate have it: lives of volumes, secrets and logs under
// keys, reads, and a few faults that make some tens of findings.
import { ACCOUNTS, REGIONS, randomOf, shuffle, UPPER, uuid } from './random.mjs';

/** Calls that only look: out of the audit's scope. */
export const READS = new Set(['DescribeKey', 'ListAliases']);
/** The faults of a whole archive: a key that is disabled, and grants to a stranger. */
export const FAULTS = 13;
/** Of the KMS records, how many belong to lives of Fargate volumes. */
const SHARE_OF_LIVES = 0.58;

const fixed = randomOf(20);
const places = Array.from({ length: 20 }, (_, index) => ({ account: ACCOUNTS[index % 2], region: REGIONS[index % 3] }));
const KEYS = places.map(({ account, region }) => ({ account, region, arn: `arn:aws:kms:${region}:${account}:key/${uuid(fixed)}` }));
const CLUSTERS = [
  'orders',
  'payments',
  'checkout',
  'search',
  'sessions',
  'mail',
  'reports',
  'catalogue',
  'prices',
  'stock',
  'images',
  'ledger',
].map((name, index) => ({ name, key: KEYS[index] }));
const SERVICE_KEYS = KEYS.slice(12, 18);
/** In the place of the first and the seventh cluster, which had their storage under it once. */
const DISABLED_KEY = KEYS[18];
const STUCK_CLUSTERS = [CLUSTERS[0], CLUSTERS[6]];

/** Who uses keys beside Fargate: what a resource's encryption context is, and who calls for it. */
const KINDS = [
  {
    count: 60,
    calls: ['Decrypt'],
    role: 'ecs-task-execution',
    invokedBy: 'secretsmanager.amazonaws.com',
    context: ({ account, region }, n) => ({
      SecretARN: `arn:aws:secretsmanager:${region}:${account}:secret:app-${n}/database-${fixed.of(UPPER, 6)}`,
      SecretVersionId: uuid(fixed),
    }),
  },
  {
    count: 60,
    calls: ['Decrypt'],
    role: 'ecs-task-execution',
    invokedBy: 'ssm.amazonaws.com',
    context: ({ account, region }, n) => ({ PARAMETER_ARN: `arn:aws:ssm:${region}:${account}:parameter/app-${n}/token` }),
  },
  {
    count: 30,
    calls: ['Decrypt', 'GenerateDataKey'],
    role: 'exports',
    invokedBy: 'AWS Internal',
    context: (_, n) => ({ 'aws:s3:arn': `arn:aws:s3:::exports-${n}-${fixed.hex(8)}` }),
  },
  {
    count: 20,
    calls: ['Decrypt'],
    role: 'worker-function',
    invokedBy: 'lambda.amazonaws.com',
    context: ({ account, region }, n) => ({ 'aws:lambda:FunctionArn': `arn:aws:lambda:${region}:${account}:function:worker-${n}` }),
  },
  {
    count: 30,
    calls: ['Decrypt', 'GenerateDataKey'],
    context: ({ account, region }, n) => ({ 'aws:logs:arn': `arn:aws:logs:${region}:${account}:log-group:/ecs/app-${n}` }),
  },
];
const resourceOf = (key, { context, ...kind }, n) => ({ ...kind, key, context: context(key, n) });
const RESOURCES = KINDS.flatMap((kind) =>
  Array.from({ length: kind.count }, (_, n) => resourceOf(SERVICE_KEYS[n % SERVICE_KEYS.length], kind, n)),
);
const STUCK_SECRETS = Array.from({ length: 4 }, (_, n) => resourceOf(DISABLED_KEY, KINDS[0], 900 + n));

/**
 * Exactly `count` different records of the seconds `from` to `from + seconds`, `faults` of them from the archive's {@link FAULTS},
 * in no order. Each has its name and a `text()` that always gives the same JSON.
 */
export function kmsRecords(random, { count, faults, from, seconds }) {
  const records = faults.map((fault) => (fault === 0 ? disabling(random, from) : strangersGrant(random, from + random.below(seconds))));
  const inLives = Math.min(count - records.length, Math.round(count * SHARE_OF_LIVES));
  const lives = [];
  while (lives.length < inLives) lives.push(...life(random, from + random.below(seconds)));
  records.push(...lives.slice(0, inLives));
  while (records.length < count) records.push(single(random, from + random.below(seconds)));
  return shuffle(random, records);
}

/** A volume from its rehearsals to the end of its grants; the grants of one in twelve are still open. */
function life(r, start) {
  const { name, key } = r.pick(CLUSTERS);
  const cluster = { 'aws:ecs:clusterAccount': key.account, 'aws:ecs:clusterName': name };
  const context = { ...cluster, 'aws:ebs:id': `vol-0${r.hex(16)}` };
  const grants = Array.from({ length: r.below(4) === 0 ? 2 : 1 }, () => r.hex(64));
  const fargate = { identity: byService('fargate.amazonaws.com'), key };
  const ec2 = { identity: byService('ec2-frontend-api.amazonaws.com'), key };
  const dryRun = {
    errorCode: 'DryRunOperationException',
    errorMessage: 'The request would have succeeded, but the DryRun option is set.',
  };
  const dataKey = { keyId: key.arn, numberOfBytes: 64 };
  const grant = {
    keyId: key.arn,
    granteePrincipal: `fargate.${key.region}.amazonaws.com`,
    operations: ['Decrypt'],
  };
  const records = [
    call(r, 'GenerateDataKeyWithoutPlaintext', start, fargate, {
      ...dryRun,
      requestParameters: { ...dataKey, dryRun: true, encryptionContext: cluster },
    }),
    call(r, 'CreateGrant', start, fargate, {
      ...dryRun,
      requestParameters: { ...grant, dryRun: true, constraints: { encryptionContextSubset: cluster } },
    }),
    call(r, 'GenerateDataKeyWithoutPlaintext', start + 2, ec2, { requestParameters: { ...dataKey, encryptionContext: context } }),
    ...grants.map((grantId, nth) =>
      call(r, 'CreateGrant', start + 2 + nth, ec2, {
        requestParameters: {
          ...grant,
          constraints: { encryptionContextSubset: context },
          retiringPrincipal: `ec2.${key.region}.amazonaws.com`,
        },
        responseElements: { grantId, keyId: key.arn },
      }),
    ),
  ];
  for (let left = 1 + r.below(4); left > 0; left -= 1) {
    const caller = r.below(2) === 0 ? fargate : { identity: ec2Infrastructure(key), key };
    records.push(call(r, 'Decrypt', start + 4 + r.below(200), caller, { requestParameters: decryption(context) }));
  }
  if (r.below(12) === 0) return records;
  const end = start + 300 + r.below(5400);
  const retired = grants.map((grantId) =>
    call(
      r,
      'RetireGrant',
      end,
      { identity: byService('AWS Internal'), key },
      { responseElements: { keyId: key.arn }, additionalEventData: { grantId } },
    ),
  );
  return [...records, ...retired];
}

/** A call that stands alone: a resource's use of its key, a look at a key, rarely a refusal. */
function single(r, time) {
  const drawn = r.below(1000);
  if (drawn < 3) return refused(r, time);
  if (drawn >= 280) return use(r, time, r.pick(RESOURCES));
  const key = r.pick(KEYS);
  const looker = { identity: bySession(key.account, 'inventory'), key };
  if (drawn < 180) return call(r, 'DescribeKey', time, looker, { requestParameters: { keyId: key.arn } });
  return call(r, 'ListAliases', time, looker, { requestParameters: { keyId: key.arn, limit: 100 }, resources: undefined });
}

function use(r, time, { key, calls, role, invokedBy, context }, refusal = {}) {
  const name = r.pick(calls);
  const identity = role === undefined ? byService(`logs.${key.region}.amazonaws.com`) : bySession(key.account, role, invokedBy);
  const requestParameters = name === 'Decrypt' ? decryption(context) : { keyId: key.arn, keySpec: 'AES_256', encryptionContext: context };
  return call(r, name, time, { identity, key }, { ...refusal, requestParameters });
}

function refused(r, time) {
  const refusal = { errorCode: 'DisabledException', errorMessage: `${DISABLED_KEY.arn} is disabled.` };
  if (r.below(2) === 0) return use(r, time, r.pick(STUCK_SECRETS), refusal);
  const { name, key } = r.pick(STUCK_CLUSTERS);
  const encryptionContext = { 'aws:ecs:clusterAccount': key.account, 'aws:ecs:clusterName': name, 'aws:ebs:id': `vol-0${r.hex(16)}` };
  return call(
    r,
    'GenerateDataKeyWithoutPlaintext',
    time,
    { identity: byService('ec2-frontend-api.amazonaws.com'), key: DISABLED_KEY },
    { ...refusal, requestParameters: { keyId: DISABLED_KEY.arn, numberOfBytes: 64, encryptionContext } },
  );
}

function disabling(r, time) {
  const operator = { identity: bySession(DISABLED_KEY.account, 'platform-admin'), key: DISABLED_KEY };
  return call(r, 'DisableKey', time, operator, { requestParameters: { keyId: DISABLED_KEY.arn } });
}

function strangersGrant(r, time) {
  const key = r.pick(SERVICE_KEYS);
  const grantId = r.hex(64);
  return call(
    r,
    'CreateGrant',
    time,
    { identity: bySession(key.account, 'platform-admin'), key },
    {
      requestParameters: {
        keyId: key.arn,
        granteePrincipal: `arn:aws:iam::${ACCOUNTS.find((account) => account !== key.account)}:role/data-export-${r.hex(4)}`,
        operations: ['Decrypt', 'DescribeKey'],
        constraints: { encryptionContextEquals: { purpose: 'export' } },
      },
      responseElements: { grantId, keyId: key.arn },
    },
  );
}

const decryption = (encryptionContext) => ({ encryptionAlgorithm: 'SYMMETRIC_DEFAULT', encryptionContext });
const byService = (invokedBy) => () => ({ type: 'AWSService', invokedBy });
const ec2Infrastructure = ({ account }) => bySession(account, 'aws:ec2-infrastructure', 'AWS Internal');

function bySession(account, role, invokedBy) {
  return (r, time) => {
    const principalId = `AROA${r.of(UPPER, 17)}`;
    const session = role.startsWith('aws:') ? `i-0${r.hex(16)}` : r.hex(32);
    return {
      type: 'AssumedRole',
      principalId: `${principalId}:${session}`,
      arn: `arn:aws:sts::${account}:assumed-role/${role}/${session}`,
      accountId: account,
      accessKeyId: `ASIA${r.of(UPPER, 16)}`,
      sessionContext: {
        sessionIssuer: { type: 'Role', principalId, arn: `arn:aws:iam::${account}:role/${role}`, accountId: account, userName: role },
        attributes: { creationDate: time, mfaAuthenticated: 'false' },
      },
      invokedBy,
    };
  };
}

/** A record to be written once, or again as a second trail would. */
function call(random, name, seconds, { identity, key }, fields) {
  const seed = [random.below(2 ** 32), random.below(2 ** 32), random.below(2 ** 32)];
  return {
    name,
    text: () => recordText(randomOf(...seed), name, new Date(seconds * 1000).toISOString().replace('.000', ''), identity, key, fields),
  };
}

function recordText(r, name, eventTime, identity, key, { errorCode, errorMessage, ...fields }) {
  const userIdentity = identity(r, eventTime);
  const { type, invokedBy } = userIdentity;
  const byAws = type === 'AWSService';
  return JSON.stringify({
    eventVersion: '1.11',
    userIdentity,
    eventTime,
    eventSource: 'kms.amazonaws.com',
    eventName: name,
    awsRegion: key.region,
    sourceIPAddress: invokedBy ?? `192.0.2.${r.below(255)}`,
    userAgent: invokedBy ?? 'aws-cli/2.31.4 md/awscrt#0.27.6 ua/2.1 os/linux#6.1.0 md/arch#x86_64 lang/python#3.13.7 md/pyimpl#CPython',
    errorCode,
    errorMessage,
    requestParameters: null,
    responseElements: null,
    requestID: uuid(r),
    eventID: uuid(r),
    readOnly: !CHANGES.has(name),
    resources: [{ accountId: byAws ? 'AWS Internal' : key.account, type: 'AWS::KMS::Key', ARN: key.arn }],
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: key.account,
    sharedEventID: byAws ? uuid(r) : undefined,
    eventCategory: 'Management',
    tlsDetails:
      invokedBy === undefined
        ? { tlsVersion: 'TLSv1.3', cipherSuite: 'TLS_AES_256_GCM_SHA384', clientProvidedHostHeader: `kms.${key.region}.amazonaws.com` }
        : undefined,
    ...fields,
  });
}

const CHANGES = new Set(['CreateGrant', 'DisableKey', 'RetireGrant']);
