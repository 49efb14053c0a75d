import { defineConfig } from 'vitest/config';

// What judges rules and the policy and runs in seconds, since every mutant runs it again.
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: [
      'test/core/**/*.test.ts',
      'test/scenarios.test.ts',
      'test/alerts.test.ts',
      'test/catalogue.test.ts',
      'test/policy-schema.test.ts',
    ],
    env: { KMS_AUDIT_RUNS: '20', CI: 'true' },
    testTimeout: 20_000,
  },
});
