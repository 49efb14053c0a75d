import type { Sleep } from './write-rate.ts';

const FIRST_MILLISECONDS = 50;
const LONGEST_MILLISECONDS = 20_000;
/** In a row, without any progress: some four minutes. */
const MOST_FAILURES = 20;
const BUSY = new Set([
  'InternalServerError',
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ServiceUnavailable',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TimeoutError',
]);
const BROKEN_LINES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT']);

/** Waits longer after every failure in a row, at random below the bound, so that many clients do not come back at once. */
export class Backoff {
  readonly #sleep: Sleep;
  readonly #random: () => number;
  #failures = 0;

  constructor(sleep: Sleep, random: () => number = Math.random) {
    this.#sleep = sleep;
    this.#random = random;
  }

  /** There was progress. */
  reset(): void {
    this.#failures = 0;
  }

  /** Waits after a failure; throws `fault` when there were too many, or waiting will not help. */
  async wait(fault?: unknown): Promise<void> {
    this.#failures += 1;
    if (this.#failures > MOST_FAILURES || (fault !== undefined && !isPassing(fault))) throw fault ?? new Error('tried too often in vain');
    await this.#sleep(this.#random() * Math.min(LONGEST_MILLISECONDS, FIRST_MILLISECONDS * 2 ** this.#failures));
  }
}

/** True for what the service may answer otherwise in a while. */
function isPassing(fault: unknown): boolean {
  if (!(fault instanceof Error)) return false;
  if (BUSY.has(fault.name) || ('code' in fault && BROKEN_LINES.has(String(fault.code)))) return true;
  if ('$fault' in fault && fault.$fault === 'server') return true;
  return '$retryable' in fault && fault.$retryable !== undefined;
}
