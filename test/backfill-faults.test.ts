import { type DynamoDBClient, ProvisionedThroughputExceededException } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynamoDbHistory } from '../src/aws/dynamodb-history.ts';
import { PacedTable } from '../src/aws/paced-table.ts';
import { WriteRate } from '../src/aws/write-rate.ts';
import { BackfillUnfinishedError } from '../src/backfill.ts';
import { type Archive, archiveOf, atOnce, backfillArchive, itemsOf, NOW } from './support/backfill-run.ts';
import { type FleetEvent, fleets } from './support/fleet.ts';
import { cleanLife } from './support/life.ts';
import { startTestTables, type TestTables } from './support/test-tables.ts';
import { tellCapacity } from './support/write-units.ts';

const KILLS = 20;
const SEED = 5;
const BATCH_ITEMS = 25;

let tables: TestTables;
beforeAll(async () => {
  tables = await startTestTables();
});
afterAll(async () => tables.stop());

/** A history with findings, ended and open grants, and resources, in a dozen sources. */
function history(): Archive {
  const events: FleetEvent[] = fc.sample(fleets(4, 6), { seed: SEED, numRuns: 8 }).flat();
  const lives = Array.from({ length: 6 }, (_, index) => cleanLife({ serial: index + 1, volumeId: `vol-0c0ffee0c0ffee0${index}0` }));
  return archiveOf([...lives.flat(), ...events.filter(({ meaning }) => meaning.is !== 'rejected').map(({ record }) => record)], 12);
}

class Killed extends Error {}

/** Dies at one call, before or after its effect, and stays dead. */
function mortal(client: DynamoDBClient, at: number, effect: 'before' | 'after'): { readonly calls: () => number } {
  let calls = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      const call = calls;
      calls += 1;
      if (call > at || (call === at && effect === 'before')) throw new Killed();
      const answer = await next(args);
      if (calls > at) throw new Killed();
      return answer;
    },
    { step: 'initialize' },
  );
  return { calls: () => calls };
}

describe('a backfill that is killed', () => {
  it(`at ${KILLS} random calls, and started again, ends in the ledger of one clean run`, async () => {
    const archive = history();
    const clean = await tables.create();
    const counted = tables.anotherClient();
    const { calls } = mortal(counted, Number.POSITIVE_INFINITY, 'after');
    await backfillArchive(archive, clean, counted);
    const expected = await itemsOf(tables.client, clean);
    const points = fc.sample(
      fc.record({ at: fc.integer({ min: 0, max: calls() - 1 }), effect: fc.constantFrom('before' as const, 'after' as const) }),
      {
        seed: SEED,
        numRuns: KILLS,
      },
    );
    let spared = 0;
    for (const { at, effect } of points) {
      const name = await tables.create();
      const client = tables.anotherClient();
      mortal(client, at, effect);
      await expect(backfillArchive(archive, name, client), `call ${at}`).rejects.toThrow(Killed);
      // Killed once more on the way, then left alone.
      const second = tables.anotherClient();
      mortal(second, at, effect);
      await backfillArchive(archive, name, second).catch((error: unknown) => expect(error).toBeInstanceOf(Killed));
      const { covered, events } = await backfillArchive(archive, name, tables.client);
      expect(await itemsOf(tables.client, name), `call ${at} ${effect} its effect`).toEqual(expected);
      expect(events.audited + events.duplicates + events.outOfScope).toBe(events.read);
      spared += covered.before;
      client.destroy();
      second.destroy();
    }
    console.log(`${KILLS} kills at ${calls()} calls: ${spared} of ${KILLS * 12} sources were not read again`);
    expect(spared).toBeGreaterThan(KILLS);
  });

  it('reads again, and writes no fact twice, where only grants were left to write', async () => {
    const [life, other] = [cleanLife(), cleanLife({ serial: 2 })];
    // The first source's grant is open until the last one is read.
    const archive = { a: life.slice(0, 5), b: other.slice(0, 5), c: other.slice(5), d: life.slice(5) };
    const name = await tables.create();
    let batches = 0;
    const unfinished = backfillArchive(archive, name, tables.client, {
      bounds: { gathered: 100, noteSeconds: 0 },
      mayGoOn: () => {
        batches += 1;
        return batches < 5;
      },
    });
    await expect(unfinished).rejects.toThrow(BackfillUnfinishedError);
    const { covered, events, written } = await backfillArchive(archive, name, tables.client);
    expect({ covered, read: events.read, written }).toEqual({
      covered: { sources: 4, before: 0 },
      read: 12,
      written: { facts: 0, evidence: 0, grants: 2, resources: 0 },
    });
  });
});

describe('throttling', () => {
  it('is waited out, and what was left unprocessed is sent again', async () => {
    const archive = history();
    const [clean, name] = [await tables.create(), await tables.create()];
    await backfillArchive(archive, clean, tables.client);
    const client = tables.anotherClient();
    let seed = SEED;
    const chance = (of: number): boolean => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % of === 0;
    };
    let [refused, unprocessed] = [0, 0];
    client.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          if (chance(3)) {
            refused += 1;
            throw new ProvisionedThroughputExceededException({ message: 'slow down', $metadata: {} });
          }
          if (commandName !== 'BatchWriteItemCommand') return next(args);
          const input = args.input as { RequestItems: Record<string, unknown[]> };
          const requests = input.RequestItems[name] ?? [];
          const kept = requests.filter(() => !chance(3));
          const left = requests.filter((request) => !kept.includes(request));
          unprocessed += left.length;
          const answer =
            kept.length === 0
              ? { output: { $metadata: {} }, response: {} }
              : await next({ ...args, input: { ...input, RequestItems: { [name]: kept } } });
          if (left.length > 0) Object.assign(answer.output, { UnprocessedItems: { [name]: left } });
          return answer;
        },
      { step: 'initialize' },
    );
    // The checkpoint is read before there is anything to be patient with.
    await backfillArchive(archive, name, client, { checkpoint: { read: async () => () => undefined, note: async () => {} } });
    expect(await itemsOf(tables.client, name)).toEqual(await itemsOf(tables.client, clean));
    expect(refused).toBeGreaterThan(10);
    expect(unprocessed).toBeGreaterThan(30);
  });

  it('without end is a fault, after waiting for longer and longer; another fault is one at once', async () => {
    const waited: number[] = [];
    const sleep = async (milliseconds: number): Promise<void> => void waited.push(milliseconds);
    const client = tables.anotherClient();
    let fault: Error = new ProvisionedThroughputExceededException({ message: 'slow down', $metadata: {} });
    client.middlewareStack.add(() => () => Promise.reject(fault), { step: 'initialize' });
    const table = new PacedTable(client, 'ledger', new WriteRate(Number.POSITIVE_INFINITY, () => 0, sleep), sleep);
    const put = (): Promise<void> => table.putAll([{ pk: { S: 'a' }, sk: { S: 'b' } }]);
    await expect(put()).rejects.toThrow('slow down');
    expect(waited).toHaveLength(20);
    expect(Math.max(...waited)).toBeLessThanOrEqual(20_000);
    fault = new TypeError('a mistake');
    await expect(put()).rejects.toThrow('a mistake');
    expect(waited).toHaveLength(20);
  });
});

describe('--write-rate', () => {
  it.each([3, 7, 25])('of %i units a second is kept at every instant, index writes and refused ones included', async (perSecond) => {
    const name = await tables.create();
    const client = tables.anotherClient();
    let now = 0;
    const sleep = async (milliseconds: number): Promise<void> => {
      now += milliseconds;
    };
    let taken = 0;
    const instants: { readonly at: number; readonly by: number }[] = [];
    tellCapacity(client, tables.client, (units) => {
      taken += units;
      instants.push({ at: now, by: taken });
    });
    const rate = new WriteRate(perSecond, () => now, sleep);
    const table = new PacedTable(client, name, rate, atOnce);
    const archive = history();
    await backfillArchive(archive, name, client, {
      history: new DynamoDbHistory(table, 400, () => NOW),
      bounds: { items: 100, gathered: 20, noteSeconds: 0 },
      checkpoint: { read: async () => () => undefined, note: async () => {} },
    });
    // A second's worth may be saved up, and the last batch be larger than what was left of it.
    for (const { at, by } of instants) expect(by).toBeLessThanOrEqual((at / 1_000 + 1) * perSecond + BATCH_ITEMS);
    expect(taken / (now / 1_000)).toBeLessThanOrEqual(perSecond * 1.3);
    expect(taken / (now / 1_000)).toBeGreaterThan(perSecond * 0.8);
    expect(rate.spent).toBe(taken);
  });
});
