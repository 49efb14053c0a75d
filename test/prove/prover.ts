import { isDeepStrictEqual } from 'node:util';
import type { Item } from '../../src/aws/item-codec.ts';
import { snapshotOf } from '../../src/aws/snapshot-reader.ts';
import type { Policy } from '../../src/core/policy.ts';
import { reportOf } from '../../src/core/report.ts';
import { sha256 } from '../../src/system.ts';
import type { Delivered, Deployment, Items, Told, Work } from './deployment.ts';
import { FAULTS, type Fault } from './wire.ts';

/**
 * Who makes up for a fault. `client`: the AWS client's own next attempt. `retry`: every attempt of the client fails, and
 * Lambda delivers the whole event again. `queue`: all of Lambda's deliveries fail, and so does the first from the queue of
 * failed events, which then brings it after everything else.
 */
export const RECOVERIES = ['client', 'retry', 'queue'] as const;
/** One of {@link RECOVERIES}. */
export type Recovery = (typeof RECOVERIES)[number];

/** What is delivered in turn, under one policy. */
export interface Scenario {
  readonly name: string;
  readonly policy: Policy;
  readonly steps: readonly Work[];
}

/** One call of one step of a scenario, what befalls it, and who makes up for it. */
export interface Case {
  readonly step: number;
  readonly call: string;
  readonly fault: Fault;
  readonly recovery: Recovery;
}

/** What a case came to. */
export interface Verdict {
  readonly case: Case;
  /** What differs from the run without the fault; none where all is well. */
  readonly differences: readonly string[];
  readonly lostAlerts: number;
  /** Messages beyond those of the run without the fault, each of them sent where a handler died or lost a reply before it was noted. */
  readonly doubleAlerts: number;
}

interface Ending {
  readonly items: Items;
  readonly index: Items;
  readonly told: Told;
}

interface Baseline extends Ending {
  /** Before and after every step. */
  readonly states: readonly Items[];
  readonly tellings: readonly Told[];
  readonly calls: readonly (readonly string[])[];
}

const START = Date.parse('2026-11-20T00:00:00Z') / 1000;
/** From step to step; every retry of a step comes before the next. */
const STEP_SECONDS = 600;
/** A volume stands for this long before the sweep tells of it, and a canary flies as often. */
const SWEEP_SECONDS = 3_600;
/** When Lambda delivers an asynchronous event, seconds after the first time. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html */
const DELIVERIES = [0, 60, 180] as const;

/** Every case that there is: each fault of each call, made up for in each way there is; a killed process has no client left. */
function casesOf(calls: readonly (readonly string[])[]): Case[] {
  return calls.flatMap((ofStep, step) =>
    ofStep.flatMap((call) =>
      FAULTS.flatMap((fault) =>
        RECOVERIES.filter((recovery) => recovery !== 'client' || !fault.startsWith('killed')).map((recovery) => ({
          step,
          call,
          fault,
          recovery,
        })),
      ),
    ),
  );
}

/** Tries the cases of one scenario on one deployment. */
export class Prover {
  readonly #on: Deployment;
  readonly #scenario: Scenario;
  readonly #baseline: Baseline;
  /** By the step that comes last, from the queue. */
  readonly #requeued = new Map<number, Ending>();

  private constructor(on: Deployment, scenario: Scenario, baseline: Baseline) {
    this.#on = on;
    this.#scenario = scenario;
    this.#baseline = baseline;
  }

  /** Runs the scenario undisturbed, noting every call. */
  static async of(scenario: Scenario, on: Deployment): Promise<Prover> {
    await on.restore(new Map());
    const states: Items[] = [new Map()];
    const tellings: Told[] = [];
    const calls: (readonly string[])[] = [];
    for (const [step, work] of scenario.steps.entries()) {
      const { failed, calls: made } = await on.deliver(work, scenario.policy, instantOf(scenario, step));
      if (failed) throw new Error(`${scenario.name}: step ${step} fails without a fault`);
      states.push(await on.items());
      tellings.push(on.told());
      calls.push(made);
    }
    const items = states.at(-1) ?? new Map();
    return new Prover(on, scenario, { states, tellings, calls, items, index: await on.index(), told: joined(tellings) });
  }

  /** How many calls the scenario makes undisturbed. */
  get calls(): number {
    return this.#baseline.calls.reduce((sum, ofStep) => sum + ofStep.length, 0);
  }

  /** How many cases that makes: each call struck by each fault, made up for in each way; a killed process has no client left. */
  get due(): number {
    const killing = FAULTS.filter((fault) => fault.startsWith('killed')).length;
    return this.calls * (FAULTS.length * RECOVERIES.length - killing);
  }

  /** Every case of the scenario. */
  get cases(): Case[] {
    return casesOf(this.#baseline.calls);
  }

  /** Runs one case to its end and compares. */
  async prove(one: Case): Promise<Verdict> {
    const { step, call, fault, recovery } = one;
    const { policy, steps } = this.#scenario;
    const work = steps[step];
    const before = this.#baseline.states[step];
    if (work === undefined || before === undefined) throw new RangeError(`no step ${step}`);
    await this.#on.restore(before);
    const at = instantOf(this.#scenario, step);
    const strike = { call, fault, always: recovery !== 'client' };
    const runs: Delivered[] = [];
    const deliver = async (what: Work, now: number, struck: boolean): Promise<boolean> => {
      const run = await this.#on.deliver(what, policy, now, struck ? strike : undefined);
      runs.push(run);
      return !run.failed;
    };
    let done = false;
    for (const [attempt, after] of DELIVERIES.entries()) {
      done = await deliver(work, at + after, attempt === 0 || recovery === 'queue');
      if (done) break;
    }
    const wrong: string[] = [];
    if ((runs[0]?.struck ?? 0) === 0) wrong.push('the fault struck nothing');
    if (!done && recovery !== 'queue') wrong.push('two retries did not make up for it');
    const told = [this.#on.told()];
    if (done && isDeepStrictEqual(await this.#on.items(), this.#baseline.states[step + 1])) {
      // The table is the same, item for item: so is all that follows.
      const expected = [this.#baseline.tellings[step] ?? NOTHING];
      return verdict(one, [...wrong, ...compareTold(expected, joined(told), runs)], expected, told);
    }
    for (const [later, next] of steps.entries())
      if (later > step && 'event' in next)
        wrong.push(...((await deliver(next, instantOf(this.#scenario, later), false)) ? [] : [`step ${later} failed`]));
    if (!done && 'event' in work) {
      await deliver(queued(work.event), instantOfQueue(this.#scenario), true);
      await deliver(queued(work.event), instantOfQueue(this.#scenario) + 60, false);
    }
    for (const [later, next] of steps.entries())
      if ((later > step || (!done && later === step)) && 'sweep' in next)
        wrong.push(
          ...((await deliver(next, instantOf(this.#scenario, later) + (later === step ? 900 : 0), false)) ? [] : [`step ${later} failed`]),
        );
    told.push(this.#on.told());
    // A delivery that failed may have told already what it told in its turn, or nothing before the queue brought it.
    const expected = done || 'sweep' in work ? [this.#baseline] : [this.#baseline, await this.#undisturbed(step, work.event)];
    const since = this.#baseline.tellings.slice(0, step);
    const all = [...since, ...told];
    const ended = { items: await this.#on.items(), index: await this.#on.index(), told: joined(all) };
    const tellings = expected.map((ending) => ending.told);
    const ledgers = await Promise.all(expected.map((ending) => compareLedgers(ending, ended, policy)));
    return verdict(one, [...wrong, ...ledgers.flat(), ...compareTold(tellings, ended.told, runs)], tellings, all);
  }

  /** The run without a fault in which one event comes from the queue, after all others. */
  async #undisturbed(step: number, event: unknown): Promise<Ending> {
    const known = this.#requeued.get(step);
    if (known !== undefined) return known;
    const on = this.#on;
    const items = await on.items();
    await on.restore(this.#baseline.states[step] ?? new Map());
    const { policy, steps } = this.#scenario;
    const run = async (work: Work, now: number): Promise<void> => void (await on.deliver(work, policy, now));
    for (const [later, next] of steps.entries()) if (later > step && 'event' in next) await run(next, instantOf(this.#scenario, later));
    await run(queued(event), instantOfQueue(this.#scenario));
    for (const [later, next] of steps.entries()) if (later > step && 'sweep' in next) await run(next, instantOf(this.#scenario, later));
    const ending = {
      items: await on.items(),
      index: await on.index(),
      told: joined([...this.#baseline.tellings.slice(0, step), on.told()]),
    };
    this.#requeued.set(step, ending);
    await on.restore(items);
    return ending;
  }
}

const NOTHING: Told = { messages: [], metrics: new Map() };

/** When a step is delivered first, seconds since 1970; sweeps come an hour after what went before. */
function instantOf({ steps }: Scenario, step: number): number {
  return steps.slice(0, step + 1).reduce((now, work) => now + ('sweep' in work ? SWEEP_SECONDS : STEP_SECONDS), START);
}

/** When the queue brings an event: after all others, before the sweeps that follow them. */
function instantOfQueue(scenario: Scenario): number {
  const last = scenario.steps.reduce((latest, work, step) => ('event' in work ? step : latest), 0);
  return instantOf(scenario, last) + 300;
}

/** An event as the queue of failed ones has it. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
const queued = (event: unknown): Work => ({
  event: {
    Records: [
      {
        messageId: 'failed-1',
        eventSource: 'aws:sqs',
        body: JSON.stringify({ version: '1.0', requestContext: { condition: 'RetriesExhausted' }, requestPayload: event }),
      },
    ],
  },
});

function joined(all: readonly Told[]): Told {
  const metrics = new Map<string, number>();
  for (const told of all) for (const [id, count] of told.metrics) metrics.set(id, (metrics.get(id) ?? 0) + count);
  return { messages: all.flatMap(({ messages }) => messages), metrics };
}

function countsOf({ messages }: Told): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { thread } of messages) counts.set(thread, (counts.get(thread) ?? 0) + 1);
  return counts;
}

function verdict(one: Case, differences: readonly string[], allowed: readonly Told[], told: readonly Told[]): Verdict {
  const [ways, counts] = [allowed.map(countsOf), countsOf(joined(told))];
  return {
    case: one,
    differences,
    lostAlerts: inAll(ways).filter((thread) => !counts.has(thread)).length,
    doubleAlerts: extraIn(counts, ways),
  };
}

/** What every one of the ways has. */
const inAll = (ways: readonly ReadonlyMap<string, number>[]): string[] =>
  [...(ways[0]?.keys() ?? [])].filter((id) => ways.every((way) => way.has(id)));

const most = (ways: readonly ReadonlyMap<string, number>[], id: string): number => Math.max(...ways.map((way) => way.get(id) ?? 0));
const fewest = (ways: readonly ReadonlyMap<string, number>[], id: string): number => Math.min(...ways.map((way) => way.get(id) ?? 0));

const extraIn = (counts: ReadonlyMap<string, number>, ways: readonly ReadonlyMap<string, number>[]): number =>
  [...counts].reduce((sum, [thread, count]) => sum + Math.max(0, count - most(ways, thread)), 0);

/**
 * Each thread told that is told in every way it may go, to the last word of one of them; more often only where a message
 * could not be noted. Each metric counted, none that is not due.
 */
function compareTold(allowed: readonly Told[], told: Told, runs: readonly Delivered[]): string[] {
  const [ways, counts] = [allowed.map(countsOf), countsOf(told)];
  const last = ({ messages }: Told, thread: string): string | undefined => messages.findLast((message) => message.thread === thread)?.kind;
  const mayRepeat = runs.reduce((sum, { unnoted }) => sum + unnoted, 0);
  const wrong: string[] = [];
  for (const thread of inAll(ways)) {
    const found = counts.get(thread) ?? 0;
    if (found < fewest(ways, thread)) wrong.push(`${thread} was told ${found} times, not ${fewest(ways, thread)}`);
  }
  for (const thread of counts.keys()) {
    const is = last(told, thread);
    if (!allowed.some((way) => last(way, thread) === is)) wrong.push(`the last word in ${thread} is "${is}"`);
  }
  const extra = extraIn(counts, ways);
  if (extra > mayRepeat) wrong.push(`${extra} messages too many; ${mayRepeat} could not be noted`);
  const metrics = allowed.map((way) => way.metrics);
  for (const id of inAll(metrics))
    if ((told.metrics.get(id) ?? -1) < fewest(metrics, id))
      wrong.push(`${id} was counted ${told.metrics.get(id)}, not ${fewest(metrics, id)}`);
  for (const id of told.metrics.keys()) if (!metrics.some((way) => way.has(id))) wrong.push(`${id} was counted without cause`);
  return wrong;
}

/** Facts, grants, evidence and the index item for item; the findings they make; and that no candidate waits. */
async function compareLedgers(expected: Ending, ended: Ending, policy: Policy): Promise<string[]> {
  const wrong = [...compareItems('item', expected.items, ended.items), ...compareItems('index entry', expected.index, ended.index)];
  const [should, is] = [await reported(expected.items, policy), await reported(ended.items, policy)];
  if (!isDeepStrictEqual(is, should)) wrong.push('the report differs');
  return wrong;
}

function compareItems(what: string, expected: Items, found: Items): string[] {
  const wrong: string[] = [];
  for (const id of new Set([...expected.keys(), ...found.keys()])) {
    // What is noted of alerts and of the canary is an effect, compared by what was told.
    if (/^(?:A\/|canary )/.test(id) || (/^F\//.test(id) && !/ E#/.test(id))) continue;
    if (!isDeepStrictEqual(toldApart(expected.get(id)), toldApart(found.get(id))))
      wrong.push(`${what} ${id}: ${JSON.stringify(found.get(id))} instead of ${JSON.stringify(expected.get(id))}`);
  }
  return wrong;
}

/** Without the alerts that tell of a grant. */
function toldApart(item: Item | undefined): Item | undefined {
  if (item?.ag === undefined) return item;
  const { ag: _told, ...rest } = item;
  return rest;
}

async function reported(items: Items, policy: Policy): Promise<unknown> {
  return reportOf(await snapshotOf(each(items.values())), policy, sha256);
}

async function* each(items: Iterable<Item>): AsyncGenerator<Item> {
  yield* items;
}
