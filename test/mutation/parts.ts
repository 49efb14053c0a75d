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
      'core/{caller,encryption-context,envelope,grant,key-arn,outcome,profile,read-*,text,timestamp,verdicts}.test.ts',
      '{accounting,event-rules,fuzz,regressions,s3-input,scenarios}.test.ts',
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
      '{alerts,canary,catalogue,doctor,findings,properties,scenarios}.test.ts',
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

/** Minutes of every interleaving, every volume or a real table: what they find, the others find sooner. */
export const LEFT_OUT = [
  'two grants that are worse',
  'an unexpected grant again, and its retirement',
  'reaches the open set',
  'dependents of every key',
  'the timeline of every volume',
  'in proportion',
  'hold many',
  'counts 200,000 Decrypts',
];
