import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { once } from '../system.ts';

/** Garbage that may come together before it is collected, and how many times what is needed it may be. */
const LEAST_BYTES = 48 * 1024 * 1024;
const TIMES_NEEDED = 2;

/**
 * Keeps the heap of a long reading small: called often. Left alone, V8 lets a heap that may have gigabytes grow by
 * hundreds of megabytes of what nobody needs any more before it collects them, and its nursery to a hundred.
 * https://nodejs.org/api/v8.html#v8setflagsfromstringflags
 */
export const keepHeapSmall = (): void => keeper()();

const keeper = once(() => {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  let bound = LEAST_BYTES;
  return () => {
    if (typeof collect !== 'function' || getHeapStatistics().used_heap_size < bound) return;
    collect();
    bound = Math.max(LEAST_BYTES, TIMES_NEEDED * getHeapStatistics().used_heap_size);
  };
});
