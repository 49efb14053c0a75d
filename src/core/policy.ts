import type { Cluster } from './encryption-context.ts';
import type { Fact } from './fact.ts';
import { SUBJECT_FIELDS } from './finding.ts';
import { readKeyArn } from './key-arn.ts';
import { matchesAny } from './pattern.ts';
import { DEFAULT_PROFILES, type GrantProfile } from './profile.ts';
import type { RuleId } from './rules/rule-id.ts';
import type { Severity } from './severity.ts';
import type { Timestamp } from './timestamp.ts';

/** What the operator expects; the parameter of every judgement. */
export interface Policy {
  /** Accounts whose clusters may use the keys; absent: the account of each key. */
  readonly accounts?: readonly string[] | undefined;
  /** Patterns of cluster names that may use the keys; absent: every cluster. */
  readonly clusters?: readonly string[] | undefined;
  /** Patterns of the key ARNs that are audited; absent: every key. */
  readonly keys?: readonly string[] | undefined;
  /** Grants expected beyond the default profiles. */
  readonly grants: readonly GrantProfile[];
  /** What a rule would find and the operator has accepted, for a while. */
  readonly exceptions: readonly Exception[];
  /** Patterns of the trail ARNs that must stay whole. */
  readonly trails: readonly string[];
  /** Severities other than the rules' own. */
  readonly severities: Readonly<Partial<Record<RuleId, Severity>>>;
  /** Rules that are not simply on. */
  readonly rules: Readonly<Partial<Record<RuleId, RuleStage>>>;
  /** Minutes between an alert and its reminder, while new evidence arrives. */
  readonly renotifyMinutes: number;
  /** Hours after which an open grant is an orphan; absent: age alone never makes one. */
  readonly orphanAfterHours?: number | undefined;
  /** Findings below this are recorded and counted, not sent. */
  readonly minimumAlertSeverity: Severity;
}

/** `off`: never judged. `silent`: recorded, not sent. `on`: recorded and sent. */
export const RULE_STAGES = ['off', 'silent', 'on'] as const;

/** One of {@link RULE_STAGES}. */
export type RuleStage = (typeof RULE_STAGES)[number];

/** The fields of a finding that an exception may name. */
export const MATCH_FIELDS = [...SUBJECT_FIELDS, 'operation'] as const;

/** One of {@link MATCH_FIELDS}. */
export type MatchField = (typeof MATCH_FIELDS)[number];

/** Findings of one rule that are accepted: every field of `match` fits, and the record is dated before `expires`. */
export interface Exception {
  readonly rule: RuleId;
  /** Patterns; null: the finding names none. */
  readonly match: Readonly<Partial<Record<MatchField, string | null | undefined>>>;
  /** Why, for whoever reads the policy next year. */
  readonly reason: string;
  readonly expires: Timestamp;
}

/** The policy of an operator who has written none. */
export const DEFAULT_POLICY: Policy = {
  grants: [],
  exceptions: [],
  trails: [],
  severities: {},
  rules: {},
  renotifyMinutes: 60,
  minimumAlertSeverity: 'low',
};

/** The profiles in force: AWS's own and the operator's. */
export function profilesOf(policy: Policy): readonly GrantProfile[] {
  return [...DEFAULT_PROFILES, ...policy.grants];
}

/** True when the policy's scope covers this fact. What names no key is always covered. */
export function inScope(fact: Fact, policy: Policy): boolean {
  return fact.keyArn === undefined || isKeyInScope(fact.keyArn, policy);
}

/** True when this key is one of those that the policy names, or the policy names none. */
export function isKeyInScope(keyArn: string, policy: Policy): boolean {
  if (policy.keys === undefined) return true;
  return matchesAny(policy.keys, keyArn, { key: readKeyArn(keyArn), accounts: policy.accounts });
}

/** True when the policy lets this cluster use the key; undefined when neither the policy nor a key says which accounts may. */
export function isExpectedCluster(cluster: Cluster, keyArn: string | undefined, policy: Policy): boolean | undefined {
  const key = readKeyArn(keyArn);
  const accounts = policy.accounts ?? (key === undefined ? undefined : [key.account]);
  const named = policy.clusters === undefined || matchesAny(policy.clusters, cluster.name, { key, accounts });
  if (!named) return false;
  return accounts?.includes(cluster.account);
}
