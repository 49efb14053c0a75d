// Spawn to first `next`: how long Lambda waits for a new process of a function before it can hand it an event.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

const RUNTIME = fileURLToPath(new URL('function/runtime.cjs', import.meta.url));
const NEXT = '/2018-06-01/runtime/invocation/next';

/**
 * Starts each function `rounds` times, one after the other in every round, in turns: of each start the milliseconds from
 * spawn to the first `next`, and of CPU where Linux counts them, by the function's name.
 */
export async function startUps(functions, rounds, progress = () => {}) {
  const taken = new Map(functions.map(({ name }) => [name, []]));
  const api = await startApi();
  try {
    for (let round = 0; round < rounds; round += 1) {
      progress(round + 1);
      for (let turn = 0; turn < functions.length; turn += 1) {
        const started = functions[(turn + round) % functions.length];
        taken.get(started.name).push(await startUp(api, started));
      }
    }
    return taken;
  } finally {
    api.stop();
  }
}

async function startUp(api, { name, root, file, environment }) {
  const began = performance.now();
  const child = spawn(process.execPath, [RUNTIME], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...environment, AWS_LAMBDA_RUNTIME_API: api.address, LAMBDA_TASK_ROOT: root, _HANDLER: file },
  });
  const asked = api.nextAsked(() => ({ now: performance.now(), cpu: cpuOf(child.pid) }));
  const ended = new Promise((resolve) => child.once('close', resolve));
  const at = await Promise.race([asked, ended.then(() => undefined)]);
  child.kill('SIGKILL');
  await ended;
  if (at === undefined) throw new Error(`${name} (${join(root, file)}) ended before it asked for an event`);
  return { wall: at.now - began, cpu: at.cpu };
}

/** Milliseconds that the process's threads have run, as Linux's scheduler counts them: on a busy machine steadier than the clock. */
function cpuOf(pid) {
  if (process.platform !== 'linux') return undefined;
  const nanoseconds = readdirSync(`/proc/${pid}/task`).map((task) => {
    try {
      return Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // A thread that has ended meanwhile.
      return 0;
    }
  });
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e6;
}

/** A Runtime API that never has an event. */
async function startApi() {
  let asked = () => {};
  const server = createServer(({ url }) => {
    if (url === NEXT) asked();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${server.address().port}`,
    nextAsked: (take) =>
      new Promise((resolve) => {
        asked = () => resolve(take());
      }),
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
