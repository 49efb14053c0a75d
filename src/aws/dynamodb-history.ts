import { orderOf, timeOf } from '../core/fact.ts';
import type { GrantHead } from '../core/grant.ts';
import type { ResourceUse } from '../core/snapshot.ts';
import { type Timestamp, toSeconds } from '../core/timestamp.ts';
import type { Clock, History, HistoryItem } from '../ports.ts';
import { Directory, type DirectoryEntry } from './directory.ts';
import {
  type CreatedHead,
  creationUpdate,
  endingUpdate,
  type GrantUpdate,
  LATEST_SIGHT,
  openUpdate,
  wholeUpdate,
} from './grant-updates.ts';
import { encodeFact, encodeOccurrence, type Item } from './item-codec.ts';
import { evidenceKey, factKey, grantKey, resourceKey } from './item-keys.ts';
import type { PacedTable } from './paced-table.ts';
import { itemKey, N, S } from './table.ts';

const DAY_SECONDS = 24 * 60 * 60;
/** A change of a grant's item and of its entry in the index of open grants. */
const WITH_INDEX = 2;

/**
 * The write side of the ledger in one DynamoDB table, for history: the same items as {@link Ledger}'s, in as few write
 * units as it takes. An ended grant is one write without an index entry; what would have expired by now is left out.
 */
export class DynamoDbHistory implements History {
  readonly #table: PacedTable;
  readonly #retention: number;
  readonly #now: Clock;
  readonly #directory: Directory;
  /** Facts and evidence that were left out, since they would have expired by now. */
  expired = 0;

  constructor(table: PacedTable, retentionDays: number, now: Clock) {
    this.#table = table;
    this.#retention = retentionDays * DAY_SECONDS;
    this.#now = now;
    this.#directory = new Directory(this.#retention);
  }

  async keep(items: readonly HistoryItem[]): Promise<void> {
    const living = items.filter((item) => this.#expiry('fact' in item ? item.fact.time : item.occurrence.time) > this.#now());
    this.expired += items.length - living.length;
    await this.#enter(this.#directory.missing(living.flatMap((item) => ('fact' in item ? item.fact : []))));
    await this.#table.putAll(living.map((item) => this.#itemOf(item)));
  }

  async joinGrants(heads: readonly GrantHead[]): Promise<void> {
    await this.#table.updateAll(heads, (head) => this.#joinGrant(head));
  }

  async seeResources(uses: readonly ResourceUse[]): Promise<void> {
    const living = uses.filter(({ lastSeen }) => this.#expiry(lastSeen) > this.#now());
    this.expired += uses.length - living.length;
    await this.#enter(this.#directory.missingKeys(living.map(({ keyArn }) => keyArn)));
    await this.#table.updateAll(living, async ({ keyArn, resource, lastSeen }) => {
      const input = {
        UpdateExpression: 'SET f = :f, seen = :seen, exp = :exp',
        ConditionExpression: LATEST_SIGHT,
        ExpressionAttributeValues: {
          ':f': S(JSON.stringify({ keyArn, resource })),
          ':seen': S(lastSeen),
          ':exp': N(this.#expiry(lastSeen)),
        },
      };
      await this.#table.update({ key: resourceKey(keyArn, resource), input, units: 1 });
    });
  }

  /** Each update is conditional on deciding; where live traffic knows better of one end, the other is told by itself. */
  async #joinGrant(head: GrantHead): Promise<void> {
    const { end } = head;
    const update = (input: GrantUpdate, units: number): Promise<boolean> => this.#table.update({ key: grantKey(head), input, units });
    if (!isCreated(head)) {
      if (end !== undefined) await update(endingUpdate(end, this.#expiry(timeOf(end.order))), WITH_INDEX);
      return;
    }
    if (end === undefined) {
      if (!(await update(openUpdate(head), WITH_INDEX))) await update(creationUpdate(head), 1);
      return;
    }
    const expiry = this.#expiry(timeOf(end.order));
    if (await update(wholeUpdate(head, end, expiry), 1)) return;
    // The ending first: from then on the grant is known to have one, whoever wrote it.
    await update(endingUpdate(end, expiry), WITH_INDEX);
    await update(creationUpdate(head), 1);
  }

  async #enter(entries: readonly DirectoryEntry[]): Promise<void> {
    await this.#table.updateAll(entries, async ({ key, update }) => void (await this.#table.update({ key, input: update, units: 1 })));
    this.#directory.wrote(entries);
  }

  #itemOf(item: HistoryItem): Item {
    if ('fact' in item) {
      const key = factKey(item.fact);
      return { ...itemKey(key), f: S(encodeFact(item.fact, key)), exp: N(this.#expiry(item.fact.time)) };
    }
    const { findingId, occurrence } = item;
    return {
      ...itemKey(evidenceKey(findingId, orderOf(occurrence))),
      f: S(encodeOccurrence(occurrence)),
      exp: N(this.#expiry(occurrence.time)),
    };
  }

  /** Seconds since 1970. */
  #expiry(time: Timestamp): number {
    return toSeconds(time) + this.#retention;
  }
}

function isCreated(head: GrantHead): head is CreatedHead {
  return head.created !== undefined;
}
