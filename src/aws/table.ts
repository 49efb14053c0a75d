import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
  ScanCommand,
  type ScanCommandInput,
  type ScanCommandOutput,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { Item } from './item-codec.ts';
import type { ItemKey } from './item-keys.ts';

/** A string attribute's value. */
export const S = (value: string): { S: string } => ({ S: value });
/** A number attribute's value. */
export const N = (value: number): { N: string } => ({ N: String(value) });

/** The key of an item, as DynamoDB takes it. */
export const itemKey = ({ pk, sk }: ItemKey): { pk: { S: string }; sk: { S: string } } => ({ pk: S(pk), sk: S(sk) });

/** One DynamoDB table and the few calls a ledger makes of it: each method is one call, or one page after another. */
export class Table {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, name: string) {
    this.#client = client;
    this.#table = name;
  }

  /** Writes an item, whatever is there. */
  async put(key: ItemKey, attributes: Item): Promise<void> {
    await this.#client.send(new PutItemCommand({ TableName: this.#table, Item: { ...itemKey(key), ...attributes } }));
  }

  /** The item after the update; undefined when its condition refused it. */
  async update(key: ItemKey, input: Omit<UpdateItemCommandInput, 'TableName' | 'Key' | 'ReturnValues'>): Promise<Item | undefined> {
    try {
      const { Attributes } = await this.#client.send(
        new UpdateItemCommand({ TableName: this.#table, Key: itemKey(key), ReturnValues: 'ALL_NEW', ...input }),
      );
      return Attributes;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return undefined;
      throw error;
    }
  }

  /** Takes an item away, if it is there. */
  async remove(key: ItemKey): Promise<void> {
    await this.#client.send(new DeleteItemCommand({ TableName: this.#table, Key: itemKey(key) }));
  }

  /** The item as of all writes before; undefined when there is none. */
  async get(key: ItemKey): Promise<Item | undefined> {
    const { Item } = await this.#client.send(new GetItemCommand({ TableName: this.#table, Key: itemKey(key), ConsistentRead: true }));
    return Item;
  }

  /** The items of a partition whose sort key lies between the two, as of all writes before. */
  range(pk: string, from: string, to: string): AsyncGenerator<Item> {
    return this.query({ ...rangeOf(pk, from, to), ConsistentRead: true });
  }

  /** One page of a Query. */
  page(input: Omit<QueryCommandInput, 'TableName'>): Promise<QueryCommandOutput> {
    return this.#client.send(new QueryCommand({ TableName: this.#table, ...input }));
  }

  /** Every item of a Query. */
  async *query(input: Omit<QueryCommandInput, 'TableName'>): AsyncGenerator<Item> {
    let from: Item | undefined;
    do {
      const page: QueryCommandOutput = await this.page({ ...input, ...(from && { ExclusiveStartKey: from }) });
      yield* page.Items ?? [];
      from = page.LastEvaluatedKey;
    } while (from !== undefined);
  }

  /** Every item there is. */
  scan(): AsyncGenerator<Item> {
    return this.#scan({ ConsistentRead: true });
  }

  /** Every item of an index, as of about now. */
  scanIndex(index: string): AsyncGenerator<Item> {
    return this.#scan({ IndexName: index });
  }

  async *#scan(input: Omit<ScanCommandInput, 'TableName'>): AsyncGenerator<Item> {
    let from: Item | undefined;
    do {
      const page: ScanCommandOutput = await this.#client.send(
        // What a Scan takes is for the operator to know, and costs nothing to ask.
        new ScanCommand({ TableName: this.#table, ReturnConsumedCapacity: 'TOTAL', ...input, ...(from && { ExclusiveStartKey: from }) }),
      );
      yield* page.Items ?? [];
      from = page.LastEvaluatedKey;
    } while (from !== undefined);
  }
}

/** The items of a partition whose sort key lies between the two. */
export function rangeOf(
  pk: string,
  from: string,
  to: string,
): Pick<QueryCommandInput, 'KeyConditionExpression' | 'ExpressionAttributeValues'> {
  return {
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
    ExpressionAttributeValues: { ':pk': S(pk), ':from': S(from), ':to': S(to) },
  };
}
