// The reader of records and of all their envelopes against inputs that grow from the scenarios.
//
//   npm run fuzz [-- --inputs 10000000 --seed 1 --processes 2 --keep]
//
// --keep writes the shortest input of each way through the reader to test/fuzz/corpus.jsonl. Ends with 1 on a failure, which it prints as small as it was found.
import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CORPUS, type Failure, fuzz } from './fuzz.ts';
import { familyOf } from './reading.ts';

const TOLD_EVERY = 10_000;

/** What a process says of its work. */
type Message = { readonly done: number } | { readonly ended: Ended };
interface Ended {
  readonly inputs: number;
  readonly shapes: readonly (readonly [shape: string, json: string])[];
  readonly milliseconds: number;
  readonly slowest: string;
  readonly failure?: Failure;
}

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '10000000' },
    seed: { type: 'string', default: '1' },
    processes: { type: 'string', default: String(availableParallelism()) },
    keep: { type: 'boolean', default: false },
  },
});
const [inputs, seed, processes] = [values.inputs, values.seed, values.processes].map(Number);
if (![inputs, seed, processes].every((one) => Number.isSafeInteger(one) && Number(one) >= 1)) {
  console.error('--inputs, --seed and --processes must be whole numbers, at least 1');
  process.exit(2);
}
if (process.send === undefined) await lead(Number(inputs), Number(seed), Number(processes), values.keep);
else follow(Number(inputs), Number(seed));

async function lead(all: number, first: number, many: number, keep: boolean): Promise<void> {
  const began = performance.now();
  const ended: Ended[] = [];
  const done = Array.from({ length: many }, () => 0);
  await Promise.all(
    done.map(
      (_, index) =>
        new Promise<void>((resolve, reject) => {
          const share = ['--inputs', `${Math.ceil(all / many)}`, '--seed', `${first + index}`];
          const child = fork(fileURLToPath(import.meta.url), share);
          child.on('message', (message: Message) => {
            if ('ended' in message) ended.push(message.ended);
            else done[index] = message.done;
            progress(done.reduce((a, b) => a + b, 0));
          });
          child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a process ended with ${code}`))));
        }),
    ),
  );
  progress();
  const shapes = shortest(ended.flatMap((one) => one.shapes));
  const sum = ended.reduce((total, one) => total + one.inputs, 0);
  const slowest = ended.reduce((a, b) => (a.milliseconds > b.milliseconds ? a : b));
  console.log(
    `${sum} inputs in ${Math.round((performance.now() - began) / 1000)} s, seeds from ${first}: ${shapes.size} ways through the reader`,
  );
  console.log(`the slowest took ${slowest.milliseconds.toFixed(0)} ms: ${slowest.slowest.slice(0, 200)}`);
  const failures = ended.flatMap(({ failure }) => failure ?? []);
  for (const { wrong, input } of failures) console.error(`${wrong}\n  ${input}`);
  console.log(failures.length === 0 ? 'The reader kept all its promises.' : `${failures.length} failures.`);
  if (keep && failures.length === 0) {
    const families = shortest([...shapes].map(([shape, json]) => [familyOf(shape), json]));
    const lines = [...families].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, json]) => `${json}\n`);
    writeFileSync(CORPUS, lines.join(''));
    console.log(`${lines.length} inputs kept.`);
  }
  process.exitCode = failures.length === 0 ? 0 : 1;
}

/** The shortest of each. */
function shortest(texts: readonly (readonly [name: string, json: string])[]): Map<string, string> {
  const byName = new Map<string, string>();
  for (const [name, json] of texts) if (json.length < (byName.get(name)?.length ?? Number.POSITIVE_INFINITY)) byName.set(name, json);
  return byName;
}

function follow(count: number, from: number): void {
  const say = (message: Message, then?: () => void): void => void process.send?.(message, undefined, undefined, then);
  const {
    inputs: tried,
    shapes,
    slowest,
    failure,
  } = fuzz(from, (so) => {
    if (so % TOLD_EVERY === 0) say({ done: so });
    return so >= count;
  });
  const told = { inputs: tried, shapes: [...shapes], milliseconds: slowest.milliseconds, slowest: slowest.input };
  say({ ended: { ...told, ...(failure && { failure }) } }, () => process.disconnect());
}

function progress(done?: number): void {
  if (process.stderr.isTTY) process.stderr.write(done === undefined ? '\r\u001b[K' : `\r\u001b[K${done} inputs`);
}
