import { isOfKms } from './fact.ts';
import { Column } from './packed/column.ts';
import { PackedStrings } from './packed/packed-strings.ts';
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
  readonly #events: PackedStrings;
  /** Of each event, whether a copy of it was audited. */
  readonly #isAudited = new Column(Uint8Array);
  #audited = 0;

  /** `events`: where the ids of events are kept, if somebody else keeps those of audited ones there as well. */
  constructor(events = new PackedStrings()) {
    this.#events = events;
  }

  add(reading: Reading, outcome: 'audited' | 'out-of-scope' | 'rejected'): void {
    this.read += 1;
    const eventId = trackedId(reading);
    if (outcome === 'rejected') this.#rejected += 1;
    else if (eventId === undefined) this.#untracked[outcome] += 1;
    else this.#track(eventId, outcome === 'audited');
  }

  /** Counts records that were merely counted: out of scope and untracked, or rejected. */
  addCounted(counted: { readonly outOfScope: number; readonly rejected: number }): void {
    this.read += counted.outOfScope + counted.rejected;
    this.#untracked['out-of-scope'] += counted.outOfScope;
    this.#rejected += counted.rejected;
  }

  coverage(): Coverage {
    const audited = this.#audited + this.#untracked.audited;
    const outOfScope = this.#events.size - this.#audited + this.#untracked['out-of-scope'];
    return {
      read: this.read,
      audited,
      duplicates: this.read - this.#rejected - audited - outOfScope,
      outOfScope,
      rejected: this.#rejected,
    };
  }

  #track(eventId: string, isAudited: boolean): void {
    const event = this.#events.add(eventId);
    while (this.#isAudited.length <= event) this.#isAudited.push(0);
    if (!isAudited || this.#isAudited.at(event) === 1) return;
    this.#isAudited.set(event, 1);
    this.#audited += 1;
  }
}

function trackedId(reading: Reading): string | undefined {
  if (reading.kind === 'fact') return isOfKms(reading.fact) ? reading.fact.eventId : undefined;
  // Stryker disable next-line ConditionalExpression: what was rejected has no id.
  return reading.kind === 'out-of-scope' ? reading.eventId : undefined;
}
