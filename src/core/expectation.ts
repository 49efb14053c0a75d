import type { Occurrence } from './finding.ts';
import { readKeyArn } from './key-arn.ts';
import { matches } from './pattern.ts';
import { type Exception, MATCH_FIELDS, type Policy } from './policy.ts';
import { atLeast } from './severity.ts';
import { fromSeconds, toSeconds } from './timestamp.ts';

/** The occurrence as the policy has it, with the severity that the policy gives; none where its rule is off or an exception accepts it. */
export function underPolicy(occurrence: Occurrence, policy: Policy): Occurrence[] {
  const { rule } = occurrence;
  if (policy.rules[rule] === 'off' || policy.exceptions.some((exception) => accepts(exception, occurrence, policy))) return [];
  const severity = policy.severities[rule];
  return [severity === undefined ? occurrence : { ...occurrence, severity }];
}

/** True when an alert of this occurrence, or finding, goes out. */
export function isSent({ rule, severity }: Pick<Occurrence, 'rule' | 'severity'>, policy: Policy): boolean {
  return policy.rules[rule] !== 'silent' && atLeast(severity, policy.minimumAlertSeverity);
}

/** The account is the key's, where the finding names a key. */
function fieldsOf({ about, subject, caller, operation }: Occurrence): Exception['match'] {
  const account = readKeyArn(subject.keyArn ?? about.keyArn)?.account;
  return { caller, operation, ...(account === undefined ? {} : { account }), ...about, ...subject };
}

function accepts({ rule, match, expires }: Exception, occurrence: Occurrence, { accounts = [] }: Policy): boolean {
  if (rule !== occurrence.rule || occurrence.time >= expires) return false;
  const fields = fieldsOf(occurrence);
  const scope = { key: readKeyArn(fields.keyArn), accounts };
  return MATCH_FIELDS.every((name) => {
    const pattern = match[name];
    const value = fields[name];
    return pattern === undefined || (value !== undefined && matches(pattern, value, scope));
  });
}

/** How long a proposed exception lasts: long enough to mend the cause, short enough to be asked again. */
const EXCEPTION_DAYS = 30;
/** What a pattern would not take literally, and what stands for a longer text. */
const NO_LITERAL = /[*]|\$\{|~[0-9a-f]{16}$/;

/** The exception that would accept this finding for thirty days after its evidence; undefined where its names cannot be written as patterns. */
export function exceptionFor(occurrence: Pick<Occurrence, 'rule' | 'subject' | 'time'>): Exception | undefined {
  const named = MATCH_FIELDS.flatMap((name) => {
    const value = name === 'operation' ? undefined : occurrence.subject[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  if (named.length === 0 || named.some(([, value]) => NO_LITERAL.test(value))) return undefined;
  return {
    rule: occurrence.rule,
    match: Object.fromEntries(named),
    reason: 'say why this is accepted',
    expires: fromSeconds(toSeconds(occurrence.time) + EXCEPTION_DAYS * 24 * 60 * 60),
  };
}
