import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { ReadBatch, SourceBatch } from '../core/reading.ts';
import { STANDARD_INPUT } from './feed.ts';
import { limitsOf, type ScanLimits } from './limits.ts';
import { besideCommand } from './place.ts';
import { type Tuning, toolsOf } from './scan-source.ts';
import type { Told, WorkerTask } from './scan-worker.ts';
import { sourceBatches } from './source-batches.ts';

/** How sources are scanned. */
export interface ScanOptions extends Tuning {
  readonly limits?: Partial<ScanLimits>;
  /** Worker threads; 0 reads in this thread. Unless given, one for each core, and none for what is read before one has started. */
  readonly workers?: number;
  /** Megabytes of heap a worker may have. */
  readonly heapMegabytes?: number;
}

/** Less than this is read sooner than a worker starts. */
const WORTH_WORKERS_BYTES = 8 * 1024 * 1024;
/** Small, so that what dies young is not kept by the hundred megabytes. */
const YOUNG_MEGABYTES = 4;
const HEAP_MEGABYTES = 512;

/**
 * Reads every record of the sources (`-` is standard input) and says in batches what became of each; a source's batches come
 * in its order, whole sources in any. A source that cannot be read is a rejection of its own and takes no other along. No
 * more is read than a few batches ahead of whoever takes them.
 */
export async function* scanSources(paths: readonly string[], options: ScanOptions = {}): AsyncGenerator<SourceBatch> {
  const limits = limitsOf(options.limits);
  const sizes = await Promise.all(paths.map(sizeOf));
  const total = sizes.reduce((a, b) => a + b, 0);
  const wanted = options.workers ?? (total < WORTH_WORKERS_BYTES ? 0 : availableParallelism());
  const workers = Math.min(wanted, paths.length);
  if (workers <= 0) return yield* scanHere(paths, limits, options);
  // Big ones first: nobody then waits at the end for one that was begun last.
  const order = paths.map((path, index) => ({ path, size: sizes[index] ?? 0, index }));
  order.sort((a, b) => b.size - a.size || a.index - b.index);
  const pool = new Pool(
    order.map(({ path }) => path),
    limits,
    options,
  );
  yield* pool.batches(workers);
}

async function sizeOf(path: string): Promise<number> {
  if (path === STANDARD_INPUT) return Number.POSITIVE_INFINITY;
  const status = await stat(path).catch(() => undefined);
  return status?.size ?? 0;
}

async function* scanHere(paths: readonly string[], limits: ScanLimits, tuning: Tuning): AsyncGenerator<SourceBatch> {
  const tools = toolsOf(limits, tuning);
  for (const path of paths) yield* sourceBatches(path, path, tools);
}

interface Arrival {
  readonly from: Worker;
  readonly told: readonly Told[];
}

/** Worker threads over one list of sources. */
class Pool {
  readonly #paths: readonly string[];
  readonly #limits: ScanLimits;
  readonly #options: ScanOptions;
  /** The next source, then who has taken each. */
  readonly #board: Int32Array<SharedArrayBuffer>;
  readonly #ended: boolean[];
  readonly #begun: number[];
  readonly #running = new Set<Worker>();
  #started = 0;
  #arrived: Arrival[] = [];
  #wake: () => void = () => {};

  constructor(paths: readonly string[], limits: ScanLimits, options: ScanOptions) {
    this.#paths = paths;
    this.#limits = limits;
    this.#options = options;
    this.#board = new Int32Array(new SharedArrayBuffer(4 * (paths.length + 1)));
    this.#ended = paths.map(() => false);
    this.#begun = paths.map(() => 0);
  }

  async *batches(workers: number): AsyncGenerator<SourceBatch> {
    try {
      for (let count = 0; count < workers; count += 1) this.#start([]);
      for (;;) {
        const arrival = this.#arrived.shift();
        if (arrival === undefined) {
          if (this.#running.size === 0) return;
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          continue;
        }
        for (const { source, last, batch } of arrival.told) {
          this.#ended[source] = last;
          this.#begun[source] = (this.#begun[source] ?? 0) + batch.records;
          yield { ...batch, path: this.#paths[source] ?? '', last };
        }
        arrival.from.postMessage('taken');
      }
    } finally {
      await Promise.all([...this.#running].map((worker) => worker.terminate()));
    }
  }

  #start(first: readonly number[]): void {
    this.#started += 1;
    const number = this.#started;
    const { windowBytes, publicZlib, heapMegabytes = HEAP_MEGABYTES } = this.#options;
    const tuning: Tuning = { ...(windowBytes && { windowBytes }), ...(publicZlib && { publicZlib }) };
    const task: WorkerTask = { worker: number, paths: this.#paths, first, board: this.#board, limits: this.#limits, tuning };
    const worker = new Worker(besideCommand('scan-worker.mjs'), {
      workerData: task,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES, maxOldGenerationSizeMb: heapMegabytes },
    });
    this.#running.add(worker);
    let fault: string | undefined;
    worker.on('message', (told: readonly Told[]) => this.#arrive({ from: worker, told }));
    worker.on('error', (error) => {
      fault = error.message;
    });
    worker.on('exit', () => {
      this.#running.delete(worker);
      this.#mourn(worker, number, first, fault);
      this.#wake();
    });
  }

  #arrive(arrival: Arrival): void {
    this.#arrived.push(arrival);
    this.#wake();
  }

  /** A worker has ended: of its own accord it leaves nothing behind. The source it died of is rejected, the others are read again. */
  #mourn(worker: Worker, number: number, first: readonly number[], fault = 'it ended'): void {
    const told = new Set(this.#arrived.flatMap((arrival) => arrival.told.filter(({ last }) => last).map(({ source }) => source)));
    const open = (source: number): boolean => this.#ended[source] !== true && !told.has(source);
    const read = [...this.#paths.keys()].filter((source) => Math.abs(this.#board[source + 1] ?? 0) === number);
    const died = read.find((source) => this.#board[source + 1] === number);
    const left = [...new Set([...read, ...first])].filter((source) => source !== died && open(source));
    if (died === undefined || !open(died)) {
      if (left.length > 0) this.#start(left);
      return;
    }
    const records = (this.#begun[died] ?? 0) + this.#recordsUnderWay(died);
    const batch: ReadBatch = {
      records: 1,
      outOfScope: 0,
      readings: [],
      rejected: [{ index: records, reason: `the thread that read it has died: ${fault}` }],
    };
    this.#arrive({ from: worker, told: [{ source: died, last: true, batch }] });
    this.#start(left);
  }

  #recordsUnderWay(source: number): number {
    return this.#arrived.flatMap(({ told }) => told).reduce((sum, told) => (told.source === source ? sum + told.batch.records : sum), 0);
  }
}
