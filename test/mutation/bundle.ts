// Replaces each test file that judges the mutated part by itself with all that it imports, in few files instead of hundreds: every
// mutant loads them anew, which is most of what it costs. For a copy of the project, after the mutants are in its source:
//
//   KMS_AUDIT_MUTATED=PART node test/run.mjs test/mutation/bundle.ts
import { readFile, rename } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { testsOf } from './parts.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const entryPoints = testsOf(process.env.KMS_AUDIT_MUTATED);

/** Every file goes on knowing where it was. */
const ownPlace: Plugin = {
  name: 'own-place',
  setup(builder) {
    builder.onLoad({ filter: /\/(src|test|events)\/.*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      return { loader: 'ts', contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)) };
    });
  },
};

await build({
  absWorkingDir: root,
  entryPoints,
  outdir: root,
  outbase: root,
  chunkNames: 'test/mutation/chunks/[hash]',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  external: ['vitest', 'dynalite', 'esbuild'],
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  alias: { '#policy': `${root}infra/policy.json` },
  plugins: [ownPlace],
  logLevel: 'warning',
});
await Promise.all(entryPoints.map((file) => rename(`${root}${file.replace(/\.ts$/, '.js')}`, `${root}${file}`)));
