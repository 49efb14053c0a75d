import type { Occurrence } from './finding.ts';
import { readKeyArn } from './key-arn.ts';
import { matches } from './pattern.ts';
import { type Exception, MATCH_FIELDS, type MatchField, type Policy } from './policy.ts';
import { atLeast } from './severity.ts';

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
function fieldsOf({ about, subject, caller, operation }: Occurrence): Readonly<Partial<Record<MatchField, string | undefined>>> {
  const account = readKeyArn(subject.keyArn ?? about.keyArn)?.account;
  return { caller, operation, account, ...about, ...subject };
}

function accepts({ rule, match, expires }: Exception, occurrence: Occurrence, { accounts }: Policy): boolean {
  if (rule !== occurrence.rule || occurrence.time >= expires) return false;
  const fields = fieldsOf(occurrence);
  const scope = { key: readKeyArn(fields.keyArn), accounts };
  return MATCH_FIELDS.every((name) => {
    const pattern = match[name];
    const value = fields[name];
    if (pattern === undefined) return true;
    return value === undefined ? pattern === null : pattern !== null && matches(pattern, value, scope);
  });
}
