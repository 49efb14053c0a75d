import type { Read, ReadBatch, Reading, Rejection } from '../core/reading.ts';

const READINGS_PER_BATCH = 1024;
const BYTES_PER_BATCH = 1024 * 1024;
const REASONS_HELD = 1024;

/** Accounts for every record of a source, in batches. */
export class Account {
  #index = 0;
  #records = 0;
  #outOfScope = 0;
  #bytes = 0;
  #readings: Read[] = [];
  #rejected: Rejection[] = [];
  /** Whether anything that a record may come in was seen; until then what is rejected may be a file that is no log at all. */
  #isLog = false;
  #firstReason: string | undefined;
  #held: Rejection[] = [];
  #owed = 0;

  /** Counts records out of scope that nobody has to hear of. */
  skip(count: number): void {
    if (count === 0) return;
    this.isLog();
    this.#outOfScope += count;
    this.#count(count);
  }

  /** Takes what one record was read as; `bytes`: what it took to say so. */
  add(reading: Reading, bytes: number): void {
    if (reading.kind === 'rejected') this.reject(reading.reason);
    else if (reading.kind === 'out-of-scope' && reading.eventId === undefined && reading.canary === undefined) this.skip(1);
    else {
      this.#readings.push(reading);
      this.#bytes += bytes;
      this.#count(1);
    }
  }

  reject(reason: string): void {
    if (!this.#isLog) this.#hold(reason);
    else {
      this.#rejected.push({ index: this.#index, reason });
      this.#count(1);
    }
  }

  #hold(reason: string): void {
    this.#firstReason ??= reason;
    if (this.#held.length < REASONS_HELD) this.#held.push({ index: this.#index, reason });
    else this.#owed += 1;
    this.#index += 1;
  }

  /** The source is a log: what was rejected before counts one by one. */
  isLog(): void {
    if (this.#isLog) return;
    this.#isLog = true;
    this.#rejected.push(...this.#held);
    this.#records += this.#held.length;
    this.#held = [];
  }

  /** The source has ended; one that was no log at all is one rejection. `instead`: what it is, where that is known. */
  end(reason: string, instead?: string): void {
    if (this.#isLog) return;
    this.#index = 0;
    this.#owed = 0;
    this.#held = [];
    this.#isLog = true;
    this.reject(instead ?? this.#firstReason ?? reason);
  }

  #count(records: number): void {
    this.#index += records;
    this.#records += records;
  }

  /** Whether there is enough for a batch. */
  get full(): boolean {
    return (
      this.#readings.length >= READINGS_PER_BATCH ||
      this.#bytes >= BYTES_PER_BATCH ||
      this.#rejected.length >= REASONS_HELD ||
      (this.#isLog && this.#owed > 0)
    );
  }

  /** What there is, once. */
  take(): ReadBatch {
    const owed = this.#isLog ? Math.min(this.#owed, REASONS_HELD) : 0;
    for (let more = 0; more < owed; more += 1)
      this.#rejected.push({ index: REASONS_HELD + more + this.#paid, reason: 'expected a record, an object or an array' });
    this.#owed -= owed;
    this.#paid += owed;
    const batch = { records: this.#records + owed, outOfScope: this.#outOfScope, readings: this.#readings, rejected: this.#rejected };
    this.#records = 0;
    this.#outOfScope = 0;
    this.#bytes = 0;
    this.#readings = [];
    this.#rejected = [];
    return batch;
  }
  #paid = 0;
}
