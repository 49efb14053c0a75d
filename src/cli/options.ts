import { InvalidArgumentError } from 'commander';
import { nearest } from '../core/nearest.ts';
import { RULES } from '../core/rules/registry.ts';
import type { RuleId } from '../core/rules/rule-id.ts';
import { SEVERITIES, type Severity } from '../core/severity.ts';
import { readTimestamp, type Timestamp } from '../core/timestamp.ts';

const RULE_IDS = RULES.map(({ id }) => id);
const DAY = /^\d{4}-\d\d-\d\d$/;
const LONGEST_REASON = 1_000;

/** A severity; another word is bad usage. */
export function severity(word: string): Severity {
  const known = SEVERITIES.find((one) => one === word);
  if (known === undefined) throw new InvalidArgumentError(`expected one of ${SEVERITIES.join(', ')}${suggestion(word, SEVERITIES)}`);
  return known;
}

/** Rule ids, one more each time. */
export function ruleIds(word: string, previous: readonly RuleId[] = []): RuleId[] {
  if (!RULE_IDS.includes(word))
    throw new InvalidArgumentError(`no such rule${suggestion(word, RULE_IDS) || `; the rules are ${RULE_IDS.join(', ')}`}`);
  return [...previous, word];
}

/** An instant with its zone, or a day, which stands for its first instant in UTC. */
export function instant(text: string): Timestamp {
  const timestamp = readTimestamp(DAY.test(text) ? `${text}T00:00:00Z` : text);
  if (timestamp === undefined)
    throw new InvalidArgumentError('expected a day such as 2027-01-31, or an instant such as 2027-01-31T09:30:00Z');
  return timestamp;
}

/** The end of a period: an instant with its zone, or a day, which stands for its last second in UTC. */
export function lastInstant(text: string): Timestamp {
  return instant(DAY.test(text) ? `${text}T23:59:59Z` : text);
}

/** Why a finding is accepted; for people, so that there must be words in it. */
export function reason(text: string): string {
  const words = text.trim();
  if (words === '' || words.length > LONGEST_REASON)
    throw new InvalidArgumentError(`expected up to ${LONGEST_REASON} characters that say why`);
  return words;
}

function suggestion(word: string, words: readonly string[]): string {
  const near = nearest(word, words);
  return near === undefined ? '' : `; did you mean "${near}"?`;
}
