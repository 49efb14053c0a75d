import { type EventRuleChange, type EventRuleChanged, isByDeployment, type TrailChange, type TrailChanged } from '../fact.ts';
import { matchesAny } from '../pattern.ts';
import type { Policy } from '../policy.ts';
import { by, name } from './phrases.ts';
import { type Ending, type FactRule, NOT_APPLICABLE, SILENT, type Verdict } from './rule.ts';

const RULE_LOSSES: Readonly<Partial<Record<EventRuleChange, string>>> = {
  disabled: 'was disabled',
  deleted: 'was deleted',
  replaced: 'was replaced',
  'targets-removed': 'lost a target',
  'targets-put': 'got another target',
};

/** An update of the Regions is no all-clear of its own. */
const RESTORED: ReadonlySet<TrailChange> = new Set(['started', 'selected']);

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
    'Another trail may still record everything; doctor looks at all of them. Critical for the trails that the policy names, medium for others and for changes by CloudFormation. A trail of data events alone, or of one Region, is told again whenever it is changed. An update that only moves a trail’s files raises nothing.',
  ending: 'An all-clear follows when the trail is started or selects KMS whole again, or the rule is enabled.',
  attack: 'T1562.008',
  scenarios: { firing: 'audit-blinded', silent: 'trail-started', nearMiss: 'trail-tidied' },
  judge: (fact, policy) => {
    if (fact.kind === 'trail-changed') return judgeTrail(fact, policy);
    return fact.kind === 'event-rule-changed' ? judgeRule(fact) : NOT_APPLICABLE;
  },
  endedBy: (fact): Ending | undefined => {
    if (fact.kind === 'trail-changed' && RESTORED.has(fact.change) && fact.gaps.length === 0)
      return {
        group: ['audit-blind-spot', fact.trailArn],
        subject: { resource: fact.trailArn },
        sentence: `${fact.operation} by ${by(fact)}: trail ${name(fact.trailArn)} records KMS whole again.`,
      };
    if (fact.kind === 'event-rule-changed' && fact.change === 'enabled')
      return {
        group: ['audit-blind-spot', fact.ruleArn],
        subject: { resource: fact.ruleArn },
        sentence: `${fact.operation} by ${by(fact)}: rule ${name(fact.ruleName)} is on again. Whether in its full state, doctor says.`,
      };
    return undefined;
  },
};

function judgeTrail(fact: TrailChanged, policy: Policy): Verdict {
  if (fact.gaps.length === 0) return SILENT;
  const guarded = matchesAny(policy.trails, fact.trailArn, { key: undefined, accounts: policy.accounts ?? [] });
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
