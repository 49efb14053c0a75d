import type { DynamoDBClient, QueryCommandOutput } from '@aws-sdk/client-dynamodb';
import { askAll } from '../at-once.ts';
import type { Cluster } from '../core/encryption-context.ts';
import {
  type ClusterConfigured,
  type GrantCreated,
  type KeyChanged,
  type KeyUsed,
  type Refused,
  type Rehearsed,
  type StandingFact,
  type Volume,
  volumeAt,
} from '../core/fact.ts';
import { type GrantHead, isCurrent } from '../core/grant.ts';
import type { KeySighting } from '../core/key-state.ts';
import type { ResourceUse } from '../core/snapshot.ts';
import { sortedBy } from '../core/sorting.ts';
import type { GrantName, LedgerReader } from '../ports.ts';
import { decodeDirectoryCluster } from './directory.ts';
import { decodeFact, decodeHead, decodeResource, decodeSighting, type Item, keyOf } from './item-codec.ts';
import {
  clusterPartition,
  clusterSortPrefix,
  DIRECTORY,
  directoryKey,
  grantKey,
  keyOfDirectorySort,
  OPEN_INDEX,
  openSortPrefix,
  partitionOfKey,
  sightingKey,
  volumePartition,
} from './item-keys.ts';
import { rangeOf, S, Table } from './table.ts';

/** How many settings of a cluster are read at once, until one says what keys its storage has. */
const SETTINGS_AT_ONCE = 25;

type StoredFact = GrantCreated | StandingFact;

/** Answers from the ledger in one DynamoDB table: by Query and GetItem, never by a Scan, each as narrow as what was asked. */
export class DynamoDbReader implements LedgerReader {
  readonly #table: Table;

  constructor(client: DynamoDBClient, name: string) {
    this.#table = new Table(client, name);
  }

  async keys(): Promise<readonly string[]> {
    const keyArns = new Set<string>();
    for await (const item of this.#table.query({
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': S(DIRECTORY) },
      ProjectionExpression: 'sk',
      ConsistentRead: true,
    }))
      keyArns.add(keyOfDirectorySort(keyOf(item).sk));
    return [...keyArns].sort();
  }

  async knowsKey(keyArn: string): Promise<boolean> {
    if ((await this.#table.get(directoryKey(keyArn))) !== undefined) return true;
    const { Items = [] } = await this.#table.page({ ...clustersRange(keyArn), Limit: 1 });
    return Items.length > 0;
  }

  async clustersOf(keyArn: string): Promise<readonly Cluster[]> {
    const clusters: Cluster[] = [];
    for await (const item of this.#table.query(clustersRange(keyArn))) {
      const cluster = decodeDirectoryCluster(item);
      if (cluster !== undefined) clusters.push(cluster);
    }
    return sortedBy(clusters, ({ account, name }) => [account, name]);
  }

  async openGrantsOf(keyArn: string, cluster?: Cluster): Promise<readonly GrantHead[]> {
    const heads: GrantHead[] = [];
    const ofCluster = cluster && { ':cluster': S(openSortPrefix(cluster)) };
    for await (const item of this.#table.query({
      IndexName: OPEN_INDEX,
      KeyConditionExpression: `ik = :ik${ofCluster ? ' AND begins_with(#is, :cluster)' : ''}`,
      ...(ofCluster && { ExpressionAttributeNames: { '#is': 'is' } }),
      ExpressionAttributeValues: { ':ik': S(keyArn), ...ofCluster },
    }))
      heads.push(decodeHead(item));
    return sortedBy(heads, ({ grantId }) => [grantId]);
  }

  async changesOf(keyArn: string): Promise<readonly KeyChanged[]> {
    return ofKind(await this.#facts(partitionOfKey(keyArn), 'S'), 'key-changed');
  }

  async resourcesOf(keyArn: string): Promise<readonly ResourceUse[]> {
    const uses: ResourceUse[] = [];
    for await (const item of this.#table.range(partitionOfKey(keyArn), 'D#', 'D~')) uses.push(decodeResource(item));
    return sortedBy(uses, ({ resource: { id, kind } }) => [id, kind]);
  }

  async lastRefusals(keyArn: string, most: number): Promise<readonly Refused[]> {
    return ofKind(await this.#latest(partitionOfKey(keyArn), 'F', most), 'refused');
  }

  async lastOtherUses(keyArn: string, most: number): Promise<readonly KeyUsed[]> {
    return ofKind(await this.#latest(partitionOfKey(keyArn), 'U', most), 'key-used');
  }

  async lastSettings(cluster: Cluster): Promise<ClusterConfigured | undefined> {
    const query = { ...rangeOf(clusterPartition(cluster), 'S#', 'S~'), ConsistentRead: true, ScanIndexForward: false };
    let from: Item | undefined;
    do {
      const page: QueryCommandOutput = await this.#table.page({
        ...query,
        Limit: SETTINGS_AT_ONCE,
        ...(from && { ExclusiveStartKey: from }),
      });
      const found = ofKind((page.Items ?? []).map(decodeFact), 'cluster-configured').find(({ storage }) => storage !== undefined);
      if (found !== undefined) return found;
      from = page.LastEvaluatedKey;
    } while (from !== undefined);
    return undefined;
  }

  async lastRehearsal(cluster: Cluster): Promise<Rehearsed | undefined> {
    return ofKind(await this.#latest(clusterPartition(cluster), 'R', 1), 'rehearsed')[0];
  }

  async sightingOf(keyArn: string): Promise<KeySighting | undefined> {
    const item = await this.#table.get(sightingKey(keyArn));
    return item === undefined ? undefined : decodeSighting(item);
  }

  async lastUse(volume: Volume): Promise<KeyUsed | undefined> {
    return ofKind(await this.#latest(volumePartition(volume), 'U', 1), 'key-used')[0];
  }

  async factsOf(volume: Volume): Promise<readonly (GrantCreated | KeyUsed)[]> {
    const facts: StoredFact[] = [];
    for await (const item of this.#table.range(volumePartition(volume), 'G#', 'U~')) facts.push(decodeFact(item));
    return sortedBy([...ofKind(facts, 'grant-created'), ...ofKind(facts, 'key-used')], byOrder);
  }

  async creationsOf(head: GrantHead): Promise<readonly GrantCreated[]> {
    const volume = volumeAt(head);
    const homes = [grantKey(head).pk, ...(volume === undefined ? [] : [volumePartition(volume)])];
    const facts = await Promise.all(homes.map((pk) => this.#facts(pk, 'G')));
    return sortedBy(
      ofKind(facts.flat(), 'grant-created').filter((creation) => creation.grantId === head.grantId && isCurrent(creation, head)),
      byOrder,
    );
  }

  async headsOf(grants: readonly GrantName[]): Promise<readonly GrantHead[]> {
    const items = await askAll(grants, (grant) => this.#table.get(grantKey(grant)));
    return items.flatMap((item) => (item === undefined ? [] : decodeHead(item)));
  }

  /** The facts of one letter in a partition, the earliest first. */
  async #facts(pk: string, letter: string): Promise<StoredFact[]> {
    const facts: StoredFact[] = [];
    for await (const item of this.#table.range(pk, `${letter}#`, `${letter}~`)) facts.push(decodeFact(item));
    return facts;
  }

  /** The latest facts of one letter in a partition, the latest first. */
  async #latest(pk: string, letter: string, most: number): Promise<StoredFact[]> {
    const facts: StoredFact[] = [];
    const query = { ...rangeOf(pk, `${letter}#`, `${letter}~`), ConsistentRead: true, ScanIndexForward: false, Limit: most };
    for await (const item of this.#table.query(query)) {
      facts.push(decodeFact(item));
      if (facts.length === most) break;
    }
    return facts;
  }
}

const clustersRange = (keyArn: string) => ({
  KeyConditionExpression: 'pk = :pk AND begins_with(sk, :sk)',
  ExpressionAttributeValues: { ':pk': S(DIRECTORY), ':sk': S(clusterSortPrefix(keyArn)) },
  ConsistentRead: true,
});

const byOrder = (fact: StoredFact): readonly string[] => [fact.time, fact.eventId, fact.kind];

function ofKind<K extends StoredFact['kind']>(facts: readonly StoredFact[], kind: K): Extract<StoredFact, { kind: K }>[] {
  return facts.filter((fact): fact is Extract<StoredFact, { kind: K }> => fact.kind === kind);
}
