import { describe, expect, it } from 'vitest';
import { countDependents } from '../../src/core/dependents.ts';
import { clustersOf } from '../../src/core/evidence/clusters.ts';

const account = '111122223333';

describe('clusters', () => {
  it('are counted by account, then name, whatever their names hold', () => {
    const names = ['a!', 'b', 'a', 'a"'];
    const { clusters } = countDependents(names.map((name) => ({ account, name })));
    expect(clusters.map(({ clusterName }) => clusterName)).toEqual(['a', 'a!', 'a"', 'b']);
  });

  it('are counted by their open grants, beside those of none, and all of them unless told otherwise', () => {
    const [prod, dev] = [
      { account, name: 'prod' },
      { account, name: 'dev' },
    ];

    expect(countDependents([prod, undefined, dev, prod])).toEqual({
      openGrants: 4,
      clusters: [
        { clusterAccount: account, clusterName: 'dev', openGrants: 1 },
        { clusterAccount: account, clusterName: 'prod', openGrants: 2 },
      ],
      complete: true,
    });
    expect(countDependents([prod], false).complete).toBe(false);
  });

  it('are reported in the same order', () => {
    const volumes = ['a!', 'a'].map((clusterName) => ({
      volumeId: 'vol-1',
      clusterAccount: account,
      clusterName,
      keyArn: 'key',
      status: 'prepared' as const,
      grants: [],
      decrypts: 0,
      findings: [],
    }));
    expect(clustersOf(volumes, [], []).map(({ clusterName }) => clusterName)).toEqual(['a', 'a!']);
  });
});
