import type { Fact } from '../fact.ts';
import { isUse, type KeyChange } from '../operations.ts';
import type { RefusalReason } from '../outcome.ts';
import { by, clusterOrResource, consequence, key, keyField, purpose } from './phrases.ts';
import { type Ending, NOT_APPLICABLE, SILENT, type Verdict } from './rule.ts';
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
    group: groupOf(rule, fact),
    sentence: `${rehearsed}${fact.operation}${purpose(fact)} by ${by(fact)} was refused: ${key(fact.keyArn)} ${state}.${consequence(fact)}`,
  };
}

const groupOf = (rule: RuleId, { keyArn, account }: Fact): readonly string[] => [
  rule,
  keyArn ?? '',
  keyArn === undefined ? (account ?? '') : '',
];

/** A refusal may come in so long after the key was made usable. https://docs.aws.amazon.com/kms/latest/developerguide/programming-eventual-consistency.html */
const LAG_SECONDS = 60;

/** EnableKey and ImportKeyMaterial end what the refused uses of their key told. */
export function endOfRefusedUse(fact: Fact, rule: RuleId): Ending | undefined {
  // Stryker disable next-line ConditionalExpression: no other fact has such a change
  if (fact.kind !== 'key-changed' || fact.keyArn === undefined || !MADE_USABLE.has(fact.change)) return undefined;
  return {
    group: groupOf(rule, fact),
    subject: { keyArn: fact.keyArn },
    lagSeconds: LAG_SECONDS,
    sentence: `${fact.operation} by ${by(fact)} made ${key(fact.keyArn)} usable again.`,
  };
}

/** The changes that are told as the end of a key's trouble. */
const MADE_USABLE: ReadonlySet<KeyChange> = new Set(['enabled', 'material-imported']);
