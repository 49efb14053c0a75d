import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { testsOf } from './parts.ts';

const tests = testsOf(process.env.KMS_AUDIT_MUTATED);

/** In the order of the part: the first failure ends the mutant. */
class Ordered extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => tests.findIndex((file) => moduleId.endsWith(`/${file}`));
    return files.sort((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: tests,
    runner: fileURLToPath(new URL('runner.ts', import.meta.url)),
    // One worker loads the modules once for all files of a run, and every run has a worker of its own.
    isolate: false,
    sequence: { sequencer: Ordered },
    env: { KMS_AUDIT_RUNS: '20', KMS_AUDIT_FUZZ_SECONDS: '0', CI: 'true' },
    testTimeout: 20_000,
  },
});
