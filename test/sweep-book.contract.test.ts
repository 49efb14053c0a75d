import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynamoDbLedger } from '../src/aws/dynamodb-ledger.ts';
import type { GrantCreated, GrantEnded } from '../src/core/fact.ts';
import { adoptedCreation } from '../src/core/listed-grant.ts';
import { readRecord } from '../src/core/read-record.ts';
import { MemoryLedger } from '../src/local/memory-ledger.ts';
import type { Ledger, SweepProgress } from '../src/ports.ts';
import { sha256 } from '../src/system.ts';
import { createGrant, eventId, instant, KEY, retireGrant } from './support/fleet.ts';
import { startTestTables, type TestTables } from './support/test-tables.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTestTables();
});
afterAll(async () => tables.stop());

const RUNS = 150;
const GRANT = { keyArn: KEY, grantId: 'a'.repeat(64) };
const HOUR = 3_600;

const factOf = (record: object): GrantCreated | GrantEnded => {
  const reading = readRecord(record, sha256);
  if (reading.kind !== 'fact' || (reading.fact.kind !== 'grant-created' && reading.fact.kind !== 'grant-ended'))
    throw new Error('no grant');
  return reading.fact;
};
const creation = (second: number): GrantCreated | GrantEnded =>
  factOf(createGrant(GRANT.grantId, {}, { eventTime: instant(second), eventID: eventId(`create ${second}`) }));
const ending = (second: number): GrantCreated | GrantEnded =>
  factOf(retireGrant(GRANT.grantId, { eventTime: instant(second), eventID: eventId(`end ${second}`) }));

/** One step of a handler or of a sweep, on whichever ledger. */
type Step = readonly [name: 'create' | 'adopt' | 'end' | 'missing' | 'gone' | 'reopen', hour: number, before: number];

async function take([name, hour, before]: Step, ledger: Ledger): Promise<unknown> {
  const sweep = { started: instant(hour * HOUR), before: instant(Math.min(before, hour - 1) * HOUR) };
  switch (name) {
    case 'create':
    case 'end': {
      const fact = name === 'create' ? creation(hour) : ending(hour);
      return fact.kind === 'grant-created' ? ledger.joinCreation(fact) : ledger.joinEnding(fact);
    }
    case 'adopt':
      return ledger.joinCreation(adoptedCreation({ ...GRANT, createdAt: instant(hour) }, sweep.started, sha256));
    case 'missing':
      return ledger.noteMissing(GRANT, sweep);
    case 'gone':
      return ledger.noteGone(GRANT, sweep);
    case 'reopen':
      return ledger.reopenGrant(GRANT, sweep);
    default:
      return name satisfies never;
  }
}

const openIn = async (ledger: Ledger): Promise<string[]> => {
  const open: string[] = [];
  for await (const { grantId, created } of ledger.openGrantsOf(KEY)) open.push(`${grantId} ${created}`);
  return open;
};

describe('what the sweep keeps', () => {
  it(`is the same in memory and in DynamoDB, after every step: ${RUNS} histories of a grant`, async () => {
    const hours = fc.integer({ min: 1, max: 4 });
    const one = fc.tuple(fc.constantFrom('create', 'adopt', 'end', 'missing', 'gone', 'reopen'), hours, hours).map((step: Step) => [step]);
    const twoAbsences = hours.map((hour): Step[] => [
      ['missing', hour, 0],
      ['gone', hour + 1, hour],
    ]);
    const steps = fc.array(fc.oneof(one, one, twoAbsences), { maxLength: 10 }).map((parts) => parts.flat());
    const met = new Set<string>();
    const name = await tables.create();
    const dynamo = new DynamoDbLedger(tables.client, name);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (history: Step[]) => {
        run += 1;
        const grantId = sha256(String(run));
        const memory = new MemoryLedger();
        const renamed = (value: unknown): unknown => JSON.parse(JSON.stringify(value).replaceAll(grantId, GRANT.grantId));
        const inDynamo = new Proxy(dynamo, {
          get:
            (target, method) =>
            (given: object, ...rest: unknown[]) =>
              Reflect.apply(Reflect.get(target, method), target, [{ ...given, grantId }, ...rest]),
        });
        for (const step of history) {
          const head = await take(step, memory);
          expect(renamed(await take(step, inDynamo))).toEqual(head);
          for (const field of ['adopted', 'missing', 'gone', 'end']) if (field in Object(head)) met.add(field);
        }
        const open = (await openIn(dynamo)).filter((grant) => grant.startsWith(grantId));
        expect(open.map((grant) => grant.replace(grantId, GRANT.grantId))).toEqual(await openIn(memory));
      }),
      { numRuns: RUNS },
    );
    expect([...met].sort()).toEqual(['adopted', 'end', 'gone', 'missing']);
  }, 60_000);

  it.each([
    ['in memory', async (): Promise<Ledger> => new MemoryLedger()],
    ['in DynamoDB', async (): Promise<Ledger> => new DynamoDbLedger(tables.client, await tables.create())],
  ] as const)('remembers the latest sight of a key, and how far a sweep came, 50,000 grants and all, %s', async (_, make) => {
    const ledger = await make();
    const later = { keyArn: KEY, seen: instant(HOUR), state: 'disabled', rotation: 'off' } as const;
    await ledger.seeKey({ keyArn: KEY, seen: instant(0), state: 'enabled' });
    await ledger.seeKey(later);
    await ledger.seeKey({ keyArn: KEY, seen: instant(60), state: 'enabled' });
    expect(await ledger.sightingOf(KEY)).toEqual(later);
    expect((await ledger.snapshot()).sightings).toEqual([later]);
    expect(await ledger.sightingOf('another')).toBeUndefined();

    expect(await ledger.sweepProgress()).toBeUndefined();
    const seen = Array.from({ length: 50_000 }, (__, index) => sha256(String(index)).slice(0, 16));
    const progress: SweepProgress = { started: instant(0), done: 'a', key: { keyArn: KEY, marker: 'm', seen } };
    await ledger.noteSweep(progress);
    expect(await ledger.sweepProgress()).toEqual(progress);
    await ledger.noteSweep({ started: instant(0), finished: true });
    expect(await ledger.sweepProgress()).toEqual({ started: instant(0), finished: true });
  });
});
