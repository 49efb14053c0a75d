// A simulated fleet's events through the built functions, several at once, and what they must come to.
//
//   npm run soak [-- --events 1000000 --seed 1 --handlers 3 --disk]
//
// Ends with 1 on any difference from the model, or when a handler's memory has grown.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { soak } from './soak.ts';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '50000' },
    seed: { type: 'string', default: '1' },
    handlers: { type: 'string', default: '3' },
    disk: { type: 'boolean', default: false },
  },
});
const [events, seed, handlers] = [values.events, values.seed, values.handlers].map(Number);
if (![events, seed, handlers].every((one) => Number.isSafeInteger(one) && Number(one) >= 1)) {
  console.error('--events, --seed and --handlers must be whole numbers, at least 1');
  process.exit(2);
}
await run(Number(events), Number(seed), Number(handlers));

async function run(count: number, from: number, atOnce: number): Promise<void> {
  const path = values.disk ? await mkdtemp(join(tmpdir(), 'kms-audit-soak-table-')) : undefined;
  let told = 0;
  const progress = (done: number, seconds: number): void => {
    const { isTTY } = process.stderr;
    if (done - told < count / (isTTY ? 500 : 20)) return;
    told = done;
    process.stderr.write(
      `${isTTY ? '\r\u001b[K' : ''}${done} of ${count} events, ${Math.round(done / seconds)} a second${isTTY ? '' : '\n'}`,
    );
  };
  try {
    const { seconds, memory, differences, retried, ...counts } = await soak({
      events: count,
      seed: from,
      handlers: atOnce,
      ...(path && { path }),
      progress,
    });
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
    const mb = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
    console.log(
      `${count} events (seed ${from}) through ${atOnce} handlers in ${seconds.toFixed(0)} s: ${(count / seconds).toFixed(0)} a second`,
    );
    console.log(
      `${Object.entries(counts)
        .map(([name, of]) => `${of} ${name}`)
        .join(', ')}; ${retried} events met another handler's lease and came again`,
    );
    console.log('memory of one handler after garbage collection, MB: events rss heap');
    for (const { events: done, rss, heapUsed } of memory)
      console.log(`  ${String(done).padStart(8)} ${mb(rss).padStart(7)} ${mb(heapUsed).padStart(6)}`);
    for (const one of differences) console.error(one);
    console.log(
      differences.length === 0
        ? 'The ledger, the findings and the alerts are the model’s; memory is flat.'
        : `${differences.length} differences.`,
    );
    process.exitCode = differences.length === 0 ? 0 : 1;
  } finally {
    if (path !== undefined) await rm(path, { recursive: true, force: true });
  }
}
