import { underPolicy } from '../expectation.ts';
import type { Decrypt, Fact, Volume } from '../fact.ts';
import type { Occurrence } from '../finding.ts';
import type { GrantHead } from '../grant.ts';
import type { Policy } from '../policy.ts';
import { auditBlindSpot } from './audit-blind-spot.ts';
import { clusterWithoutCustomerKey } from './cluster-without-customer-key.ts';
import { delegatingGrant } from './delegating-grant.ts';
import { disabledKeyUse } from './disabled-key-use.ts';
import { foreignCluster } from './foreign-cluster.ts';
import { forgedContext } from './forged-context.ts';
import { grantRevokedInUse } from './grant-revoked-in-use.ts';
import { keyMadeUnusable } from './key-made-unusable.ts';
import { keyPolicyChanged } from './key-policy-changed.ts';
import { launchBlocked } from './launch-blocked.ts';
import { orphanGrant } from './orphan-grant.ts';
import { pendingDeletionKeyUse } from './pending-deletion-key-use.ts';
import type { Ending, FactRule, Fires, RuleText } from './rule.ts';
import type { RuleId } from './rule-id.ts';
import { unconstrainedGrant } from './unconstrained-grant.ts';
import { unexpectedGrantee } from './unexpected-grantee.ts';
import { unusableKeyUse } from './unusable-key-use.ts';
import { useAfterRelease } from './use-after-release.ts';

/** The rules that judge each fact by itself. */
export const FACT_RULES: readonly FactRule[] = [
  disabledKeyUse,
  pendingDeletionKeyUse,
  unusableKeyUse,
  unexpectedGrantee,
  delegatingGrant,
  unconstrainedGrant,
  foreignCluster,
  forgedContext,
  keyMadeUnusable,
  keyPolicyChanged,
  launchBlocked,
  clusterWithoutCustomerKey,
  auditBlindSpot,
];

/** Every rule, those that join several facts included. */
export const RULES: readonly RuleText[] = [...FACT_RULES, useAfterRelease, grantRevokedInUse, orphanGrant];

/** The rule of this id; undefined when a ledger holds findings of a rule this version does not know. */
export function ruleOf(id: RuleId): RuleText | undefined {
  return RULES.find((rule) => rule.id === id);
}

/** Every occurrence that this fact is by itself. */
export function judgeFact(fact: Fact, policy: Policy): Occurrence[] {
  const occurrences: Occurrence[] = [];
  for (const rule of FACT_RULES) {
    const verdict = rule.judge(fact, policy);
    if (verdict.verdict === 'fires') occurrences.push(...underPolicy(occurrenceOf(fact, rule, verdict), policy));
  }
  return occurrences;
}

function occurrenceOf(fact: Fact, rule: FactRule, verdict: Fires): Occurrence {
  return {
    rule: rule.id,
    severity: verdict.severity ?? rule.severity,
    subject: verdict.subject,
    about: verdict.about ?? {},
    group: JSON.stringify(verdict.group),
    eventId: fact.eventId,
    time: fact.time,
    operation: fact.operation,
    caller: fact.caller.id,
    ...(fact.region === undefined ? {} : { region: fact.region }),
    sentence: verdict.sentence,
    ...(verdict.advice === undefined ? {} : { advice: verdict.advice }),
  };
}

/** Every occurrence that a grant is, given all that is known of it. */
export function judgeGrant(head: GrantHead, policy: Policy): Occurrence[] {
  return grantRevokedInUse.judge(head).flatMap((occurrence) => underPolicy(occurrence, policy));
}

/** Every occurrence that a volume's facts are together. */
export function judgeVolume(volume: Volume, grants: readonly GrantHead[], decrypts: readonly Decrypt[], policy: Policy): Occurrence[] {
  return useAfterRelease.judge(volume, grants, decrypts).flatMap((occurrence) => underPolicy(occurrence, policy));
}

/** Every occurrence that a grant's age is at `now`, seconds since 1970. */
export function judgeAge(head: GrantHead, policy: Policy, now: number): Occurrence[] {
  return orphanGrant.judge(head, policy, now).flatMap((occurrence) => underPolicy(occurrence, policy));
}

/** What this fact may bring to an end, by the rule whose alert told of it. */
export function endingsOf(fact: Fact): readonly (Ending & { readonly rule: RuleId })[] {
  return FACT_RULES.flatMap((rule) => {
    const ending = rule.endedBy?.(fact);
    return ending === undefined ? [] : { ...ending, rule: rule.id };
  });
}
