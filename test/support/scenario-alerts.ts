import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as v from 'valibot';
import { judgeAges } from '../../src/ages.ts';
import type { AlertMessage } from '../../src/core/message.ts';
import { DEFAULT_POLICY, type Policy } from '../../src/core/policy.ts';
import { readPolicy } from '../../src/core/read-policy.ts';
import type { RuleId } from '../../src/core/rules/rule-id.ts';
import { toSeconds } from '../../src/core/timestamp.ts';
import { MemoryLedger } from '../../src/local/memory-ledger.ts';
import { auditEvent, type Pipeline } from '../../src/pipeline.ts';
import { settleCandidates } from '../../src/releases.ts';
import { sha256 } from '../../src/system.ts';

const EVENTS = new URL('../../events/', import.meta.url);
const timedSchema = v.object({ time: v.string() });
const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** When an envelope of `events/` was sent, seconds since 1970. */
export const sentAt = (event: unknown): number => toSeconds(v.parse(timedSchema, event).time);

/** The envelopes of a scenario, in order. */
export function eventsOf(scenario: string): unknown[] {
  const folder = new URL(`${scenario}/`, EVENTS);
  return readdirSync(folder)
    .filter((file) => /^\d\d-/.test(file))
    .sort()
    .map((file): unknown => JSON.parse(readFileSync(new URL(file, folder), 'utf8')));
}

/** The policy that a scenario is judged by: its own, or the default. */
export function policyOf(scenario: string): Policy {
  const file = new URL(`${scenario}/policy.json`, EVENTS);
  if (!existsSync(file)) return DEFAULT_POLICY;
  const reading = readPolicy(JSON.parse(readFileSync(file, 'utf8')));
  if ('problems' in reading) throw new Error(`${scenario}: ${reading.problems.join('; ')}`);
  return reading.policy;
}

/** A deployment in memory that keeps the alerts it would send. Its clock follows the events a few seconds behind. */
export class Watch {
  readonly ledger = new MemoryLedger();
  readonly alerts: AlertMessage[] = [];
  readonly pipeline: Pipeline;
  #now = 0;

  constructor(policy: Policy = DEFAULT_POLICY) {
    this.pipeline = {
      ledger: this.ledger,
      policy,
      digest: sha256,
      now: () => this.#now,
      log: () => {},
      alerts: { publish: async (message) => void this.alerts.push(message) },
    };
  }

  /** Handles each event 20 seconds after it was sent, or after the one before. */
  async see(events: readonly unknown[], sent: (event: unknown) => number = sentAt): Promise<void> {
    for (const event of events) {
      this.#now = Math.max(this.#now, sent(event)) + 20;
      await auditEvent(event, this.pipeline);
    }
  }

  /** The sweep comes by: once volumes have stood for long enough, and once grants are too old. */
  async sweep(): Promise<void> {
    this.#now += 16 * MINUTE;
    await settleCandidates(this.pipeline);
    this.#now += (this.pipeline.policy.orphanAfterHours ?? 0) * HOUR;
    await judgeAges(this.pipeline);
  }
}

/** Every alert that a scenario raises under its own policy, the sweep's included; without the alerts of the rule `silent`. */
export async function alertsOf(scenario: string, silent?: RuleId): Promise<readonly AlertMessage[]> {
  const policy = policyOf(scenario);
  const watch = new Watch(silent === undefined ? policy : { ...policy, rules: { ...policy.rules, [silent]: 'silent' } });
  await watch.see(eventsOf(scenario));
  await watch.sweep();
  return watch.alerts;
}
