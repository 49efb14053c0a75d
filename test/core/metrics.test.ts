import { describe, expect, it } from 'vitest';
import type { Occurrence } from '../../src/core/finding.ts';
import { added, metricsOf, OWN_KEY_REFUSED, REJECTED_RECORD } from '../../src/core/metrics.ts';
import { DEFAULT_POLICY } from '../../src/core/policy.ts';
import { instant, KEY } from '../support/fleet.ts';

const occurrence = (rule: string, fields: Partial<Occurrence> = {}): Occurrence => ({
  rule,
  severity: 'critical',
  subject: { keyArn: KEY },
  about: {},
  group: 'g',
  eventId: 'e',
  time: instant(0),
  operation: 'Decrypt',
  caller: 'c',
  sentence: 's',
  ...fields,
});
const named = (one: Occurrence): string[] =>
  metricsOf(one, DEFAULT_POLICY).map(({ name, dimensions, value }) => `${name} ${JSON.stringify(dimensions)} ${value}`);
const CLUSTER = { clusterAccount: '111122223333', clusterName: 'prod', keyArn: KEY };

describe('metricsOf', () => {
  it.each([
    ['disabled-key-use', 'DisabledKeyUse'],
    ['pending-deletion-key-use', 'PendingDeletionKeyUse'],
  ])('of %s is %s without dimensions, and by cluster', (rule, name) => {
    expect(named(occurrence(rule, { subject: CLUSTER }))).toEqual([
      `Findings {"Rule":"${rule}"} 1`,
      'Findings {"Severity":"critical"} 1',
      `${name} {} 1`,
      `${name} {"ClusterName":"prod"} 1`,
    ]);
    expect(named(occurrence(rule))).toEqual([`Findings {"Rule":"${rule}"} 1`, 'Findings {"Severity":"critical"} 1', `${name} {} 1`]);
  });

  it('of unexpected-grantee has no dimension of its own', () => {
    expect(named(occurrence('unexpected-grantee', { severity: 'high', subject: CLUSTER }))).toEqual([
      'Findings {"Rule":"unexpected-grantee"} 1',
      'Findings {"Severity":"high"} 1',
      'UnexpectedGrantee {} 1',
    ]);
  });

  it('of a silent rule wakes nobody: its own count is all there is', () => {
    const policy = { ...DEFAULT_POLICY, rules: { 'disabled-key-use': 'silent' as const } };

    expect(metricsOf(occurrence('disabled-key-use', { subject: CLUSTER }), policy)).toEqual([
      { name: 'Findings', dimensions: { Rule: 'disabled-key-use' }, value: 1 },
    ]);
  });

  it('of what is no finding has the name that its alarm watches', () => {
    expect([REJECTED_RECORD, OWN_KEY_REFUSED]).toEqual([
      { name: 'RejectedRecords', dimensions: {}, value: 1 },
      { name: 'OwnKeyRefused', dimensions: {}, value: 1 },
    ]);
  });

  it('of every other rule is its findings alone', () => {
    expect(named(occurrence('launch-blocked', { subject: CLUSTER }))).toEqual([
      'Findings {"Rule":"launch-blocked"} 1',
      'Findings {"Severity":"critical"} 1',
    ]);
  });

  it('never has a resource, a volume, a grant or a caller as a dimension', () => {
    const subject = { keyArn: KEY, resource: 'r', volumeId: 'v', grantId: 'g', caller: 'c' };

    expect(
      metricsOf(occurrence('disabled-key-use', { subject, about: { clusterName: 'claimed' } }), DEFAULT_POLICY).flatMap(({ dimensions }) =>
        Object.keys(dimensions),
      ),
    ).toEqual(['Rule', 'Severity']);
  });
});

describe('added', () => {
  it('adds up what has the same name and dimensions', () => {
    const metrics = [occurrence('launch-blocked'), occurrence('launch-blocked'), occurrence('foreign-cluster')].flatMap((one) =>
      metricsOf(one, DEFAULT_POLICY),
    );

    expect(added(metrics)).toEqual([
      { name: 'Findings', dimensions: { Rule: 'launch-blocked' }, value: 2 },
      { name: 'Findings', dimensions: { Severity: 'critical' }, value: 3 },
      { name: 'Findings', dimensions: { Rule: 'foreign-cluster' }, value: 1 },
    ]);
  });

  it('of nothing is nothing', () => {
    expect(added([])).toEqual([]);
  });
});
