import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { testsOf } from './parts.ts';

/** Tests of a single unit first: they end most mutants, in milliseconds. */
class UnitsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): string => (moduleId.includes('/test/core/') ? `0${moduleId}` : `1${moduleId}`);
    return files.sort((one, other) => (rank(one) < rank(other) ? -1 : 1));
  }
}

export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: testsOf(process.env.KMS_AUDIT_MUTATED),
    runner: fileURLToPath(new URL('runner.ts', import.meta.url)),
    // One worker loads the modules once for all files of a run, and every run has a worker of its own.
    isolate: false,
    sequence: { sequencer: UnitsFirst },
    env: { KMS_AUDIT_RUNS: '20', KMS_AUDIT_FUZZ_SECONDS: '0', CI: 'true' },
    testTimeout: 20_000,
  },
});
