import { isSent } from './expectation.ts';
import type { Finding } from './finding.ts';
import type { Policy } from './policy.ts';
import type { Severity } from './severity.ts';

/** A policy and the findings that hold under it. */
export interface JudgedByPolicy {
  readonly policy: Policy;
  readonly findings: readonly Finding[];
}

/** What a change of policy does to the alerts about the same records. */
export interface PolicyDifference {
  /** Alerted under the new policy alone. */
  readonly added: readonly Finding[];
  /** Alerted under the old policy alone. */
  readonly removed: readonly Finding[];
  /** Alerted under both, at another severity. */
  readonly changed: readonly SeverityChange[];
  /** How many are alerted under both alike. */
  readonly unchanged: number;
}

/** A finding whose alert has another severity. */
export interface SeverityChange extends Pick<Finding, 'id' | 'rule' | 'title'> {
  readonly from: Severity;
  readonly to: Severity;
}

/** Compares the findings of the same records under two policies, as far as each policy alerts of them. */
export function policyDifference(old: JudgedByPolicy, renewed: JudgedByPolicy): PolicyDifference {
  const before = new Map(alerted(old).map((finding) => [finding.id, finding]));
  const after = alerted(renewed);
  const added = after.filter(({ id }) => !before.has(id));
  const changed = after.flatMap(({ id, rule, title, severity: to }) => {
    const from = before.get(id)?.severity;
    return from === undefined || from === to ? [] : [{ id, rule, title, from, to }];
  });
  const kept = new Set(after.map(({ id }) => id));
  const removed = [...before.values()].filter(({ id }) => !kept.has(id));
  return { added, removed, changed, unchanged: after.length - added.length - changed.length };
}

function alerted({ policy, findings }: JudgedByPolicy): Finding[] {
  return findings.filter((finding) => isSent(finding, policy));
}
