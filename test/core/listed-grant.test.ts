import { describe, expect, it } from 'vitest';
import { readContext } from '../../src/core/encryption-context.ts';
import { adoptedCreation, isListed, type ListedGrant } from '../../src/core/listed-grant.ts';
import { sha256 } from '../../src/system.ts';
import { ACCOUNT, ecsContext, instant, KEY, PROD, REGION } from '../support/fleet.ts';

const SEEN = instant(3_600);
const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';
const constrained = (context: Record<string, string>): Pick<ListedGrant, 'constraint'> => ({
  constraint: { match: 'subset', context: readContext(context, sha256) },
});
const bare: ListedGrant = { keyArn: KEY, grantId: 'g' };
const ofFargate: ListedGrant = {
  ...bare,
  createdAt: instant(1),
  grantee: `fargate.${REGION}.amazonaws.com`,
  retiree: `ec2.${REGION}.amazonaws.com`,
  operations: ['Decrypt'],
  ...constrained(ecsContext(PROD, 'vol-1')),
};

describe('the creation of a grant that is only listed', () => {
  it('is by nobody known, when KMS says, in the key’s account and Region, with all that KMS tells', () => {
    const { createdAt: time, ...terms } = ofFargate;
    expect(adoptedCreation(ofFargate, SEEN, sha256)).toEqual({
      kind: 'grant-created',
      eventId: 'listed:g',
      operation: 'CreateGrant',
      caller: { id: 'unknown', trusted: false, awsRole: false },
      region: REGION,
      account: ACCOUNT,
      trust: 'unverified',
      ...terms,
      time,
      adopted: SEEN,
      cluster: PROD,
      volumeId: 'vol-1',
    });
  });

  it('is when it was seen where KMS does not say, and nowhere where the key is not read', () => {
    const creation = adoptedCreation({ ...bare, keyArn: 'key' }, SEEN, sha256);
    expect(creation).toMatchObject({ time: SEEN, trust: 'none' });
    for (const absent of ['region', 'account', 'cluster', 'volumeId', 'resource']) expect(creation).not.toHaveProperty(absent);
  });

  it.each<[string, Partial<ListedGrant>, object]>([
    ['another grantee than Fargate', { grantee: 'ec2.us-east-1.amazonaws.com' }, {}],
    ['no volume', constrained(ecsContext(PROD)), {}],
    ['a volume that CloudTrail hides', constrained(ecsContext(PROD, HIDDEN)), {}],
    ['a cluster that CloudTrail hides', constrained(ecsContext({ ...PROD, name: HIDDEN }, 'vol-1')), {}],
    ['no cluster', constrained({ 'aws:ebs:id': 'vol-1' }), { resource: { kind: 'ebs-volume', id: 'vol-1' } }],
    ['half a cluster', constrained({ 'aws:ecs:clusterName': 'prod', 'aws:ebs:id': 'vol-1' }), {}],
    ['another resource', constrained({ SecretARN: 'secret' }), { resource: { kind: 'secret', id: 'secret' } }],
  ])('is of no cluster where it names %s', (_, fields, attribution) => {
    const { cluster, volumeId, resource } = adoptedCreation({ ...ofFargate, ...fields }, SEEN, sha256);
    expect({ cluster, volumeId, resource }).toEqual({ cluster: undefined, volumeId: undefined, resource: undefined, ...attribution });
  });

  it('is no record to look up', () => {
    expect(['listed:g', 'g', 'not-listed:g'].map(isListed)).toEqual([true, false, false]);
  });
});
