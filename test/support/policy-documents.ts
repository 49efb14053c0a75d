import { ACCOUNT, KEY, OTHER_ACCOUNT } from './fleet.ts';

type Document = Readonly<Record<string, unknown>>;

const profile = (fields: Document): Document => ({ grants: [{ name: 'a', grantee: ['b'], ...fields }] });
const exception = (fields: Document): Document => ({
  exceptions: [{ rule: 'launch-blocked', match: { keyArn: KEY }, reason: 'known', expires: '2027-01-31', ...fields }],
});

/** Policies that are valid. */
export const VALID: readonly (readonly [what: string, document: unknown])[] = [
  ['nothing', {}],
  [
    'every field',
    {
      $schema: './policy.schema.json',
      accounts: [ACCOUNT, OTHER_ACCOUNT],
      clusters: ['prod-*'],
      keys: [KEY, 'arn:${Partition}:kms:*:${Account}:key/*'],
      grants: [
        {
          name: 'backup',
          trusted: true,
          callerType: 'AssumedRole',
          caller: [`arn:aws:iam::${ACCOUNT}:role/backup`],
          invokedBy: ['**'],
          grantee: ['backup.amazonaws.com', '${ServicePrincipal}'],
          retiree: 'same',
          operations: { exactly: ['Decrypt'], within: ['Decrypt', 'Encrypt'], optional: true },
          context: { 'aws:ebs:id': '*', constructor: '**' },
          contextMatch: 'equals',
          contextWithout: 'aws:ecs:',
          sourceArn: ['arn:aws:s3:::*'],
        },
        { name: 'other', grantee: ['x'], retiree: ['y', 'z'], context: {}, operations: {} },
      ],
      exceptions: [
        { rule: 'launch-blocked', match: { clusterName: 'batch', operation: 'Decrypt' }, reason: 'known', expires: '2027-01-31' },
      ],
      trails: [`arn:aws:cloudtrail:*:${ACCOUNT}:trail/main`],
      severities: { 'launch-blocked': 'low' },
      rules: { 'forged-context': 'off', 'launch-blocked': 'silent', 'disabled-key-use': 'on' },
      renotifyMinutes: 44_640,
      orphanAfterHours: 1.5,
      minimumAlertSeverity: 'high',
    },
  ],
  ['nobody', { accounts: [], clusters: [], keys: [] }],
  ['an instant', exception({ expires: '2027-01-31T12:00:00+01:00' })],
  ['a field that the rule never has', exception({ match: { volumeId: 'vol-1' } })],
  ['what a finding does not name', exception({ match: { keyArn: null, account: null, clusterName: 'batch' } })],
  [
    'what a grant does not name',
    profile({ retiree: [], invokedBy: [], sourceArn: [], operations: { exactly: [], optional: true }, context: {} }),
  ],
  ['a dollar that is no placeholder', { clusters: ['$', 'a$b', '$$'] }],
];

/** Policies that are not, and what is said of them. */
export const REFUSED: readonly (readonly [what: string, document: unknown, ...problems: string[]])[] = [
  ['null', null, 'policy: expected an object; found null'],
  ['a list', [], 'policy: expected an object; found an array'],
  ['text', 'x', 'policy: expected an object; found "x"'],
  ['a number', 7, 'policy: expected an object; found 7'],
  ['an unknown field', { acounts: [] }, 'acounts: no such field; did you mean "accounts"?'],
  ['a field unlike any', { owner: 'x' }, 'owner: no such field'],
  [
    'several unknown fields',
    { acounts: [], trials: [] },
    'acounts: no such field; did you mean "accounts"?',
    'trials: no such field; did you mean "trails"?',
  ],
  [
    'a misspelt field of a profile',
    { grants: [{ name: 'a', granteee: ['b'] }] },
    'grants[0].grantee: missing',
    'grants[0].granteee: no such field; did you mean "grantee"?',
  ],
  ['an unknown field of its operations', profile({ operations: { only: [] } }), 'grants[0].operations.only: no such field'],
  [
    'an account that is none',
    { accounts: ['11112222333'] },
    'accounts[0]: expected an account id, 12 digits in quotes; found "11112222333"',
  ],
  ['an account as a number', { accounts: [111122223333] }, 'accounts[0]: expected an account id, 12 digits in quotes; found 111122223333'],
  ['one account', { accounts: ACCOUNT }, `accounts: expected a list; found "${ACCOUNT}"`],
  ['an empty pattern', { clusters: [''] }, 'clusters[0]: expected a pattern that is not empty; found ""'],
  ['a pattern that is none', { trails: [{}] }, 'trails[0]: expected a pattern; found an object'],
  [
    'an unknown placeholder',
    { keys: ['arn:aws:kms:${region}:${Acount}:key/*'] },
    'keys[0]: no such placeholder: "${region}"; did you mean "${Region}"?; no such placeholder: "${Acount}"; did you mean "${Account}"?',
  ],
  ['a placeholder unlike any', { clusters: ['${x}'] }, 'clusters[0]: no such placeholder: "${x}"'],
  [
    'more unknown placeholders than anybody mends at once',
    { keys: ['${a}${b}${a}${c}${d}'] },
    'keys[0]: no such placeholder: "${a}"; no such placeholder: "${b}"; no such placeholder: "${c}"',
  ],
  [
    'an unknown placeholder among known ones',
    { keys: ['${Partition}${Account}${Accounts}${Region}${x}'] },
    'keys[0]: no such placeholder: "${x}"',
  ],
  [
    'misspelt placeholders',
    { keys: ['${Partiton}', '${ServicePrincipel}', '${Acccounts}'] },
    'keys[0]: no such placeholder: "${Partiton}"; did you mean "${Partition}"?',
    'keys[1]: no such placeholder: "${ServicePrincipel}"; did you mean "${ServicePrincipal}"?',
    'keys[2]: no such placeholder: "${Acccounts}"; did you mean "${Accounts}"?',
  ],
  [
    'a placeholder without end',
    profile({ caller: ['${Account'] }),
    'grants[0].caller[0]: no such placeholder: "${Account"; did you mean "${Account}"?',
  ],
  [
    'a service principal inside a pattern',
    profile({ grantee: ['x.${ServicePrincipal}'] }),
    'grants[0].grantee[0]: ${ServicePrincipal} is a pattern by itself, never a part of one',
  ],
  ['a profile that is none', { grants: [7] }, 'grants[0]: expected an object; found 7'],
  ['a profile without grantee', { grants: [{ name: 'a' }] }, 'grants[0].grantee: missing'],
  [
    'a profile with no grantee in its list',
    profile({ grantee: [] }),
    'grants[0].grantee: expected at least one pattern; found an empty list',
  ],
  ['a profile without name', { grants: [{ grantee: ['b'] }] }, 'grants[0].name: missing'],
  ['a blank name', profile({ name: ' ' }), 'grants[0].name: expected a name; found " "'],
  ['a misspelt trust', profile({ trusted: false }), 'grants[0].trusted: expected true; found false'],
  ['a blank type', profile({ callerType: ' ' }), 'grants[0].callerType: expected a type; found " "'],
  ['a blank prefix', profile({ contextWithout: '' }), 'grants[0].contextWithout: expected a prefix; found ""'],
  [
    'operations that are not optional',
    profile({ operations: { optional: false } }),
    'grants[0].operations.optional: expected true; found false',
  ],
  ['a schema that is no path', { $schema: 7 }, '$schema: expected the path of a schema; found 7'],
  ['a misspelt retiree', profile({ retiree: 'sme' }), 'grants[0].retiree: expected a list of patterns, or "same"; found "sme"'],
  ['a retiree pattern', profile({ retiree: [''] }), 'grants[0].retiree[0]: expected a pattern that is not empty; found ""'],
  [
    'a misspelt operation',
    profile({ operations: { exactly: ['Decript'], within: ['Drink'] } }),
    'grants[0].operations.exactly[0]: expected a grant operation; found "Decript"; did you mean "Decrypt"?',
    'grants[0].operations.within[0]: expected a grant operation; found "Drink"',
  ],
  [
    'a misspelt comparison',
    profile({ contextMatch: 'equal' }),
    'grants[0].contextMatch: expected one of equals, subset; found "equal"; did you mean "equals"?',
  ],
  ['a context that is none', profile({ context: ['x'] }), 'grants[0].context: expected an object; found an array'],
  ['a context value', profile({ context: { 'aws:ebs:id': 1 } }), 'grants[0].context["aws:ebs:id"]: expected a pattern; found 1'],
  [
    'a misspelt rule',
    { severities: { 'disabled-keyuse': 'high' } },
    'severities["disabled-keyuse"]: no such rule; did you mean "disabled-key-use"?',
  ],
  ['a rule unlike any', { rules: { drink: 'off' } }, 'rules.drink: no such rule'],
  [
    'a misspelt stage',
    { rules: { 'launch-blocked': 'of' } },
    'rules["launch-blocked"]: expected one of off, silent, on; found "of"; did you mean "off"?',
  ],
  [
    'a misspelt severity',
    { minimumAlertSeverity: 'hihg' },
    'minimumAlertSeverity: expected one of critical, high, medium, low; found "hihg"; did you mean "high"?',
  ],
  [
    'a severity unlike any',
    { minimumAlertSeverity: 'urgent' },
    'minimumAlertSeverity: expected one of critical, high, medium, low; found "urgent"',
  ],
  ['no minutes', { renotifyMinutes: 0 }, 'renotifyMinutes: expected a whole number of minutes from 1 to 44640; found 0'],
  ['half a minute', { renotifyMinutes: 0.5 }, 'renotifyMinutes: expected a whole number of minutes from 1 to 44640; found 0.5'],
  ['more than a month', { renotifyMinutes: 44_641 }, 'renotifyMinutes: expected a whole number of minutes from 1 to 44640; found 44641'],
  ['minutes as text', { renotifyMinutes: '60' }, 'renotifyMinutes: expected a whole number of minutes from 1 to 44640; found "60"'],
  ['half an hour', { orphanAfterHours: 0.5 }, 'orphanAfterHours: expected a number of hours, at least 1; found 0.5'],
  [
    'endless hours',
    { orphanAfterHours: Number.POSITIVE_INFINITY },
    'orphanAfterHours: expected a number of hours, at least 1; found Infinity',
  ],
  [
    'an exception without anything',
    { exceptions: [{}] },
    ...['rule', 'match', 'reason', 'expires'].map((name) => `exceptions[0].${name}: missing`),
  ],
  [
    'an exception of an unknown rule',
    exception({ rule: 'lanch-blocked' }),
    'exceptions[0].rule: expected the id of a rule; found "lanch-blocked"; did you mean "launch-blocked"?',
  ],
  [
    'an exception of everything',
    exception({ match: {} }),
    'exceptions[0].match: expected at least one of keyArn, keyStoreId, grantId, clusterAccount, clusterName, volumeId, resource, caller, account, operation; found an empty object',
  ],
  [
    'a field that findings do not have',
    exception({ match: { keyARN: KEY } }),
    'exceptions[0].match.keyARN: no such field; did you mean "keyArn"?',
  ],
  ['a field that is no pattern', exception({ match: { keyArn: 7 } }), 'exceptions[0].match.keyArn: expected a pattern, or null; found 7'],
  [
    'no caller, though every finding has one',
    exception({ match: { caller: null, operation: null } }),
    'exceptions[0].match.caller: expected a pattern; found null',
    'exceptions[0].match.operation: expected a pattern; found null',
  ],
  ['no reason', exception({ reason: '' }), 'exceptions[0].reason: expected a reason; found ""'],
  [
    'no day',
    exception({ expires: 'tomorrow' }),
    'exceptions[0].expires: expected a day such as 2027-01-31, or an instant with its zone; found "tomorrow"',
  ],
  ['a year', exception({ expires: 2027 }), 'exceptions[0].expires: expected a day such as 2027-01-31; found 2027'],
  [
    'an instant without zone',
    exception({ expires: '2027-01-31T00:00:00' }),
    'exceptions[0].expires: expected a day such as 2027-01-31, or an instant with its zone; found "2027-01-31T00:00:00"',
  ],
  [
    'what cannot be seen',
    { minimumAlertSeverity: '\u001b[2J', 'a\u202eb': 1 },
    'minimumAlertSeverity: expected one of critical, high, medium, low; found "\\u{1b}[2J"',
    '["a\\u{202e}b"]: no such field',
  ],
  ['a very long name', { ['k'.repeat(10_000)]: 1 }, `["${'k'.repeat(59)}…"]: no such field`],
  [
    'a very long word',
    { minimumAlertSeverity: 'h'.repeat(10_000) },
    `minimumAlertSeverity: expected one of critical, high, medium, low; found "${'h'.repeat(59)}…"`,
  ],
  ['a prototype', JSON.parse('{"__proto__":{"accounts":["x"]},"constructor":1}'), '__proto__: no such field', 'constructor: no such field'],
];

/** Policies that only `readPolicy` refuses: a schema cannot count days, compare names or tell `__proto__`. */
export const REFUSED_BY_READING: typeof REFUSED = [
  [
    'two profiles of one name',
    { grants: [profile({}), profile({})].flatMap(({ grants }) => grants) },
    'grants[1].name: "a" is the name of grants[0] already',
  ],
  [
    'a day that is none',
    exception({ expires: '2027-02-30' }),
    'exceptions[0].expires: expected a day such as 2027-01-31, or an instant with its zone; found "2027-02-30"',
  ],
  [
    'one context key twice',
    profile({ context: { 'aws:ebs:id': '*', 'aws:EBS:id': '*' } }),
    'grants[0].context["aws:EBS:id"]: named twice: KMS compares context keys without case',
  ],
  [
    'a prototype as context key',
    profile({ context: JSON.parse('{"__proto__":"*"}') }),
    'grants[0].context.__proto__: no name for a context key',
  ],
];
