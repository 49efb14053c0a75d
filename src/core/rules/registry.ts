import type { Fact } from '../fact.ts';
import type { Occurrence } from '../finding.ts';
import type { Policy } from '../policy.ts';
import { delegatingGrant } from './delegating-grant.ts';
import { disabledKeyUse } from './disabled-key-use.ts';
import { foreignCluster } from './foreign-cluster.ts';
import { forgedContext } from './forged-context.ts';
import { grantRevokedInUse } from './grant-revoked-in-use.ts';
import { keyMadeUnusable } from './key-made-unusable.ts';
import { launchBlocked } from './launch-blocked.ts';
import { pendingDeletionKeyUse } from './pending-deletion-key-use.ts';
import type { FactRule, RuleText } from './rule.ts';
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
  launchBlocked,
];

/** Every rule, those that join several facts included. */
export const RULES: readonly RuleText[] = [...FACT_RULES, useAfterRelease, grantRevokedInUse];

/** The rule of this id; undefined when a ledger holds findings of a rule this version does not know. */
export function ruleOf(id: RuleId): RuleText | undefined {
  return RULES.find((rule) => rule.id === id);
}

/** Every occurrence that this fact is by itself. */
export function judgeFact(fact: Fact, policy: Policy): Occurrence[] {
  return FACT_RULES.flatMap((rule) => {
    const verdict = rule.judge(fact, policy);
    if (verdict.verdict !== 'fires') return [];
    return {
      rule: rule.id,
      severity: rule.severity,
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
  });
}
