import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AlertHeldError } from '../src/alerts.ts';
import { snapshotOf } from '../src/aws/snapshot-reader.ts';
import { DEFAULT_POLICY, type Policy } from '../src/core/policy.ts';
import { type LedgerReport, reportOf } from '../src/core/report.ts';
import { MemoryLedger } from '../src/local/memory-ledger.ts';
import { auditEvent, type Pipeline } from '../src/pipeline.ts';
import { sha256 } from '../src/system.ts';
import { Deployment, type Items, type Told, type Work } from './prove/deployment.ts';
import {
  createGrant,
  decrypt,
  ecsContext,
  eventId,
  type FleetEvent,
  fleets,
  inOrder,
  instant,
  KEY,
  OTHER_ACCOUNT,
  PROD,
  type RawRecord,
  record,
  retireGrant,
  revokeGrant,
  user,
} from './support/fleet.ts';
import { everyInterleaving, type Gate, gatedLedger } from './support/interleaving.ts';

const NOON = Date.parse('2026-11-02T12:00:00Z') / 1000;
const HOUR = 3_600;
const POLICY: Policy = { ...DEFAULT_POLICY, orphanAfterHours: 1 };
/** How often an order of calls may leave a handler in the middle of its work, where there are too many orders to try them all; by hand, more. */
const SWITCHES = Number(process.env.KMS_AUDIT_SWITCHES ?? 1);

/** A record so many seconds after noon. */
const at = (seconds: number, raw: RawRecord): RawRecord => ({
  ...raw,
  eventTime: `${new Date((NOON + seconds) * 1000).toISOString().slice(0, 19)}Z`,
  eventID: eventId(`${seconds}/${JSON.stringify(raw)}`),
});
const VOLUME = ecsContext(PROD, 'vol-0000000000000000a');
const stranger = (grantId: string): RawRecord =>
  createGrant(
    grantId,
    { granteePrincipal: `arn:aws:iam::${OTHER_ACCOUNT}:role/reader`, constraints: { encryptionContextEquals: { 'aws:ebs:id': 'vol-1' } } },
    { userIdentity: user('operator') },
  );
const create = at(0, createGrant('g'));
const createAgain = at(1, createGrant('g'));
const createOther = at(20, createGrant('h'));
const retire = at(30, retireGrant('g'));
const revoke = at(40, revokeGrant('g', 'auditor'));
const lateDecrypt = at(60, decrypt(VOLUME));
const laterDecrypt = at(70, decrypt(VOLUME));
const disable = at(0, record('DisableKey', { userIdentity: user('operator') }));
const enable = at(600, record('EnableKey', { userIdentity: user('operator') }));
const refused = at(
  10,
  record('GenerateDataKeyWithoutPlaintext', {
    requestParameters: { encryptionContext: VOLUME },
    errorCode: 'DisabledException',
    errorMessage: `${KEY} is disabled.`,
  }),
);
const refusedAgain = at(20, { ...refused, eventName: 'Decrypt' });
const strange = at(0, stranger('s'));
const strangeRetired = at(90, retireGrant('s'));

/** What meets, and what was audited before. */
interface Meeting {
  readonly before?: readonly RawRecord[];
  readonly together: readonly (RawRecord | 'sweep')[];
  /** No alert is at stake, so that there are few calls: every order of them is tried. */
  readonly whole?: true;
}

const RACES: Readonly<Record<string, Meeting>> = {
  'CreateGrant and RetireGrant of a volume decrypted since': { before: [lateDecrypt], together: [create, retire], whole: true },
  'CreateGrant and RetireGrant': { together: [create, retire], whole: true },
  'CreateGrant and RevokeGrant': { together: [create, revoke] },
  'CreateGrant and Decrypt after the retirement': { before: [retire], together: [create, lateDecrypt] },
  'RetireGrant and Decrypt': { before: [create], together: [retire, lateDecrypt], whole: true },
  'RetireGrant and a later RevokeGrant': { before: [create], together: [retire, revoke] },
  'RetireGrant and an earlier RevokeGrant': { before: [create], together: [at(50, retireGrant('g')), revoke] },
  'CreateGrant twice, by two records': { together: [create, createAgain], whole: true },
  'CreateGrant twice, by one record': { before: [retire], together: [create, create] },
  'two grants of one volume, decrypted after the first ended': { before: [retire, lateDecrypt], together: [create, createOther] },
  'RetireGrant twice': { before: [create], together: [retire, at(31, retireGrant('g'))], whole: true },
  'two Decrypts after the release': { before: [create, retire], together: [lateDecrypt, laterDecrypt], whole: true },
  'an unexpected grant and its retirement': { together: [strange, strangeRetired] },
  'two unexpected grants by one caller': { together: [strange, at(1, stranger('t'))] },
  'a refusal and EnableKey': { before: [disable], together: [refused, enable] },
  'two refusals': { together: [refused, refusedAgain] },
  'a refusal and DisableKey': { together: [disable, refused] },
  'DisableKey and EnableKey': { together: [disable, enable] },
  'the sweep and CreateGrant that explains the Decrypt': {
    before: [create, retire, lateDecrypt],
    together: ['sweep', at(50, createGrant('h'))],
  },
  'the sweep and RetireGrant': { before: [create, lateDecrypt], together: ['sweep', retire] },
  'the sweep and RevokeGrant': { before: [create], together: ['sweep', revoke] },
  'the sweep and Decrypt': { before: [create, retire, lateDecrypt], together: ['sweep', laterDecrypt] },
  'the sweep and a refusal': { before: [create, disable], together: ['sweep', refused] },
  'the sweep and EnableKey': { before: [disable, refused], together: ['sweep', enable] },
  'the sweep and the sweep': { before: [create, retire, lateDecrypt], together: ['sweep', 'sweep'] },
};

interface End {
  readonly report: LedgerReport;
  /** The entries of the index of open grants. */
  readonly index: Items;
  readonly told: Told;
}

let deployment: Deployment;
beforeAll(async () => {
  deployment = await Deployment.start();
});
afterAll(async () => deployment.stop());

const workOf = (one: RawRecord | 'sweep'): Work => (one === 'sweep' ? { sweep: true } : { event: one });

/** What both do one after the other, in this order; or at once, behind the gate. */
async function meet({ before = [], together }: Meeting, start: Items, gate?: Gate): Promise<End> {
  await deployment.restore(start);
  const now = NOON + 2 * HOUR;
  const works = together.map(workOf);
  const failed: Work[] = [];
  const deliver = async (work: Work): Promise<void> => {
    if ((await deployment.deliver(work, POLICY, now)).failed) failed.push(work);
  };
  if (gate === undefined) for (const work of works) await deliver(work);
  else await deployment.behind(gate, () => Promise.all(works.map(deliver)));
  for (const work of failed) expect((await deployment.deliver(work, POLICY, now + 60)).failed, 'fails again').toBe(false);
  await deployment.deliver({ sweep: true }, POLICY, now + HOUR);
  const items = await deployment.items();
  expect(before.length + together.length).toBeGreaterThan(1);
  return {
    report: reportOf(await snapshotOf(each(items.values())), POLICY, sha256),
    index: await deployment.index(),
    told: deployment.told(),
  };
}

async function* each<T>(all: Iterable<T>): AsyncGenerator<T> {
  yield* all;
}

/** What was told of each thread. */
function threadsOf({ messages }: Told): Map<string, string[]> {
  const threads = new Map<string, string[]>();
  for (const { thread, kind } of messages) threads.set(thread, [...(threads.get(thread) ?? []), kind]);
  return threads;
}

/** The ledger of one after the other; told what is told either way, to a last word that one of the two ways has, and no more often. */
function expectAsInTurn(end: End, inTurn: readonly [End, End]): void {
  const [first, second] = inTurn;
  expect(end.report).toEqual(first.report);
  expect(end.index).toEqual(first.index);
  const told = threadsOf(end.told);
  const ways = inTurn.map((way) => threadsOf(way.told));
  for (const thread of threadsOf(first.told).keys()) if (threadsOf(second.told).has(thread)) expect([...told.keys()]).toContain(thread);
  for (const [thread, kinds] of told) {
    const allowed = ways.flatMap((way) => way.get(thread) ?? []);
    expect(allowed.length, `${thread}: ${kinds}`).toBeGreaterThan(0);
    expect(
      ways.map((way) => way.get(thread)?.at(-1)),
      thread,
    ).toContain(kinds.at(-1));
    expect(kinds.length, `${thread}: ${kinds}`).toBeLessThanOrEqual(Math.max(...ways.map((way) => way.get(thread)?.length ?? 0)));
  }
}

describe('two handlers at the same time, on one table, their AWS calls in every order', () => {
  it.each(Object.entries(RACES))('%s', async (title, meeting) => {
    await deployment.restore(new Map());
    for (const raw of meeting.before ?? []) await deployment.deliver({ event: raw }, POLICY, Date.parse(String(raw.eventTime)) / 1000 + 1);
    const start = await deployment.items();
    const reverse = { ...meeting, together: [...meeting.together].reverse() };
    const inTurn = [await meet(meeting, start), await meet(reverse, start)] as const;
    expect(inTurn[1].report).toEqual(inTurn[0].report);
    const began = performance.now();
    const runs = await everyInterleaving(
      async (gate) => expectAsInTurn(await meet(meeting, start, gate), inTurn),
      meeting.whole ? undefined : SWITCHES,
    );
    console.log(`${title}: ${runs} orders in ${((performance.now() - began) / 1000).toFixed(1)} s`);
    expect(runs).toBeGreaterThan(1);
  });
});

const RUNS = Number(process.env.KMS_AUDIT_RUNS ?? 10_000) / 20;

/** The records of a fleet, some of them twice, dealt out at random to handlers that work at the same time. */
const dealt = fleets(2, 3).chain((events) =>
  fc.record({
    events: fc.constant(events),
    hands: fc.array(fc.nat(3), { minLength: 2 * events.length, maxLength: 2 * events.length }).map((drawn) => dealOut(events, drawn)),
  }),
);

function dealOut(events: readonly FleetEvent[], drawn: readonly number[]): unknown[][] {
  const hands: unknown[][] = [[], [], []];
  for (const [index, { record: one }] of events.entries()) {
    hands[(drawn[index] ?? 0) % 3]?.push(one);
    if (drawn[events.length + index] === 3) hands[index % 3]?.push(one);
  }
  return hands;
}

function pipelineOn(ledger: MemoryLedger, gate: Gate, sent: Set<string>, clock: { now: number }): Pipeline {
  return {
    ledger: gatedLedger(ledger, gate),
    policy: DEFAULT_POLICY,
    digest: sha256,
    now: () => clock.now,
    log: () => {},
    alerts: { publish: ({ chat }) => gate('publish', async () => void sent.add(JSON.parse(chat).metadata.threadId)) },
  };
}

const ungated: Gate = async (_step, call) => void (await call());

describe('three handlers at the same time', () => {
  it(`end as one: ${RUNS} fleets dealt out among them, in any schedule`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), dealt, async (scheduler, { events, hands }) => {
        const [ledger, alone] = [new MemoryLedger(), new MemoryLedger()];
        const [sent, sentAlone] = [new Set<string>(), new Set<string>()];
        const clock = { now: Date.parse(instant(5_000)) / 1000 };
        const gate: Gate = async (step, call) => {
          await scheduler.schedule(Promise.resolve(), step);
          await call();
        };
        const held: unknown[] = [];
        const pipeline = pipelineOn(ledger, gate, sent, clock);
        const handler = async (hand: readonly unknown[]): Promise<void> => {
          for (const one of hand) {
            await auditEvent(one, pipeline).catch((error: unknown) => {
              if (!(error instanceof AlertHeldError)) throw error;
              held.push(one);
            });
          }
        };
        await scheduler.waitFor(Promise.all(hands.map(handler)));
        clock.now += 60;
        for (const one of held) await auditEvent(one, pipelineOn(ledger, ungated, sent, clock));
        for (const { record: one } of inOrder(events)) await auditEvent(one, pipelineOn(alone, ungated, sentAlone, clock));
        expect(reportOf(await ledger.snapshot(), DEFAULT_POLICY, sha256)).toEqual(reportOf(await alone.snapshot(), DEFAULT_POLICY, sha256));
        expect([...sent]).toEqual(expect.arrayContaining([...sentAlone]));
      }),
      { numRuns: RUNS },
    );
  });
});
