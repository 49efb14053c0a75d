import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { Directory } from '../../src/aws/directory.ts';
import { encodeFact } from '../../src/aws/item-codec.ts';
import { factKey, grantKey, openSortKey } from '../../src/aws/item-keys.ts';
import { itemKey, S } from '../../src/aws/table.ts';
import type { ClusterConfigured, Fact, GrantCreated, KeyUsed, Rehearsed, StandingFact } from '../../src/core/fact.ts';
import { orderOf } from '../../src/core/fact.ts';
import { fromSeconds, toSeconds } from '../../src/core/timestamp.ts';

type Item = Record<string, AttributeValue>;

/** How large a ledger is made. */
export interface Measures {
  readonly volumes: number;
  readonly clusters: number;
  readonly keys: number;
  /** Open grants of the first key; every other has half as many. */
  readonly open: number;
}

const ACCOUNT = '111122223333';
const REGION = 'us-west-2';
const START = toSeconds('2026-10-01T00:00:00Z');
const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** The ARN of the key of that index. */
export const keyArnAt = (key: number): string => `arn:aws:kms:${REGION}:${ACCOUNT}:key/${hex(key, 8)}-0000-4000-8000-000000000000`;

const clusterAt = (index: number) => ({ account: ACCOUNT, name: `cluster-${String(index).padStart(3, '0')}` });
const storage = {
  id: 'ec2-frontend-api.amazonaws.com',
  invokedBy: 'ec2-frontend-api.amazonaws.com',
  type: 'AWSService',
  trusted: true,
  awsRole: false,
};

/**
 * Writes a ledger as history would have left it, in batches: of each volume its data key, its grant and its Decrypt, of
 * each cluster its settings and rehearsals; volumes shared out to clusters and keys in turn.
 */
export async function writeLargeLedger(client: DynamoDBClient, table: string, measures: Measures): Promise<number> {
  let items = 0;
  let held: Item[] = [];
  const flush = async (): Promise<void> => {
    const batches = Array.from({ length: Math.ceil(held.length / 25) }, (_, index) => held.slice(index * 25, (index + 1) * 25));
    held = [];
    await Promise.all(
      batches.map((batch) =>
        client.send(new BatchWriteItemCommand({ RequestItems: { [table]: batch.map((Item) => ({ PutRequest: { Item } })) } })),
      ),
    );
  };
  for (const item of itemsOf(measures)) {
    held.push(item);
    items += 1;
    if (held.length >= 200) await flush();
  }
  await flush();
  return items;
}

function* itemsOf({ volumes, clusters, keys, open }: Measures): Generator<Item> {
  const directory = new Directory(400 * 24 * 60 * 60);
  const kept = function* (fact: GrantCreated | StandingFact): Generator<Item> {
    const key = factKey(fact);
    yield { ...itemKey(key), f: S(encodeFact(fact, key)) };
    yield* entered(directory, fact);
  };
  for (let index = 0; index < clusters; index += 1) {
    for (let step = 0; step < 20; step += 1) yield* kept(rehearsal(index, step, keyArnAt(index % keys)));
    for (let step = 0; step < 3; step += 1) yield* kept(settings(index, step, keyArnAt(index % keys)));
  }
  const made = new Map<number, number>();
  for (let index = 0; index < volumes; index += 1) {
    const key = index % keys;
    const serial = made.get(key) ?? 0;
    made.set(key, serial + 1);
    const { facts, head } = life(index, key, Math.floor(index / keys) % clusters, serial < (key === 0 ? open : open / 2));
    for (const fact of facts) yield* kept(fact);
    yield head;
  }
}

function* entered(directory: Directory, fact: Fact): Generator<Item> {
  const missing = directory.missing([fact]);
  directory.wrote(missing);
  for (const { key, update } of missing) {
    const values = update.ExpressionAttributeValues;
    yield { ...itemKey(key), ...(values?.[':f'] && values[':exp'] ? { f: values[':f'], exp: values[':exp'] } : {}) };
  }
}

function life(index: number, key: number, inCluster: number, isOpen: boolean): { facts: (GrantCreated | KeyUsed)[]; head: Item } {
  const cluster = clusterAt(inCluster);
  const keyArn = keyArnAt(key);
  const volumeId = `vol-${hex(index, 17)}`;
  const second = START + index;
  const at = (after: number, step: number) => ({
    time: fromSeconds(second + after),
    eventId: `${hex(index, 8)}-0000-4000-8000-${hex(step, 12)}`,
  });
  const common = { caller: storage, region: REGION, account: ACCOUNT, trust: 'trusted' as const, cluster, volumeId, keyArn };
  const created: GrantCreated = {
    kind: 'grant-created',
    operation: 'CreateGrant',
    ...at(1, 1),
    ...common,
    grantId: hex(index, 64),
    grantee: `fargate.${REGION}.amazonaws.com`,
    retiree: `ec2.${REGION}.amazonaws.com`,
    operations: ['Decrypt'],
  };
  const use = (operation: string, after: number, step: number): KeyUsed => ({ kind: 'key-used', operation, ...at(after, step), ...common });
  const end = at(600, 4);
  const head = {
    ...itemKey(grantKey(created)),
    ck: S(orderOf(created)),
    is: S(openSortKey(cluster, volumeId)),
    ...(isOpen ? { ik: S(keyArn) } : { en: S(orderOf(end)), eh: S('retired'), eb: S('AWS Internal') }),
  };
  return { facts: [use('GenerateDataKeyWithoutPlaintext', 0, 0), created, use('Decrypt', 3, 3)], head };
}

function rehearsal(cluster: number, step: number, keyArn: string): Rehearsed {
  return {
    kind: 'rehearsed',
    operation: 'CreateGrant',
    time: fromSeconds(START + step),
    eventId: `rehearsal-${cluster}-${step}`,
    caller: storage,
    trust: 'trusted',
    cluster: clusterAt(cluster),
    keyArn,
  };
}

function settings(cluster: number, step: number, fargate: string): ClusterConfigured {
  return {
    kind: 'cluster-configured',
    operation: 'UpdateCluster',
    time: fromSeconds(START + 100 * step),
    eventId: `settings-${cluster}-${step}`,
    caller: { id: `arn:aws:iam::${ACCOUNT}:role/deployer`, trusted: false, awsRole: false },
    cluster: clusterAt(cluster),
    ...(step === 2 ? {} : { storage: { fargate } }),
  };
}
