import { describe, expect, it } from 'vitest';
import type { Fact, GrantCreated } from '../../src/core/fact.ts';
import { readRecord } from '../../src/core/read-record.ts';
import { sha256 } from '../../src/system.ts';
import {
  ACCOUNT,
  createGrant,
  decrypt,
  ecsContext,
  INFRASTRUCTURE_ROLE,
  infrastructureSession,
  instant,
  KEY,
  OTHER_ACCOUNT,
  PROD,
  type RawRecord,
  REGION,
  record,
  retireGrant,
  revokeGrant,
  SECOND_KEY,
  service,
  user,
  userArn,
} from '../support/fleet.ts';

const KEY_ID = '11111111-1111-1111-1111-111111111111';
const VOLUME = 'vol-0000000000000000a';

function factOf(raw: unknown): Fact {
  const reading = readRecord(raw, sha256);
  if (reading.kind !== 'fact') throw new Error(`expected a fact, found ${JSON.stringify(reading)}`);
  return reading.fact;
}

function grantOf(raw: unknown): GrantCreated {
  const fact = factOf(raw);
  if (fact.kind !== 'grant-created') throw new Error(`expected a creation, found ${fact.kind}`);
  return fact;
}

const reasonOf = (raw: unknown): string => {
  const reading = readRecord(raw, sha256);
  return reading.kind === 'rejected' ? reading.reason : reading.kind;
};

describe('the key of a record', () => {
  const none = { resources: undefined, requestParameters: null, responseElements: null };
  const denied = { ...none, errorCode: 'AccessDenied' };
  const table: readonly [string, RawRecord, string | undefined][] = [
    ['resources', record('Decrypt', { requestParameters: null }), KEY],
    ['resources without type', record('Decrypt', { resources: [{ accountId: 'AWS Internal', ARN: KEY }] }), KEY],
    [
      'resources before all else',
      record('Decrypt', { requestParameters: { keyId: SECOND_KEY }, responseElements: { keyId: SECOND_KEY } }),
      KEY,
    ],
    ['the first of two resources', record('ReEncrypt', { resources: [{ ARN: KEY }, { ARN: SECOND_KEY }] }), KEY],
    [
      'the first resource that is a key',
      record('Decrypt', { resources: [{ ARN: `arn:aws:kms:${REGION}:${ACCOUNT}:alias/a` }, null, 7, { ARN: KEY }] }),
      KEY,
    ],
    ['responseElements', record('Decrypt', { ...none, responseElements: { keyId: KEY } }), KEY],
    ['serviceEventDetails', record('DeleteKey', { ...none, serviceEventDetails: { keyId: KEY } }), KEY],
    ['requestParameters, an ARN', record('Decrypt', { ...none, requestParameters: { keyId: KEY } }), KEY],
    ['requestParameters, an ARN with spaces around', record('Decrypt', { ...none, requestParameters: { keyId: ` ${KEY} ` } }), KEY],
    ['requestParameters, a bare id', record('Decrypt', { ...none, requestParameters: { keyId: KEY_ID } }), KEY],
    [
      'requestParameters, a bare id of a multi-Region key',
      record('Decrypt', { ...none, requestParameters: { keyId: 'mrk-1234abcd12ab34cd56ef1234567890ab' } }),
      `arn:aws:kms:${REGION}:${ACCOUNT}:key/mrk-1234abcd12ab34cd56ef1234567890ab`,
    ],
    [
      'a bare id in China',
      record('Decrypt', { ...none, awsRegion: 'cn-north-1', requestParameters: { keyId: KEY_ID } }),
      `arn:aws-cn:kms:cn-north-1:${ACCOUNT}:key/${KEY_ID}`,
    ],
    [
      'a bare id in GovCloud',
      record('Decrypt', { ...none, awsRegion: 'us-gov-west-1', requestParameters: { keyId: KEY_ID } }),
      `arn:aws-us-gov:kms:us-gov-west-1:${ACCOUNT}:key/${KEY_ID}`,
    ],
    [
      'an ARN of another partition',
      record('Decrypt', { resources: [{ ARN: `arn:aws-cn:kms:cn-north-1:${ACCOUNT}:key/${KEY_ID}` }] }),
      `arn:aws-cn:kms:cn-north-1:${ACCOUNT}:key/${KEY_ID}`,
    ],
    [
      'the message of a denial',
      record('Decrypt', { ...denied, errorMessage: `not authorized on resource: ${KEY} because no policy allows it` }),
      KEY,
    ],
    [
      'the message of a missing key',
      record('Decrypt', { ...none, errorCode: 'NotFoundException', errorMessage: `Key '${KEY}' does not exist` }),
      KEY,
    ],
    [
      'the message where it picks one of two resources',
      record('ReEncrypt', {
        resources: [{ ARN: KEY }, { ARN: SECOND_KEY }],
        errorCode: 'DisabledException',
        errorMessage: `${SECOND_KEY} is disabled.`,
      }),
      SECOND_KEY,
    ],
    [
      'resources rather than a message that names a key beside the point',
      record('Decrypt', { ...denied, resources: [{ ARN: KEY }], errorMessage: SECOND_KEY }),
      KEY,
    ],
    [
      'nowhere: the message of a rehearsal',
      record('Decrypt', { ...none, errorCode: 'DryRunOperationException', errorMessage: `would have succeeded with ${KEY}` }),
      undefined,
    ],
    ['nowhere: an alias name', record('Decrypt', { ...denied, requestParameters: { keyId: 'alias/a' } }), undefined],
    [
      'nowhere: an alias ARN',
      record('Decrypt', { ...denied, requestParameters: { keyId: `arn:aws:kms:${REGION}:${ACCOUNT}:alias/a` } }),
      undefined,
    ],
    ['nowhere: empty', record('Decrypt', { ...denied, requestParameters: { keyId: '' } }), undefined],
    [
      'nowhere: a bare id without account',
      record('Decrypt', { ...denied, recipientAccountId: undefined, requestParameters: { keyId: KEY_ID } }),
      undefined,
    ],
    ['nowhere: resources null', record('Decrypt', { ...denied, resources: null }), undefined],
    ['nowhere: resources empty', record('Decrypt', { ...denied, resources: [] }), undefined],
    ['nowhere: another service', record('Decrypt', { ...denied, resources: [{ ARN: 'arn:aws:s3:::bucket' }] }), undefined],
  ];

  it.each(table)('is found in %s', (_where, raw, expected) => {
    expect(factOf(raw).keyArn).toBe(expected);
  });

  it.each([
    ['Decrypt', {}],
    ['CreateGrant', { responseElements: { grantId: 'g' } }],
    ['RetireGrant', { additionalEventData: { grantId: 'g' } }],
    ['DisableKey', {}],
  ])('must be there when %s succeeded', (operation, fields) => {
    expect(reasonOf(record(operation, { ...none, ...fields }))).toMatch(`${operation} names no key ARN`);
  });

  it('may be a key store instead', () => {
    const fact = factOf(record('DisconnectCustomKeyStore', { ...none, requestParameters: { customKeyStoreId: 'cks-1' } }));

    expect(fact).toMatchObject({ kind: 'key-changed', change: 'store-disconnected', keyStoreId: 'cks-1' });
    expect(fact.keyArn).toBeUndefined();
  });
});

describe('the grant id', () => {
  it.each([
    ['CreateGrant: the response', createGrant('g-1'), 'g-1'],
    [
      'CreateGrant: the response rather than additionalEventData',
      createGrant('g-1', {}, { additionalEventData: { grantId: 'g-2' } }),
      'g-1',
    ],
    ['CreateGrant: additionalEventData alone', createGrant('', {}, { additionalEventData: { grantId: 'g-2' } }), 'g-2'],
    ['RetireGrant: additionalEventData', retireGrant('g-1'), 'g-1'],
    ['RetireGrant: no response either', retireGrant('g-1', { responseElements: null }), 'g-1'],
    ['RetireGrant: additionalEventData, spelt as text', retireGrant('', { additionalEventData: '{"grantId":"g-1"}' }), 'g-1'],
    ['RevokeGrant: the request', revokeGrant('g-1', 'operator'), 'g-1'],
  ])('is found in %s', (_where, raw, grantId) => {
    expect(factOf(raw)).toMatchObject({ grantId, keyArn: KEY });
  });

  it.each([
    ['CreateGrant', createGrant('')],
    ['RetireGrant', retireGrant(' ')],
    ['RevokeGrant', revokeGrant('', 'operator')],
    ['RetireGrant', retireGrant('g', { additionalEventData: 'grantId=g' })],
    ['RetireGrant', retireGrant('g', { additionalEventData: { omitted: true } })],
  ])('must be there in %s', (operation, raw) => {
    expect(reasonOf(raw)).toMatch(`${operation} names no grant id`);
  });

  it('longer than any of AWS keeps its identity within 128 characters', () => {
    const [a, b] = [grantOf(createGrant(`${'g'.repeat(500)}a`)), grantOf(createGrant(`${'g'.repeat(500)}b`))];

    expect(a.grantId).toHaveLength(128);
    expect(a.grantId).not.toBe(b.grantId);
  });

  it.each([
    ['RetireGrant', retireGrant('g'), 'retired'],
    ['RevokeGrant', revokeGrant('g', 'operator'), 'revoked'],
  ])('of %s says how the grant ended', (_operation, raw, how) => {
    expect(factOf(raw)).toMatchObject({ kind: 'grant-ended', how });
  });
});

describe('the parties of a grant', () => {
  const table: readonly [string, RawRecord, string | undefined, string | undefined][] = [
    ['principals', {}, `fargate.${REGION}.amazonaws.com`, `ec2.${REGION}.amazonaws.com`],
    [
      'service principals of 2026',
      {
        granteePrincipal: undefined,
        retiringPrincipal: undefined,
        granteeServicePrincipal: 'mq.amazonaws.com',
        retiringServicePrincipal: 'rds.amazonaws.com',
      },
      'mq.amazonaws.com',
      'rds.amazonaws.com',
    ],
    ['a trailing space', { granteePrincipal: 'mq.amazonaws.com ' }, 'mq.amazonaws.com', `ec2.${REGION}.amazonaws.com`],
    ['a bare unique id', { granteePrincipal: 'AROAEXAMPLE', retiringPrincipal: null }, 'AROAEXAMPLE', undefined],
    ['nobody', { granteePrincipal: null, retiringPrincipal: '' }, undefined, undefined],
    ['other types', { granteePrincipal: ['a'], retiringPrincipal: { omitted: true } }, undefined, undefined],
  ];

  it.each(table)('are read from %s', (_what, parameters, grantee, retiree) => {
    const fact = grantOf(createGrant('g', parameters));

    expect([fact.grantee, fact.retiree]).toEqual([grantee, retiree]);
  });

  it.each([
    ['sorted, each once', ['Encrypt', 'Decrypt', 'Encrypt'], ['Decrypt', 'Encrypt']],
    ['with what is no text shown as unknown', ['Decrypt', 7, null], ['?', 'Decrypt']],
    ['empty', [], []],
    ['absent', undefined, undefined],
    ['null', null, undefined],
    ['text, which is not taken for none', 'Decrypt', ['?']],
  ])('may do operations: %s', (_what, operations, expected) => {
    expect(grantOf(createGrant('g', { operations })).operations).toEqual(expected);
  });

  it('may do 32 operations, more than KMS knows', () => {
    const operations = Array.from({ length: 40 }, (_, index) => `Operation${index + 10}`);

    expect(grantOf(createGrant('g', { operations })).operations).toEqual(operations.slice(0, 32));
  });

  it('may do an operation named after many others, which a long list must not hide', () => {
    const operations = [...Array.from({ length: 40 }, () => 'Decrypt'), 'CreateGrant'];

    expect(grantOf(createGrant('g', { operations })).operations).toEqual(['CreateGrant', 'Decrypt']);
  });
});

describe('the constraint of a grant', () => {
  const context = { 'aws:ebs:id': VOLUME };
  const table: readonly [string, unknown, { match: string; context: [string, string][] } | undefined, string | undefined][] = [
    ['a subset', { encryptionContextSubset: context }, { match: 'subset', context: [['aws:ebs:id', VOLUME]] }, undefined],
    ['equality', { encryptionContextEquals: context }, { match: 'equals', context: [['aws:ebs:id', VOLUME]] }, undefined],
    ['a source alone', { sourceArn: 'arn:aws:mq:us-east-1:111122223333:broker' }, undefined, 'arn:aws:mq:us-east-1:111122223333:broker'],
    ['both', { encryptionContextEquals: context, sourceArn: 'arn:x' }, { match: 'equals', context: [['aws:ebs:id', VOLUME]] }, 'arn:x'],
    [
      'keys in any case',
      { encryptionContextSubset: { 'AWS:EBS:ID': 'Vol-A' } },
      { match: 'subset', context: [['aws:ebs:id', 'Vol-A']] },
      undefined,
    ],
    ['nothing', undefined, undefined, undefined],
    ['null', null, undefined, undefined],
    ['an empty context', { encryptionContextEquals: {} }, undefined, undefined],
    ['an array', [context], undefined, undefined],
    ['text', 'encryptionContextSubset', undefined, undefined],
    ['a context that is text', { encryptionContextSubset: 'aws:ebs:id' }, undefined, undefined],
    ['a marker of omission', { omitted: true }, undefined, undefined],
  ];

  it.each(table)('is %s', (_what, constraints, expected, sourceArn) => {
    const { constraint, sourceArn: source } = grantOf(createGrant('g', { constraints }));

    expect(constraint && { match: constraint.match, context: [...constraint.context] }).toEqual(expected);
    expect(source).toBe(sourceArn);
  });

  it('keeps hostile keys as keys', () => {
    const constraints = JSON.parse('{"encryptionContextSubset":{"__proto__":"x","constructor":"y"}}');

    const { constraint } = grantOf(createGrant('g', { constraints }));

    expect([...(constraint?.context ?? [])]).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });
});

describe('attribution', () => {
  const cluster = PROD;
  const context = ecsContext(PROD, VOLUME);

  it('of a service’s call is its cluster and volume', () => {
    expect(factOf(decrypt(context))).toMatchObject({ trust: 'trusted', cluster, volumeId: VOLUME });
    expect(grantOf(createGrant('g'))).toMatchObject({ trust: 'trusted', cluster, volumeId: VOLUME });
  });

  it('of a session of an AWS role is the same', () => {
    const fact = factOf(decrypt(context, { userIdentity: infrastructureSession() }));

    expect(fact).toMatchObject({ trust: 'trusted', cluster, volumeId: VOLUME, caller: { id: INFRASTRUCTURE_ROLE, awsRole: true } });
  });

  it('of a rehearsal is its cluster, which has no volume yet', () => {
    const raw = record('CreateGrant', {
      userIdentity: service('fargate.amazonaws.com'),
      errorCode: 'DryRunOperationException',
      requestParameters: { dryRun: true, constraints: { encryptionContextSubset: ecsContext(PROD) } },
    });

    const fact = factOf(raw);

    expect(fact).toMatchObject({ kind: 'rehearsed', cluster });
    expect(fact).not.toHaveProperty('volumeId');
  });

  it.each([
    ['a user', user('operator'), context, 'forged'],
    ['a user through S3', user('operator', 'AWS Internal'), context, 'unverified'],
    ['a service not listed', service('example.amazonaws.com'), context, 'unverified'],
    [
      'a service with a pair of S3’s beside',
      service('ec2-frontend-api.amazonaws.com'),
      { ...context, 'aws:s3:arn': 'arn:aws:s3:::b' },
      'forged',
    ],
  ])('of %s is a claim, never a cluster', (_who, userIdentity, encryptionContext, trust) => {
    const fact = factOf(decrypt(encryptionContext, { userIdentity }));

    expect(fact).toMatchObject({ trust, claimed: cluster });
    expect(fact).not.toHaveProperty('cluster');
    expect(fact).not.toHaveProperty('volumeId');
  });

  it('cannot be hidden behind many other pairs', () => {
    const padding = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`k${index}`, 'x']));

    expect(factOf(decrypt({ ...padding, ...context }, { userIdentity: user('operator') }))).toMatchObject({ trust: 'forged' });
    const behindS3 = { ...context, ...padding, 'aws:s3:arn': 'arn:aws:s3:::b' };
    expect(factOf(decrypt(behindS3))).toMatchObject({ trust: 'forged' });
  });

  it.each([
    ['hidden by CloudTrail', 'HIDDEN_DUE_TO_SECURITY_REASONS'],
    ['blank', ' '],
  ])('is not believed beside another service’s pair whose value is %s', (_what, value) => {
    expect(factOf(decrypt({ ...context, 'aws:s3:arn': value }))).not.toHaveProperty('cluster');
  });

  it('needs both account and name', () => {
    expect(factOf(decrypt({ 'aws:ecs:clusterName': 'prod', 'aws:ebs:id': VOLUME }))).not.toHaveProperty('cluster');
  });

  it('of ReEncrypt is its source’s', () => {
    const raw = record('ReEncrypt', {
      requestParameters: { sourceEncryptionContext: context, destinationEncryptionContext: ecsContext({ account: ACCOUNT, name: 'x' }) },
    });

    expect(factOf(raw)).toMatchObject({ cluster });
  });

  it('bounds names without making two of them one', () => {
    const long = (last: string): Fact => factOf(decrypt(ecsContext({ account: ACCOUNT, name: `${'n'.repeat(10_000)}${last}` }, VOLUME)));
    const [a, b] = [long('a'), long('b')];

    expect(a).toMatchObject({ cluster: { name: expect.stringMatching(/^n+~[0-9a-f]{16}$/) } });
    expect(JSON.stringify(a).length).toBeLessThan(3000);
    expect(a).not.toEqual(b);
  });

  it('is a resource elsewhere', () => {
    const arn = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:db`;

    expect(factOf(decrypt({ SecretARN: arn }, { userIdentity: user('operator', 'secretsmanager.amazonaws.com') }))).toMatchObject({
      resource: { kind: 'secret', id: arn },
    });
  });
});

describe('the kind of fact', () => {
  const refusal = { errorCode: 'DisabledException', errorMessage: `${KEY} is disabled.` };

  it.each([
    ['a creation', createGrant('g'), { kind: 'grant-created' }],
    ['a use', decrypt({}), { kind: 'key-used' }],
    ['a data key', record('GenerateDataKeyWithoutPlaintext'), { kind: 'key-used' }],
    ['a rehearsal', record('Decrypt', { errorCode: 'DryRunOperationException' }), { kind: 'rehearsed' }],
    ['a rehearsal of a retirement', retireGrant('g', { errorCode: 'DryRunOperationException' }), { kind: 'rehearsed' }],
    [
      'a rehearsal that failed',
      record('CreateGrant', { ...refusal, requestParameters: { dryRun: true } }),
      { kind: 'refused', rehearsal: true, reason: 'disabled' },
    ],
    [
      'the same with "true" as text',
      record('CreateGrant', { ...refusal, requestParameters: { dryRun: 'true' } }),
      { kind: 'refused', rehearsal: true },
    ],
    ['a refusal', record('Decrypt', refusal), { kind: 'refused', rehearsal: false, reason: 'disabled' }],
    [
      'a message without a code',
      record('Decrypt', { errorMessage: `${KEY} is disabled.` }),
      { kind: 'refused', reason: 'disabled', code: '' },
    ],
    ['a refused change', record('DisableKey', { errorCode: 'AccessDenied' }), { kind: 'refused', reason: 'denied' }],
    ['DisableKey', record('DisableKey'), { kind: 'key-changed', change: 'disabled' }],
    ['EnableKey', record('EnableKey'), { kind: 'key-changed', change: 'enabled' }],
    ['ScheduleKeyDeletion', record('ScheduleKeyDeletion'), { kind: 'key-changed', change: 'deletion-scheduled' }],
    ['CancelKeyDeletion', record('CancelKeyDeletion'), { kind: 'key-changed', change: 'deletion-cancelled' }],
    [
      'DeleteKey, a service event without caller',
      record('DeleteKey', { userIdentity: { accountId: ACCOUNT, invokedBy: 'AWS Internal' } }),
      { kind: 'key-changed', change: 'deleted' },
    ],
    ['DeleteImportedKeyMaterial', record('DeleteImportedKeyMaterial'), { kind: 'key-changed', change: 'material-deleted' }],
    ['ImportKeyMaterial', record('ImportKeyMaterial'), { kind: 'key-changed', change: 'material-imported' }],
    ['DisconnectCustomKeyStore', record('DisconnectCustomKeyStore'), { kind: 'key-changed', change: 'store-disconnected' }],
    ['ConnectCustomKeyStore', record('ConnectCustomKeyStore'), { kind: 'key-changed', change: 'store-connected' }],
    ['PutKeyPolicy', record('PutKeyPolicy'), { kind: 'key-policy-put' }],
    ['RetireGrant', retireGrant('g'), { kind: 'grant-ended' }],
    ['RevokeGrant', revokeGrant('g', 'operator'), { kind: 'grant-ended' }],
  ])('of %s', (_what, raw, expected) => {
    expect(factOf(raw)).toMatchObject(expected);
  });

  it.each([
    'Decrypt',
    'DeriveSharedSecret',
    'Encrypt',
    'GenerateDataKey',
    'GenerateDataKeyPair',
    'GenerateDataKeyPairWithoutPlaintext',
    'GenerateDataKeyWithoutPlaintext',
    'GenerateMac',
    'ReEncrypt',
    'Sign',
    'Verify',
    'VerifyMac',
  ])('of %s is a use', (operation) => {
    expect(factOf(record(operation))).toMatchObject({ kind: 'key-used', operation });
  });

  it.each([
    ['another service', record('GetObject', { eventSource: 's3.amazonaws.com' }), undefined],
    ['a KMS read', record('DescribeKey'), record('DescribeKey').eventID],
    ['random bytes, which use no key', record('GenerateRandom'), record('GenerateRandom').eventID],
    ['a KMS operation not audited', record('CreateAlias'), record('CreateAlias').eventID],
  ])('is none: %s is out of scope', (_what, raw, id) => {
    expect(readRecord(raw, sha256)).toStrictEqual({ kind: 'out-of-scope', ...(id === undefined ? {} : { eventId: id }) });
  });

  it('is none: a canary is out of scope, and says who let it fly and when', () => {
    const raw = record('ListAliases', { userIdentity: user('operator') });

    expect(readRecord(raw, sha256)).toStrictEqual({
      kind: 'out-of-scope',
      eventId: raw.eventID,
      canary: { by: userArn('operator'), time: instant(0) },
    });
  });

  it.each([
    ['null', null, 'found null'],
    ['an array', [], 'found an array'],
    ['text', 'x', 'found a string'],
    ['nothing', undefined, 'found nothing'],
    ['no eventSource', {}, 'without eventSource'],
    ['no eventName', record('', {}), 'without eventName'],
    ['no eventID', record('Decrypt', { eventID: null }), 'without eventID'],
    ['eventID of another type', record('Decrypt', { eventID: 7 }), 'without eventID'],
    ['no eventTime', record('Decrypt', { eventTime: undefined }), 'eventTime is no ISO 8601 instant'],
    ['eventTime a number', record('Decrypt', { eventTime: 1_800_000_000 }), 'eventTime is no ISO 8601 instant'],
    ['a day that is none', record('Decrypt', { eventTime: '2026-02-30T10:00:00Z' }), 'eventTime is no ISO 8601 instant'],
  ])('is none: %s is rejected with its reason', (_what, raw, reason) => {
    expect(reasonOf(raw)).toContain(reason);
  });
});

describe('one field replaced by something odd', () => {
  const odd: readonly unknown[] = [
    undefined,
    null,
    '',
    ' ',
    0,
    7,
    true,
    'true',
    [],
    {},
    [null],
    { omitted: true },
    'HIDDEN_DUE_TO_SECURITY_REASONS',
    '\u0000\u202e\ud800',
    'x'.repeat(100_000),
    JSON.parse('{"__proto__":{"keyId":1},"constructor":null,"toString":"x"}'),
  ];
  const bases: readonly (readonly [string, RawRecord])[] = [
    ['CreateGrant', createGrant('g')],
    ['CreateGrant by a role', createGrant('g', {}, { userIdentity: infrastructureSession() })],
    ['RetireGrant', retireGrant('g')],
    ['RevokeGrant', revokeGrant('g', 'operator')],
    ['Decrypt', decrypt(ecsContext(PROD, VOLUME), { userIdentity: infrastructureSession() })],
    [
      'a refusal',
      record('CreateGrant', { errorCode: 'DisabledException', errorMessage: `${KEY} is disabled.`, requestParameters: { dryRun: true } }),
    ],
    [
      'DeleteKey',
      record('DeleteKey', { userIdentity: { accountId: ACCOUNT }, requestParameters: null, serviceEventDetails: { keyId: KEY } }),
    ],
  ];

  /** Every path to a field or an element inside `value`. */
  function paths(value: unknown, above: readonly string[] = []): (readonly string[])[] {
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([name, inner]) => [[...above, name], ...paths(inner, [...above, name])]);
  }

  function withAt(value: unknown, [name, ...rest]: readonly string[], replacement: unknown): unknown {
    if (name === undefined || typeof value !== 'object' || value === null) return replacement;
    const entries = Object.entries(value).map(([own, inner]) => [own, own === name ? withAt(inner, rest, replacement) : inner]);
    return Array.isArray(value) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries);
  }

  it.each(bases)('of %s never throws, and gives a bounded reading', (_what, base) => {
    for (const path of paths(base)) {
      for (const replacement of odd) {
        const reading = readRecord(withAt(base, path, replacement), sha256);

        expect(JSON.stringify(reading).length, path.join('.')).toBeLessThan(20_000);
        if (reading.kind === 'fact') expect(reading.fact.eventId).not.toBe('');
      }
    }
  });
});

describe('the caller of a record', () => {
  it('is a user’s ARN, a role’s rather than its session’s, a service’s principal', () => {
    const role = `arn:aws:iam::${OTHER_ACCOUNT}:role/app`;
    const session = {
      type: 'AssumedRole',
      arn: `arn:aws:sts::${OTHER_ACCOUNT}:assumed-role/app/session-1`,
      sessionContext: { sessionIssuer: { arn: role, userName: 'app' } },
    };

    const callers = [user('operator'), session, service('rds.amazonaws.com')].map(
      (userIdentity) => factOf(decrypt({}, { userIdentity })).caller.id,
    );

    expect(callers).toEqual([userArn('operator'), role, 'rds.amazonaws.com']);
  });

  it('has the account of the recipient, else of the caller', () => {
    expect(factOf(decrypt({})).account).toBe(ACCOUNT);
    expect(
      factOf(decrypt({}, { recipientAccountId: undefined, userIdentity: { ...user('operator'), accountId: OTHER_ACCOUNT } })).account,
    ).toBe(OTHER_ACCOUNT);
  });
});
