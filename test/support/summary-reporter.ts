import type { Reporter, TestModule } from 'vitest/node';

/** Ends the run's output with one line that a machine can read. */
export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    let passed = 0;
    let failed = 0;
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      passed += tests.filter((test) => test.result().state === 'passed').length;
      const failing = tests.filter((test) => test.result().state === 'failed').length;
      failed += failing === 0 && module.state() === 'failed' ? 1 : failing;
    }
    process.once('exit', () => process.stdout.write(`\n${passed} passed, ${failed} failed\n`));
  }
}
