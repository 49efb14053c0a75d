import { isOfKms } from './fact.ts';
import type { Reading } from './reading.ts';

/** How many records there were and what became of each: `read` is the sum of the others. */
export interface Coverage {
  readonly read: number;
  readonly audited: number;
  readonly duplicates: number;
  readonly outOfScope: number;
  readonly rejected: number;
}

/** Counts records so that the order in which they came cannot matter: of one event's copies, one counts, the best read. */
export class Tally {
  read = 0;
  #rejected = 0;
  /** Records whose repetitions are not counted: other services', and what is no KMS record at all. */
  readonly #untracked = { audited: 0, 'out-of-scope': 0 };
  readonly #byEvent = new Map<string, 'audited' | 'out-of-scope'>();

  add(reading: Reading, outcome: 'audited' | 'out-of-scope' | 'rejected'): void {
    this.read += 1;
    const eventId = trackedId(reading);
    if (outcome === 'rejected') this.#rejected += 1;
    else if (eventId === undefined) this.#untracked[outcome] += 1;
    else if (this.#byEvent.get(eventId) !== 'audited') this.#byEvent.set(eventId, outcome);
  }

  /** Counts records that were merely counted: out of scope and untracked, or rejected. */
  addCounted(counted: { readonly outOfScope: number; readonly rejected: number }): void {
    this.read += counted.outOfScope + counted.rejected;
    this.#untracked['out-of-scope'] += counted.outOfScope;
    this.#rejected += counted.rejected;
  }

  coverage(): Coverage {
    const tracked = [...this.#byEvent.values()].filter((outcome) => outcome === 'audited').length;
    const audited = tracked + this.#untracked.audited;
    const outOfScope = this.#byEvent.size - tracked + this.#untracked['out-of-scope'];
    return {
      read: this.read,
      audited,
      duplicates: this.read - this.#rejected - audited - outOfScope,
      outOfScope,
      rejected: this.#rejected,
    };
  }
}

function trackedId(reading: Reading): string | undefined {
  if (reading.kind === 'fact') return isOfKms(reading.fact) ? reading.fact.eventId : undefined;
  return reading.kind === 'out-of-scope' ? reading.eventId : undefined;
}
