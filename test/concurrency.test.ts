import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AlertHeldError } from '../src/alerts.ts';
import { DynamoDbLedger } from '../src/aws/dynamodb-ledger.ts';
import { DEFAULT_POLICY } from '../src/core/policy.ts';
import { reportOf } from '../src/core/report.ts';
import { MemoryLedger } from '../src/local/memory-ledger.ts';
import { auditEvent, type Pipeline } from '../src/pipeline.ts';
import type { Ledger } from '../src/ports.ts';
import { sha256 } from '../src/system.ts';
import { type Delivery, deliveriesOf, type FleetEvent, fleets, inOrder, instant } from './support/fleet.ts';
import { startTestTables, type TestTables } from './support/test-tables.ts';

const RUNS = Number(process.env.KMS_AUDIT_DATABASE_RUNS ?? 1_000);
const WRITERS = 8;
const TASKS = 3;

let tables: TestTables;
beforeAll(async () => {
  tables = await startTestTables();
});
afterAll(async () => tables.stop());

interface Run {
  readonly pipeline: Pipeline;
  /** Threads of the alerts that went out. */
  readonly sent: string[];
  /** Moves the clock past every lease. */
  readonly later: () => void;
}

function runOn(ledger: Ledger): Run {
  let now = Date.parse(instant(5_000)) / 1000;
  const sent: string[] = [];
  const pipeline: Pipeline = {
    ledger,
    policy: DEFAULT_POLICY,
    digest: sha256,
    now: () => now,
    log: () => {},
    alerts: { publish: async ({ chat }) => void sent.push(JSON.parse(chat).metadata.threadId) },
  };
  return {
    pipeline,
    sent,
    later: () => {
      now += 20;
    },
  };
}

/** Handlers take deliveries from one queue, all at once; what a live lease held back is delivered again after it. */
async function deliverConcurrently(deliveries: readonly Delivery[], { pipeline, later }: Run): Promise<void> {
  for (let queue = [...deliveries]; queue.length > 0; later()) {
    const held: Delivery[] = [];
    const handler = async (): Promise<void> => {
      for (let delivery = queue.shift(); delivery !== undefined; delivery = queue.shift()) {
        try {
          await auditEvent(delivery, pipeline);
        } catch (error) {
          if (!(error instanceof AlertHeldError)) throw error;
          held.push(delivery);
        }
      }
    };
    await Promise.all(Array.from({ length: WRITERS }, handler));
    queue = held;
  }
}

async function expectedOf(events: readonly FleetEvent[]): Promise<{ report: unknown; threads: Set<string> }> {
  const ledger = new MemoryLedger();
  const { pipeline, sent } = runOn(ledger);
  for (const { record } of inOrder(events)) await auditEvent(record, pipeline);
  return { report: reportOf(await ledger.snapshot(), DEFAULT_POLICY, sha256), threads: new Set(sent) };
}

describe('many handlers on one table', () => {
  it(`end in the ledger of one handler in order: ${RUNS} fleets of up to ${TASKS} tasks, ${WRITERS} writers at once, shuffled and repeated`, async () => {
    let records = 0;
    let alerts = 0;
    await fc.assert(
      fc.asyncProperty(
        fleets(TASKS, 3).chain((events) => fc.record({ events: fc.constant(events), deliveries: deliveriesOf(events) })),
        async ({ events, deliveries }) => {
          const ledger = new DynamoDbLedger(tables.client, await tables.create());
          const run = runOn(ledger);
          await deliverConcurrently(deliveries, run);
          const expected = await expectedOf(events);
          expect(reportOf(await ledger.snapshot(), DEFAULT_POLICY, sha256)).toEqual(expected.report);
          // Which of several occurrences tells a group may differ; that each group is told may not.
          expect([...new Set(run.sent)].sort()).toEqual(expect.arrayContaining([...expected.threads].sort()));
          records += events.length;
          alerts += run.sent.length;
        },
      ),
      { numRuns: RUNS, endOnFailure: true },
    );
    console.log(`${RUNS} fleets, ${records} records, ${alerts} alerts`);
    expect(records).toBeGreaterThan(RUNS);
  }, 600_000);
});
