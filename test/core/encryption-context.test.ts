import { describe, expect, it } from 'vitest';
import { clusterOf, namesEcs, namesOtherService, readContext, resourceOf, volumeIdOf } from '../../src/core/encryption-context.ts';
import { sha256 } from '../../src/system.ts';
import { ACCOUNT, ecsContext, PROD } from '../support/fleet.ts';

const read = (value: unknown): ReadonlyMap<string, string> => readContext(value, sha256);

describe('readContext', () => {
  it('lowers keys and keeps values as they are', () => {
    expect([...read({ 'AWS:ebs:ID': 'Vol-A' })]).toEqual([['aws:ebs:id', 'Vol-A']]);
  });

  it.each([undefined, null, 'x', 7, true, [], [['a', 'b']]])('is empty for %j', (value) => {
    expect(read(value).size).toBe(0);
  });

  it.each([
    ['blank', ' '],
    ['a number', 7],
    ['null', null],
    ['an object', {}],
    ['hidden', 'HIDDEN_DUE_TO_SECURITY_REASONS'],
  ])('names no cluster by a value that is %s', (_what, value) => {
    expect(clusterOf(read({ ...ecsContext(PROD), 'aws:ecs:clusterName': value }), sha256)).toBeUndefined();
  });

  it('believes neither of two keys that differ in case', () => {
    expect(clusterOf(read({ ...ecsContext(PROD), 'aws:ECS:clusterName': 'other' }), sha256)).toBeUndefined();
  });

  it('is safe from names of the prototype', () => {
    const context = read(JSON.parse('{"__proto__":{"aws:ebs:id":"x"},"hasOwnProperty":"y"}'));

    expect(volumeIdOf(context, sha256)).toBeUndefined();
    expect(context.get('hasownproperty')).toBe('y');
  });

  it('bounds keys and values, and keeps long ones apart', () => {
    const long = 'x'.repeat(5000);
    const context = read({ [`${long}a`]: `${long}a`, [`${long}b`]: `${long}b` });

    expect(context.size).toBe(2);
    expect(new Set(context.values()).size).toBe(2);
    for (const [key, value] of context) expect([key.length, value.length]).toEqual([128, 512]);
  });

  const many = (name: (index: number) => string): Record<string, string> =>
    Object.fromEntries(Array.from({ length: 200 }, (_, index) => [name(index), 'x']));

  it('keeps 128 pairs, before all others those that decide, then those of AWS', () => {
    const own = many((index) => `own-${index}`);
    const ofAws = many((index) => `aws:new-service:${index}`);

    expect(read(own).size).toBe(128);
    expect(namesOtherService(read({ ...own, 'aws:new-service:id': 'y' }))).toBe(true);
    expect(resourceOf(read({ ...own, SecretARN: 'arn:s' }))).toEqual({ kind: 'secret', id: 'arn:s' });
    expect(clusterOf(read({ ...ofAws, ...ecsContext(PROD) }), sha256)).toEqual(PROD);
  });

  it('has no half characters', () => {
    expect(read({ 'a\ud800': 'b\udc00' })).toEqual(new Map([['a\ufffd', 'b\ufffd']]));
  });
});

describe('what a context names', () => {
  it('is a cluster and a volume', () => {
    const context = read(ecsContext(PROD, 'vol-1'));

    expect(clusterOf(context, sha256)).toEqual(PROD);
    expect(volumeIdOf(context, sha256)).toBe('vol-1');
  });

  it.each([
    [{ SecretARN: 'arn:s', SecretVersionId: 'v' }, 'secret', 'arn:s'],
    [{ PARAMETER_ARN: 'arn:p' }, 'parameter', 'arn:p'],
    [
      { 'aws:logs:arn': `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:/ecs/a:log-stream:b` },
      'log-group',
      `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:/ecs/a`,
    ],
    [
      { 'aws:logs:arn': `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:/ecs/a:*` },
      'log-group',
      `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:/ecs/a`,
    ],
    [
      { 'aws:logs:arn': `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:/ecs/a` },
      'log-group',
      `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:/ecs/a`,
    ],
    [{ 'aws:elasticfilesystem:filesystem:id': 'fs-1' }, 'file-system', 'fs-1'],
    [{ 'aws:s3:arn': 'arn:aws:s3:::bucket/a/b' }, 'bucket', 'arn:aws:s3:::bucket'],
    [{ 'aws:s3:arn': 'arn:aws:s3:::bucket' }, 'bucket', 'arn:aws:s3:::bucket'],
    [{ 'aws:s3:arn': 'arn:aws-cn:s3:::bucket/a' }, 'bucket', 'arn:aws-cn:s3:::bucket'],
    [{ 'aws:s3:arn': 'xarn:aws:s3:::bucket/a' }, 'bucket', 'xarn:aws:s3:::bucket/a'],
    [{ 'aws:s3:arn': 'arn:aws:s3:::layers', 'aws:ecr:arn': 'arn:r' }, 'repository', 'arn:r'],
    [{ 'aws:sqs:arn': 'arn:q' }, 'queue', 'arn:q'],
    [{ 'aws:sns:topicArn': 'arn:t' }, 'topic', 'arn:t'],
    [
      { 'aws:lambda:FunctionArn': `arn:aws:lambda:us-east-1:${ACCOUNT}:function:resize:42` },
      'function',
      `arn:aws:lambda:us-east-1:${ACCOUNT}:function:resize`,
    ],
    [{ 'aws:dynamodb:tableName': 't' }, 'table', 't'],
    [{ 'aws:ebs:id': 'vol-1' }, 'ebs-volume', 'vol-1'],
    [{ 'aws:ebs:id': 'snap-1' }, 'ebs-snapshot', 'snap-1'],
  ])('is the resource of %j', (context, kind, id) => {
    expect(resourceOf(read(context))).toEqual({ kind, id });
  });

  it.each([{}, { own: 'x' }, { 'aws:ssm:SessionId': 'x', 'aws:ssm:TargetId': 'y' }])('is no resource for %j', (context) => {
    expect(resourceOf(read(context))).toBeUndefined();
  });

  it.each([
    [{ 'aws:ecs:clusterName': 'x' }, true, false],
    [{ 'AWS:ecs:other': 'x' }, true, false],
    [{ 'aws:ebs:id': 'x' }, false, false],
    [{ 'aws:s3:arn': 'x' }, false, true],
    [{ secretarn: 'x' }, false, true],
    [{ PARAMETER_ARN: 'x' }, false, true],
    [{ 'aws:new-service:id': 'x' }, false, true],
    [{ own: 'x', 'xaws:ecs:clusterName': 'y' }, false, false],
  ])('says of %j whether it names ECS, or another service', (context, ecs, other) => {
    expect([namesEcs(read(context)), namesOtherService(read(context))]).toEqual([ecs, other]);
  });
});
