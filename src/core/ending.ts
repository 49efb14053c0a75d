import {
  type EventRuleChange,
  type EventRuleChanged,
  type Fact,
  isByDeployment,
  orderOf,
  type StandingFact,
  type TrailChange,
  type TrailChanged,
} from './fact.ts';
import { keyState } from './key-state.ts';

/**
 * True when all that is known of a key, a trail or a rule says that it works again: one record alone may be an old one
 * that came late.
 */
export function isWhole(changes: readonly StandingFact[]): boolean {
  const ofKey = changes.filter((fact) => fact.kind === 'key-changed');
  const ofTrail = changes.filter((fact) => fact.kind === 'trail-changed');
  // Stryker disable next-line MethodExpression,ConditionalExpression: by now there are no others that have a change.
  const ofRule = changes.filter((fact) => fact.kind === 'event-rule-changed');
  if (ofKey.length > 0) return keyState(ofKey) === 'enabled';
  return ofTrail.length > 0 ? isTrailWhole(ofTrail) : isRuleWhole(ofRule);
}

function latest<T extends StandingFact>(facts: readonly T[]): T | undefined {
  // Stryker disable next-line EqualityOperator: what has the same place in the order is the same.
  return facts.reduce<T | undefined>((last, fact) => (last === undefined || orderOf(last) < orderOf(fact) ? fact : last), undefined);
}

/** A trail logs, selects what it logs, and covers Regions; the last change of each decides. */
function isTrailWhole(changes: readonly TrailChanged[]): boolean {
  const last = (...of: readonly TrailChange[]): TrailChanged | undefined => latest(changes.filter(({ change }) => of.includes(change)));
  return [last('started', 'stopped', 'deleted'), last('selected'), last('narrowed', 'widened')].every(
    (change) => change === undefined || change.gaps.length === 0,
  );
}

/** A rule is on, has its pattern and its targets; what a person did to the last two, only a deployment undoes. */
function isRuleWhole(changes: readonly EventRuleChanged[]): boolean {
  const last = (...of: readonly EventRuleChange[]): EventRuleChanged | undefined =>
    latest(changes.filter(({ change }) => of.includes(change)));
  const switched = last('enabled', 'deployed', 'disabled', 'deleted')?.change;
  const targets = last('targets-put', 'targets-removed');
  return (
    (switched === 'enabled' || switched === 'deployed') &&
    last('replaced', 'deployed')?.change !== 'replaced' &&
    (targets === undefined || isByDeployment(targets))
  );
}

/** What a change of state is a change of: an ARN, or the id of a custom key store; undefined for every other fact. */
export function stateOf(fact: Fact): string | undefined {
  switch (fact.kind) {
    case 'key-changed':
      return fact.keyStoreId ?? fact.keyArn;
    case 'trail-changed':
      return fact.trailArn;
    case 'event-rule-changed':
      return fact.ruleArn;
    // Stryker disable next-line ConditionalExpression: what returns nothing returns undefined.
    default:
      return undefined;
  }
}
