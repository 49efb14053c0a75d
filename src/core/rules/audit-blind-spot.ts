import { type EventRuleChange, type EventRuleChanged, isByDeployment, type TrailChange, type TrailChanged } from '../fact.ts';
import { matchesAny } from '../pattern.ts';
import type { Policy } from '../policy.ts';
import { by, name } from './phrases.ts';
import { type Ending, type FactRule, NOT_APPLICABLE, SILENT, type Verdict } from './rule.ts';

const RULE_LOSSES: Readonly<Partial<Record<EventRuleChange, string>>> = {
  disabled: 'was disabled',
  deleted: 'was deleted',
  replaced: 'was replaced',
  deployed: 'was replaced',
  'targets-removed': 'lost a target',
  'targets-put': 'got another target',
};

/** A deployment puts rules and their targets one after the other. */
const DEPLOYMENT_SECONDS = 5 * 60;
const RESTORED: ReadonlySet<TrailChange> = new Set(['started', 'selected', 'widened']);

/** Fires when a trail no longer records KMS whole, or one of the deployment's own rules is tampered with. */
export const auditBlindSpot: FactRule = {
  id: 'audit-blind-spot',
  severity: 'critical',
  title: 'The audit is going blind',
  why: 'Nobody is alerted to what the trail does not record or the rules do not pass on. Whoever wants to use a key unseen begins here.',
  runbook: [
    'See what is missing, and the command that mends it: npx kms-audit doctor --stage <stage>',
    'A stopped trail: start it again: aws cloudtrail start-logging --name <resource>',
    'A rule that was disabled or changed: deploy again. enable-rule alone would leave out read-only events such as Decrypt.',
    'Ask the caller why. What happened meanwhile is in the event history: aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventSource,AttributeValue=kms.amazonaws.com',
  ],
  limits:
    'Another trail may still record everything; doctor looks at all of them. Critical for the trails that the policy names, medium for others and for changes by CloudFormation. A trail of data events alone, or of one Region, is told again whenever it is changed. An update that only moves a trail’s files raises nothing. A second change within the reminder’s time raises no alert of its own. Who disables the rule that watches the rules is seen by doctor alone.',
  ending:
    'An all-clear follows when the trail is started covers every Region or selects KMS whole again, or the rule is enabled or deployed anew.',
  attack: 'T1562.008',
  scenarios: { firing: 'audit-blinded', silent: 'trail-started', nearMiss: 'trail-tidied' },
  judge: (fact, policy) => {
    if (fact.kind === 'trail-changed') return judgeTrail(fact, policy);
    return fact.kind === 'event-rule-changed' ? judgeRule(fact) : NOT_APPLICABLE;
  },
  endedBy: (fact): Ending | undefined => {
    // Stryker disable next-line ConditionalExpression: rules know none of these changes
    if (fact.kind === 'trail-changed' && RESTORED.has(fact.change) && fact.gaps.length === 0)
      return {
        group: ['audit-blind-spot', fact.trailArn],
        subject: { resource: fact.trailArn },
        sentence: `${fact.operation} by ${by(fact)}: trail ${name(fact.trailArn)} records KMS whole again.`,
      };
    if (fact.kind === 'event-rule-changed' && isRepair(fact))
      return {
        group: ['audit-blind-spot', fact.ruleArn],
        subject: { resource: fact.ruleArn },
        ...(isByDeployment(fact) ? { lagSeconds: DEPLOYMENT_SECONDS } : {}),
        sentence: `${fact.operation} by ${by(fact)}: rule ${name(fact.ruleName)} is on again.${fact.change === 'enabled' ? ' Whether in its full state, doctor says.' : ''}`,
      };
    return undefined;
  },
};

/** EnableRule, or a deployment of the rule or its targets. */
const isRepair = (fact: EventRuleChanged): boolean =>
  fact.change === 'enabled' || fact.change === 'deployed' || (fact.change === 'targets-put' && isByDeployment(fact));

function judgeTrail(fact: TrailChanged, policy: Policy): Verdict {
  if (fact.gaps.length === 0) return SILENT;
  const guarded = matchesAny(policy.trails, fact.trailArn, { key: undefined, accounts: policy.accounts });
  return {
    verdict: 'fires',
    ...(guarded ? {} : { severity: 'medium' }),
    subject: { resource: fact.trailArn },
    group: ['audit-blind-spot', fact.trailArn],
    sentence: `${fact.operation} by ${by(fact)} on trail ${name(fact.trailArn)}: ${fact.gaps.join('; ')}.`,
  };
}

function judgeRule(fact: EventRuleChanged): Verdict {
  const loss = RULE_LOSSES[fact.change];
  if (loss === undefined) return SILENT;
  return {
    verdict: 'fires',
    ...(isByDeployment(fact) ? { severity: 'medium' } : {}),
    subject: { resource: fact.ruleArn },
    group: ['audit-blind-spot', fact.ruleArn],
    sentence: `The audit’s own rule ${name(fact.ruleName)} ${loss} by ${by(fact)} (${fact.operation}).`,
  };
}
