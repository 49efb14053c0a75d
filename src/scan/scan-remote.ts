import type { SourceBatch } from '../core/reading.ts';
import type { Reopenable } from './feed.ts';
import { limitsOf, type ScanLimits } from './limits.ts';
import { toolsOf } from './scan-source.ts';
import { sourceBatches } from './source-batches.ts';

/** A source that is fetched from elsewhere when its turn comes. */
export interface RemoteSource extends Reopenable {
  readonly path: string;
}

/** Sources read at a time: while one is waited for, another is scanned. */
const LANES = 4;

/**
 * Reads every record of sources elsewhere, several at a time, and says in batches what became of each; a source's batches
 * come in its order, whole sources in any. Each lane is at most one batch ahead of whoever takes them. Throws what a source
 * throws, unless that is an `UnreadableSourceError`: then it is a rejection.
 */
export async function* scanRemote(sources: readonly RemoteSource[], given: Partial<ScanLimits> = {}): AsyncGenerator<SourceBatch> {
  const limits = limitsOf(given);
  const left = sources.values();
  const lanes = Array.from({ length: Math.min(LANES, sources.length) }, () => lane(left, limits));
  const next = new Map(lanes.map((one) => [one, ask(one)]));
  try {
    while (next.size > 0) {
      const { from, result } = await Promise.race(next.values());
      if (result.done === true) next.delete(from);
      else {
        next.set(from, ask(from));
        yield result.value;
      }
    }
  } finally {
    // What a lane is still waiting for is wanted no longer, and may fail.
    for (const asked of next.values()) asked.catch(() => {});
    for (const one of lanes) one.return(undefined).catch(() => {});
  }
}

interface Answer {
  readonly from: AsyncGenerator<SourceBatch>;
  readonly result: IteratorResult<SourceBatch>;
}

const ask = async (from: AsyncGenerator<SourceBatch>): Promise<Answer> => ({ from, result: await from.next() });

async function* lane(left: Iterable<RemoteSource>, limits: ScanLimits): AsyncGenerator<SourceBatch> {
  const tools = toolsOf(limits);
  for (const source of left) yield* sourceBatches(source.path, source, tools);
}
