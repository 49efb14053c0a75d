const CHUNK_BITS = 12;
const CHUNK = 1 << CHUNK_BITS;
const WITHIN = CHUNK - 1;

/** Numbers in a row, as many bytes each as their kind has. Grows in pieces: nothing is ever copied. */
export class Column {
  readonly #make: (length: number) => Int32Array | Float64Array | Uint8Array;
  readonly #chunks: (Int32Array | Float64Array | Uint8Array)[] = [];
  #length = 0;

  constructor(kind: Int32ArrayConstructor | Float64ArrayConstructor | Uint8ArrayConstructor) {
    this.#make = (length) => new kind(length);
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a number at the end; its index. */
  push(value: number): number {
    const index = this.#length;
    const within = index & WITHIN;
    if (within === 0) this.#chunks.push(this.#make(CHUNK));
    this.#length += 1;
    this.set(index, value);
    return index;
  }

  /** The number at an index below the length; zero past it. */
  at(index: number): number {
    return this.#chunks[index >>> CHUNK_BITS]?.[index & WITHIN] ?? 0;
  }

  set(index: number, value: number): void {
    const chunk = this.#chunks[index >>> CHUNK_BITS];
    if (chunk !== undefined) chunk[index & WITHIN] = value;
  }
}
