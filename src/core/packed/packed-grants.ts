import { type GrantCreated, type GrantEnded, type Order, orderOf } from '../fact.ts';
import type { GrantHead } from '../grant.ts';
import { fromSeconds, toSeconds } from '../timestamp.ts';
import { Column } from './column.ts';
import { type Index, PackedStrings } from './packed-strings.ts';
import type { PackedVolumes } from './packed-volumes.ts';

/** Instants of events, each at an index of its own: none where its event is none. */
class Orders {
  readonly #events: PackedStrings;
  /** One more than the event's index. */
  readonly #event = new Column(Int32Array);
  readonly #seconds = new Column(Float64Array);

  constructor(events: PackedStrings) {
    this.#events = events;
  }

  push(): void {
    this.#event.push(0);
    this.#seconds.push(0);
  }

  /** Keeps the event if it is the earliest told of at this index. */
  keepEarliest(index: Index, fact: Pick<GrantCreated, 'eventId' | 'time'>): boolean {
    const known = this.at(index);
    // Stryker disable next-line ConditionalExpression,EqualityOperator: undefined is before nothing, and the copies of one event say the same.
    if (known !== undefined && known < orderOf(fact)) return false;
    this.#event.set(index, this.#events.add(fact.eventId) + 1);
    this.#seconds.set(index, toSeconds(fact.time));
    return true;
  }

  at(index: Index): Order | undefined {
    const event = this.#event.at(index);
    if (event === 0) return undefined;
    return orderOf({ time: fromSeconds(this.#seconds.at(index)), eventId: this.#events.textOf(event - 1) });
  }
}

/** Grants as {@link GrantHead} has them, in about 100 bytes each, their events' ids aside. */
export class PackedGrants {
  readonly #keys: PackedStrings;
  readonly #volumes: PackedVolumes;
  readonly #grants = new PackedStrings(1);
  readonly #created: Orders;
  readonly #ended: Orders;
  /** What the creation names: one more than a volume's index, or a cluster's and negative, or 0. */
  readonly #place = new Column(Int32Array);
  /** Who ended it, one more than the index; negative where it was revoked. */
  readonly #endedBy = new Column(Int32Array);
  readonly #callers = new PackedStrings();

  constructor(keys: PackedStrings, volumes: PackedVolumes, events: PackedStrings) {
    this.#keys = keys;
    this.#volumes = volumes;
    this.#created = new Orders(events);
    this.#ended = new Orders(events);
  }

  /** Tells the grant of a creation; its index. `volume` is the creation's. */
  addCreation(fact: GrantCreated, volume: Index | undefined): Index {
    const grant = this.#indexOf(fact);
    if (this.#created.keepEarliest(grant, fact)) this.#place.set(grant, this.#placeOf(fact, volume));
    return grant;
  }

  /** Tells the grant of an ending. */
  addEnding(fact: GrantEnded): void {
    const grant = this.#indexOf(fact);
    if (!this.#ended.keepEarliest(grant, fact)) return;
    const by = this.#callers.add(fact.caller.id) + 1;
    this.#endedBy.set(grant, fact.how === 'revoked' ? -by : by);
  }

  /** The grant as it stands. */
  head(grant: Index): GrantHead {
    const created = this.#created.at(grant);
    const ended = this.#ended.at(grant);
    const by = this.#endedBy.at(grant);
    const place = this.#place.at(grant);
    const cluster = place > 0 ? this.#volumes.clusterOf(place - 1) : this.#volumes.clusterAt(-place - 1);
    return {
      keyArn: this.#keys.textOf(this.#grants.numberOf(grant)),
      grantId: this.#grants.textOf(grant),
      ...(created !== undefined && { created }),
      ...(cluster !== undefined && { cluster }),
      ...(place > 0 && { volumeId: this.#volumes.idOf(place - 1) }),
      ...(ended !== undefined && {
        // Stryker disable next-line EqualityOperator: nobody is at 0.
        end: { order: ended, how: by < 0 ? 'revoked' : 'retired', by: this.#callers.textOf(Math.abs(by) - 1) },
      }),
    };
  }

  /** Every grant as it stands. */
  *heads(): Generator<GrantHead> {
    for (let grant = 0; grant < this.#grants.size; grant += 1) yield this.head(grant);
  }

  #indexOf({ keyArn, grantId }: GrantCreated | GrantEnded): Index {
    const grant = this.#grants.add(grantId, this.#keys.add(keyArn));
    if (grant === this.#place.length) {
      this.#created.push();
      this.#ended.push();
      this.#place.push(0);
      this.#endedBy.push(0);
    }
    return grant;
  }

  #placeOf({ cluster }: GrantCreated, volume: Index | undefined): number {
    if (volume !== undefined) return volume + 1;
    return cluster === undefined ? 0 : -this.#volumes.addCluster(cluster) - 1;
  }
}
