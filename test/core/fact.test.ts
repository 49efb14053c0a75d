import { describe, expect, it } from 'vitest';
import { isOfKms, volumeAt } from '../../src/core/fact.ts';
import { readRecord } from '../../src/core/read-record.ts';
import { sha256 } from '../../src/system.ts';
import { createGrant, decrypt, KEY, PROD, record, retireGrant } from '../support/fleet.ts';

describe('a fact', () => {
  it.each([
    ['a creation', createGrant('g'), true],
    ['a use', decrypt({}), true],
    ['a refusal', record('DisableKey', { errorCode: 'AccessDenied' }), true],
    ['a retirement', retireGrant('g'), true],
    ['a change of a key', record('DisableKey'), true],
    ['a key policy', record('PutKeyPolicy'), true],
    ['a cluster', record('CreateCluster', { eventSource: 'ecs.amazonaws.com' }), false],
    ['a trail', record('StopLogging', { eventSource: 'cloudtrail.amazonaws.com', requestParameters: { name: 'main' } }), false],
  ])('tells whether KMS recorded it: %s', (_what, raw, ofKms) => {
    const reading = readRecord(raw, sha256);

    expect(reading.kind === 'fact' && isOfKms(reading.fact)).toBe(ofKms);
    expect(reading.kind).toBe('fact');
  });
});

describe('a volume', () => {
  const whole = { cluster: PROD, volumeId: 'vol-1', keyArn: KEY };

  it('is named by its cluster, its id and its key', () => {
    expect(volumeAt(whole)).toEqual({ clusterAccount: PROD.account, clusterName: PROD.name, volumeId: 'vol-1', keyArn: KEY });
  });

  it.each(['cluster', 'volumeId', 'keyArn'])('is none without %s', (missing) => {
    expect(volumeAt(Object.fromEntries(Object.entries(whole).filter(([name]) => name !== missing)))).toBeUndefined();
  });
});
