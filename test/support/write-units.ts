import { type AttributeValue, BatchGetItemCommand, type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { itemBytes } from './capacity.ts';

type Item = Record<string, AttributeValue>;

const PROJECTED = ['pk', 'sk', 'ik', 'is', 'ck'];

/** What a write took, index included, from the item before and after it. */
function unitsOf(before: Item | undefined, after: Item | undefined): number {
  const entry = (item: Item | undefined): Item | undefined =>
    item?.ik === undefined || item.is === undefined
      ? undefined
      : Object.fromEntries(PROJECTED.flatMap((name) => (item[name] ? [[name, item[name]]] : [])));
  const units = (item: Item | undefined): number => Math.ceil(itemBytes(item ?? {}) / 1024);
  const [old, now] = [entry(before), entry(after)];
  const moved = old !== undefined && now !== undefined && (old.ik?.S !== now.ik?.S || old.is?.S !== now.is?.S);
  const index = JSON.stringify(old) === JSON.stringify(now) ? 0 : moved ? units(old) + units(now) : Math.max(units(old), units(now));
  return Math.max(1, units(before), units(after)) + index;
}

/**
 * Makes `client` answer with the capacity that DynamoDB would say it took, which the embedded database does not for
 * indexes; tells `took` of each write, refused ones as well. `images` is a client of its own.
 */
export function tellCapacity(client: DynamoDBClient, images: DynamoDBClient, took: (units: number) => void): void {
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const input = args.input as { TableName?: string; Key?: Item; RequestItems?: Record<string, { PutRequest: { Item: Item } }[]> };
        if (commandName === 'UpdateItemCommand') {
          const image = async (): Promise<Item | undefined> =>
            (await images.send(new GetItemCommand({ TableName: input.TableName, Key: input.Key, ConsistentRead: true }))).Item;
          const before = await image();
          const answer = await next(args).catch((error) => {
            took(unitsOf(before, before));
            throw error;
          });
          const units = unitsOf(before, await image());
          took(units);
          Object.assign(answer.output, { ConsumedCapacity: { CapacityUnits: units } });
          return answer;
        }
        if (commandName !== 'BatchWriteItemCommand') return next(args);
        const [[table, requests] = ['', []]] = Object.entries(input.RequestItems ?? {});
        const Keys = requests.map(({ PutRequest: { Item: item } }) => ({ pk: item.pk, sk: item.sk }) as Item);
        const { Responses } = await images.send(new BatchGetItemCommand({ RequestItems: { [table]: { Keys, ConsistentRead: true } } }));
        const before = new Map((Responses?.[table] ?? []).map((item) => [`${item.pk?.S} ${item.sk?.S}`, item]));
        const answer = await next(args);
        const units = requests.reduce(
          (sum, { PutRequest: { Item: item } }) => sum + unitsOf(before.get(`${item.pk?.S} ${item.sk?.S}`), item),
          0,
        );
        took(units);
        Object.assign(answer.output, { ConsumedCapacity: [{ TableName: table, CapacityUnits: units }] });
        return answer;
      },
    { step: 'initialize', priority: 'low' },
  );
}
