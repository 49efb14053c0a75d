// Every call of every scenario, every fault, every way to recover; see prover.ts.
//
//   npm run prove [-- --processes 2] [SCENARIO…]
//
// Real: handlers, clients with their retries, HTTP, DynamoDB's conditions (dynalite, in memory), the services' wire formats.
// Not real: the clock, Lambda's and SQS's queues (their deliveries are made here), and the waits between a client's attempts.
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Deployment } from './deployment.ts';
import { Prover, type Verdict } from './prover.ts';
import { scenarios } from './scenarios.ts';
import { faultsOf, type Row, tableOf } from './table.ts';

/** Scenarios under way at once in one process: while one waits for a reply, another goes on. */
const LANES = 4;
const DIFFERENCES_SHOWN = 200;

/** What a process says of its work. */
type Message = { readonly row: Row } | { readonly done: number } | { readonly ready: true };

if (process.send === undefined) await lead();
else await follow((message) => process.send?.(message));

async function lead(): Promise<void> {
  const { values, positionals } = parseArgs({ options: { processes: { type: 'string' } }, allowPositionals: true });
  const known = scenarios();
  const unknown = positionals.filter((name) => !known.some((scenario) => scenario.name === name));
  const processes = Number(values.processes ?? availableParallelism());
  if (unknown.length > 0 || !Number.isInteger(processes) || processes < 1) {
    console.error(unknown.length > 0 ? `no scenario ${unknown.join(', ')} in events/` : '--processes must be a whole number, at least 1');
    process.exitCode = 2;
    return;
  }
  const began = performance.now();
  // The longest first, so that none is waited for in the end.
  const waiting = known
    .filter(({ name }) => positionals.length === 0 || positionals.includes(name))
    .sort((a, b) => b.steps.length - a.steps.length);
  const asked = waiting.length;
  const rows: Row[] = [];
  let tried = 0;
  const follower = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(fileURLToPath(import.meta.url));
      child.on('message', (message: Message) => {
        if ('row' in message) rows.push(message.row);
        else if ('done' in message) tried += message.done;
        else child.send({ name: waiting.shift()?.name });
        progress(`${rows.length} of ${asked} scenarios, ${tried} cases`);
      });
      child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a process ended with ${code}`))));
    });
  await Promise.all(Array.from({ length: processes }, follower));
  progress('');
  rows.sort((a, b) => (a.name < b.name ? -1 : 1));
  const wrong = faultsOf(rows);
  if (rows.length < asked) wrong.push(`${asked - rows.length} scenarios were not tried`);
  console.log(tableOf(rows));
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(
    `\n${tried} cases of ${rows.reduce((sum, { due }) => sum + due, 0)} tried in ${seconds} s by ${processes} processes: ${wrong.length} differences.`,
  );
  for (const one of wrong.slice(0, DIFFERENCES_SHOWN)) console.error(one);
  process.exitCode = wrong.length === 0 ? 0 : 1;
}

/** Works off scenarios, one after the other in each lane, until there are none. */
async function follow(say: (message: Message) => void): Promise<void> {
  const known = scenarios();
  const takers: ((name: string | undefined) => void)[] = [];
  process.on('message', ({ name }: { readonly name?: string }) => takers.shift()?.(name));
  const next = (): Promise<string | undefined> =>
    new Promise((resolve) => {
      takers.push(resolve);
      say({ ready: true });
    });
  const lane = async (): Promise<void> => {
    const deployment = await Deployment.start();
    for (let name = await next(); name !== undefined; name = await next()) {
      const scenario = known.find((one) => one.name === name);
      if (scenario === undefined) throw new Error(`no scenario ${name}`);
      const prover = await Prover.of(scenario, deployment);
      const verdicts: Verdict[] = [];
      for (const one of prover.cases) {
        verdicts.push(await prover.prove(one));
        say({ done: 1 });
      }
      say({ row: { name, calls: prover.calls, due: prover.due, verdicts } });
    }
    await deployment.stop();
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  process.disconnect();
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}
