import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynamoDbHistory } from '../src/aws/dynamodb-history.ts';
import { DynamoDbLedger } from '../src/aws/dynamodb-ledger.ts';
import { grantKey } from '../src/aws/item-keys.ts';
import { PacedTable } from '../src/aws/paced-table.ts';
import { WriteRate } from '../src/aws/write-rate.ts';
import { backfill } from '../src/backfill.ts';
import type { GrantCreated, GrantEnded } from '../src/core/fact.ts';
import { type GrantHead, withCreation, withEnding } from '../src/core/grant.ts';
import { DEFAULT_POLICY } from '../src/core/policy.ts';
import { readRecord } from '../src/core/read-record.ts';
import { auditReading } from '../src/pipeline.ts';
import { sha256 } from '../src/system.ts';
import { atOnce, NOW } from './support/backfill-run.ts';
import { cleanLife } from './support/life.ts';
import { startTestTables, type TestTables } from './support/test-tables.ts';

let tables: TestTables;
let table: string;
beforeAll(async () => {
  tables = await startTestTables();
  table = await tables.create();
});
afterAll(async () => tables.stop());

/** Lets one call of several actors through at a time, in the order that `path` says; leaves in it the next order to try. */
class Schedule {
  readonly #path: number[];
  readonly #widths: number[] = [];
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(path: number[]) {
    this.#path = path;
  }

  gate(client: DynamoDBClient): DynamoDBClient {
    client.middlewareStack.add(
      (next) => async (args) => {
        const turn = new Promise<void>((resolve) => this.#waiting.push(resolve));
        this.#rest();
        await turn;
        return next(args);
      },
      { step: 'initialize' },
    );
    return client;
  }

  async run(actors: readonly (() => Promise<unknown>)[]): Promise<void> {
    this.#running = actors.length;
    await Promise.all(actors.map((actor) => actor().finally(() => this.#rest())));
    this.#path.length = this.#widths.length;
    while (this.#path.length > 0 && (this.#path.at(-1) ?? 0) + 1 >= (this.#widths[this.#path.length - 1] ?? 0)) this.#path.pop();
    if (this.#path.length > 0) this.#path[this.#path.length - 1] = (this.#path.at(-1) ?? 0) + 1;
  }

  /** One actor less is under way; when none is, the next call's turn has come. */
  #rest(): void {
    this.#running -= 1;
    if (this.#running > 0 || this.#waiting.length === 0) return;
    const step = this.#widths.push(this.#waiting.length) - 1;
    this.#path[step] ??= 0;
    this.#running += 1;
    this.#waiting.splice(this.#path[step] ?? 0, 1)[0]?.();
  }
}

interface Story {
  readonly creations: { readonly history?: string; readonly live?: string };
  readonly endings: { readonly history?: string; readonly live?: string };
}

const at = (minute: number): string => `2026-11-02T10:0${minute}:00Z`;

function factsOf(serial: number): { readonly created: GrantCreated; readonly ended: GrantEnded } {
  const facts = cleanLife({ serial, volumeId: `vol-${serial}`, grantId: `grant-${serial}` }).map((record) => readRecord(record, sha256));
  const created = facts.flatMap((one) => (one.kind === 'fact' && one.fact.kind === 'grant-created' ? one.fact : []))[0];
  const ended = facts.flatMap((one) => (one.kind === 'fact' && one.fact.kind === 'grant-ended' ? one.fact : []))[0];
  if (created === undefined || ended === undefined) throw new Error('no grant');
  return { created, ended };
}

let serial = 0;

/** Tells the story in every order of the two writers' calls; how many there are. */
async function everyOrder({ creations, endings }: Story): Promise<number> {
  const path: number[] = [];
  let runs = 0;
  do {
    serial += 1;
    runs += 1;
    const { created, ended } = factsOf(serial);
    const told = (by: 'history' | 'live'): (GrantCreated | GrantEnded)[] => [
      ...(creations[by] === undefined ? [] : [{ ...created, time: creations[by], eventId: `c-${by}` }]),
      ...(endings[by] === undefined ? [] : [{ ...ended, time: endings[by], eventId: `e-${by}` }]),
    ];
    const schedule = new Schedule(path);
    const [client, other] = [tables.anotherClient(), tables.anotherClient()].map((one) => schedule.gate(one));
    if (client === undefined || other === undefined) throw new Error('no client');
    const paced = new PacedTable(client, table, new WriteRate(Number.POSITIVE_INFINITY, () => 0, atOnce), atOnce);
    const readings = told('history').map((fact) => ({ kind: 'fact' as const, fact }));
    const ledger = new DynamoDbLedger(other, table);
    const pipeline = { ledger, policy: DEFAULT_POLICY, digest: sha256, now: () => NOW, log: () => {} };
    await schedule.run([
      () =>
        backfill([{ path: 'history', bytes: 1 }], {
          history: new DynamoDbHistory(paced, 400, () => NOW),
          read: async function* () {
            yield { path: 'history', last: true, records: readings.length, outOfScope: 0, readings, rejected: [] };
          },
          policy: DEFAULT_POLICY,
          digest: sha256,
          now: () => NOW,
        }),
      async () => {
        for (const fact of told('live')) await auditReading({ kind: 'fact', fact }, pipeline);
      },
    ]);
    let expected: GrantHead | undefined;
    for (const fact of [...told('history'), ...told('live')])
      expected = fact.kind === 'grant-created' ? withCreation(expected, fact) : withEnding(expected, fact);
    const where = `order ${runs}: ${path.join(' ')}`;
    expect(await new DynamoDbLedger(tables.client, table).headsOf([created]), where).toEqual([expected]);
    const key = grantKey(created);
    const { Item } = await tables.client.send(new GetItemCommand({ TableName: table, Key: { pk: { S: key.pk }, sk: { S: key.sk } } }));
    expect([where, Item?.ik !== undefined, Item?.exp !== undefined]).toEqual([
      where,
      expected?.end === undefined,
      expected?.end !== undefined,
    ]);
    client.destroy();
    other.destroy();
  } while (path.length > 0);
  return runs;
}

describe('a grant that history and live traffic both tell of', () => {
  it.each<[string, Story]>([
    ['history knows the earlier of both ends', { creations: { history: at(0), live: at(1) }, endings: { history: at(2), live: at(3) } }],
    [
      'live traffic knows the earlier of both ends',
      { creations: { history: at(1), live: at(0) }, endings: { history: at(3), live: at(2) } },
    ],
    ['history knows the earlier creation', { creations: { history: at(0), live: at(1) }, endings: { history: at(3), live: at(2) } }],
    ['history knows the earlier ending', { creations: { history: at(1), live: at(0) }, endings: { history: at(2), live: at(3) } }],
    ['both know the same', { creations: { history: at(0), live: at(0) }, endings: { history: at(2), live: at(2) } }],
    ['history knows the creation, live traffic the ending', { creations: { history: at(0) }, endings: { live: at(2) } }],
    ['live traffic knows the creation, history the ending', { creations: { live: at(0) }, endings: { history: at(2) } }],
    [
      'history knows a creation, live traffic another and the ending',
      { creations: { history: at(1), live: at(0) }, endings: { live: at(2) } },
    ],
    ['nobody knows an ending', { creations: { history: at(1), live: at(0) }, endings: {} }],
  ])('ends as the earliest of each, whatever comes between: %s', async (_, story) => {
    expect(await everyOrder(story)).toBeGreaterThan(1);
  });
});
