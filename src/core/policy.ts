import * as v from 'valibot';
import type { Cluster } from './encryption-context.ts';
import type { Fact } from './fact.ts';
import { readKeyArn } from './key-arn.ts';
import { matchesAny } from './pattern.ts';
import { DEFAULT_PROFILES, type GrantProfile } from './profile.ts';
import { SEVERITIES, type Severity } from './severity.ts';

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
  /** Minutes between an alert and its reminder, while new evidence arrives. */
  readonly renotifyMinutes: number;
  /** Findings below this are recorded and counted, not sent. */
  readonly minimumAlertSeverity: Severity;
}

const patterns = v.array(v.pipe(v.string(), v.nonEmpty('expected a pattern that is not empty')));

const profileSchema = v.strictObject({
  name: v.pipe(v.string(), v.nonEmpty('expected a name')),
  trusted: v.optional(v.literal(true)),
  callerType: v.optional(v.string()),
  caller: v.optional(patterns),
  invokedBy: v.optional(patterns),
  grantee: v.pipe(patterns, v.nonEmpty('expected at least one grantee pattern')),
  retiree: v.optional(v.union([patterns, v.literal('same')])),
  operations: v.optional(
    v.strictObject({
      exactly: v.optional(v.array(v.string())),
      within: v.optional(v.array(v.string())),
      optional: v.optional(v.literal(true)),
    }),
  ),
  context: v.optional(v.record(v.string(), v.string())),
  contextMatch: v.optional(v.picklist(['equals', 'subset'])),
  contextWithout: v.optional(v.string()),
  sourceArn: v.optional(patterns),
});

const policySchema = v.strictObject({
  $schema: v.optional(v.string()),
  accounts: v.optional(v.array(v.pipe(v.string(), v.regex(/^\d{12}$/, 'expected an account id of 12 digits')))),
  clusters: v.optional(patterns),
  keys: v.optional(patterns),
  grants: v.optional(v.array(profileSchema), []),
  renotifyMinutes: v.optional(v.pipe(v.number(), v.minValue(1, 'expected at least 1 minute')), 60),
  minimumAlertSeverity: v.optional(v.picklist(SEVERITIES), 'low'),
});

/** A checked policy, or everything that is wrong with it, each line naming the field. */
export type PolicyReading = { readonly policy: Policy } | { readonly problems: readonly string[] };

/** Checks a policy document. An unknown field or a misspelt word is a problem that names it. */
export function readPolicy(document: unknown): PolicyReading {
  const result = v.safeParse(policySchema, document);
  if (result.success) return { policy: result.output };
  return { problems: result.issues.map((issue) => `${v.getDotPath(issue) ?? 'policy'}: ${issue.message}`) };
}

/** The policy of an operator who has written none. */
export const DEFAULT_POLICY: Policy = { grants: [], renotifyMinutes: 60, minimumAlertSeverity: 'low' };

/** The profiles in force: AWS's own and the operator's. */
export function profilesOf(policy: Policy): readonly GrantProfile[] {
  return [...DEFAULT_PROFILES, ...policy.grants];
}

/** True when the policy's scope covers this fact. What names no key is always covered. */
export function inScope(fact: Fact, policy: Policy): boolean {
  if (policy.keys === undefined || fact.keyArn === undefined) return true;
  return matchesAny(policy.keys, fact.keyArn, { key: readKeyArn(fact.keyArn), accounts: policy.accounts ?? [] });
}

/** True when the policy lets this cluster use the key; undefined when neither the policy nor a key says which accounts may. */
export function isExpectedCluster(cluster: Cluster, keyArn: string | undefined, policy: Policy): boolean | undefined {
  const key = keyArn === undefined ? undefined : readKeyArn(keyArn);
  const accounts = policy.accounts ?? (key === undefined ? undefined : [key.account]);
  const named = policy.clusters === undefined || matchesAny(policy.clusters, cluster.name, { key, accounts: accounts ?? [] });
  if (!named) return false;
  return accounts?.includes(cluster.account);
}
