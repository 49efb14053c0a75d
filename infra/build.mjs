// Builds dist/: the Lambda entries with their shared chunks, and the command line beside them, never inside.
import { copyFile, rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildScanner } from './build-scanner.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const given = process.env.KMS_AUDIT_POLICY ?? `${root}infra/policy.json`;
const policy = resolve(given);

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'esm',
  splitting: true,
  outExtension: { '.js': '.mjs' },
  mainFields: ['module', 'main'],
  alias: { '#policy': policy },
  logLevel: 'warning',
};

// A policy that the function would refuse at its first event is refused here, before anything is replaced.
const contents =
  "import document from '#policy'; import { readPolicy } from './src/core/read-policy.ts'; export const reading = readPolicy(document);";
const { outputFiles } = await build({ ...common, stdin: { contents, resolveDir: root }, splitting: false, write: false }).catch(() => {
  // A file that is missing or no JSON: esbuild has said where.
  process.exit(1);
});
const { reading } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
if ('problems' in reading) {
  console.error([`${given} is no valid policy:`, ...reading.problems.map((problem) => `  ${problem}`)].join('\n'));
  process.exit(1);
}

/** What was read above takes the place of the reader: the functions need neither it nor its messages. */
const policyAsRead = {
  name: 'policy-as-read',
  setup({ onLoad }) {
    // JSON.parse, since `__proto__` in a literal is no ordinary key.
    const json = JSON.stringify(JSON.stringify(reading.policy));
    onLoad({ filter: /\/src\/aws\/built-policy\.ts$/ }, () => ({ contents: `export const builtPolicy = () => JSON.parse(${json});` }));
  },
};

/** Importing one of Node's modules into an ES module reads every property of it, and those of `process` open the standard streams. */
const builtinsAsNeeded = {
  name: 'builtins-as-needed',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[a-z0-9_:/]+$/ }, ({ path }) => (isBuiltin(path) ? { path, namespace: 'builtin' } : undefined));
    onLoad({ filter: /^/, namespace: 'builtin' }, ({ path }) => ({ contents: `module.exports = process.getBuiltinModule('${path}');` }));
  },
};

await rm(`${root}dist`, { recursive: true, force: true });
const lambda = {
  ...common,
  target: 'node24',
  minify: true,
  alias: { ...common.alias, '@aws-sdk/credential-provider-node': `${root}src/aws/environment-credentials.ts` },
  legalComments: 'none',
  chunkNames: 'chunk-[hash]',
  plugins: [policyAsRead, builtinsAsNeeded],
};
const { metafile } = await build({ ...lambda, entryPoints: ['src/audit.ts', 'src/sweep.ts'], outdir: 'dist', metafile: true });
await build({ ...lambda, entryPoints: ['src/backfill-batch.ts'], outdir: 'dist/backfill' });
// What went into which chunk, for the test that guards the bundle's size and contents.
await writeFile(`${root}dist/meta.json`, JSON.stringify(metafile));
await build({
  ...common,
  entryPoints: ['src/cli/kms-audit.ts', 'src/local/lambda-runtime.ts', 'src/scan/scan-worker.ts'],
  outdir: 'dist/cli',
  outbase: 'src',
  entryNames: '[name]',
  chunkNames: 'chunk-[hash]',
  target: 'node20',
  packages: 'external',
});
await buildScanner(root, `${root}dist/cli/scanner.wasm`);
await copyFile(`${root}dist/cli/scanner.wasm`, `${root}dist/backfill/scanner.wasm`);
