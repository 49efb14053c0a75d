import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICY, type Policy } from '../src/core/policy.ts';
import { readPolicy } from '../src/core/read-policy.ts';
import { reportOf } from '../src/core/report.ts';
import { MemoryLedger } from '../src/local/memory-ledger.ts';
import { auditEvent, type Pipeline } from '../src/pipeline.ts';
import { settleCandidates } from '../src/releases.ts';
import { sha256 } from '../src/system.ts';

const EVENTS = new URL('../events/', import.meta.url).pathname;
const scenarios = readdirSync(EVENTS).sort();

const eventsOf = (scenario: string): unknown[] =>
  readdirSync(EVENTS + scenario)
    .filter((name) => /^\d/.test(name))
    .sort()
    .map((name) => JSON.parse(readFileSync(`${EVENTS}${scenario}/${name}`, 'utf8')));

/** The policy that judges a scenario: its own, where it has one. */
function policyOf(scenario: string): Policy {
  const path = `${EVENTS}${scenario}/policy.json`;
  if (!existsSync(path)) return DEFAULT_POLICY;
  const reading = readPolicy(JSON.parse(readFileSync(path, 'utf8')));
  if ('problems' in reading) throw new Error(`${path}: ${reading.problems.join('; ')}`);
  return reading.policy;
}

/** Their revocation is delivered before the earlier retirement that excuses it. */
const TOLD_THEN_WITHDRAWN = new Set(['revoke-after-retire']);

/** Which call fails, and whether it took effect before its reply was lost. */
interface Fault {
  readonly call: number;
  readonly effect: 'before' | 'after';
}

class InfrastructureFault extends Error {}

interface Outcome {
  readonly report: unknown;
  /** How often each thread was told. */
  readonly alerts: Map<string, number>;
  readonly metrics: Set<string>;
  readonly calls: number;
}

/** Sends the events in, failing one call; a failed event comes back a minute later, as Lambda's queue has it. */
async function run(events: readonly unknown[], policy: Policy, fault?: Fault): Promise<Outcome> {
  let calls = 0;
  let now = Date.parse('2026-11-20T00:00:00Z') / 1000;
  const failing = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (whole, name) => {
        const method: unknown = Reflect.get(whole, name);
        if (typeof method !== 'function') return method;
        return async (...args: unknown[]) => {
          const faulty = calls === fault?.call;
          calls += 1;
          if (faulty && fault?.effect === 'before') throw new InfrastructureFault(String(name));
          const result: unknown = await method.apply(whole, args);
          if (faulty) throw new InfrastructureFault(String(name));
          return result;
        };
      },
    });
  const ledger = new MemoryLedger();
  const alerts = new Map<string, number>();
  const metrics = new Set<string>();
  const pipeline: Pipeline = {
    ledger: failing(ledger),
    policy,
    digest: sha256,
    now: () => now,
    log: () => {},
    alerts: failing({
      publish: async ({ chat }: { readonly chat: string }) => {
        const { threadId } = JSON.parse(chat).metadata;
        alerts.set(threadId, (alerts.get(threadId) ?? 0) + 1);
      },
    }),
    metrics: failing({ put: async (counts: readonly { readonly name: string }[]) => counts.forEach(({ name }) => void metrics.add(name)) }),
  };
  const untilDone = async (work: () => Promise<unknown>): Promise<void> => {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      try {
        await work();
        return;
      } catch (error) {
        if (!(error instanceof InfrastructureFault)) throw error;
        now += 60;
      }
    }
    throw new Error('one fault was not survived by two retries');
  };
  for (const event of events) await untilDone(() => auditEvent(event, pipeline));
  now += 3_600;
  await untilDone(() => settleCandidates(pipeline));
  return { report: reportOf(await ledger.snapshot(), policy, sha256), alerts, metrics, calls };
}

describe('one failing call, before or after its effect, then redelivery', () => {
  it.each(scenarios)('%s ends as if nothing had happened', async (scenario) => {
    const events = eventsOf(scenario);
    const policy = policyOf(scenario);
    const undisturbed = await run(events, policy);
    const expected = JSON.parse(readFileSync(`${EVENTS}${scenario}/expected.json`, 'utf8'));
    const holds = expected.findings.length > 0 || TOLD_THEN_WITHDRAWN.has(scenario);
    expect(undisturbed.alerts.size > 0, 'somebody is told exactly when there is something to tell').toBe(holds);
    expect(undisturbed.metrics.has('Findings')).toBe(holds);
    for (let call = 0; call < undisturbed.calls; call += 1) {
      for (const effect of ['before', 'after'] as const) {
        const disturbed = await run(events, policy, { call, effect });
        const where = `call ${call} ${effect} its effect`;
        expect(disturbed.report, where).toEqual(undisturbed.report);
        expect(disturbed.metrics, where).toEqual(undisturbed.metrics);
        expect([...disturbed.alerts.keys()].sort(), where).toEqual([...undisturbed.alerts.keys()].sort());
        for (const [thread, times] of disturbed.alerts) {
          expect(times, `${where}, ${thread}`).toBeGreaterThanOrEqual(1);
          expect(times, `${where}, ${thread}`).toBeLessThanOrEqual((undisturbed.alerts.get(thread) ?? 0) + 1);
        }
      }
    }
    expect(events.length).toBeGreaterThan(0);
  });
});
