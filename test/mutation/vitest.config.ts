import { defineConfig } from 'vitest/config';
import { LEFT_OUT, PARTS } from './parts.ts';

/** The part that is mutated; all of them unless told. */
const part = process.env.KMS_AUDIT_MUTATED;
const tests = PARTS.filter(({ name }) => part === undefined || name === part).flatMap((one) => one.tests);

export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: [...new Set(tests)].map((glob) => `test/${glob}`),
    testNamePattern: new RegExp(`^(?!.*(?:${LEFT_OUT.join('|')}))`),
    env: { KMS_AUDIT_RUNS: '20', KMS_AUDIT_FUZZ_SECONDS: '0', CI: 'true' },
    testTimeout: 20_000,
  },
});
