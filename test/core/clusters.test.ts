import { describe, expect, it } from 'vitest';
import { clusterId, clustersOf } from '../../src/core/evidence/clusters.ts';
import type { ReportedFinding, ReportedGrant, ReportedRefusal, ReportedVolume } from '../../src/core/evidence/model.ts';
import { ACCOUNT, instant, OTHER_ACCOUNT } from '../support/fleet.ts';

interface Whose {
  readonly clusterAccount?: string;
  readonly clusterName?: string;
}

const grant = (status: string): ReportedGrant => ({ keyArn: 'key', grantId: status, status, findings: [] });
const volume = (clusterName: string, keyArn: string, decrypts: number, statuses: readonly string[] = []): ReportedVolume => {
  const of = { volumeId: 'vol-1', clusterAccount: ACCOUNT, clusterName, keyArn, decrypts };
  return { ...of, status: 'granted', grants: statuses.map(grant), findings: [] };
};
const refusal = (of: Whose): ReportedRefusal => {
  const told = { time: instant(0), eventId: 'event', operation: 'Decrypt', code: 'code', message: 'message', caller: 'somebody' };
  return { ...told, rehearsal: false, reason: 'disabled', ...of };
};
const finding = (of: Whose): ReportedFinding => {
  const seen = { firstSeen: instant(0), lastSeen: instant(0), count: 1, eventIds: [], open: true, status: 'holds' as const };
  return { id: 'id', rule: 'launch-blocked', severity: 'high', title: '', caller: 'somebody', operation: 'Decrypt', ...seen, ...of };
};
const PAYMENTS: Whose = { clusterAccount: ACCOUNT, clusterName: 'payments' };
const NONE = { volumes: 0, openGrants: 0, decrypts: 0, refusals: 0, findings: 0, keyArns: [] };

describe('clusters in numbers', () => {
  it('sum up their volumes, refusals and findings, and name each key once', () => {
    const volumes = [
      volume('payments', 'key-b', 2, ['open', 'retired', 'open']),
      volume('payments', 'key-a', 3, ['revoked', 'open']),
      volume('payments', 'key-b', 0),
    ];

    expect(clustersOf(volumes, [PAYMENTS, PAYMENTS].map(refusal), [PAYMENTS, PAYMENTS, PAYMENTS].map(finding))).toStrictEqual([
      { ...PAYMENTS, volumes: 3, openGrants: 3, decrypts: 5, refusals: 2, findings: 3, keyArns: ['key-a', 'key-b'] },
    ]);
  });

  it.each<[string, readonly ReportedRefusal[], readonly ReportedFinding[], Partial<typeof NONE>]>([
    ['a refusal', [refusal(PAYMENTS)], [], { refusals: 1 }],
    ['a finding', [], [finding(PAYMENTS)], { findings: 1 }],
  ])('are there when only %s names them', (_, refusals, findings, counts) => {
    expect(clustersOf([], refusals, findings)).toStrictEqual([{ ...PAYMENTS, ...NONE, ...counts }]);
  });

  it('are told apart by account, of which nothing may be known', () => {
    const findings = [{ ...PAYMENTS, clusterAccount: OTHER_ACCOUNT }, PAYMENTS, { clusterName: 'payments' }].map(finding);

    expect(clustersOf([], [], findings).map(({ clusterAccount }) => clusterAccount)).toEqual(['', ACCOUNT, OTHER_ACCOUNT]);
  });

  it('are none where nothing names one', () => {
    expect(clustersOf([], [refusal({})], [finding({})])).toEqual([]);
  });
});

it('the name of a cluster is the same whether its account is unknown or empty, and never another cluster’s', () => {
  expect(clusterId(undefined, 'payments')).toBe(clusterId('', 'payments'));
  const names = [clusterId(ACCOUNT, 'a'), clusterId(ACCOUNT, 'b'), clusterId(OTHER_ACCOUNT, 'a'), clusterId('', `${ACCOUNT}a`)];
  expect(new Set(names).size).toBe(names.length);
});
