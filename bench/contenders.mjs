// Who is measured, and what each must print of the same files.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isThere, KMS_AUDIT } from './measure.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const node = (script, ...args) => [process.execPath, here(script), ...args];
const shell = (script, folder) => ['sh', '-c', script, 'sh', folder];
const GUNZIP = `find "$1" -name '*.json.gz' -print0 | xargs -0 gunzip -c`;
const JQ = `reduce (inputs.Records[] | select(.eventSource == "kms.amazonaws.com") | .eventName) as $name ({}; .[$name] += 1)`;

/** In the order of the table. `prints`: the bytes unpacked, the KMS records by event name, or nothing that is compared. */
export const contenders = (folder, { largest }) => [
  { name: 'gunzip', title: 'gunzip -c | wc -c', command: shell(`${GUNZIP} | wc -c`, folder), prints: 'bytes' },
  { name: 'inflate', title: 'Node inflate alone', command: node('./inflate.mjs', folder), prints: 'bytes' },
  { name: 'plain', title: 'gunzip + JSON.parse', command: node('./plain.mjs', folder), prints: 'byName' },
  {
    name: 'jq',
    title: 'gunzip -c | jq',
    command: shell(`${GUNZIP} | jq -nc '${JQ}'`, folder),
    prints: 'byName',
    absent: isThere('jq', '--version') ? undefined : 'jq is not installed: apt-get install jq',
  },
  { name: 'duckdb', title: 'DuckDB', command: node('./duckdb.mjs', folder, `${largest}`), prints: 'byName', absent: withoutDuckDb() },
  {
    name: 'duckdb-declared',
    title: 'DuckDB, fields declared',
    command: node('./duckdb.mjs', folder, `${largest}`, 'declared'),
    prints: 'byName',
    absent: withoutDuckDb(),
  },
  { name: 'replay', title: 'kms-audit replay', command: [process.execPath, KMS_AUDIT, 'replay', folder], prints: undefined },
];

/** DuckDB has a lock file of its own: not every platform's binaries are in every registry, and `npm ci` of the project must not fail for it. */
function withoutDuckDb() {
  if (existsSync(here('./node_modules/@duckdb/node-api'))) return undefined;
  const installed = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--prefix', here('.')], { stdio: ['ignore', 'ignore', 'inherit'] });
  return installed.status === 0 ? undefined : 'DuckDB could not be installed: npm ci --prefix bench';
}
