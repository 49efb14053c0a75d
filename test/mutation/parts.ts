// src/core in parts, each with the tests that judge it in seconds: every mutant runs again what reaches it.

/** Some of src/core and what judges it. */
interface Part {
  readonly name: string;
  /** Files and folders of src/core. */
  readonly mutate: readonly string[];
  /** Globs below test/. */
  readonly tests: readonly string[];
}

export const PARTS: readonly Part[] = [
  {
    name: 'readers',
    mutate: [
      'caller',
      'concern',
      'encryption-context',
      'envelope',
      'fact',
      'grant-operations',
      'grant-terms',
      'json',
      'key-arn',
      'log-layout',
      'operations',
      'outcome',
      'read-cluster',
      'read-event-rule',
      'read-record',
      'read-trail',
      'reading',
      'text',
      'timestamp',
      'trail-selectors',
    ],
    tests: [
      'core/{caller,doctor,encryption-context,envelope,fact,grant,key-arn,log-layout,outcome,profile,read-*,text,timestamp,verdicts}.test.ts',
      '{accounting,fuzz,regressions,scenarios}.test.ts',
    ],
  },
  {
    name: 'rules',
    mutate: [
      'rules/',
      'exception',
      'expectation',
      'pattern',
      'policy',
      'policy-difference',
      'policy-entry',
      'policy-parts',
      'policy-schema',
      'profile',
      'proposal',
      'read-policy',
      'severity',
    ],
    tests: [
      'core/{exception,expectation,pattern,policy,profile,read-policy,rules,runbooks,verdicts}.test.ts',
      '{alerts,catalogue,difference,policies,policy-commands,policy-schema,scenarios}.test.ts',
    ],
  },
  {
    name: 'alerts',
    mutate: [
      'alert-text',
      'alerting',
      'asff',
      'canary',
      'catalogue',
      'closing-text',
      'doctor',
      'ending',
      'finding',
      'finding-parts',
      'gathered',
      'judged-anew',
      'key-state',
      'mending',
      'message',
      'metrics',
      'nearest',
      'observed',
      'ocsf',
      'refused-publish',
      'standing',
      'test-alert',
    ],
    tests: [
      'core/{alert-text,alerting,asff,doctor,ending,judged-anew,key-state,metrics,nearest,ocsf,standing}.test.ts',
      '{alerts,canary,catalogue,doctor,properties,scenarios}.test.ts',
    ],
  },
  {
    name: 'ledger',
    mutate: [
      'packed/',
      'compact-ledger',
      'dependents',
      'evidence-fold',
      'evidence-text',
      'grant',
      'report',
      'snapshot',
      'sorting',
      'tally',
    ],
    tests: ['core/{dependents,grant,packed-strings}.test.ts', '{accounting,compact-ledger,properties,render,scenarios}.test.ts'],
  },
  {
    name: 'answers',
    mutate: [
      'evidence/',
      'html/',
      'cluster-dependents',
      'deviation-text',
      'key-dependents',
      'launch',
      'listed-grant',
      'mentions',
      'reconcile',
      'timeline',
      'verify-clusters',
    ],
    tests: ['core/{dependents,key-state,reconcile,timeline}.test.ts', '{dependents,launch,reconcile,report}.test.ts'],
  },
];

/** The globs of the tests that judge a part, from the project's folder; of all parts without one. */
export function testsOf(name: string | undefined): string[] {
  const parts = PARTS.filter((part) => name === undefined || part.name === name);
  return [...new Set(parts.flatMap(({ tests }) => tests))].map((glob) => `test/${glob}`);
}

/** Parts of the names of tests that would only cost time. */
export const LEFT_OUT = [
  // Every interleaving, every volume or a real table: what they find, the others find sooner.
  'two grants that are worse',
  'one event delivered twice',
  'two refusals of one group',
  'the sweep and a new Decrypt',
  'an unexpected grant again, and its retirement',
  'comes to the same whenever the record of a creation or of an end arrives',
  'reconciliation of a ledger in DynamoDB',
  'reaches the open set',
  'dependents of every key',
  'the timeline of every volume',
  'in proportion',
  'hold many',
  'counts 200,000 Decrypts',
  // These run the built program, in which there are no mutants.
  'kms-audit policy ',
  'kms-audit replay --against',
  '--format ',
  'kms-audit report',
  'the build ',
  'the command ',
  'says when a timeline needs the whole table',
];
