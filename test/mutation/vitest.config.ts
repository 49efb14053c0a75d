import { defineConfig } from 'vitest/config';

// What judges rules and policies, and runs in seconds: mutants are many.
export default defineConfig({
  test: {
    include: [
      'test/core/**/*.test.ts',
      'test/scenarios.test.ts',
      'test/endings.test.ts',
      'test/alerts.test.ts',
      'test/catalogue.test.ts',
      'test/policy-schema.test.ts',
      'test/properties.test.ts',
    ],
    env: { KMS_AUDIT_RUNS: '20' },
    testTimeout: 60_000,
  },
});
