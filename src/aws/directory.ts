import type { Cluster } from '../core/encryption-context.ts';
import type { Fact } from '../core/fact.ts';
import { clusterIn, keysIn } from '../core/mentions.ts';
import { type Timestamp, toSeconds } from '../core/timestamp.ts';
import type { GrantUpdate } from './grant-updates.ts';
import { type Item, textOf } from './item-codec.ts';
import { directoryKey, type ItemKey } from './item-keys.ts';
import { N, S } from './table.ts';

const LONGEST_MONTH_SECONDS = 31 * 24 * 60 * 60;
/** Entries remembered as written; past it they are written once more. */
const REMEMBERED = 10_000;

/** An entry of the directory, to be written by `update`, which is refused where it would change nothing. */
export interface DirectoryEntry {
  readonly key: ItemKey;
  readonly update: Partial<GrantUpdate>;
  /** Seconds since 1970; absent for what stays. */
  readonly expiry?: number;
}

/**
 * Which keys there are, and which clusters had to do with each, so that a key is found by a part of its ARN and a volume
 * by its id without a Scan. What the same process has written is not written again: of a key once, of a cluster once a
 * month of events, so that an event costs nothing more. The ending of a grant enters nothing: its creation does.
 */
export class Directory {
  readonly #retention: number;
  readonly #written = new Set<string>();

  /** `retention`: seconds a fact is kept. */
  constructor(retention: number) {
    this.#retention = retention;
  }

  /** What is still to be written for these facts; each stays so until {@link Directory.wrote} hears of it. */
  missing(facts: Iterable<Fact>): DirectoryEntry[] {
    const entries = [...facts].flatMap((fact) => keysIn(fact).map((keyArn) => this.#entryOf(keyArn, fact)));
    return this.#unwritten(entries);
  }

  /** The same for keys of which no whole fact is at hand. */
  missingKeys(keyArns: Iterable<string>): DirectoryEntry[] {
    return this.#unwritten([...keyArns].map(keyEntry));
  }

  /** The entries are in the table. */
  wrote(entries: Iterable<DirectoryEntry>): void {
    if (this.#written.size > REMEMBERED) this.#written.clear();
    for (const entry of entries) this.#written.add(idOf(entry));
  }

  #unwritten(entries: readonly DirectoryEntry[]): DirectoryEntry[] {
    const byId = new Map(entries.map((entry) => [idOf(entry), entry]));
    return [...byId].flatMap(([id, entry]) => (this.#written.has(id) ? [] : entry));
  }

  #entryOf(keyArn: string, fact: Fact): DirectoryEntry {
    const cluster = clusterIn(fact);
    if (cluster === undefined) return keyEntry(keyArn);
    // By month, so that it outlives its last fact without being written for each.
    const expiry = monthEnd(fact.time) + this.#retention;
    const update = {
      UpdateExpression: 'SET f = :f, exp = :exp',
      ConditionExpression: 'attribute_not_exists(exp) OR exp < :exp',
      ExpressionAttributeValues: { ':f': S(JSON.stringify(cluster)), ':exp': N(expiry) },
    };
    return { key: directoryKey(keyArn, cluster), update, expiry };
  }
}

/** The cluster of a directory's item; undefined for a key's own. */
export function decodeDirectoryCluster(item: Item): Cluster | undefined {
  const stored = textOf(item, 'f');
  return stored === undefined ? undefined : JSON.parse(stored);
}

/** A key's own entry stays: an open grant has no age at which it is forgotten. */
const keyEntry = (keyArn: string): DirectoryEntry => ({ key: directoryKey(keyArn), update: {} });
const idOf = ({ key: { pk, sk }, expiry }: DirectoryEntry): string => JSON.stringify([pk, sk, expiry]);
const monthEnd = (time: Timestamp): number => toSeconds(`${time.slice(0, 7)}-01T00:00:00Z`) + LONGEST_MONTH_SECONDS;
