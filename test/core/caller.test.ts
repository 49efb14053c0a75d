import { describe, expect, it } from 'vitest';
import { readCaller, trustIn } from '../../src/core/caller.ts';
import { readContext } from '../../src/core/encryption-context.ts';
import { sha256 } from '../../src/system.ts';
import {
  ecsContext,
  INFRASTRUCTURE_ROLE,
  infrastructureSession,
  OTHER_ACCOUNT,
  PROD,
  REGION,
  service,
  user,
  userArn,
} from '../support/fleet.ts';

const trusted = (userIdentity: unknown): boolean => readCaller(userIdentity, REGION, sha256).trusted;
const session = (issuer: unknown, more: Record<string, unknown> = {}): unknown => ({
  type: 'AssumedRole',
  arn: `arn:aws:sts::${OTHER_ACCOUNT}:assumed-role/app/x`,
  sessionContext: { sessionIssuer: issuer },
  ...more,
});

describe('a trusted caller', () => {
  it.each([
    'ec2-frontend-api.amazonaws.com',
    'fargate.amazonaws.com',
    'ecs.amazonaws.com',
    'ec2.amazonaws.com',
    `fargate.${REGION}.amazonaws.com`,
    `ec2.${REGION}.amazonaws.com`,
  ])('is the service %s', (invokedBy) => {
    expect(trusted(service(invokedBy))).toBe(true);
  });

  it('is a session of a role that only AWS can make', () => {
    expect(trusted(infrastructureSession())).toBe(true);
  });

  it.each([
    ['another service', service('s3.amazonaws.com')],
    ['AWS Internal', service('AWS Internal')],
    ['another Region’s', service('fargate.eu-west-1.amazonaws.com')],
    ['a longer name', service('xfargate.amazonaws.com')],
    ['a longer domain', service('fargate.amazonaws.com.example.com')],
    ['a name before it', service('example.com/fargate.amazonaws.com')],
    ['another case', service('Fargate.amazonaws.com')],
    ['a line break', service('fargate.amazonaws.com\nx')],
    ['a user through the service', user('operator', 'fargate.amazonaws.com')],
    ['a root through the service', { type: 'Root', invokedBy: 'ec2-frontend-api.amazonaws.com' }],
    ['a service event without type', { invokedBy: 'fargate.amazonaws.com' }],
    ['a service without principal', { type: 'AWSService' }],
    ['another type’s case', { type: 'awsservice', invokedBy: 'fargate.amazonaws.com' }],
    ['a role of a customer', session({ userName: 'app' })],
    ['a role whose name holds aws:', session({ userName: 'my-aws:ec2-infrastructure' })],
    [
      'a role that only its session name calls aws:',
      session({ userName: 'app' }, { arn: `arn:aws:sts::${OTHER_ACCOUNT}:assumed-role/app/aws:ec2-infrastructure` }),
    ],
    ['an issuer that is text', session('aws:ec2-infrastructure')],
    ['an issuer’s name that is no text', session({ userName: ['aws:ec2-infrastructure'] })],
    ['a user named aws:', { type: 'IAMUser', userName: 'aws:ec2-infrastructure' }],
    ['null', null],
    ['nothing', undefined],
    ['text', 'fargate.amazonaws.com'],
    ['an array', [service('fargate.amazonaws.com')]],
  ])('is not %s', (_what, userIdentity) => {
    expect(trusted(userIdentity)).toBe(false);
  });

  it('is not a regional service where the record names no Region', () => {
    expect(readCaller(service(`fargate.${REGION}.amazonaws.com`), undefined, sha256).trusted).toBe(false);
    expect(readCaller(service('fargate.amazonaws.com'), undefined, sha256).trusted).toBe(true);
  });
});

describe('a caller’s id', () => {
  it.each([
    ['a user', user('operator'), userArn('operator')],
    ['a role’s session', infrastructureSession(), INFRASTRUCTURE_ROLE],
    ['a session without issuer', session(undefined), `arn:aws:sts::${OTHER_ACCOUNT}:assumed-role/app`],
    [
      'a session of a longer name without issuer',
      { type: 'AssumedRole', arn: `arn:aws:sts::${OTHER_ACCOUNT}:assumed-role/app/a longer/name\nof it` },
      `arn:aws:sts::${OTHER_ACCOUNT}:assumed-role/app`,
    ],
    [
      'an ARN that only holds a session’s',
      { arn: `xarn:aws:sts::${OTHER_ACCOUNT}:assumed-role/app/x` },
      `xarn:aws:sts::${OTHER_ACCOUNT}:assumed-role/app/x`,
    ],
    ['a service', service('fargate.amazonaws.com'), 'fargate.amazonaws.com'],
    ['a service that has other names too', { ...service('fargate.amazonaws.com'), userName: 'someone' }, 'fargate.amazonaws.com'],
    ['somebody who came through a service', { type: 'IAMUser', invokedBy: 'fargate.amazonaws.com', userName: 'someone' }, 'someone'],
    ['a user name alone', { type: 'IAMUser', userName: 'operator' }, 'operator'],
    ['a principal alone', { type: 'Role', principalId: 'AROAEXAMPLE:x' }, 'AROAEXAMPLE:x'],
    ['another account', { type: 'AWSAccount', accountId: OTHER_ACCOUNT }, OTHER_ACCOUNT],
    ['a service event', { accountId: OTHER_ACCOUNT, invokedBy: 'AWS Internal' }, OTHER_ACCOUNT],
    ['only invokedBy', { invokedBy: 'AWS Internal' }, 'AWS Internal'],
    ['only a type', { type: 'Unknown' }, 'Unknown'],
    ['null', null, 'unknown'],
    ['odd types', { type: 1, arn: {}, invokedBy: [], userName: false, sessionContext: 'x' }, 'unknown'],
  ])('of %s', (_what, userIdentity, id) => {
    expect(readCaller(userIdentity, REGION, sha256).id).toBe(id);
  });

  it('is the same for two sessions of one role, whose own ARNs differ', () => {
    const [a, b] = ['a', 'b'].map((name) =>
      readCaller(
        session({ arn: `arn:aws:iam::${OTHER_ACCOUNT}:role/app` }, { arn: `arn:aws:sts::${OTHER_ACCOUNT}:assumed-role/app/${name}` }),
        REGION,
        sha256,
      ),
    );

    expect(a?.id).toBe(b?.id);
    expect(a?.session).not.toBe(b?.session);
  });

  it('is bounded, and stays one per caller', () => {
    const [a, b] = ['a', 'b'].map((name) => readCaller({ userName: `${'x'.repeat(5000)}${name}` }, REGION, sha256).id);

    expect(a).toHaveLength(512);
    expect(a).not.toBe(b);
  });
});

describe('trust in a context', () => {
  const s3 = { 'aws:s3:arn': 'arn:aws:s3:::bucket' };
  const ecs = ecsContext(PROD, 'vol-0000000000000000a');

  it.each([
    ['a service', service('fargate.amazonaws.com'), ecs, 'trusted'],
    ['an AWS role', infrastructureSession(), ecs, 'trusted'],
    ['a service and a pair of nobody’s', service('fargate.amazonaws.com'), { ...ecs, own: 'x' }, 'trusted'],
    ['a service beside S3', service('ec2.amazonaws.com'), { ...ecs, ...s3 }, 'forged'],
    ['an AWS role beside S3', infrastructureSession(), { ...ecs, ...s3 }, 'forged'],
    ['a service beside a secret', service('ec2.amazonaws.com'), { ...ecs, SecretARN: 'x' }, 'forged'],
    ['a service beside a parameter', service('ec2.amazonaws.com'), { ...ecs, PARAMETER_ARN: 'x' }, 'forged'],
    ['a user', user('operator'), ecs, 'forged'],
    ['a user, one ECS key', user('operator'), { 'aws:ecs:anything': 'x' }, 'forged'],
    ['a user, another case', user('operator'), { 'AWS:ECS:clusterName': 'x' }, 'forged'],
    ['a user beside S3', user('operator', 'AWS Internal'), { ...ecs, ...s3 }, 'forged'],
    ['a user through a service', user('operator', 'AWS Internal'), ecs, 'unverified'],
    ['a service not listed', service('example.amazonaws.com'), ecs, 'unverified'],
    ['nobody', null, ecs, 'forged'],
    ['a user without ECS context', user('operator'), s3, 'none'],
    ['a user without context', user('operator'), {}, 'none'],
    ['a volume alone', user('operator', 'AWS Internal'), { 'aws:ebs:id': 'vol-1' }, 'none'],
  ])('of %s', (_who, userIdentity, context, trust) => {
    expect(trustIn(readCaller(userIdentity, REGION, sha256), readContext(context, sha256))).toBe(trust);
  });
});
