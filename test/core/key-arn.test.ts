import { describe, expect, it } from 'vitest';
import { findKeyArn, keyArnOfId, partitionOf, readKeyArn } from '../../src/core/key-arn.ts';
import { ACCOUNT, KEY, REGION } from '../support/fleet.ts';

const ID = '11111111-1111-1111-1111-111111111111';

describe('readKeyArn', () => {
  it('takes an ARN apart', () => {
    expect(readKeyArn(KEY)).toEqual({ arn: KEY, partition: 'aws', region: REGION, account: ACCOUNT, keyId: ID });
  });

  it.each([
    ` ${KEY} `,
    `arn:aws-cn:kms:cn-north-1:${ACCOUNT}:key/${ID}`,
    `arn:aws-us-gov:kms:us-gov-west-1:${ACCOUNT}:key/${ID}`,
    `arn:aws:kms:${REGION}:${ACCOUNT}:key/mrk-1234abcd12ab34cd56ef1234567890ab`,
    // As AWS's own samples print it.
    `arn:aws:kms:us-west-2:account-id:key/a1b2c3d4-5678-90ab-cdef-EXAMPLE11111`,
  ])('reads %s', (arn) => {
    expect(readKeyArn(arn)?.arn).toBe(arn.trim());
  });

  it.each([
    `arn:aws:kms:${REGION}:${ACCOUNT}:alias/a`,
    `arn:aws:s3:::bucket/key/${ID}`,
    ID,
    `${KEY}/x`,
    `${KEY}\nx`,
    `x${KEY}`,
    `arn:evil:kms:${REGION}:${ACCOUNT}:key/${ID}`,
    `arn:aws:kms:${REGION}:AWS Internal:key/${ID}`,
    `arn:aws:kms::${ACCOUNT}:key/${ID}`,
    '',
    undefined,
    null,
    7,
    {},
    [KEY],
  ])('refuses %j', (value) => {
    expect(readKeyArn(value)).toBeUndefined();
  });
});

describe('findKeyArn', () => {
  it.each([
    `${KEY} is disabled.`,
    `Key '${KEY}' does not exist`,
    `User: arn:aws:iam::${ACCOUNT}:user/x is not authorized to perform: kms:Decrypt on resource: ${KEY} because no policy allows it`,
  ])('finds it in "%s"', (sentence) => {
    expect(findKeyArn(sentence)?.arn).toBe(KEY);
  });

  it.each(['no key here', '', null, undefined, {}, 7, [KEY]])('finds none in %j', (sentence) => {
    expect(findKeyArn(sentence)).toBeUndefined();
  });

  it('is quick on a long sentence made to be slow', () => {
    const started = performance.now();

    findKeyArn('arn:aws:kms:us-east-1:1:key'.repeat(20_000));

    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('keyArnOfId', () => {
  it.each([
    [ID, REGION, ACCOUNT, KEY],
    ['mrk-1234abcd12ab34cd56ef1234567890ab', REGION, ACCOUNT, `arn:aws:kms:${REGION}:${ACCOUNT}:key/mrk-1234abcd12ab34cd56ef1234567890ab`],
    [` ${ID} `, REGION, ACCOUNT, KEY],
    ['alias/a', REGION, ACCOUNT, undefined],
    [`x${ID}`, REGION, ACCOUNT, undefined],
    [`${ID}x`, REGION, ACCOUNT, undefined],
    ['', REGION, ACCOUNT, undefined],
    ['../x', REGION, ACCOUNT, undefined],
    [ID, undefined, ACCOUNT, undefined],
    [ID, REGION, undefined, undefined],
    [ID, REGION, 'AWS Internal', undefined],
    [ID, 'US EAST', ACCOUNT, undefined],
    [7, REGION, ACCOUNT, undefined],
  ])('of %j in %s of %s', (id, region, account, arn) => {
    expect(keyArnOfId(id, region, account)?.arn).toBe(arn);
  });

  it.each([
    ['us-east-1', 'aws'],
    ['cn-northwest-1', 'aws-cn'],
    ['us-gov-east-1', 'aws-us-gov'],
  ])('knows the partition of %s', (region, partition) => {
    expect(partitionOf(region)).toBe(partition);
  });
});
