import type { DynamoDBClient, QueryCommandOutput } from '@aws-sdk/client-dynamodb';
import type { Canary } from '../core/canary.ts';
import { countDependents, type Dependents } from '../core/dependents.ts';
import type { Cluster } from '../core/encryption-context.ts';
import type { GrantCreated, GrantEnded, KeyUsed, StandingFact, Volume } from '../core/fact.ts';
import { orderOf } from '../core/fact.ts';
import { EVENT_IDS_LISTED, type Evidence, foldEvidence, type Occurrence } from '../core/finding.ts';
import type { GrantHead } from '../core/grant.ts';
import type { ResourceUse, Snapshot } from '../core/snapshot.ts';
import { type Timestamp, toSeconds } from '../core/timestamp.ts';
import type { Candidate, GrantName, Ledger, PendingCandidate } from '../ports.ts';
import { Directory, type DirectoryEntry } from './directory.ts';
import { bareHead, DynamoDbSweepBook } from './dynamodb-sweep-book.ts';
import { creationUpdate, endingUpdate, LATEST_SIGHT, openUpdate } from './grant-updates.ts';
import { decodeFact, decodeHead, decodeOccurrence, encodeFact, encodeOccurrence, type Item, keyOf, textOf } from './item-codec.ts';
import {
  CANARY_KEY,
  candidateKey,
  evidenceKey,
  factKey,
  grantKey,
  OPEN_INDEX,
  ofOpenSortKey,
  PENDING,
  resourceKey,
  volumePartition,
} from './item-keys.ts';
import { snapshotOf } from './snapshot-reader.ts';
import { N, rangeOf, S, Table } from './table.ts';

/** Facts stay this long after their event, grants after their end, unless a deployment says otherwise. */
const RETENTION_DAYS = 400;
const DAY_SECONDS = 24 * 60 * 60;
/** Dependents are for people: past so many pages of the index we say "at least". */
const DEPENDENT_PAGES = 20;
/** Evidence is counted so far for an alert; past it we say "at least". */
const COUNTED_PAGES = 20;
/** How many grants of a volume are read at once. */
const HEADS_AT_ONCE = 25;

/**
 * The ledger in one DynamoDB table. Every write is either the same item again or conditional on being the earliest (or
 * latest) of its kind, so that repetition and order cannot matter; every read that a judgement rests on is consistent.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
 */
export class DynamoDbLedger extends DynamoDbSweepBook implements Ledger {
  readonly #table: Table;
  readonly #retention: number;
  readonly #directory: Directory;

  constructor(client: DynamoDBClient, name: string, retentionDays = RETENTION_DAYS) {
    const table = new Table(client, name);
    const retention = retentionDays * DAY_SECONDS;
    super(table, retention);
    this.#table = table;
    this.#retention = retention;
    this.#directory = new Directory(retention);
  }

  async addFact(fact: StandingFact): Promise<void> {
    await this.#enter(this.#directory.missing([fact]));
    if (fact.kind === 'key-used' && fact.resource !== undefined) return this.#addResourceUse(fact.keyArn, fact.resource, fact.time);
    const key = factKey(fact);
    await this.#table.put(key, { f: S(encodeFact(fact, key)), exp: this.#expiry(fact.time) });
  }

  async changesBeside(fact: StandingFact): Promise<readonly StandingFact[]> {
    const changes: StandingFact[] = [];
    for await (const item of this.#table.range(factKey(fact).pk, 'S#', 'S~')) {
      const change = decodeFact(item);
      if (change.kind !== 'grant-created') changes.push(change);
    }
    return changes;
  }

  async addCreation(fact: GrantCreated): Promise<void> {
    await this.#enter(this.#directory.missing([fact]));
    if (fact.resource !== undefined) await this.#addResourceUse(fact.keyArn, fact.resource, fact.time);
    const key = factKey(fact);
    // A grant that was adopted late is remembered as long as one that was seen in time.
    const since = fact.adopted !== undefined && fact.adopted > fact.time ? fact.adopted : fact.time;
    await this.#table.put(key, { f: S(encodeFact(fact, key)), exp: this.#expiry(since) });
  }

  async joinCreation(fact: GrantCreated): Promise<GrantHead> {
    const { keyArn, grantId, cluster, volumeId, adopted } = fact;
    const told = {
      keyArn,
      grantId,
      created: orderOf(fact),
      ...(cluster && { cluster }),
      ...(volumeId && { volumeId }),
      ...(adopted && { adopted }),
    };
    // A grant that is over never enters the index of open ones, and never leaves its end again.
    const item =
      (await this.#table.update(grantKey(fact), openUpdate(told))) ??
      (await this.#table.update(grantKey(fact), creationUpdate(told))) ??
      (await this.#table.get(grantKey(fact)));
    return decodeHead(item ?? bareHead(fact));
  }

  async joinEnding(fact: GrantEnded): Promise<GrantHead> {
    const end = { order: orderOf(fact), how: fact.how, by: fact.caller.id };
    const item =
      (await this.#table.update(grantKey(fact), endingUpdate(end, toSeconds(fact.time) + this.#retention))) ??
      (await this.#table.get(grantKey(fact)));
    return decodeHead(item ?? bareHead(fact));
  }

  async creationsOf(volume: Volume): Promise<readonly GrantCreated[]> {
    const creations: GrantCreated[] = [];
    for await (const item of this.#table.range(volumePartition(volume), 'G#', 'G~')) {
      const fact = decodeFact(item);
      if (fact.kind === 'grant-created') creations.push(fact);
    }
    return creations;
  }

  async headsOf(grants: readonly GrantName[]): Promise<readonly GrantHead[]> {
    const keys = [...new Map(grants.map((grant) => [grantKey(grant).pk, grantKey(grant)])).values()];
    const heads: GrantHead[] = [];
    for (let from = 0; from < keys.length; from += HEADS_AT_ONCE) {
      const items = await Promise.all(keys.slice(from, from + HEADS_AT_ONCE).map((key) => this.#table.get(key)));
      for (const item of items) if (item !== undefined) heads.push(decodeHead(item));
    }
    return heads;
  }

  async decryptsSince(volume: Volume, since: Timestamp): Promise<readonly KeyUsed[]> {
    const decrypts: KeyUsed[] = [];
    for await (const item of this.#table.range(volumePartition(volume), `U#${since}`, 'U~')) {
      const fact = decodeFact(item);
      if (fact.kind === 'key-used' && fact.operation === 'Decrypt') decrypts.push(fact);
    }
    return decrypts;
  }

  async addEvidence(findingId: string, occurrence: Occurrence): Promise<void> {
    await this.#table.put(evidenceKey(findingId, orderOf(occurrence)), {
      f: S(encodeOccurrence(occurrence)),
      exp: this.#expiry(occurrence.time),
    });
  }

  async evidenceOf(findingId: string): Promise<Evidence | undefined> {
    const range = evidenceRange(findingId);
    const [earliest, latest] = await Promise.all([
      this.#table.page({ ...range, ConsistentRead: true, Limit: EVENT_IDS_LISTED }),
      this.#table.page({ ...range, ConsistentRead: true, Limit: 1, ScanIndexForward: false }),
    ]);
    const occurrences = [...(earliest.Items ?? []), ...(latest.Items ?? [])].map(decodeOccurrence);
    const evidence = foldEvidence(occurrences);
    if (evidence === undefined || earliest.LastEvaluatedKey === undefined) return evidence;
    // A storm's evidence is counted, never loaded: its alert is written while a lease runs.
    let count = earliest.Items?.length ?? 0;
    let from: Item | undefined = earliest.LastEvaluatedKey;
    for (let pages = 0; from !== undefined && pages < COUNTED_PAGES; pages += 1) {
      const page: QueryCommandOutput = await this.#table.page({ ...range, Select: 'COUNT', ExclusiveStartKey: from });
      count += page.Count ?? 0;
      from = page.LastEvaluatedKey;
    }
    return { ...evidence, orders: evidence.orders.slice(0, EVENT_IDS_LISTED), count, complete: from === undefined };
  }

  async addCandidate(findingId: string, { occurrence, volume, since }: Candidate): Promise<void> {
    await this.#table.update(candidateKey(findingId), {
      UpdateExpression: 'SET f = :f, exp = :exp, ik = :ik, #is = if_not_exists(#is, :is) ADD marks :one',
      ExpressionAttributeNames: { '#is': 'is' },
      ExpressionAttributeValues: {
        ':f': S(JSON.stringify({ occurrence, volume })),
        ':exp': this.#expiry(occurrence.time),
        ':ik': S(PENDING),
        ':is': S(sortableSeconds(since)),
        ':one': N(1),
      },
    });
  }

  async pendingCandidates(until: number): Promise<readonly PendingCandidate[]> {
    const pending: PendingCandidate[] = [];
    const query = {
      IndexName: OPEN_INDEX,
      KeyConditionExpression: 'ik = :ik AND #is <= :until',
      ExpressionAttributeNames: { '#is': 'is' },
      ExpressionAttributeValues: { ':ik': S(PENDING), ':until': S(sortableSeconds(until)) },
    };
    for await (const { pk, sk } of this.#table.query(query)) {
      const item = await this.#table.get({ pk: pk?.S ?? '', sk: sk?.S ?? '' });
      if (item === undefined || textOf(item, 'ik') !== PENDING) continue;
      const { occurrence, volume } = JSON.parse(textOf(item, 'f') ?? '{}');
      pending.push({
        findingId: keyOf(item).pk.slice(2),
        occurrence,
        volume,
        since: Number(textOf(item, 'is')),
        marks: Number(item.marks?.N),
      });
    }
    return pending;
  }

  async settleCandidate({ findingId, marks }: PendingCandidate): Promise<void> {
    await this.#table.update(candidateKey(findingId), {
      UpdateExpression: 'REMOVE ik, #is',
      ConditionExpression: 'marks = :marks',
      ExpressionAttributeNames: { '#is': 'is' },
      ExpressionAttributeValues: { ':marks': N(marks) },
    });
  }

  async dependents(keyArn: string): Promise<Dependents> {
    const clusters: (Cluster | undefined)[] = [];
    const query = { IndexName: OPEN_INDEX, KeyConditionExpression: 'ik = :ik', ExpressionAttributeValues: { ':ik': S(keyArn) } };
    let pages = 0;
    let from: Item | undefined;
    do {
      const page: QueryCommandOutput = await this.#table.page({ ...query, ...(from && { ExclusiveStartKey: from }) });
      for (const item of page.Items ?? []) clusters.push(ofOpenSortKey(textOf(item, 'is') ?? '-').cluster);
      from = page.LastEvaluatedKey;
      pages += 1;
    } while (from !== undefined && pages < DEPENDENT_PAGES);
    return countDependents(clusters, from === undefined);
  }

  async markGrant(grant: GrantName, group: string): Promise<GrantHead> {
    const item = await this.#table.update(grantKey(grant), {
      UpdateExpression: 'ADD ag :group',
      ExpressionAttributeValues: { ':group': { SS: [group] } },
    });
    return decodeHead(item ?? bareHead(grant));
  }

  async *openGrants(): AsyncGenerator<GrantHead> {
    for await (const item of this.#table.scanIndex(OPEN_INDEX)) if (keyOf(item).pk.startsWith('G/')) yield decodeHead(item);
  }

  async canary(): Promise<Canary> {
    const item = await this.#table.get(CANARY_KEY);
    const at = (what: keyof Canary): Canary => {
      const seconds = item?.[`${what}At`]?.N;
      return seconds === undefined ? {} : { [what]: Number(seconds) };
    };
    return { ...at('sent'), ...at('returned'), ...at('judged') };
  }

  async noteCanary(what: keyof Canary, seconds: number): Promise<void> {
    await this.#table.update(CANARY_KEY, {
      UpdateExpression: 'SET #at = :at',
      ConditionExpression: 'attribute_not_exists(#at) OR #at < :at',
      ExpressionAttributeNames: { '#at': `${what}At` },
      ExpressionAttributeValues: { ':at': N(seconds) },
    });
  }

  async snapshot(): Promise<Snapshot> {
    return snapshotOf(this.#table.scan());
  }

  async #enter(entries: readonly DirectoryEntry[]): Promise<void> {
    for (const { key, update } of entries) await this.#table.update(key, update);
    this.#directory.wrote(entries);
  }

  #expiry(time: Timestamp): { N: string } {
    return N(toSeconds(time) + this.#retention);
  }

  async #addResourceUse(keyArn: string, resource: ResourceUse['resource'], time: Timestamp): Promise<void> {
    await this.#table.update(resourceKey(keyArn, resource), {
      UpdateExpression: 'SET f = :f, seen = :seen, exp = :exp',
      ConditionExpression: LATEST_SIGHT,
      ExpressionAttributeValues: { ':f': S(JSON.stringify({ keyArn, resource })), ':seen': S(time), ':exp': this.#expiry(time) },
    });
  }
}

const evidenceRange = (findingId: string) => rangeOf(evidenceKey(findingId, '').pk, 'E#', 'E~');

/** Seconds as text that sorts as numbers do. */
function sortableSeconds(seconds: number): string {
  return String(Math.max(0, Math.floor(seconds))).padStart(12, '0');
}
