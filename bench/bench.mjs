#!/usr/bin/env node
// Replay beside the usual tools on the same archive in one run, as ratios to this machine's own gunzip; then the function
// (lambda.mjs), unless --replay-only.
//
//   npm run bench [-- --records 2000000 --files 3000 --seed 1 --folder FOLDER --rounds 3 --replay-only]
//
// Ends with 1 where anybody counts other records than the generator wrote. A missed bound is printed, and no failure: it says
// as much of the machine as of the program.
import { spawnSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { contenders } from './contenders.mjs';
import { filesIn } from './files.mjs';
import { archiveIn } from './generate.mjs';
import { measure, replayCounts } from './measure.mjs';
import { ARCHIVE_OPTIONS, archiveOptions, readOptions, run, showProgress, wholeNumber } from './options.mjs';

/** What replay must keep to; each gives the figure to compare. */
const BOUNDS = [
  ['CPU, times gunzip', 'at most', 0.65, ({ replay, gunzip }) => replay.cpu / gunzip.cpu],
  ['wall, times gunzip', 'at most', 0.33, ({ replay, gunzip }) => replay.wall / gunzip.wall],
  ['times faster than DuckDB', 'at least', 3, ({ replay, duckdb }) => duckdb && duckdb.wall / replay.wall],
  [
    'times faster than DuckDB that is told the fields',
    'at least',
    3,
    ({ replay, ...others }) => others['duckdb-declared'] && others['duckdb-declared'].wall / replay.wall,
  ],
  ['times faster than jq', 'at least', 14, ({ replay, jq }) => jq && jq.wall / replay.wall],
  ['peak memory, MB', 'at most', 200, ({ replay }) => replay.peak / 1e6],
];

await run(async () => {
  const { plain: _plain, ...known } = ARCHIVE_OPTIONS;
  const { values } = readOptions({ ...known, rounds: { type: 'string', default: '3' }, 'replay-only': { type: 'boolean' } });
  const rounds = wholeNumber('rounds', values.rounds, 1);
  const options = archiveOptions(values);
  const expected = await archiveIn(options, showProgress(options));
  console.log(heading(options, expected));
  const wrong = [];
  await warm(options.folder);
  const counted = await replayCounts(options.folder);
  if (!isDeepStrictEqual(counted, expected.events)) wrong.push(differing('kms-audit replay', counted, expected.events));

  const all = contenders(options.folder, expected);
  const runs = new Map(all.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, title, command, prints, absent } of all) {
      if (absent !== undefined) continue;
      say(`round ${round} of ${rounds}: ${title}`);
      const { output, ...taken } = await measure(command, prints !== undefined);
      runs.get(name).push(taken);
      if (prints === undefined) continue;
      const printed = JSON.parse(output);
      if (!isDeepStrictEqual(printed, expected[prints])) wrong.push(differing(title, printed, expected[prints]));
    }
  }
  say('');

  const measured = Object.fromEntries([...runs].filter(([, taken]) => taken.length > 0).map(([name, taken]) => [name, middle(taken)]));
  console.log(table(all, measured, rounds));
  console.log(bounds(measured));
  if (wrong.length === 0) console.log('\nEvery contender counted what the generator wrote.');
  else console.error(`\n${wrong.join('\n')}`);
  const functionsStatus = values['replay-only'] ? 0 : benchFunction();
  process.exitCode = wrong.length === 0 ? functionsStatus : 1;
});

function benchFunction() {
  console.log('\nThe function');
  return spawnSync(process.execPath, [fileURLToPath(new URL('./lambda.mjs', import.meta.url))], { stdio: 'inherit' }).status ?? 1;
}

function heading({ records, files, seed }, { bytes, kms, events }) {
  const [processor] = cpus();
  return [
    `${records} records, ${(bytes / 1e9).toFixed(2)} GB unpacked, in ${files} files (seed ${seed}); ${kms} of KMS: ${events.audited} audited, ${events.duplicates} duplicates`,
    `${cpus().length} cores of ${processor?.model ?? 'unknown make'}, Node ${process.versions.node}, load ${loadavg()[0].toFixed(2)} at the start`,
  ].join('\n');
}

/** Reads every file once, so that nobody is measured waiting for the disk. */
async function warm(folder) {
  say('reading the files once');
  for (const file of filesIn(folder)) for await (const _chunk of createReadStream(file, { highWaterMark: 1 << 20 }));
}

/** Medians of time, and the highest of all peaks. */
function middle(runs) {
  const median = (numbers) => {
    const ordered = numbers.sort((a, b) => a - b);
    return (ordered[Math.floor((ordered.length - 1) / 2)] + ordered[Math.ceil((ordered.length - 1) / 2)]) / 2;
  };
  return {
    wall: median(runs.map(({ wall }) => wall)),
    cpu: median(runs.map(({ cpu }) => cpu)),
    peak: Math.max(...runs.map(({ peak }) => peak)),
  };
}

function table(all, measured, rounds) {
  const row = (title, ...cells) => title.padEnd(24) + cells.map((cell) => cell.padStart(9)).join('');
  const { gunzip } = measured;
  const lines = all.map(({ name, title, absent }) => {
    if (absent !== undefined) return `${title.padEnd(24)} not measured. ${absent}`;
    const { wall, cpu, peak } = measured[name];
    const ratios = [wall / gunzip.wall, cpu / gunzip.cpu].map((ratio) => ratio.toFixed(2));
    return row(title, wall.toFixed(2), cpu.toFixed(2), (peak / 1e6).toFixed(0), ...ratios);
  });
  const head = row('', 'wall s', 'CPU s', 'peak MB', 'wall ×', 'CPU ×');
  const note = `median of ${rounds} interleaved rounds; peak: the largest process, highest of all rounds; ×: times gunzip`;
  return ['', head, ...lines, note].join('\n');
}

function bounds(measured) {
  const lines = BOUNDS.map(([title, sense, bound, figure]) => {
    const value = figure(measured);
    if (value === undefined) return `  ${title}: not measured (${sense} ${bound})`;
    const met = sense === 'at most' ? value <= bound : value >= bound;
    return `  ${title}: ${value.toFixed(2)}, ${sense} ${bound}: ${met ? 'met' : 'MISSED'}`;
  });
  return ['', 'replay against its bounds', ...lines].join('\n');
}

function differing(title, counted, expected) {
  return `WRONG: ${title} counted ${JSON.stringify(counted)}, the archive holds ${JSON.stringify(expected)}`;
}

function say(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}
