import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
  ScanCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { Item } from './item-codec.ts';
import type { ItemKey } from './item-keys.ts';

/** A string attribute's value. */
export const S = (value: string): { S: string } => ({ S: value });
/** A number attribute's value. */
export const N = (value: number): { N: string } => ({ N: String(value) });

const itemKey = ({ pk, sk }: ItemKey): { pk: { S: string }; sk: { S: string } } => ({ pk: S(pk), sk: S(sk) });

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
  async *scan(): AsyncGenerator<Item> {
    let from: Item | undefined;
    do {
      const page = await this.#client.send(
        new ScanCommand({ TableName: this.#table, ConsistentRead: true, ...(from && { ExclusiveStartKey: from }) }),
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
