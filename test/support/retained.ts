import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** The bytes of typed arrays that this leaves behind, garbage aside, in what is used again later. */
export function retained(work: () => void): number {
  const before = held();
  work();
  return held() - before;
}

/** Twice: what the first leaves to be freed in its own time, the second frees. */
function held(): number {
  collect();
  collect();
  return process.memoryUsage().arrayBuffers;
}

/** The bytes of objects that something holds just now. */
export function live(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
