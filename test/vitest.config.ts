import { defineConfig } from 'vitest/config';
import { SummaryReporter } from './support/summary-reporter.ts';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    // One process for each core of a small machine: most tests wait for their own databases and programs.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters: ['default', new SummaryReporter()],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      // Run in processes of their own: the built bundle and the command line are tested as built.
      exclude: [
        'src/**/*.d.ts',
        'src/audit.ts',
        'src/sweep.ts',
        'src/aws/wiring.ts',
        'src/local/lambda-runtime.ts',
        'src/scan/scan-worker.ts',
        'src/cli/kms-audit.ts',
      ],
      reporter: ['text-summary'],
      thresholds: { lines: 95, branches: 88, functions: 95 },
    },
  },
});
