import { Column } from './column.ts';
import type { Index } from './packed-strings.ts';

/** For each owner a list of what was added to it, each element at an index of its own, in 4 bytes each. */
export class Lists {
  /** Of each owner, one more than the index of its latest. */
  readonly #latest = new Column(Int32Array);
  readonly #before = new Column(Int32Array);

  /** The index of the new element: one more than that of the last that anybody was given. */
  add(owner: Index): Index {
    while (this.#latest.length <= owner) this.#latest.push(0);
    const element = this.#before.push(this.#latest.at(owner));
    this.#latest.set(owner, element + 1);
    return element;
  }

  /** What was added to the owner, latest first. */
  *of(owner: Index): Generator<Index> {
    for (let element = this.#latest.at(owner); element > 0; element = this.#before.at(element - 1)) yield element - 1;
  }
}
