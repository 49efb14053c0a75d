import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DynamoDbLedger } from '../../src/aws/dynamodb-ledger.ts';
import { findingId } from '../../src/core/finding.ts';
import { DEFAULT_POLICY } from '../../src/core/policy.ts';
import { reportOf } from '../../src/core/report.ts';
import { type EmbeddedStack, MEMORY_MB, startEmbeddedStack } from '../../src/local/embedded-stack.ts';
import type { LambdaFunction } from '../../src/local/lambda-function.ts';
import { sha256 } from '../../src/system.ts';
import { Model } from './model.ts';
import { type Delivery, simulate } from './simulation.ts';

/** What a soak is asked for. */
export interface SoakOptions {
  readonly events: number;
  readonly seed: number;
  /** Execution environments at work at once. */
  readonly handlers: number;
  /** A folder for the table; in memory without. */
  readonly path?: string;
  readonly progress?: (done: number, seconds: number) => void;
}

/** A handler's process after a full garbage collection, bytes. */
export interface Memory {
  readonly events: number;
  readonly rss: number;
  readonly heapUsed: number;
}

/** What came of it. */
export interface Soaked {
  /** Of the events and the sweeps between them. */
  readonly seconds: number;
  readonly memory: readonly Memory[];
  readonly alerts: number;
  readonly findings: number;
  readonly openGrants: number;
  readonly volumes: number;
  /** Events that came back: their handler met another's lease. */
  readonly retried: number;
  readonly differences: readonly string[];
}

const SAMPLES = 20;
const SWEEP_SECONDS = 15 * 60;
/** What the second half of a run may add to a process that has warmed up in the first. */
const GROWTH_BYTES = { heapUsed: 4 * 2 ** 20, rss: 24 * 2 ** 20 };
const SHOWN = 20;
/** A table in a folder is opened anew after so many events. */
const LEG = 50_000;

/** On SIGUSR2 a handler's process collects its garbage and writes down what is left. */
const PROBE = `
import { renameSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');
process.on('SIGUSR2', () => {
  gc();
  const { rss, heapUsed } = process.memoryUsage();
  const file = process.env.SOAK_MEMORY + '/' + process.pid;
  writeFileSync(file + '~', JSON.stringify({ rss, heapUsed }));
  renameSync(file + '~', file);
});`;

/** Sends a fleet's events through the built functions, several at once, and compares the ledger with the model. */
export async function soak({ events, seed, handlers, path, progress = () => {} }: SoakOptions): Promise<Soaked> {
  let now = 0;
  const folder = await mkdtemp(join(tmpdir(), 'kms-audit-soak-'));
  const stack = await startEmbeddedStack({ ...(path && { path }), now: () => now });
  const environment = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(PROBE)}`, SOAK_MEMORY: folder };
  const functions = await Promise.all(Array.from({ length: handlers }, () => stack.another(environment)));
  try {
    const model = new Model();
    const memory: Memory[] = [];
    const queue: Delivery[] = [];
    const deliveries = simulate(seed);
    const began = performance.now();
    let [taken, end, retried, swept] = [0, LEG, 0, 0];
    let sweeping: Promise<unknown> = Promise.resolve();
    const ahead = (): number => now - Math.floor(Date.now() / 1000);
    const next = (): Delivery | undefined => {
      if (taken >= Math.min(events, end)) return undefined;
      taken += 1;
      const { value } = deliveries.next();
      now = Math.max(now, value.arrivesAt);
      if (value.meaning !== undefined) model.hear(value.meaning);
      return value;
    };
    const handler = async (one: LambdaFunction, first: boolean): Promise<void> => {
      for (let delivery = next(); delivery !== undefined; delivery = next()) {
        const done = taken;
        const { processId } = await one.invoke(delivery.event, { ahead: ahead() }).catch(async () => {
          retried += 1;
          return one.invoke(delivery?.event, { ahead: ahead() + 60, retries: 1 }).catch(() => {
            if (delivery !== undefined) queue.push(delivery);
            return { processId: 0 };
          });
        });
        if (now - swept >= SWEEP_SECONDS) {
          swept = now;
          sweeping = sweeping.then(() => stack.sweep(ahead()));
        }
        if (!first) continue;
        progress(taken, (performance.now() - began) / 1000);
        if (processId > 0 && done >= ((memory.length + 1) * events) / SAMPLES)
          memory.push({ events: done, ...(await measure(processId, folder)) });
      }
    };
    for (; taken < events; end += LEG) {
      await Promise.all(functions.map((one, index) => handler(one, index === 0)));
      await sweeping;
      if (path !== undefined) await stack.reopen();
    }
    const seconds = (performance.now() - began) / 1000;
    now += 300;
    if (functions[0] !== undefined) await drain(queue, functions[0], ahead);
    // Whatever must stand for a while before it is told has stood by then.
    for (let hour = 0; hour < 2; hour += 1) {
      now += 3_600;
      await stack.sweep(ahead());
    }
    const { counts, differences } = await compare(stack, model);
    return { seconds, memory, retried, ...counts, differences: [...differences, ...growthOf(memory), ...excessOf(memory)] };
  } finally {
    for (const one of functions) await one.stop();
    await stack.stop();
    await rm(folder, { recursive: true });
  }
}

/** The queue of failed events brings them back in batches, until all of them are handled. */
async function drain(queue: Delivery[], one: LambdaFunction, ahead: () => number): Promise<void> {
  for (let turn = 0; queue.length > 0; turn += 1) {
    if (turn > 1_000) throw new Error(`${queue.length} events fail again and again`);
    const batch = queue.splice(0, 10);
    const Records = batch.map(({ event }, index) => ({
      messageId: String(index),
      eventSource: 'aws:sqs',
      body: JSON.stringify({ requestContext: { condition: 'RetriesExhausted' }, requestPayload: event }),
    }));
    const { response } = await one.invoke({ Records }, { ahead: ahead() + turn * 60 });
    const failed: unknown = Reflect.get(Object(response), 'batchItemFailures');
    if (Array.isArray(failed))
      for (const { itemIdentifier } of failed) queue.push(...batch.slice(Number(itemIdentifier), Number(itemIdentifier) + 1));
  }
}

async function measure(processId: number, folder: string): Promise<{ rss: number; heapUsed: number }> {
  const file = join(folder, String(processId));
  await rm(file, { force: true });
  process.kill(processId, 'SIGUSR2');
  for (;;) {
    await wait(5);
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) return JSON.parse(text);
  }
}

function excessOf(memory: readonly Memory[]): string[] {
  const most = Math.max(...memory.map(({ rss }) => rss));
  const given = MEMORY_MB.audit * 2 ** 20;
  return most <= given ? [] : [`a handler has ${most} bytes, its function ${given}`];
}

function growthOf(memory: readonly Memory[]): string[] {
  const part = (from: number, to: number): readonly Memory[] =>
    memory.slice(Math.floor(memory.length * from), Math.ceil(memory.length * to));
  return (['heapUsed', 'rss'] as const).flatMap((what) => {
    const middle = (some: readonly Memory[]): number =>
      some.map((one) => one[what]).sort((a, b) => a - b)[Math.floor(some.length / 2)] ?? 0;
    const grown = middle(part(0.75, 1)) - middle(part(0.25, 0.5));
    return grown <= GROWTH_BYTES[what] ? [] : [`${what} has grown by ${grown} bytes`];
  });
}

interface Compared {
  readonly counts: Pick<Soaked, 'alerts' | 'findings' | 'openGrants' | 'volumes'>;
  readonly differences: readonly string[];
}

async function compare(stack: EmbeddedStack, model: Model): Promise<Compared> {
  const ledger = new DynamoDbLedger(stack.client, stack.tableName);
  const open: string[] = [];
  for await (const { keyArn, grantId } of ledger.openGrants()) open.push(`${keyArn} ${grantId}`);
  const report = reportOf(await ledger.snapshot(), DEFAULT_POLICY, sha256);
  const found = report.findings.map(
    ({ id, rule, count, firstSeen, lastSeen }) => [id, `${rule} ${count} ${firstSeen} ${lastSeen}`] as const,
  );
  const should = model
    .findings()
    .map(
      ({ rule, subject, count, firstSeen, lastSeen }) =>
        [findingId(rule, subject, sha256), `${rule} ${count} ${firstSeen} ${lastSeen}`] as const,
    );
  const volumes = report.volumes.map(({ volumeId, clusterAccount, clusterName, keyArn, status, grants, decrypts }) => {
    const told = grants.map((grant) => `${grant.grantId} ${grant.createdAt ?? ''} ${grant.status} ${grant.endedAt ?? ''}`).sort();
    return [`${volumeId} ${clusterAccount} ${clusterName} ${keyArn}`, JSON.stringify([status, told, decrypts])] as const;
  });
  const ofModel = model.volumes().map(({ id, status, grants, decrypts }) => [id, JSON.stringify([status, grants, decrypts])] as const);
  const told = new Set(
    stack.published.filter(({ subject }) => !subject?.startsWith('Over: ')).map(({ attributes }) => threadOf(attributes)),
  );
  const due = new Set(
    model
      .findings()
      // Told with the refusal that blocks it.
      .filter(({ rule }) => rule !== 'launch-blocked')
      .map(({ rule, subject }) => threadOf({ rule, ...subject })),
  );
  const named = (all: Iterable<string>): (readonly [string, string])[] => [...all].map((one) => [one, '']);
  return {
    counts: { alerts: stack.published.length, findings: report.findings.length, openGrants: open.length, volumes: report.volumes.length },
    differences: [
      ...differing('open grant', named(model.openGrants()), named(open)),
      ...differing('finding', should, found),
      ...differing('volume', ofModel, volumes),
      ...differing('alert', named(due), named(told)),
    ],
  };
}

const threadOf = ({ rule, keyArn, clusterName }: Readonly<Record<string, string | undefined>>): string =>
  `${rule} ${rule === 'use-after-release' ? clusterName : keyArn}`;

function differing(what: string, should: readonly (readonly [string, string])[], is: readonly (readonly [string, string])[]): string[] {
  const [expected, found] = [new Map(should), new Map(is)];
  const wrong = [...new Set([...expected.keys(), ...found.keys()])]
    .filter((id) => expected.get(id) !== found.get(id))
    .map((id) => `${what} ${id}: ${found.get(id) ?? 'missing'} instead of ${expected.get(id) ?? 'none'}`);
  return wrong.length <= SHOWN ? wrong : [...wrong.slice(0, SHOWN), `and ${wrong.length - SHOWN} more of this kind: ${what}`];
}
