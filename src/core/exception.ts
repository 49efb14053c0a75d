import type { Occurrence } from './finding.ts';
import { isLiteral } from './pattern.ts';
import { type Exception, MATCH_FIELDS, type MatchField } from './policy.ts';
import { ruleOf } from './rules/registry.ts';
import { fromSeconds, toSeconds } from './timestamp.ts';

/** How long a proposed exception lasts: long enough to mend the cause, short enough to be asked again. */
const EXCEPTION_DAYS = 30;

/**
 * The exception that would accept this finding, and no other, for thirty days after its evidence; undefined where its
 * names cannot be written as patterns.
 */
export function exceptionFor({ rule, subject, time }: Pick<Occurrence, 'rule' | 'subject' | 'time'>): Exception | undefined {
  const mayName = ruleOf(rule)?.mayName;
  const named: Readonly<Partial<Record<MatchField, string>>> = subject;
  const match = MATCH_FIELDS.flatMap((name): (readonly [string, string | null])[] => {
    const value = named[name];
    if (value !== undefined) return [[name, value]];
    // Where there is a key, its account is the finding's.
    const implied = name === 'account' && subject.keyArn !== undefined;
    return mayName?.includes(name) && !implied ? [[name, null]] : [];
  });
  if (match.length === 0 || !match.every(([, value]) => isLiteral(value ?? 'null'))) return undefined;
  return {
    rule,
    match: Object.fromEntries(match),
    reason: 'say why this is accepted',
    expires: fromSeconds(toSeconds(time) + EXCEPTION_DAYS * 24 * 60 * 60),
  };
}
