import {
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  type ConsumedCapacity,
  type DynamoDBClient,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { Backoff } from './backoff.ts';
import type { Item } from './item-codec.ts';
import type { ItemKey } from './item-keys.ts';
import { writeUnitsOf } from './item-units.ts';
import { itemKey } from './table.ts';
import type { Sleep, WriteRate } from './write-rate.ts';

/** DynamoDB's limit of a BatchWriteItem. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html */
const BATCH_ITEMS = 25;
const BATCHES_AT_ONCE = 8;
const UPDATES_AT_ONCE = 32;

/** What an update changes, and the units it is expected to take. */
export interface PacedUpdate {
  readonly key: ItemKey;
  readonly input: Omit<UpdateItemCommandInput, 'TableName' | 'Key' | 'ReturnValues'>;
  readonly units: number;
}

/** One DynamoDB table to write much to: within a rate, many calls at once, patient with throttling. */
export class PacedTable {
  readonly #client: DynamoDBClient;
  readonly #name: string;
  readonly #rate: WriteRate;
  readonly #sleep: Sleep;

  constructor(client: DynamoDBClient, name: string, rate: WriteRate, sleep: Sleep) {
    this.#client = client;
    this.#name = name;
    this.#rate = rate;
    this.#sleep = sleep;
  }

  /** Writes items, whatever is there; of those with one key, the last. */
  async putAll(items: readonly Item[]): Promise<void> {
    const byKey = new Map(items.map((item) => [JSON.stringify([item.pk?.S, item.sk?.S]), item]));
    const unique = [...byKey.values()];
    const batches = Array.from({ length: Math.ceil(unique.length / BATCH_ITEMS) }, (_, index) =>
      unique.slice(index * BATCH_ITEMS, (index + 1) * BATCH_ITEMS),
    );
    await eachAtOnce(batches, BATCHES_AT_ONCE, (batch) => this.#putBatch(batch));
  }

  /** Does the same for each of many, as many at once as updates may be under way. */
  async updateAll<T>(all: readonly T[], update: (one: T) => Promise<void>): Promise<void> {
    await eachAtOnce(all, UPDATES_AT_ONCE, update);
  }

  /** Updates an item; false when its condition refused it. */
  async update({ key, input, units }: PacedUpdate): Promise<boolean> {
    const backoff = new Backoff(this.#sleep);
    const command = new UpdateItemCommand({ TableName: this.#name, Key: itemKey(key), ReturnConsumedCapacity: 'INDEXES', ...input });
    for (;;) {
      await this.#rate.take(units);
      try {
        const { ConsumedCapacity } = await this.#client.send(command);
        this.#rate.settle(units, ConsumedCapacity?.CapacityUnits ?? units);
        return true;
      } catch (error) {
        // A refused write takes what writing the item would have; the index is left alone.
        const refused = error instanceof ConditionalCheckFailedException;
        this.#rate.settle(units, refused ? 1 : 0);
        if (refused) return false;
        await backoff.wait(error);
      }
    }
  }

  async #putBatch(batch: readonly Item[]): Promise<void> {
    const backoff = new Backoff(this.#sleep);
    let left = batch;
    for (;;) {
      const unprocessed = await this.#send(left, backoff);
      if (unprocessed.length === 0) return;
      if (unprocessed.length < left.length) backoff.reset();
      left = unprocessed;
      await backoff.wait();
    }
  }

  /** One BatchWriteItem; what is left of the items. */
  async #send(items: readonly Item[], backoff: Backoff): Promise<readonly Item[]> {
    const requests = items.map((item) => ({ PutRequest: { Item: { ...item } } }));
    const command = new BatchWriteItemCommand({ RequestItems: { [this.#name]: requests }, ReturnConsumedCapacity: 'INDEXES' });
    const expected = units(items);
    for (;;) {
      await this.#rate.take(expected);
      try {
        const answer = await this.#client.send(command);
        const unprocessed: Item[] = [];
        for (const { PutRequest } of answer.UnprocessedItems?.[this.#name] ?? [])
          if (PutRequest?.Item !== undefined) unprocessed.push(PutRequest.Item);
        this.#rate.settle(expected, told(answer.ConsumedCapacity) ?? expected - units(unprocessed));
        return unprocessed;
      } catch (error) {
        this.#rate.settle(expected, 0);
        await backoff.wait(error);
      }
    }
  }
}

const units = (items: readonly Item[]): number => items.reduce((sum, item) => sum + writeUnitsOf(item), 0);

function told(capacity: readonly ConsumedCapacity[] | undefined): number | undefined {
  const all = (capacity ?? []).flatMap(({ CapacityUnits }) => CapacityUnits ?? []);
  return all.length === 0 ? undefined : all.reduce((sum, one) => sum + one, 0);
}

/** Does the same for each of many, so many at once; the first fault is thrown when none is under way any more. */
async function eachAtOnce<T>(all: readonly T[], atOnce: number, work: (one: T) => Promise<void>): Promise<void> {
  let next = 0;
  let failed = false;
  const worker = async (): Promise<void> => {
    while (next < all.length && !failed) {
      const one = all[next];
      next += 1;
      try {
        if (one !== undefined) await work(one);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: Math.min(atOnce, all.length) }, worker));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
