import type { Occurrence } from './finding.ts';
import type { Policy } from './policy.ts';

/** A count to add to a CloudWatch metric; each distinct set of dimensions costs money, so none is free text. */
export interface Metric {
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Metrics beside `Findings` that an alarm watches, by rule. */
const OWN_METRIC: ReadonlyMap<string, { readonly name: string; readonly byCluster: boolean }> = new Map([
  ['disabled-key-use', { name: 'DisabledKeyUse', byCluster: true }],
  ['pending-deletion-key-use', { name: 'PendingDeletionKeyUse', byCluster: true }],
  ['unexpected-grantee', { name: 'UnexpectedGrantee', byCluster: false }],
]);

const count = (name: string, dimensions: Readonly<Record<string, string>> = {}): Metric => ({ name, dimensions, value: 1 });

/** The counts one occurrence adds; a silent rule's only its own. `ClusterName` only where the cluster is trusted: strangers must not make a dimension. */
export function metricsOf({ rule, severity, subject }: Occurrence, policy: Policy): Metric[] {
  const metrics = [count('Findings', { Rule: rule })];
  // What an alarm watches would wake somebody all the same.
  if (policy.rules[rule] === 'silent') return metrics;
  metrics.push(count('Findings', { Severity: severity }));
  const own = OWN_METRIC.get(rule);
  if (own === undefined) return metrics;
  metrics.push(count(own.name));
  if (own.byCluster && subject.clusterName !== undefined) metrics.push(count(own.name, { ClusterName: subject.clusterName }));
  return metrics;
}

/** A record that could not be read. */
export const REJECTED_RECORD: Metric = count('RejectedRecords');

/** A refusal on one of the deployment's own keys: counted, never a finding, so that a disabled topic key cannot feed itself. */
export const OWN_KEY_REFUSED: Metric = count('OwnKeyRefused');

/** The same counts with equal ones added up. */
export function added(metrics: readonly Metric[]): Metric[] {
  const sums = new Map<string, Metric>();
  for (const metric of metrics) {
    const id = JSON.stringify([metric.name, metric.dimensions]);
    sums.set(id, { ...metric, value: (sums.get(id)?.value ?? 0) + metric.value });
  }
  return [...sums.values()];
}
