// Mutation testing of all of src/core, part by part. What was detected is not tried again until it changes, or the test that did it.
//
//   npm run mutate [-- PART…]
//
// Prints the score of each part and every survivor. Ends with 1 below 90 %, or while there are files that were not tried.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';
import { PARTS } from './parts.ts';

const LEAST_PERCENT = 90;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CORE = 'src/core/';
const KEPT = `${ROOT}.stryker/incremental.json`;
const DETECTED = new Set(['Killed', 'Timeout', 'RuntimeError', 'CompileError']);
const MISSED = new Set(['Survived', 'NoCoverage']);

/** What Stryker keeps of a run, as far as it is read here. */
interface Tried {
  readonly files: Readonly<Record<string, { readonly mutants: readonly Mutant[] }>>;
}

interface Mutant {
  readonly status: string;
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly location: { readonly start: { readonly line: number; readonly column: number } };
}

/** What became of the mutants of a part, and its files that were never tried. */
interface Row {
  readonly name: string;
  readonly detected: number;
  readonly missed: number;
  readonly excused: number;
  readonly untried: number;
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !PARTS.some((part) => part.name === name));
if (unknown.length > 0) {
  console.error(`no part ${unknown.join(', ')}: expected ${PARTS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
const parts = filesOfParts();
for (const [name, files] of parts) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`\n${name}: ${files.length} files`);
  forgetMissed(files);
  const args = ['run', 'test/mutation/stryker.config.json', '--incremental', '--mutate', files.join(',')];
  const env = { ...process.env, KMS_AUDIT_MUTATED: name };
  spawnSync(`${ROOT}node_modules/.bin/stryker`, args, { cwd: ROOT, stdio: 'inherit', env });
}
report();

/** What survived is tried again: Stryker does not see every new test that reaches it. */
function forgetMissed(files: readonly string[]): void {
  if (!existsSync(KEPT)) return;
  const tried: Tried = JSON.parse(readFileSync(KEPT, 'utf8'));
  const kept = Object.entries(tried.files).map(([file, { mutants, ...rest }]) => {
    const left = files.includes(file) ? mutants.filter(({ status }) => !MISSED.has(status)) : mutants;
    return [file, { ...rest, mutants: left }];
  });
  writeFileSync(KEPT, JSON.stringify({ ...tried, files: Object.fromEntries(kept) }));
}

/** Every file of core, in the one part that names it or its folder. */
function filesOfParts(): Map<string, string[]> {
  const all = readdirSync(`${ROOT}${CORE}`, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const found = new Map<string, string[]>(PARTS.map(({ name }) => [name, []]));
  for (const file of all.sort()) {
    const owners = PARTS.filter(({ mutate }) => mutate.some((one) => (one.endsWith('/') ? file.startsWith(one) : file === `${one}.ts`)));
    const [owner] = owners;
    if (owner === undefined || owners.length > 1)
      throw new Error(`${CORE}${file} is in ${owners.length} parts of test/mutation/parts.ts, expected 1`);
    found.get(owner.name)?.push(`${CORE}${file}`);
  }
  return found;
}

function report(): void {
  const tried: Tried = JSON.parse(readFileSync(KEPT, 'utf8'));
  const rows: Row[] = [];
  for (const [name, files] of parts) {
    const mutants = files.flatMap((file) => (tried.files[file]?.mutants ?? []).map((mutant) => ({ ...mutant, file })));
    const missed = mutants.filter(({ status }) => MISSED.has(status));
    for (const { file, location, mutatorName, replacement = '', status } of missed) {
      const { line, column } = location.start;
      console.log(`${file}:${line}:${column} ${status} ${mutatorName}: ${replacement.replace(/\s+/g, ' ').slice(0, 100)}`);
    }
    rows.push({
      name,
      detected: mutants.filter(({ status }) => DETECTED.has(status)).length,
      missed: missed.length,
      excused: mutants.filter(({ status }) => status === 'Ignored').length,
      untried: files.filter((file) => tried.files[file] === undefined && hasCode(file)).length,
    });
  }
  const sum = (one: 'detected' | 'missed' | 'excused' | 'untried'): number => rows.reduce((total, row) => total + row[one], 0);
  const all = { name: 'all', detected: sum('detected'), missed: sum('missed'), excused: sum('excused'), untried: sum('untried') };
  console.log(`\n${line('part', 'score', 'detected', 'survived', 'excused', 'files not tried')}`);
  for (const row of [...rows, all])
    console.log(line(row.name, `${percent(row).toFixed(1)} %`, row.detected, row.missed, row.excused, row.untried));
  process.exitCode = all.untried === 0 && percent(all) >= LEAST_PERCENT ? 0 : 1;
}

/** False of what has no mutants: types, and lists that are constant, which Stryker does not enter. */
function hasCode(file: string): boolean {
  const source = readFileSync(`${ROOT}${file}`, 'utf8').replace(/^export const \w+ = [^;]* as const;$/gm, '');
  return transformSync(source, { loader: 'ts', minify: true }).code.trim() !== '';
}

function percent({ detected, missed }: Row): number {
  return detected + missed === 0 ? 0 : (100 * detected) / (detected + missed);
}

function line(name: string, ...cells: readonly (string | number)[]): string {
  return name.padEnd(10) + cells.map((cell) => `${cell}`.padStart(16)).join('');
}
