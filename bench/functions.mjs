// The functions that are measured side by side: what is built, and what it is compared with.
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const SOURCES = fileURLToPath(new URL('function/', import.meta.url));

/** What Lambda and the deployment put into a function's environment, and nothing else. */
const ENVIRONMENT = {
  PATH: process.env.PATH,
  AWS_REGION: 'us-west-2',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_SESSION_TOKEN: 'local',
  AWS_LAMBDA_FUNCTION_NAME: 'kms-audit',
  TABLE_NAME: 'ledger',
  ALERT_TOPIC_ARN: 'arn:aws:sns:us-west-2:111122223333:alerts',
};

/**
 * `audit` as built; `empty`; `eager`, the usual bundle with every client made at the top; `bare`, one UpdateItem call. The
 * latter two are plain esbuild bundles with its defaults for Node, minified. `remove` takes them away again.
 */
export async function functionsAtHand() {
  const folder = await mkdtemp(join(tmpdir(), 'kms-audit-functions-'));
  await build({
    entryPoints: [`${SOURCES}eager.mjs`, `${SOURCES}bare.mjs`],
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    logLevel: 'warning',
  });
  const described = (name, root, file) => ({ name, root, file, environment: ENVIRONMENT });
  return {
    audit: described('audit', DIST, 'audit.mjs'),
    empty: described('empty', SOURCES, 'empty.mjs'),
    eager: described('eager', folder, 'eager.cjs'),
    bare: described('bare', folder, 'bare.cjs'),
    remove: () => rmSync(folder, { recursive: true }),
  };
}
