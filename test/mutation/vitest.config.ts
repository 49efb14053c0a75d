import { defineConfig } from 'vitest/config';

/** Minutes of every interleaving, every volume or a real table: what they find, the others find sooner. */
const LEFT_OUT = [
  'two grants that are worse',
  'an unexpected grant again, and its retirement',
  'reaches the open set',
  'dependents of every key',
  'the timeline of every volume',
  'in proportion',
  'hold many',
  'counts 200,000 Decrypts',
];

// What judges all of core and runs in seconds, since every mutant runs again what reaches it.
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: [
      'test/core/**/*.test.ts',
      'test/{accounting,alerts,canary,catalogue,compact-ledger,dependents,difference,doctor}.test.ts',
      'test/{launch,policies,policy-schema,properties,reconcile,regressions,render,report,scenarios}.test.ts',
    ],
    testNamePattern: new RegExp(`^(?!.*(?:${LEFT_OUT.join('|')}))`),
    env: { KMS_AUDIT_RUNS: '20', CI: 'true' },
    testTimeout: 20_000,
  },
});
