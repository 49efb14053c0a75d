import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { ReadBatch } from '../core/reading.ts';
import type { ScanLimits } from './limits.ts';
import { type Tuning, toolsOf } from './scan-source.ts';
import { sourceBatches } from './source-batches.ts';

/** What a worker is started with. */
export interface WorkerTask {
  readonly worker: number;
  /** All sources, in the order in which they are to be taken. */
  readonly paths: readonly string[];
  /** Sources of a worker that has died, to be read before any other. */
  readonly first: readonly number[];
  /** The next source that nobody has taken; then, for each source, the worker that reads it, negative when it has done so. */
  readonly board: Int32Array;
  readonly limits: ScanLimits;
  readonly tuning: Tuning;
}

/** Some of a source's records as a worker tells of them; `last`: there are no more of this source. */
export interface Told {
  readonly source: number;
  readonly last: boolean;
  readonly batch: ReadBatch;
}

/** Batches that may be under way before somebody has to take one. */
const AHEAD = 2;
/** Small sources are told of together. */
const TOGETHER = 64;
const READINGS_TOGETHER = 512;

class Teller {
  #told: Told[] = [];
  #readings = 0;
  #ahead = 0;
  #taken: (() => void) | undefined;
  readonly #port: NonNullable<typeof parentPort>;

  constructor(port: NonNullable<typeof parentPort>) {
    this.#port = port;
    port.on('message', () => {
      this.#ahead -= 1;
      this.#taken?.();
    });
  }

  async tell(told: Told): Promise<void> {
    this.#told.push(told);
    this.#readings += told.batch.readings.length + told.batch.rejected.length;
    if (this.#told.length >= TOGETHER || this.#readings >= READINGS_TOGETHER) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#told.length === 0) return;
    this.#port.postMessage(this.#told);
    this.#told = [];
    this.#readings = 0;
    this.#ahead += 1;
    while (this.#ahead > AHEAD) await new Promise<void>((resolve) => (this.#taken = resolve));
  }

  end(): void {
    this.#port.close();
  }
}

async function work({ worker, paths, first, board, limits, tuning }: WorkerTask, teller: Teller): Promise<void> {
  const tools = toolsOf(limits, tuning);
  const again = [...first];
  for (;;) {
    const source = again.shift() ?? Atomics.add(board, 0, 1);
    const path = paths[source];
    if (path === undefined) break;
    Atomics.store(board, source + 1, worker);
    for await (const { path: _, last, ...batch } of sourceBatches(path, path, tools)) await teller.tell({ source, last, batch });
    Atomics.store(board, source + 1, -worker);
  }
  await teller.flush();
  teller.end();
}

if (!isMainThread && parentPort !== null) void work(workerData, new Teller(parentPort));
