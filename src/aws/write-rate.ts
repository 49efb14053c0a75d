/** Waits so many milliseconds. */
export type Sleep = (milliseconds: number) => Promise<void>;

/** Seconds of writing that may be saved up while nothing is written. */
const SAVED_SECONDS = 1;

/**
 * Keeps writes within a rate, in write units per second: whoever asks waits until the account is not overdrawn, and
 * pays. What a write really took is settled afterwards, so that the rate holds on average whatever was expected.
 */
export class WriteRate {
  readonly #perSecond: number;
  readonly #milliseconds: () => number;
  readonly #sleep: Sleep;
  #balance: number;
  #at: number;
  /** Those who ask stand in line. */
  #turn: Promise<void> = Promise.resolve();
  /** Units taken so far. */
  #spent = 0;

  /** `perSecond` may be infinite: then nobody waits, and units are counted. */
  constructor(perSecond: number, milliseconds: () => number, sleep: Sleep) {
    this.#perSecond = perSecond;
    this.#milliseconds = milliseconds;
    this.#sleep = sleep;
    this.#balance = perSecond * SAVED_SECONDS;
    this.#at = milliseconds();
  }

  /** Write units taken so far. */
  get spent(): number {
    return this.#spent;
  }

  /** Waits for one's turn, and pays what a write is expected to take. */
  take(units: number): Promise<void> {
    this.#spent += units;
    if (!Number.isFinite(this.#perSecond)) return Promise.resolve();
    const turn = this.#turn.then(() => this.#pay(units));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** Says what a write took in place of what it was expected to. */
  settle(expected: number, taken: number): void {
    this.#spent += taken - expected;
    this.#balance += expected - taken;
  }

  async #pay(units: number): Promise<void> {
    for (let due = this.#overdraft(); due > 0; due = this.#overdraft()) await this.#sleep(Math.ceil((due / this.#perSecond) * 1_000));
    this.#balance -= units;
  }

  /** Units that the account is short of. */
  #overdraft(): number {
    const now = this.#milliseconds();
    this.#balance = Math.min(this.#balance + ((now - this.#at) / 1_000) * this.#perSecond, this.#perSecond * SAVED_SECONDS);
    this.#at = now;
    return -this.#balance;
  }
}
