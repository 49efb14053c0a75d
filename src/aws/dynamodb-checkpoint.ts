import { createHash, randomUUID } from 'node:crypto';
import type { Checkpoint, Clock, Covered } from '../ports.ts';
import { textOf } from './item-codec.ts';
import type { PacedTable } from './paced-table.ts';
import { itemKey, N, S, type Table } from './table.ts';

/** Notes that nobody asks for any more are forgotten. */
const KEPT_SECONDS = 90 * 24 * 60 * 60;
/** So many sources to an item: it stays within one write unit. */
const SOURCES_AT_ONCE = 40;

/**
 * Checkpoints in the ledger's own table, under a partition of their own for each `scope` (what else must be the same for
 * a source to count as covered). An item names many sources by digest, and none is ever changed.
 */
export class DynamoDbCheckpoint implements Checkpoint {
  readonly #read: Table;
  readonly #write: PacedTable;
  readonly #partition: string;
  readonly #now: Clock;

  constructor(read: Table, write: PacedTable, scope: string, now: Clock) {
    this.#read = read;
    this.#write = write;
    this.#partition = `B/${digest(scope)}`;
    this.#now = now;
  }

  async read(): Promise<(source: string) => Covered | undefined> {
    const covered = new Map<string, Covered>();
    for await (const item of this.#read.range(this.#partition, 'K', 'X')) {
      const how: Covered = textOf(item, 'sk')?.startsWith('W#') ? 'whole' : 'kept';
      // What is whole sorts behind what is kept, and so has the last word.
      for (const source of (textOf(item, 'f') ?? '').split(' ')) covered.set(source, how);
    }
    return (source) => covered.get(digest(source));
  }

  async note(sources: readonly string[], covered: Covered): Promise<void> {
    const groups = Array.from({ length: Math.ceil(sources.length / SOURCES_AT_ONCE) }, (_, index) =>
      sources.slice(index * SOURCES_AT_ONCE, (index + 1) * SOURCES_AT_ONCE),
    );
    const kind = covered === 'whole' ? 'W' : 'K';
    const exp = N(this.#now() + KEPT_SECONDS);
    await this.#write.putAll(
      groups.map((group) => ({
        ...itemKey({ pk: this.#partition, sk: `${kind}#${randomUUID()}` }),
        f: S(group.map(digest).join(' ')),
        exp,
      })),
    );
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 22);
