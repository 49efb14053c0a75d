// Mutation testing of the lines of src/core that have changed since a commit, the one before this unless told.
//
//   npm run mutate:changed [-- COMMIT]
//
// Where there is no such commit, or nothing of src/core has changed, there is nothing to do. Ends as `npm run mutate` does, or
// with 0 when KMS_AUDIT_MUTATE_SECONDS are over before.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A line has about one mutant; so many are tried in some minutes. */
const MOST_LINES = 300;
const SECONDS = Number(process.env.KMS_AUDIT_MUTATE_SECONDS ?? 0);
const CONFIG = fileURLToPath(new URL('stryker.config.json', import.meta.url));

const STRYKER = fileURLToPath(new URL('../../node_modules/.bin/stryker', import.meta.url));

const base = process.argv[2] ?? 'HEAD~1';
const diff = spawnSync('git', ['diff', '--unified=0', '--diff-filter=AMR', base, '--', 'src/core/'], {
  encoding: 'utf8',
  maxBuffer: 2 ** 28,
});
if (diff.status !== 0) {
  const known = spawnSync('git', ['rev-parse', '--verify', '--quiet', `${base}^{commit}`]).status === 0;
  console.log(known ? diff.stderr : `There is no commit ${base} here: nothing to compare with.`);
  process.exit(known || process.argv[2] !== undefined ? 2 : 0);
}

const ranges = changedLines(diff.stdout);
const lines = ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);
if (lines === 0) {
  console.log(`Nothing of src/core has changed since ${base}.`);
  process.exit(0);
}
const tried = firstOf(ranges);
const count = tried.reduce((sum, { from, to }) => sum + to - from + 1, 0);
console.log(`${lines} lines of src/core have changed since ${base}.`);
if (count < lines) console.log(`The first ${count} of them are tried; npm run mutate tries everything.`);
const mutate = tried.map(({ file, from, to }) => `${file}:${from}-${to}`).join(',');
const { status, error } = spawnSync(STRYKER, ['run', CONFIG, '--mutate', mutate], { stdio: 'inherit', timeout: SECONDS * 1000 });
if (error?.code === 'ETIMEDOUT') console.log(`Time was up after ${SECONDS} s: npm run mutate:changed by hand tries the rest.`);
process.exit(error?.code === 'ETIMEDOUT' ? 0 : (status ?? 1));

/** The lines that a unified diff adds or changes. */
function changedLines(text) {
  const found = [];
  let file = '';
  for (const line of text.split('\n')) {
    const [, name] = /^\+\+\+ b\/(.*\.ts)$/.exec(line) ?? [];
    if (name !== undefined) file = name;
    const [, start, length = '1'] = /^@@ -\S+ \+(\d+)(?:,(\d+))? @@/.exec(line) ?? [];
    if (start !== undefined && Number(length) > 0) found.push({ file, from: Number(start), to: Number(start) + Number(length) - 1 });
  }
  return found;
}

function firstOf(all) {
  const first = [];
  let left = MOST_LINES;
  for (const { file, from, to } of all) {
    if (left <= 0) break;
    first.push({ file, from, to: Math.min(to, from + left - 1) });
    left -= to - from + 1;
  }
  return first;
}
