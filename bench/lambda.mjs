#!/usr/bin/env node
// The built function against its floors in one run: start-up, CPU and calls of an event, units, and the bill of a million.
//
//   npm run bench:lambda [-- --rounds 25]
//
// A missed bound is printed, and no failure: it says as much of the machine as of the function. Needs Node 24, as the function does.
import { cpus, loadavg } from 'node:os';
import { billOf } from './bill.mjs';
import { functionsAtHand } from './functions.mjs';
import { InputError, readOptions, run, wholeNumber } from './options.mjs';
import { startUps } from './start-up.mjs';

const EVENTS_OF_A_LIFE = 6;

await run(async () => {
  if (Number(process.versions.node.split('.')[0]) < 24) throw new InputError('Node 24 is needed, which the function runs on');
  const { values } = readOptions({ rounds: { type: 'string', default: '25' } });
  const rounds = wholeNumber('rounds', values.rounds, 1);
  const [processor] = cpus();
  console.log(
    `${cpus().length} cores of ${processor?.model ?? 'unknown make'}, Node ${process.versions.node}, load ${loadavg()[0].toFixed(2)} at the start`,
  );
  const functions = await functionsAtHand();
  try {
    const started = await startUps([functions.empty, functions.audit, functions.eager], rounds, (round) => say(`start-up, round ${round}`));
    const { perEvent } = await import('./per-event.mjs');
    const events = await perEvent(functions, Math.max(9, rounds), (round) => say(`events, round ${round}`));
    const units = await unitsPerEvent();
    say('');
    report(started, events, units);
  } finally {
    functions.remove();
  }
});

/** Counted on a clean task life by the rules of DynamoDB, as the tests do. */
async function unitsPerEvent() {
  const { startTestTables } = await import('../test/support/test-tables.ts');
  const { costOfLife } = await import('../test/support/cost-of-life.ts');
  const tables = await startTestTables();
  const { writeUnits, readUnits, storedBytes } = await costOfLife(tables, { serial: 101, volumeId: 'vol-0c0ffee0c0ffee001' });
  await tables.stop();
  const [writes, reads, bytes] = [writeUnits, readUnits, storedBytes].map((amount) => amount / EVENTS_OF_A_LIFE);
  return { writeUnits: writes, readUnits: reads, storedBytes: bytes };
}

function report(started, events, units) {
  const walls = middles(started, ({ wall }) => wall);
  const processors = middles(started, ({ cpu }) => cpu);
  console.log(
    `\nspawn to first next, ms, median of ${started.get('audit').length} interleaved rounds (in brackets: of CPU, steadier on a busy machine)`,
  );
  for (const name of started.keys()) console.log(row(name, walls[name].toFixed(1), bracket(processors[name]?.toFixed(1))));

  const cpu = median(events.map(({ event }) => event));
  const call = median(events.map(({ call }) => call));
  const [{ calls }] = events;
  console.log(`\nwarm, ms of CPU, median of ${events.length} interleaved rounds`);
  console.log(row('an event', cpu.toFixed(3), `${calls.toFixed(2)} calls`));
  console.log(row('a bare UpdateItem', call.toFixed(3)));

  const bill = billOf({ ...units, cpu, calls });
  console.log(`\n${bill.heading.join('\n')}`);
  for (const line of [...bill.ingest, ['ingest', '', bill.sum], ...bill.storage]) console.log(billRow(line));

  const over = (name) => [walls.audit / walls[name], processors[name] && processors.audit / processors[name]];
  console.log('\nbounds');
  bound('start-up, times the empty handler', 2, ...over('empty'));
  bound('start-up, times the eager bundle', 0.65, ...over('eager'));
  bound('CPU of an event, times bare calls', 1.5, median(events.map((round) => round.event / round.calls / round.call)));
  bound('write units of an event', 1.7, units.writeUnits);
  bound('read units of an event', 0.5, units.readUnits);
  bound('ingest of a million events, $', 1.55, bill.sum);
}

function bound(title, most, value, ofCpu) {
  console.log(
    `  ${title.padEnd(36)}${value.toFixed(2).padStart(6)}  at most ${most.toFixed(2)}: ${value <= most ? 'met' : 'MISSED'} ${bracket(ofCpu?.toFixed(2))}`,
  );
}

function middles(runs, figure) {
  return Object.fromEntries([...runs].map(([name, taken]) => [name, median(taken.map(figure))]));
}

function median(numbers) {
  const ordered = [...numbers].sort((a, b) => a - b);
  return ordered[Math.floor(ordered.length / 2)];
}

function bracket(text) {
  return text === undefined ? '' : `(CPU ${text})`;
}

function row(title, value, more = '') {
  return `  ${title.padEnd(20)}${value.padStart(9)}  ${more}`;
}

function billRow([title, arithmetic, dollars]) {
  return row(title, dollars.toFixed(2), arithmetic);
}

function say(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}
