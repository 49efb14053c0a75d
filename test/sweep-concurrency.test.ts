import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AlertHeldError } from '../src/alerts.ts';
import { DynamoDbLedger } from '../src/aws/dynamodb-ledger.ts';
import { auditEvent } from '../src/pipeline.ts';
import type { Ledger } from '../src/ports.ts';
import { reconcile } from '../src/reconcile.ts';
import { instant, KEY, type RawRecord } from './support/fleet.ts';
import type { GrantEntry } from './support/kms-server.ts';
import { creation, grantId, HOUR, listed, retirement } from './support/sweep-fleet.ts';
import { type SweepWorld, startSweepWorld } from './support/sweep-world.ts';
import { startTestTables, type TestTables } from './support/test-tables.ts';

const RUNS = Math.ceil(Number(process.env.KMS_AUDIT_DATABASE_RUNS ?? 1_000) / 40);
const GRANTS = 8;
const ROUNDS = 4;
/** The second sweep of a round begins so much later, in seconds, that both may count. */
const SECOND_SWEEP = 1_000;

let tables: TestTables;
let world: SweepWorld;
beforeAll(async () => {
  [tables, world] = await Promise.all([startTestTables(), startSweepWorld()]);
});
afterAll(async () => {
  await Promise.all([tables.stop(), world.stop()]);
});

/** A grant's life: the rounds in which KMS makes and ends it, and those in which its records arrive; undefined: never. */
interface Life {
  readonly made: number;
  readonly ended: number | undefined;
  readonly createArrives: number | undefined;
  readonly retireArrives: number | undefined;
}

const later = (from: number | undefined, lag: number | undefined): number | undefined =>
  from === undefined || lag === undefined ? undefined : Math.min(from + lag, ROUNDS - 1);
const lag = fc.option(fc.nat(2), { nil: undefined, freq: 2 });
const lives = fc.array(
  fc.record({ made: fc.nat(ROUNDS - 1), lasts: lag, createLag: lag, retireLag: lag }).map(({ made, lasts, createLag, retireLag }): Life => {
    const ended = later(made, lasts);
    return { made, ended, createArrives: later(made, createLag), retireArrives: later(ended, retireLag) };
  }),
  { minLength: GRANTS, maxLength: GRANTS },
);

const startOf = (round: number): number => (round + 1) * HOUR;
/** What is made in a round is made after its sweeps began. */
const madeBy = (serial: number, { made }: Life): RawRecord => creation(serial, startOf(made) + SECOND_SWEEP + 2);
const endedBy = (serial: number, { ended = 0 }: Life): RawRecord => retirement(serial, startOf(ended) + SECOND_SWEEP + 3);

/** KMS dates a grant a little before its record. */
const entryOf = (serial: number, life: Life): GrantEntry => {
  const entry = listed(madeBy(serial, life));
  return { ...entry, CreationDate: (entry.CreationDate ?? 0) - 1 };
};

type Act = () => unknown;

/** What happens in a round, beside its sweeps: to KMS, and to the ledger. */
function actsOf(all: readonly Life[], round: number, ledger: Ledger): Act[] {
  const entries = (): GrantEntry[] => world.kms.grants.get(KEY) ?? [];
  const { pipeline } = world.work(ledger, instant(startOf(round) + SECOND_SWEEP));
  return all.flatMap((life, serial) => {
    const make: Act = () => world.kms.grants.set(KEY, [...entries(), entryOf(serial, life)]);
    const end: Act = () =>
      world.kms.grants.set(
        KEY,
        entries().filter(({ GrantId }) => GrantId !== grantId(serial)),
      );
    const isOver = life.made === round && life.ended === round;
    return [
      ...(life.made === round && !isOver ? [make] : []),
      ...(life.ended === round && !isOver ? [end] : []),
      ...(life.createArrives === round ? [() => auditEvent(madeBy(serial, life), pipeline)] : []),
      ...(life.retireArrives === round ? [() => auditEvent(endedBy(serial, life), pipeline)] : []),
    ];
  });
}

/** Two sweeps, at once or one after the other, and an act at every so many of their calls to KMS. */
async function runRound(round: number, acts: Act[], ledgers: readonly Ledger[], told: string[], pace: number): Promise<void> {
  const underWay: unknown[] = [];
  const act = (): void => void underWay.push(acts.shift()?.());
  if (pace > 2) {
    act();
    await Promise.all(underWay);
  }
  let calls = 0;
  world.kms.fault = () => {
    calls += 1;
    if (calls % pace === 0) act();
    return undefined;
  };
  const sweep = async (ledger: Ledger, index: number): Promise<void> => {
    const work = world.work(ledger, instant(startOf(round) + index * SECOND_SWEEP));
    const alerts = { publish: async ({ email }: { email: string }) => void told.push(email) };
    await reconcile({ ...work, pipeline: { ...work.pipeline, alerts } }).catch((error: unknown) => {
      // The other is telling the same: the next sweep looks whether it did.
      if (!(error instanceof AlertHeldError)) throw error;
    });
  };
  if (pace % 2 === 0) await Promise.all(ledgers.map(sweep));
  else for (const [index, ledger] of ledgers.entries()) await sweep(ledger, index);
  while (acts.length > 0) act();
  await Promise.all(underWay);
  world.kms.fault = () => undefined;
}

it(`ends as records and KMS have it: ${RUNS} histories of ${GRANTS} grants, two sweeps beside live handlers`, async () => {
  const met = { adopted: 0, gone: 0, retired: 0, open: 0 };
  world.kms.pageSize = 3;
  world.kms.keys.set(KEY, { state: 'Enabled', manager: 'CUSTOMER', rotates: true });
  await fc.assert(
    fc.asyncProperty(lives, fc.array(fc.nat(), { minLength: 64, maxLength: 64 }), async (all, order) => {
      const name = await tables.create();
      const [ledger, other] = [new DynamoDbLedger(tables.client, name), new DynamoDbLedger(tables.client, name)];
      const told: string[] = [];
      world.kms.grants.clear();
      for (let round = 0; round < ROUNDS + 2; round += 1) {
        const acts = actsOf(all, round, ledger).map((act, index) => ({ act, place: order[(index + round * 16) % order.length] ?? 0 }));
        await runRound(
          round,
          acts.sort((a, b) => a.place - b.place).map(({ act }) => act),
          [ledger, other],
          told,
          1 + ((order[round] ?? 0) % 6),
        );
        const heads = await ledger.headsOf(all.map((_, serial) => ({ keyArn: KEY, grantId: grantId(serial) })));
        for (const { grantId: id, gone } of heads) {
          const life = all.find((_, serial) => grantId(serial) === id);
          if (life?.ended === undefined || life.ended > round) expect(gone, `${id} in round ${round}`).toBeUndefined();
        }
      }
      const open: string[] = [];
      for await (const head of ledger.openGrantsOf(KEY)) open.push(head.grantId);
      expect(open.sort()).toEqual(all.flatMap(({ ended }, serial) => (ended === undefined ? grantId(serial) : [])).sort());
      const heads = await ledger.headsOf(all.map((_, serial) => ({ keyArn: KEY, grantId: grantId(serial) })));
      for (const [serial, life] of all.entries()) {
        const head = heads.find(({ grantId: id }) => id === grantId(serial));
        const record = madeBy(serial, life);
        expect(head?.end?.how).toBe(life.retireArrives === undefined ? undefined : 'retired');
        if (life.createArrives !== undefined)
          expect([head?.created, head?.adopted]).toEqual([`${record.eventTime}#${record.eventID}`, undefined]);
        else if (head?.created !== undefined) expect(head).toMatchObject({ created: expect.stringContaining('#listed:'), cluster: {} });
        if (head?.created !== undefined && life.ended !== undefined && head.end === undefined) expect(head.gone).toBeDefined();
        if (head?.gone !== undefined) expect(told.length).toBeGreaterThan(0);
        met.adopted += head?.adopted === undefined ? 0 : 1;
        met.gone += head?.gone === undefined ? 0 : 1;
        met.retired += head?.end === undefined ? 0 : 1;
      }
      met.open += open.length;
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
  console.log(`${RUNS} histories, ${JSON.stringify(met)}`);
  for (const count of Object.values(met)) expect(count).toBeGreaterThan(RUNS / 4);
}, 600_000);
