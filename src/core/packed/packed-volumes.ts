import type { Cluster } from '../encryption-context.ts';
import type { Decrypt, Volume } from '../fact.ts';
import { fromSeconds, toSeconds } from '../timestamp.ts';
import { Column } from './column.ts';
import { Lists } from './lists.ts';
import { type Index, PackedStrings } from './packed-strings.ts';

/** Volumes, the grants that were made for each, and its Decrypts, in about 45 bytes a volume, 8 a grant and 20 a Decrypt, their events' ids aside. */
export class PackedVolumes {
  readonly #keys: PackedStrings;
  readonly #events: PackedStrings;
  readonly #clusters: Cluster[] = [];
  readonly #clusterNames = new PackedStrings();
  readonly #volumes = new PackedStrings(2);
  readonly #grants = new Lists();
  readonly #grant = new Column(Int32Array);
  readonly #decrypts = new Lists();
  readonly #event = new Column(Int32Array);
  readonly #seconds = new Column(Float64Array);
  /** Who decrypted, and in which Region. */
  readonly #by = new Column(Int32Array);
  readonly #callers = new PackedStrings();

  constructor(keys: PackedStrings, events: PackedStrings) {
    this.#keys = keys;
    this.#events = events;
  }

  get size(): number {
    return this.#volumes.size;
  }

  add({ clusterAccount, clusterName, volumeId, keyArn }: Volume): Index {
    const cluster = this.addCluster({ account: clusterAccount, name: clusterName });
    return this.#volumes.add(volumeId, cluster, this.#keys.add(keyArn));
  }

  addCluster({ account, name }: Cluster): Index {
    const cluster = this.#clusterNames.add(JSON.stringify([account, name]));
    this.#clusters[cluster] ??= { account, name };
    return cluster;
  }

  addGrant(volume: Index, grant: Index): void {
    this.#grants.add(volume);
    this.#grant.push(grant);
  }

  addDecrypt(volume: Index, { eventId, time, operation, caller, region }: Decrypt): void {
    this.#decrypts.add(volume);
    this.#event.push(this.#events.add(eventId));
    this.#seconds.push(toSeconds(time));
    this.#by.push(this.#callers.add(JSON.stringify({ operation, caller: { id: caller.id }, region })));
  }

  volume(index: Index): Volume {
    // Stryker disable next-line StringLiteral: a volume has its cluster.
    const { account = '', name = '' } = this.clusterOf(index) ?? {};
    return {
      clusterAccount: account,
      clusterName: name,
      volumeId: this.idOf(index),
      keyArn: this.#keys.textOf(this.#volumes.numberOf(index, 1)),
    };
  }

  idOf(volume: Index): string {
    return this.#volumes.textOf(volume);
  }

  clusterOf(volume: Index): Cluster | undefined {
    return this.clusterAt(this.#volumes.numberOf(volume));
  }

  clusterAt(index: Index): Cluster | undefined {
    return this.#clusters[index];
  }

  /** The grants that creations of the volume made; one may come twice. */
  *grantsOf(volume: Index): Generator<Index> {
    for (const link of this.#grants.of(volume)) yield this.#grant.at(link);
  }

  /** How many Decrypts a volume has, each event counted once. */
  countDecrypts(volume: Index): number {
    const events = Int32Array.from(this.#decrypts.of(volume), (decrypt) => this.#event.at(decrypt)).sort();
    // Stryker disable next-line ArithmeticOperator: of equal ones, the last may count as well as the first.
    return events.reduce((count, event, index) => (event === events[index - 1] ? count : count + 1), 0);
  }

  /** The volume's Decrypts; one may come twice. */
  *decryptsOf(volume: Index): Generator<Decrypt> {
    for (const decrypt of this.#decrypts.of(volume)) {
      yield {
        ...JSON.parse(this.#callers.textOf(this.#by.at(decrypt))),
        eventId: this.#events.textOf(this.#event.at(decrypt)),
        time: fromSeconds(this.#seconds.at(decrypt)),
      };
    }
  }
}
