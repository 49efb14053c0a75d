// Runs a program of this folder that is written in TypeScript, on any Node: `node test/run.mjs test/prove/main.ts ARGUMENTS…`
import { basename, dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const [program, ...rest] = process.argv.slice(2);
const root = fileURLToPath(new URL('..', import.meta.url));
// Two folders below the project's, as the source is: both find the same files.
const outfile = `${root}dist/${basename(dirname(program))}/${basename(program, '.ts')}.mjs`;
await build({
  absWorkingDir: root,
  entryPoints: [program],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  alias: { '#policy': `${root}infra/policy.json` },
  logLevel: 'warning',
});
process.argv = [process.argv[0], outfile, ...rest];
await import(pathToFileURL(outfile).href);
