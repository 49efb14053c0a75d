import type { GrantCreated, GrantEnded } from './fact.ts';
import { type GrantHead, withCreation, withEnding } from './grant.ts';
import type { ResourceUse } from './snapshot.ts';

/** What was gathered of grants and resources, to be written. */
export interface Harvest {
  readonly heads: readonly GrantHead[];
  readonly uses: readonly ResourceUse[];
}

interface Held<T> {
  value: T;
  /** The epoch in which it was first gathered. */
  readonly since: number;
}

/**
 * What many facts together say of a grant (earliest creation, earliest ending) or of a resource (when it was last seen),
 * merged in memory until it is written. Epochs are told in rising order, so that whoever asks knows which of them have
 * nothing left here.
 */
export class Gathered {
  readonly #heads = new Map<string, Held<GrantHead>>();
  readonly #uses = new Map<string, Held<ResourceUse>>();
  /** Grants of which both ends are known: there is nothing to wait for. */
  readonly #whole = new Set<string>();

  addCreation(fact: GrantCreated, epoch: number): void {
    this.#add(fact, epoch, (head) => withCreation(head, fact));
  }

  addEnding(fact: GrantEnded, epoch: number): void {
    this.#add(fact, epoch, (head) => withEnding(head, fact));
  }

  addUse(use: ResourceUse, epoch: number): void {
    const id = JSON.stringify([use.keyArn, use.resource.kind, use.resource.id]);
    const known = this.#uses.get(id);
    if (known === undefined) {
      this.#uses.set(id, { value: use, since: epoch });
      return;
    }
    // Stryker disable next-line EqualityOperator: of two equal uses either may stay.
    if (known.value.lastSeen < use.lastSeen) known.value = use;
  }

  /** How many grants and resources wait here. */
  get size(): number {
    return this.#heads.size + this.#uses.size;
  }

  /** The earliest epoch of which something waits here; infinite when nothing does. */
  get oldest(): number {
    const [head] = this.#heads.values();
    const [use] = this.#uses.values();
    return Math.min(head?.since ?? Number.POSITIVE_INFINITY, use?.since ?? Number.POSITIVE_INFINITY);
  }

  /** Takes out the grants whose creation and ending are both known. */
  takeWhole(): GrantHead[] {
    const heads = [...this.#whole].flatMap((id) => this.#heads.get(id)?.value ?? []);
    for (const id of this.#whole) this.#heads.delete(id);
    this.#whole.clear();
    return heads;
  }

  /** Takes out what has waited longest, until at most `left` grants and `left` resources wait. */
  takeOldest(left: number): Harvest {
    return { heads: taken(this.#heads, left), uses: taken(this.#uses, left) };
  }

  #add(fact: GrantCreated | GrantEnded, epoch: number, merged: (head: GrantHead | undefined) => GrantHead): void {
    const id = JSON.stringify([fact.keyArn, fact.grantId]);
    const held = this.#heads.get(id);
    const head = merged(held?.value);
    if (held === undefined) this.#heads.set(id, { value: head, since: epoch });
    else held.value = head;
    if (head.created !== undefined && head.end !== undefined) this.#whole.add(id);
  }
}

function taken<T>(held: Map<string, Held<T>>, left: number): T[] {
  const values: T[] = [];
  for (const [id, { value }] of held) {
    if (held.size <= left) break;
    values.push(value);
    held.delete(id);
  }
  return values;
}
