const HEX = '0123456789abcdef';
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Numbers that depend on nothing but their seed (mulberry32), and what a generator draws with them. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** At least 0, less than 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from `least` to `most`, both included. */
  int(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(choices: readonly [T, ...(readonly T[])]): T {
    return choices[this.int(0, choices.length - 1)] ?? choices[0];
  }

  /** The same elements in another order. */
  shuffled<T>(elements: readonly T[]): T[] {
    return elements
      .map((element) => ({ element, rank: this.next() }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ element }) => element);
  }

  hex(digits: number): string {
    return Array.from({ length: digits }, () => HEX[this.int(0, 15)]).join('');
  }

  digits(count: number): string {
    return Array.from({ length: count }, () => this.int(1, 9)).join('');
  }

  /** Capital letters and digits, as AWS's unique ids have them. */
  letters(count: number): string {
    return Array.from({ length: count }, () => LETTERS[this.int(0, 31)]).join('');
  }

  uuid(): string {
    return [8, 4, 4, 4, 12].map((digits) => this.hex(digits)).join('-');
  }
}
