import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GrantCreated } from '../../src/core/fact.ts';
import { DEFAULT_PROFILES, exactProfile, type GrantProfile, isFargateStorage, profileFor, profileOf } from '../../src/core/profile.ts';
import { readPolicy } from '../../src/core/read-policy.ts';
import { readRecord } from '../../src/core/read-record.ts';
import { sha256 } from '../../src/system.ts';
import {
  ACCOUNT,
  createGrant,
  ecsContext,
  infrastructureSession,
  OTHER_ACCOUNT,
  PROD,
  type RawRecord,
  REGION,
  service,
  user,
  userArn,
} from '../support/fleet.ts';

function grant(parameters: RawRecord, userIdentity: unknown): GrantCreated {
  const reading = readRecord(createGrant('grant-1', parameters, { userIdentity }), sha256);
  if (reading.kind !== 'fact' || reading.fact.kind !== 'grant-created') throw new Error(JSON.stringify(reading));
  return reading.fact;
}

const found = (parameters: RawRecord, userIdentity: unknown, accounts: readonly string[] = []): string | undefined =>
  profileOf(grant(parameters, userIdentity), DEFAULT_PROFILES, accounts)?.name;

const subset = (context: unknown): RawRecord => ({ constraints: { encryptionContextSubset: context } });
const equal = (context: unknown): RawRecord => ({ constraints: { encryptionContextEquals: context } });
/** Of a grant, what a profile speaks of. */
const FIELDS = ['caller', 'grantee', 'retiree', 'operations', 'constraint', 'sourceArn'] as const;
const BOTH = { operations: ['Decrypt', 'Encrypt'] };
const SOURCE = `arn:aws:mq:${REGION}:${ACCOUNT}:broker:b`;
const VOLUME = { 'aws:ebs:id': 'vol-0000000000000000a' };

describe('the profile fargate-storage', () => {
  const EC2 = service('ec2-frontend-api.amazonaws.com');

  it('expects the grant of a task’s volume', () => {
    expect(found({}, EC2)).toBe('fargate-storage');
    expect(found({ granteePrincipal: undefined, granteeServicePrincipal: `fargate.${REGION}.amazonaws.com` }, EC2)).toBe('fargate-storage');
    expect(found(equal(ecsContext(PROD, 'vol-1')), EC2)).toBe('fargate-storage');
    expect(found({ granteePrincipal: `fargate.${REGION}.amazonaws.com ` }, EC2)).toBe('fargate-storage');
  });

  it.each<[string, RawRecord]>([
    ['another grantee', { granteePrincipal: `arn:aws:iam::${OTHER_ACCOUNT}:role/x` }],
    ['a grantee in another Region', { granteePrincipal: 'fargate.eu-west-1.amazonaws.com' }],
    ['a grantee of no Region', { granteePrincipal: 'fargate.amazonaws.com' }],
    ['a grantee with a prefix', { granteePrincipal: `x.fargate.${REGION}.amazonaws.com` }],
    ['a grantee with a suffix', { granteePrincipal: `fargate.${REGION}.amazonaws.com.example.com` }],
    ['a grantee around it', { granteePrincipal: `arn:aws:iam::${ACCOUNT}:role/fargate.${REGION}.amazonaws.com` }],
    ['no grantee', { granteePrincipal: null }],
    ['another retiree', { retiringPrincipal: `arn:aws:iam::${OTHER_ACCOUNT}:role/x` }],
    ['no retiree', { retiringPrincipal: undefined }],
    ['more operations', { operations: ['Decrypt', 'Encrypt'] }],
    ['CreateGrant', { operations: ['Decrypt', 'CreateGrant'] }],
    ['another operation', { operations: ['Encrypt'] }],
    ['no operation', { operations: [] }],
    ['operations missing', { operations: undefined }],
    ['an operation that is no text', { operations: ['Decrypt', 7] }],
    ['a pair missing', subset(ecsContext(PROD))],
    ['a pair more', subset({ ...ecsContext(PROD, 'vol-1'), own: 'x' })],
    ['a pair of S3’s', subset({ ...ecsContext(PROD, 'vol-1'), 'aws:s3:arn': 'arn:aws:s3:::b' })],
    ['a pair renamed', subset({ ...ecsContext(PROD), 'aws:ebs:ids': 'vol-1' })],
    [
      'a source of another account',
      { constraints: { encryptionContextSubset: ecsContext(PROD, 'v'), sourceArn: `arn:aws:ecs:${REGION}:${OTHER_ACCOUNT}:task/x` } },
    ],
  ])('does not expect %s', (_what, parameters) => {
    expect(found(parameters, EC2)).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['another service', service('fargate.amazonaws.com')],
    ['a service with a longer name', service('ec2-frontend-api.amazonaws.com.example.com')],
    ['a user', user('operator')],
    ['a user through EC2', user('operator', 'ec2-frontend-api.amazonaws.com')],
    ['nobody', null],
  ])('does not expect it of %s', (_who, userIdentity) => {
    expect(found({}, userIdentity)).toBeUndefined();
  });
});

it('a grant of Fargate’s without constraint is a service’s, not a task’s', () => {
  expect(found({ constraints: null }, service('ec2-frontend-api.amazonaws.com'))).toBe('aws-service');
});

describe('a grant is for Fargate storage, whoever made it', () => {
  const from = (account: string): RawRecord => ({
    constraints: { encryptionContextSubset: ecsContext(PROD, 'vol-1'), sourceArn: `arn:aws:ecs:${REGION}:${account}:task/x` },
  });

  it.each<[string, RawRecord, boolean]>([
    ['a task’s', {}, true],
    ['of a source in the key’s account', from(ACCOUNT), true],
    ['of a source in another', from(OTHER_ACCOUNT), false],
    ['of a grantee in another Region', { granteePrincipal: 'fargate.eu-west-1.amazonaws.com' }, false],
    ['of no volume', subset(ecsContext(PROD)), false],
  ])('%s', (_what, parameters, expected) => {
    expect(isFargateStorage(grant(parameters, user('operator')))).toBe(expected);
  });
});

describe('the profiles for EBS', () => {
  const caller = user('operator', 'AWS Internal');
  const arn = (account: string, last = 'i-0123456789abcdef0'): string =>
    `arn:aws:sts::${account}:assumed-role/aws:ec2-infrastructure/${last}`;
  const base = { ...subset(VOLUME), granteePrincipal: arn(ACCOUNT), retiringPrincipal: undefined, operations: ['Decrypt'] };

  it.each<[string, RawRecord, unknown, string[], string]>([
    ['a session’s ARN', {}, caller, [], 'ebs'],
    ['the short form', { granteePrincipal: `${ACCOUNT}:aws:ec2-infrastructure:i-0123456789abcdef0` }, caller, [], 'ebs'],
    ['no operations', { operations: undefined }, caller, [], 'ebs'],
    ['equality', equal(VOLUME), caller, [], 'ebs'],
    ['an account the policy names', { granteePrincipal: arn(OTHER_ACCOUNT) }, caller, [OTHER_ACCOUNT], 'ebs'],
    ['any account when a service calls', { granteePrincipal: arn(OTHER_ACCOUNT) }, service('ec2.amazonaws.com'), [], 'ebs-by-service'],
    ['the infrastructure itself', {}, infrastructureSession(), [], 'ebs'],
  ])('expect %s', (_what, parameters, userIdentity, accounts, name) => {
    expect(found({ ...base, ...parameters }, userIdentity, accounts)).toBe(name);
  });

  it.each<[string, RawRecord, unknown]>([
    ['a caller by itself', {}, user('operator')],
    ['another account', { granteePrincipal: arn(OTHER_ACCOUNT) }, caller],
    ['another partition', { granteePrincipal: arn(ACCOUNT).replace('arn:aws:', 'arn:aws-cn:') }, caller],
    ['another role', { granteePrincipal: arn(ACCOUNT).replace('ec2-infrastructure', 'ec2-infrastructures') }, caller],
    ['a role that only ends so', { granteePrincipal: arn(ACCOUNT).replace('aws:ec2', 'my-aws:ec2') }, caller],
    ['no instance', { granteePrincipal: arn(ACCOUNT, 'session') }, caller],
    ['a path after the instance', { granteePrincipal: arn(ACCOUNT, 'i-1/x') }, caller],
    ['an IAM role of that name', { granteePrincipal: `arn:aws:iam::${ACCOUNT}:role/aws:ec2-infrastructure/i-1` }, caller],
    ['another operation', { operations: ['Decrypt', 'Encrypt'] }, caller],
    ['no constraint', { constraints: null }, caller],
    ['another context', subset({ 'aws:s3:arn': 'arn:aws:s3:::b' }), caller],
    ['a context with a pair more', subset({ ...VOLUME, own: 'x' }), caller],
  ])('do not expect %s', (_what, parameters, userIdentity) => {
    expect(found({ ...base, ...parameters }, userIdentity)).toBeUndefined();
  });
});

describe('the profile lambda', () => {
  const session = `arn:aws:sts::${ACCOUNT}:assumed-role/role/function`;
  const base = {
    ...equal({ 'aws:lambda:FunctionArn': `arn:aws:lambda:${REGION}:${ACCOUNT}:function:f` }),
    granteePrincipal: session,
    retiringPrincipal: session,
    operations: ['Decrypt', 'RetireGrant'],
  };
  const caller = user('operator', 'lambda.amazonaws.com');

  it('expects a function’s grant', () => {
    expect(found(base, caller)).toBe('lambda');
    expect(found({ ...base, operations: ['Decrypt', 'Encrypt', 'GenerateDataKey', 'DescribeKey', 'RetireGrant'] }, caller)).toBe('lambda');
  });

  it.each<[string, RawRecord]>([
    ['another retiree', { retiringPrincipal: `${session}x` }],
    ['no retiree', { retiringPrincipal: undefined }],
    [
      'another account',
      { granteePrincipal: session.replace(ACCOUNT, OTHER_ACCOUNT), retiringPrincipal: session.replace(ACCOUNT, OTHER_ACCOUNT) },
    ],
    ['a role', { granteePrincipal: `arn:aws:iam::${ACCOUNT}:role/role`, retiringPrincipal: `arn:aws:iam::${ACCOUNT}:role/role` }],
    ['a longer session', { granteePrincipal: `${session}/x`, retiringPrincipal: `${session}/x` }],
    ['CreateGrant', { operations: ['Decrypt', 'CreateGrant'] }],
    ['operations missing', { operations: undefined }],
    ['a subset', subset({ 'aws:lambda:FunctionArn': 'x' })],
    ['another context', equal({ 'aws:lambda:FunctionName': 'x' })],
    ['no constraint', { constraints: null }],
  ])('does not expect %s', (_what, parameters) => {
    expect(found({ ...base, ...parameters }, caller)).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['another service', user('operator', 's3.amazonaws.com')],
    ['a longer name', user('operator', 'lambda.amazonaws.com.example.com')],
    ['the user alone', user('operator')],
  ])('does not expect it through %s', (_who, userIdentity) => {
    expect(found(base, userIdentity)).toBeUndefined();
  });
});

describe('the profile aws-service', () => {
  const caller = user('operator', 'rds.amazonaws.com');
  const base = {
    constraints: null,
    granteePrincipal: 'mq.amazonaws.com',
    retiringPrincipal: undefined,
    operations: ['Decrypt', 'CreateGrant'],
  };

  it.each<[string, RawRecord]>([
    ['a global principal', {}],
    ['a regional principal', { granteePrincipal: `rds.${REGION}.amazonaws.com` }],
    ['a principal that begins with its Region', { granteePrincipal: `${REGION}.supportauthz.amazonaws.com` }],
    ['AWS Internal', { granteePrincipal: 'AWS Internal' }],
    ['a service principal in its own field', { granteePrincipal: undefined, granteeServicePrincipal: 'mq.amazonaws.com' }],
    ['a trailing space', { granteePrincipal: 'mq.amazonaws.com ' }],
    ['any context but one of ECS', subset({ 'aws:ebs:id': 'vol-1', own: 'x' })],
    ['a source of the key’s account', { constraints: { sourceArn: `arn:aws:mq:${REGION}:${ACCOUNT}:broker:b` } }],
  ])('expects %s', (_what, parameters) => {
    expect(found({ ...base, ...parameters }, caller)).toBe('aws-service');
  });

  it.each<[string, RawRecord]>([
    ['an ECS key in the constraint', subset({ 'aws:ecs:clusterName': 'x' })],
    ['an ECS key in another case', equal({ 'AWS:ECS:anything': 'x' })],
    ['another Region’s principal', { granteePrincipal: 'rds.eu-west-1.amazonaws.com' }],
    ['a role', { granteePrincipal: `arn:aws:iam::${OTHER_ACCOUNT}:role/x` }],
    ['a principal within a name', { granteePrincipal: 'x/mq.amazonaws.com' }],
    ['a principal with a suffix', { granteePrincipal: 'mq.amazonaws.com.example.com' }],
    ['AWS Internals', { granteePrincipal: 'AWS Internals' }],
    ['a source of another account', { constraints: { sourceArn: `arn:aws:mq:${REGION}:${OTHER_ACCOUNT}:broker:b` } }],
    ['a source that is no ARN', { constraints: { sourceArn: 'broker' } }],
  ])('does not expect %s', (_what, parameters) => {
    expect(found({ ...base, ...parameters }, caller)).toBeUndefined();
  });

  it('does not expect it of a caller by itself, since customers too may grant to a service', () => {
    expect(found(base, user('operator'))).toBeUndefined();
  });
});

describe('the profiles for service-linked roles', () => {
  const role = (account: string): string =>
    `arn:aws:iam::${account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`;
  const base = { constraints: null, granteePrincipal: role(ACCOUNT), retiringPrincipal: undefined, operations: ['Decrypt', 'CreateGrant'] };

  it.each<[string, string, unknown, string[], string]>([
    ['the key’s account', role(ACCOUNT), user('operator'), [], 'service-linked-role'],
    ['an account the policy names', role(OTHER_ACCOUNT), user('operator'), [OTHER_ACCOUNT], 'service-linked-role'],
    ['any account when a service calls', role(OTHER_ACCOUNT), service('autoscaling.amazonaws.com'), [], 'service-linked-role-by-service'],
    ['a role with a suffix of one’s own', `${role(ACCOUNT)}_team`, user('operator'), [], 'service-linked-role'],
  ])('expect %s', (_what, granteePrincipal, userIdentity, accounts, name) => {
    expect(found({ ...base, granteePrincipal }, userIdentity, accounts)).toBe(name);
  });

  it.each([
    ['another account', role(OTHER_ACCOUNT)],
    ['another path', role(ACCOUNT).replace('aws-service-role', 'service-role')],
    ['a path before it', role(ACCOUNT).replace('role/', 'role/x/')],
    ['a service that is none', role(ACCOUNT).replace('autoscaling.amazonaws.com', 'autoscaling.example.com')],
    ['a longer domain', role(ACCOUNT).replace('amazonaws.com', 'amazonaws.com.example.com')],
    ['another name', role(ACCOUNT).replace('AWSServiceRoleFor', 'ServiceRoleFor')],
    ['the name alone', 'AWSServiceRoleForAutoScaling'],
    ['a path after it', `${role(ACCOUNT)}/x`],
    ['a session of it', role(ACCOUNT).replace(':iam:', ':sts:')],
  ])('do not expect %s', (_what, granteePrincipal) => {
    expect(found({ ...base, granteePrincipal }, user('operator'))).toBeUndefined();
  });
});

describe('an operator’s profile', () => {
  const profile: GrantProfile = {
    name: 'own',
    caller: [userArn('operator')],
    grantee: [`arn:aws:iam::${OTHER_ACCOUNT}:role/*`],
    context: {},
  };
  const judged = (parameters: RawRecord, userIdentity: unknown): boolean =>
    profileOf(
      grant({ constraints: null, granteePrincipal: `arn:aws:iam::${OTHER_ACCOUNT}:role/x`, ...parameters }, userIdentity),
      [profile],
      [],
    ) !== undefined;

  it('expects what fits every field', () => {
    expect(judged({}, user('operator'))).toBe(true);
    expect(judged({}, user('alicex'))).toBe(false);
    expect(judged({ granteePrincipal: `arn:aws:iam::${OTHER_ACCOUNT}:role/x/y` }, user('operator'))).toBe(false);
    expect(judged(subset(VOLUME), user('operator'))).toBe(false);
  });

  it.each<[string, Partial<GrantProfile>, RawRecord, unknown, boolean]>([
    ['no retiree, where there is none', { retiree: [] }, { retiringPrincipal: undefined }, user('operator'), true],
    ['no retiree, where there is one', { retiree: [] }, {}, user('operator'), false],
    ['a retiree, where there is none', { retiree: ['**'] }, { retiringPrincipal: undefined }, user('operator'), false],
    ['no service, where there is none', { invokedBy: [] }, {}, user('operator'), true],
    ['no service, where there is one', { invokedBy: [] }, {}, user('operator', 'rds.amazonaws.com'), false],
    ['no source, where there is none', { sourceArn: [] }, {}, user('operator'), true],
    ['no source, where there is one', { sourceArn: [] }, { constraints: { sourceArn: SOURCE } }, user('operator'), false],
    ['no caller, though there always is one', { caller: [] }, {}, user('operator'), false],
    [
      'no operation, where none is named',
      { operations: { exactly: [], optional: true } },
      { operations: undefined },
      user('operator'),
      true,
    ],
    ['no operation, where the list is empty', { operations: { exactly: [] } }, { operations: [] }, user('operator'), true],
    ['no operation, where one is named', { operations: { exactly: [], optional: true } }, {}, user('operator'), false],
    ['one operation twice, where there are two', { operations: { exactly: ['Decrypt', 'Decrypt'] } }, BOTH, user('operator'), false],
    ['two operations, where there is one', { operations: { exactly: ['Decrypt', 'Encrypt'] } }, {}, user('operator'), false],
    ['two operations in any order', { operations: { exactly: ['Encrypt', 'Decrypt'] } }, BOTH, user('operator'), true],
    ['some of several operations', { operations: { within: ['Encrypt', 'Decrypt', 'Sign'] } }, BOTH, user('operator'), true],
    ['any operations', { operations: {} }, BOTH, user('operator'), true],
    ['no operations, where some must be named', { operations: {} }, { operations: undefined }, user('operator'), false],
    ['another type of caller', { callerType: 'AWSService' }, {}, user('operator'), false],
    ['its type of caller', { callerType: 'IAMUser' }, {}, user('operator'), true],
    ['any key where no prefix is ruled out', { context: { undefinedness: '*' } }, subset({ undefinedness: 'x' }), user('operator'), true],
    ['a caller to be believed', { trusted: true }, {}, user('operator'), false],
  ])('can expect %s', (_what, fields, parameters, userIdentity, expected) => {
    const one = grant({ constraints: null, granteePrincipal: `arn:aws:iam::${OTHER_ACCOUNT}:role/x`, ...parameters }, userIdentity);

    expect(profileOf(one, [{ ...profile, ...fields }], []) !== undefined).toBe(expected);
  });
});

describe('profileFor', () => {
  const base = { constraints: null, granteePrincipal: userArn('export'), retiringPrincipal: undefined, operations: ['Decrypt'] };
  const made = (parameters: RawRecord, userIdentity: unknown = user('operator')): GrantProfile | undefined =>
    profileFor(grant({ ...base, ...parameters }, userIdentity));

  it('says all that was observed, and what was not there', () => {
    expect(made({})).toStrictEqual({
      name: 'expected-grant-1',
      caller: [userArn('operator')],
      invokedBy: [],
      grantee: [userArn('export')],
      retiree: [],
      operations: { exactly: ['Decrypt'] },
      context: {},
      sourceArn: [],
    });
    expect(
      made(
        {
          retiringPrincipal: userArn('retiree'),
          operations: undefined,
          constraints: { encryptionContextEquals: { purpose: 'x', ...VOLUME }, sourceArn: SOURCE },
        },
        user('operator', 'AWS Internal'),
      ),
    ).toStrictEqual({
      name: 'expected-grant-1',
      caller: [userArn('operator')],
      invokedBy: ['AWS Internal'],
      grantee: [userArn('export')],
      retiree: [userArn('retiree')],
      operations: { exactly: [], optional: true },
      context: { 'aws:ebs:id': '*', purpose: 'x' },
      contextMatch: 'equals',
      sourceArn: [SOURCE],
    });
    expect(made(subset({ purpose: 'x' }))).toMatchObject({ contextMatch: 'subset' });
    expect(made({ operations: [] })).toMatchObject({ operations: { exactly: [] } });
    expect(made({ operations: [] })).not.toHaveProperty('operations.optional');
  });

  it('is named after its grant, briefly', () => {
    const { grantId: _, ...fields } = grant(base, user('operator'));

    expect(profileFor({ ...fields, grantId: '0123456789abcdef' })?.name).toBe('expected-01234567');
  });

  it('takes a volume’s name literally where it is none', () => {
    expect(made(subset({ 'aws:ebs:id': 'arn:aws:ec2:vol' }))?.context).toStrictEqual({ 'aws:ebs:id': 'arn:aws:ec2:vol' });
  });

  it.each<[string, RawRecord, string]>([
    ['no grantee', { granteePrincipal: undefined }, 'it names no grantee'],
    ['a wildcard for a grantee', { granteePrincipal: 'role/*' }, 'its names cannot be written as patterns'],
    ['a placeholder for a grantee', { granteePrincipal: 'role/${Account}' }, 'its names cannot be written as patterns'],
    ['a grantee that is too long', { granteePrincipal: 'x'.repeat(600) }, 'its names cannot be written as patterns'],
    ['a wildcard for a retiree', { retiringPrincipal: 'role/*' }, 'its names cannot be written as patterns'],
    ['a wildcard for a source', { constraints: { sourceArn: 'arn:*' } }, 'its names cannot be written as patterns'],
    [
      'an operation that KMS does not document',
      { operations: ['Decrypt', 'Drink', 'Eat'] },
      'a policy knows no such operation: Drink, Eat',
    ],
    ['operations that cannot be read', { operations: 'Decrypt' }, 'a policy knows no such operation: ?'],
    ['a value that CloudTrail hides', subset({ a: 'x', b: 'HIDDEN_DUE_TO_SECURITY_REASONS' }), 'its encryption context cannot be read'],
    ['a value that is no text', subset({ a: 7 }), 'its encryption context cannot be read'],
    ['a wildcard in a value', subset({ a: 'x', b: '*' }), 'its encryption context cannot be written as patterns'],
    ['a volume that CloudTrail hides', subset({ 'aws:ebs:id': 'HIDDEN_DUE_TO_SECURITY_REASONS' }), 'its encryption context cannot be read'],
    ['a key that is too long', subset({ ['k'.repeat(200)]: 'x' }), 'its encryption context cannot be written as patterns'],
    ['a key that no policy may name', subset(JSON.parse('{"__proto__":"x"}')), 'its encryption context cannot be written as patterns'],
  ])('is none for %s', (_what, parameters, because) => {
    const one = grant({ ...base, ...parameters }, user('operator'));

    expect(exactProfile(one)).toStrictEqual({ because });
    expect(profileFor(one)).toBeUndefined();
  });

  it.each(['operator', 'rds.amazonaws.com'])('is none where a wildcard stands beside the caller %s', (name) => {
    expect(made({}, user('operator*'))).toBeUndefined();
    expect(made({}, user(name, '*'))).toBeUndefined();
  });

  const names = fc.constantFrom(userArn('a'), userArn('b'), `arn:aws:iam::${OTHER_ACCOUNT}:role/a`, 'mq.amazonaws.com', 'AWS Internal');
  const operations = fc
    .uniqueArray(fc.constantFrom('CreateGrant', 'Decrypt', 'Encrypt', 'Sign'), { maxLength: 3 })
    .map((some) => some.sort());
  const constraint = fc.record({
    match: fc.constantFrom('equals' as const, 'subset' as const),
    context: fc
      .dictionary(fc.constantFrom('aws:ebs:id', 'aws:ecs:clustername', 'purpose'), fc.constantFrom('a', 'b', 'vol-1'), { minKeys: 1 })
      .map((pairs) => new Map(Object.entries(pairs))),
  });
  const { grantee: _, retiree: __, operations: ___, constraint: ____, ...bare } = grant(base, user('operator'));
  const grants: fc.Arbitrary<GrantCreated> = fc
    .record(
      { grantee: names, retiree: names, operations, constraint, sourceArn: fc.constantFrom(SOURCE, `${SOURCE}2`), invokedBy: names },
      { requiredKeys: ['grantee'] },
    )
    .map(({ invokedBy, ...fields }) => ({
      ...bare,
      ...fields,
      caller: { ...bare.caller, ...(invokedBy === undefined ? {} : { invokedBy }) },
    }));
  /** All that decides, each volume being like another; a list of no operations names as few as no list does. */
  const decisive = ({ caller, grantee, retiree, operations: some, constraint: bound, sourceArn }: GrantCreated): string =>
    JSON.stringify([
      [caller.id, caller.invokedBy, grantee, retiree, some ?? [], sourceArn, bound?.match],
      [...(bound?.context ?? [])].map(([key, value]) => [key, key === 'aws:ebs:id' ? '' : value]).sort(),
    ]);

  it('expects its grant, as a policy does that holds it', () => {
    fc.assert(
      fc.property(grants, (one) => {
        const reading = readPolicy({ grants: [profileFor(one)] });
        if ('problems' in reading) throw new Error(reading.problems.join('; '));

        expect(profileOf(one, reading.policy.grants, [])).toBeDefined();
      }),
    );
  });

  it('expects no grant in which anything is otherwise', () => {
    fc.assert(
      fc.property(grants, grants, fc.constantFrom(...FIELDS), (one, other, field) => {
        const { [field]: ____, ...rest } = one;
        const changed: GrantCreated = { ...rest, caller: one.caller, ...(other[field] === undefined ? {} : { [field]: other[field] }) };
        const profile = profileFor(one);
        if (profile === undefined) throw new Error('no profile');
        for (const mutant of [other, changed])
          if (decisive(mutant) !== decisive(one)) expect(profileOf(mutant, [profile], [ACCOUNT, OTHER_ACCOUNT])).toBeUndefined();
      }),
      { numRuns: 3_000 },
    );
  });
});
