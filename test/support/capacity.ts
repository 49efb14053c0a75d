import { type AttributeValue, type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';

type Item = Record<string, AttributeValue>;

/** What the calls of a run cost, and the largest grant item seen. */
export interface Capacity {
  writeUnits: number;
  readUnits: number;
  calls: string[];
  largestGrantBytes: number;
  /** Write units by partition key; those of the index under `open/` and its own. */
  writesTo: Map<string, number>;
}

const PROJECTED = ['pk', 'sk', 'ik', 'is', 'ck'];
const utf8 = (text: string): number => Buffer.byteLength(text);

/** The size DynamoDB bills for an item: names and values in UTF-8. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html */
export function itemBytes(item: Item): number {
  return Object.entries(item).reduce(
    (sum, [name, { S, N, SS = [] }]) =>
      sum +
      utf8(name) +
      utf8(S ?? '') +
      (N === undefined ? 0 : Math.ceil(N.length / 2) + 1) +
      SS.reduce((bytes, text) => bytes + utf8(text), 0),
    0,
  );
}

/** Write units of one index entry's change: none, an insertion, a deletion, a change in place, or a move (both). */
function indexUnits(before: Item | undefined, after: Item | undefined): number {
  const entry = (item: Item | undefined): Item | undefined =>
    item?.ik === undefined || item.is === undefined
      ? undefined
      : Object.fromEntries(PROJECTED.flatMap((name) => (item[name] ? [[name, item[name]]] : [])));
  const [old, now] = [entry(before), entry(after)];
  const units = (item: Item): number => Math.ceil(itemBytes(item) / 1024);
  if (old === undefined) return now === undefined ? 0 : units(now);
  if (now === undefined) return units(old);
  if (old.ik?.S !== now.ik?.S || old.is?.S !== now.is?.S) return units(old) + units(now);
  return JSON.stringify(old) === JSON.stringify(now) ? 0 : Math.max(units(old), units(now));
}

/**
 * Counts what every call of `client` costs, from item images before and after and the rules of the index: the embedded
 * database reports no index units and nothing for a refused condition. `images` is a client that is not counted.
 */
export function countCapacity(client: DynamoDBClient, images: DynamoDBClient): Capacity {
  const capacity: Capacity = { writeUnits: 0, readUnits: 0, calls: [], largestGrantBytes: 0, writesTo: new Map() };
  const wrote = (partition: string, units: number): void => {
    if (units === 0) return;
    capacity.writeUnits += units;
    capacity.writesTo.set(partition, (capacity.writesTo.get(partition) ?? 0) + units);
  };
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const command = context.commandName ?? '';
      const input = args.input as { TableName: string; Key?: Item; Item?: Item; ConsistentRead?: boolean };
      capacity.calls.push(command.replace('Command', ''));
      const key = input.Key ?? Object.fromEntries(Object.entries(input.Item ?? {}).filter(([name]) => name === 'pk' || name === 'sk'));
      const image = async (): Promise<Item | undefined> =>
        (await images.send(new GetItemCommand({ TableName: input.TableName, Key: key, ConsistentRead: true }))).Item;
      if (command === 'PutItemCommand' || command === 'UpdateItemCommand') {
        const before = await image();
        try {
          return await next(args);
        } finally {
          const after = await image();
          wrote(key.pk?.S ?? '', Math.max(1, Math.ceil(Math.max(itemBytes(before ?? {}), itemBytes(after ?? {})) / 1024)));
          wrote(`open/${after?.ik?.S ?? before?.ik?.S}`, indexUnits(before, after));
          if (after?.pk?.S?.startsWith('G/') && after.sk?.S === '#')
            capacity.largestGrantBytes = Math.max(capacity.largestGrantBytes, itemBytes(after));
        }
      }
      const reply = await next(args);
      const output = reply.output as { Item?: Item; Items?: Item[] };
      const bytes = [...(output.Items ?? []), ...(output.Item ? [output.Item] : [])].reduce((sum, item) => sum + itemBytes(item), 0);
      capacity.readUnits += Math.max(1, Math.ceil(bytes / 4096)) * (input.ConsistentRead ? 1 : 0.5);
      return reply;
    },
    { step: 'initialize', name: 'countCapacity' },
  );
  return capacity;
}
