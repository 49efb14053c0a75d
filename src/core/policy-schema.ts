import * as v from 'valibot';
import { GRANT_OPERATIONS } from './grant-operations.ts';
import { DEFAULT_POLICY, MATCH_FIELDS, type MatchField, RULE_STAGES } from './policy.ts';
import { contextPatterns, expected, expiry, fields, list, pattern, patternOrNull, word, words } from './policy-parts.ts';
import { RULES } from './rules/registry.ts';
import { SEVERITIES } from './severity.ts';

const RULE_IDS = RULES.map(({ id }) => id);
const MINUTES_OF_A_MONTH = 44_640;

const minutes = expected(`a whole number of minutes from 1 to ${MINUTES_OF_A_MONTH}`);
const hours = expected('a number of hours, at least 1');
const account = expected('an account id, 12 digits in quotes');
const operation = word(GRANT_OPERATIONS, 'a grant operation');
const principals = list(pattern);
const about = <T>(title: string, description: string) =>
  v.metadata<T, { readonly title: string; readonly description: string }>({ title, description });

const profile = fields({
  name: v.pipe(words('a name'), about('Name', 'What this kind of grant is called; no two profiles share a name.')),
  trusted: v.optional(
    v.pipe(
      v.literal(true, expected('true')),
      about('Trusted', 'true: only where the ECS context may be believed, because an AWS service that runs ECS storage sent it.'),
    ),
  ),
  callerType: v.optional(v.pipe(words('a type'), about('Caller type', 'userIdentity.type of whoever made the grant, such as AWSService.'))),
  caller: v.optional(
    v.pipe(principals, about('Caller', 'Who may make the grant: patterns of the identity’s ARN, a role rather than its session.')),
  ),
  invokedBy: v.optional(
    v.pipe(principals, about('Invoked by', 'Patterns of the AWS service that made the call, which must be named. []: no service did.')),
  ),
  grantee: v.pipe(
    principals,
    v.nonEmpty('expected at least one pattern; found an empty list'),
    about('Grantee', 'Who may receive the grant: patterns of ARNs or service principals.'),
  ),
  retiree: v.optional(
    v.pipe(
      v.lazy((input) => {
        const same = v.literal('same', expected('a list of patterns, or "same"'));
        if (input === undefined) return v.union([principals, same]);
        return Array.isArray(input) ? principals : same;
      }),
      about(
        'Retiring principal',
        'Who may retire the grant: patterns, or "same" where it must be the grantee. []: the grant names nobody.',
      ),
    ),
  ),
  operations: v.optional(
    v.pipe(
      fields({
        exactly: v.optional(
          v.pipe(list(operation), about('Exactly', 'The grant permits these operations, no more and no fewer. []: the record lists none.')),
        ),
        within: v.optional(v.pipe(list(operation), about('Within', 'The grant permits some of these operations and no others.'))),
        optional: v.optional(
          v.pipe(v.literal(true, expected('true')), about('Optional', 'true: a record without a list of operations fits too.')),
        ),
      }),
      about('Operations', 'What the grant may permit.'),
    ),
  ),
  context: v.optional(
    v.pipe(
      contextPatterns,
      about(
        'Context',
        'The keys of the grant’s encryption-context constraint, exactly these, each with a pattern of its value. {}: no constraint.',
      ),
    ),
  ),
  contextMatch: v.optional(
    v.pipe(
      word(['equals', 'subset']),
      about('Context match', 'How the constraint compares: EncryptionContextEquals or EncryptionContextSubset.'),
    ),
  ),
  contextWithout: v.optional(v.pipe(words('a prefix'), about('Context without', 'No key of the constraint begins with this.'))),
  sourceArn: v.optional(
    v.pipe(
      principals,
      about(
        'Source ARN',
        'Patterns of the constraint’s source ARN. []: there is no source. Absent: a source must lie in the key’s account or one of `accounts`.',
      ),
    ),
  ),
});

const matchField = (title: string, description: string) =>
  v.optional(v.pipe(patternOrNull, about(title, `${description} null: the finding names none.`)));

const match = {
  keyArn: matchField('Key', 'A pattern of the key’s ARN.'),
  keyStoreId: matchField('Key store', 'A pattern of the custom key store’s id.'),
  grantId: matchField('Grant', 'A pattern of the grant’s id.'),
  clusterAccount: matchField('Cluster account', 'A pattern of the account of the cluster.'),
  clusterName: matchField('Cluster', 'A pattern of the cluster’s name.'),
  volumeId: matchField('Volume', 'A pattern of the EBS volume’s id.'),
  resource: matchField('Resource', 'A pattern of the resource that the key protects: a bucket, a log group, a secret.'),
  caller: v.optional(v.pipe(pattern, about('Caller', 'A pattern of the identity that made the call.'))),
  account: matchField('Account', 'A pattern of the account of the key, or of the trail where no key is known.'),
  operation: v.optional(v.pipe(pattern, about('Operation', 'A pattern of the operation that was called.'))),
} satisfies Record<MatchField, unknown>;

const exception = fields({
  rule: v.pipe(word(RULE_IDS, 'the id of a rule'), about('Rule', 'The rule whose findings are accepted.')),
  match: v.pipe(
    fields(match),
    v.minEntries(1, `expected at least one of ${MATCH_FIELDS.join(', ')}; found an empty object`),
    about('Match', 'The findings that are accepted: every field given here fits. A field left out may be anything, or absent.'),
  ),
  reason: v.pipe(words('a reason'), about('Reason', 'Why, for whoever reads the policy next year.')),
  expires: expiry,
});

/** An entry for each rule, explained by the rule. */
// Stryker disable next-line ArrowFunction: without it no test file loads, which Stryker takes for survival.
const byRule = <const W extends readonly string[]>(choice: W) =>
  Object.fromEntries(
    // Stryker disable next-line ArrowFunction: the same.
    RULES.map(({ id, title, why, severity }) => [id, v.optional(v.pipe(word(choice), about(`${title} (${severity})`, why)))] as const),
  );

/** The policy document, with a title and a description of every field: what `readPolicy` reads and editors are told. */
export const policySchema = v.pipe(
  fields({
    $schema: v.optional(v.pipe(v.string(expected('the path of a schema')), about('Schema', 'Where an editor finds this schema.'))),
    accounts: v.optional(
      v.pipe(
        list(v.pipe(v.string(account), v.regex(/^\d{12}$/, account))),
        about('Accounts', 'The accounts whose clusters may use the keys. Absent: the account of each key.'),
      ),
    ),
    clusters: v.optional(
      v.pipe(list(pattern), about('Clusters', 'Patterns of the names of the clusters that may use the keys. Absent: every cluster.')),
    ),
    keys: v.optional(v.pipe(list(pattern), about('Keys', 'Patterns of the ARNs of the keys that are audited. Absent: every key.'))),
    grants: v.optional(v.pipe(list(profile), about('Grants', 'Profiles of the grants that are expected beyond the default ones.')), []),
    exceptions: v.optional(
      v.pipe(list(exception), about('Exceptions', 'Findings that are accepted for a while, each with its reason.')),
      [],
    ),
    trails: v.optional(v.pipe(list(pattern), about('Trails', 'Patterns of the ARNs of the trails that must stay whole.')), []),
    severities: v.optional(
      v.pipe(fields(byRule(SEVERITIES), 'rule'), about('Severities', 'Severities other than the rules’ own, by rule.')),
      {},
    ),
    rules: v.optional(
      v.pipe(
        fields(byRule(RULE_STAGES), 'rule'),
        about('Rules', 'Rules that are not simply on. off: never judged. silent: recorded, not sent. on: recorded and sent.'),
      ),
      {},
    ),
    renotifyMinutes: v.optional(
      v.pipe(
        v.number(minutes),
        v.integer(minutes),
        v.minValue(1, minutes),
        v.maxValue(MINUTES_OF_A_MONTH, minutes),
        about('Reminder', 'Minutes between an alert and its reminder, while new evidence arrives.'),
      ),
      DEFAULT_POLICY.renotifyMinutes,
    ),
    orphanAfterHours: v.optional(
      v.pipe(
        v.number(hours),
        v.finite(hours),
        v.minValue(1, hours),
        about('Orphan age', 'Hours after which an open grant is an orphan. Absent: age alone never makes one.'),
      ),
    ),
    minimumAlertSeverity: v.optional(
      v.pipe(word(SEVERITIES), about('Least severity', 'Findings below this are recorded and counted, not sent.')),
      DEFAULT_POLICY.minimumAlertSeverity,
    ),
  }),
  about('kms-audit policy', 'What the operator expects of the use of KMS keys under Amazon ECS.'),
);
