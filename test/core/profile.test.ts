import { describe, expect, it } from 'vitest';
import type { GrantCreated } from '../../src/core/fact.ts';
import { readKeyArn } from '../../src/core/key-arn.ts';
import { matches } from '../../src/core/pattern.ts';
import { DEFAULT_PROFILES, type GrantProfile, profileFor, profileOf } from '../../src/core/profile.ts';
import { readRecord } from '../../src/core/read-record.ts';
import { sha256 } from '../../src/system.ts';
import {
  ACCOUNT,
  createGrant,
  ecsContext,
  infrastructureSession,
  KEY,
  OTHER_ACCOUNT,
  PROD,
  type RawRecord,
  REGION,
  service,
  user,
  userArn,
} from '../support/fleet.ts';

const scope = { key: readKeyArn(KEY), accounts: [OTHER_ACCOUNT] };

describe('matches', () => {
  it.each([
    ['abc', 'abc', true],
    ['abc', ' abc ', true],
    ['abc', 'abcd', false],
    ['abc', 'xabc', false],
    ['abc', 'ABC', false],
    ['abc', 'abc\nabc', false],
    ['a.c', 'abc', false],
    ['a*', 'a', false],
    ['a*', 'ab-c', true],
    ['a*', 'ab:c', false],
    ['a*', 'ab/c', false],
    ['a**', 'ab:c/d', true],
    ['a**', 'a', false],
    ['**', 'a\nb', true],
    ['(x|y)+$', '(x|y)+$', true],
    ['${Account}', ACCOUNT, true],
    ['${Account}', OTHER_ACCOUNT, false],
    ['${Accounts}', ACCOUNT, true],
    ['${Accounts}', OTHER_ACCOUNT, true],
    ['${Accounts}', '999999999999', false],
    ['${Partition}:${Region}', `aws:${REGION}`, true],
    ['${Partition}:${Region}', `aws-cn:${REGION}`, false],
    ['${Unknown}', '${Unknown}', true],
    ['${ServicePrincipal}', 'mq.amazonaws.com', true],
    ['${ServicePrincipal}', `rds.${REGION}.amazonaws.com`, true],
    ['${ServicePrincipal}', `${REGION}.supportauthz.amazonaws.com`, true],
    ['${ServicePrincipal}', 'mq.amazonaws.com.cn', true],
    ['${ServicePrincipal}', 'rds.eu-west-1.amazonaws.com', false],
    ['${ServicePrincipal}', 'eu-west-1.supportauthz.amazonaws.com', false],
    ['${ServicePrincipal}', 'rds.us-gov-west-1.amazonaws.com', false],
    ['${ServicePrincipal}', 'mq.amazonaws.com.example.com', false],
    ['${ServicePrincipal}', 'amazonaws.com', false],
    ['${ServicePrincipal}', '.amazonaws.com', false],
    ['${ServicePrincipal}', 'a.b.c.d.amazonaws.com', false],
    ['${ServicePrincipal}', 'mq_amazonaws.com', false],
    ['${ServicePrincipal}', 'MQ.amazonaws.com', false],
    ['${ServicePrincipal}', 'arn:aws:iam::111122223333:role/x.amazonaws.com', false],
    ['${ServicePrincipal}', 'evil/x.amazonaws.com', false],
  ])('%s and "%s": %s', (pattern, value, expected) => {
    expect(matches(pattern, value, scope)).toBe(expected);
  });

  it('fits no placeholder where there is no key', () => {
    const nowhere = { key: undefined, accounts: [] };

    for (const pattern of ['${Account}', '${Accounts}', '${Partition}', '${Region}']) expect(matches(pattern, '', nowhere)).toBe(false);
    expect(matches('${ServicePrincipal}', `rds.${REGION}.amazonaws.com`, nowhere)).toBe(false);
    expect(matches('${ServicePrincipal}', 'rds.amazonaws.com', nowhere)).toBe(true);
  });
});

function grant(parameters: RawRecord, userIdentity: unknown): GrantCreated {
  const reading = readRecord(createGrant('grant-1', parameters, { userIdentity }), sha256);
  if (reading.kind !== 'fact' || reading.fact.kind !== 'grant-created') throw new Error(JSON.stringify(reading));
  return reading.fact;
}

const found = (parameters: RawRecord, userIdentity: unknown, accounts: readonly string[] = []): string | undefined =>
  profileOf(grant(parameters, userIdentity), DEFAULT_PROFILES, accounts)?.name;

const subset = (context: unknown): RawRecord => ({ constraints: { encryptionContextSubset: context } });
const equal = (context: unknown): RawRecord => ({ constraints: { encryptionContextEquals: context } });
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

  it.each<[string, RawRecord, unknown]>([
    [
      'a user’s grant',
      { granteePrincipal: `arn:aws:iam::${OTHER_ACCOUNT}:role/x`, operations: ['CreateGrant', 'Decrypt'] },
      user('operator'),
    ],
    ['a grant without constraint', { constraints: null, granteePrincipal: 'AROAEXAMPLE' }, user('operator')],
    [
      'a grant with a source',
      { constraints: { sourceArn: `arn:aws:mq:${REGION}:${OTHER_ACCOUNT}:broker:b` } },
      user('operator', 'AWS Internal'),
    ],
    ['a grant in equality', equal({ own: 'x' }), user('operator')],
  ])('can be written for %s, and then expects it', (_what, parameters, userIdentity) => {
    const one = grant(parameters, userIdentity);
    expect(profileOf(one, DEFAULT_PROFILES, [])).toBeUndefined();

    const written = profileFor(one);

    expect(written && profileOf(one, [written], [])).toBe(written);
  });

  it.each(['role/*', 'role/${Account}', `${'x'.repeat(600)}`])('cannot be written where %s would be a pattern', (name) => {
    expect(profileFor(grant({ granteePrincipal: name }, user('operator')))).toBeUndefined();
  });
});
