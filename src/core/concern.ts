import type { Fact } from './fact.ts';
import { inScope, type Policy } from './policy.ts';

/** What CloudFormation's names of the deployment's EventBridge rules begin with, unless a deployment says otherwise. */
const OWN_RULES = 'kms-audit-';

/** True for a fact that is the audit's business: its key is in the policy's scope; of EventBridge rules, the deployment's own. */
export function concerns(fact: Fact, policy: Policy, ownRules = OWN_RULES): boolean {
  return fact.kind === 'event-rule-changed' ? fact.ruleName.startsWith(ownRules) : inScope(fact, policy);
}
