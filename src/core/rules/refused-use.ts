import type { Fact } from '../fact.ts';
import { isUse } from '../operations.ts';
import type { RefusalReason } from '../outcome.ts';
import { by, clusterOrResource, key, keyField, purpose } from './phrases.ts';
import { NOT_APPLICABLE, SILENT, type Verdict } from './rule.ts';
import type { RuleId } from './rule-id.ts';

/** Fires when a use of a key was refused for one of `states`, each with what to say of the key; shared by the `*-key-use` rules. */
export function judgeRefusedUse(fact: Fact, rule: RuleId, states: ReadonlyMap<RefusalReason, string>): Verdict {
  if (fact.kind !== 'refused' || !isUse(fact.operation)) return NOT_APPLICABLE;
  const state = states.get(fact.reason);
  if (state === undefined) return SILENT;
  // A missing alias or a mistyped id names no key that anybody could bring back.
  if (fact.reason === 'missing' && fact.keyArn === undefined) return SILENT;
  const where = fact.keyArn === undefined && fact.account !== undefined ? { account: fact.account } : keyField(fact);
  const rehearsed = fact.rehearsal ? 'A rehearsal of ' : '';
  return {
    verdict: 'fires',
    subject: { ...where, ...clusterOrResource(fact) },
    group: [rule, fact.keyArn ?? '', fact.keyArn === undefined ? (fact.account ?? '') : ''],
    sentence: `${rehearsed}${fact.operation}${purpose(fact)} by ${by(fact)} was refused: ${key(fact.keyArn)} ${state}.`,
  };
}
