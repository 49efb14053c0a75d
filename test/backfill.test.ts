import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynamoDbLedger } from '../src/aws/dynamodb-ledger.ts';
import { readEnvelope } from '../src/core/envelope.ts';
import { DEFAULT_POLICY } from '../src/core/policy.ts';
import { reportOf } from '../src/core/report.ts';
import { Tally } from '../src/core/tally.ts';
import { MemoryLedger } from '../src/local/memory-ledger.ts';
import { auditEvent, auditReading, type Pipeline } from '../src/pipeline.ts';
import type { Ledger } from '../src/ports.ts';
import { sha256 } from '../src/system.ts';
import { archiveOf, backfillArchive, itemsOf, NOW } from './support/backfill-run.ts';
import { countCapacity } from './support/capacity.ts';
import { deliveriesOf, fleets, inOrder } from './support/fleet.ts';
import { cleanLife } from './support/life.ts';
import { startTestTables, type TestTables } from './support/test-tables.ts';

const RUNS = Number(process.env.KMS_AUDIT_BACKFILL_RUNS ?? 60);
/** What a backfill never leaves: notes of alerts, marks, candidates. */
const ALERT_ITEM = /^A\/| (?:H|T|M#.*)$/;

let tables: TestTables;
beforeAll(async () => {
  tables = await startTestTables();
});
afterAll(async () => tables.stop());

const silent = (ledger: Ledger): Pipeline => ({ ledger, policy: DEFAULT_POLICY, digest: sha256, now: () => NOW, log: () => {} });

async function reported(name: string): Promise<unknown> {
  return reportOf(await new DynamoDbLedger(tables.client, name).snapshot(), DEFAULT_POLICY, sha256);
}

describe('a backfill', () => {
  it(`ends in the ledger of the live pipeline: ${RUNS} fleets, part of each written by live traffic meanwhile, shuffled and repeated`, async () => {
    let findings = 0;
    await fc.assert(
      fc.asyncProperty(
        fleets(3, 3).chain((events) =>
          fc.record({
            events: fc.constant(events),
            deliveries: deliveriesOf(events),
            alerting: fc.boolean(),
            live: fc.infiniteStream(fc.constantFrom('history' as const, 'live' as const, 'both' as const)),
            sources: fc.integer({ min: 1, max: 6 }),
          }),
        ),
        async ({ events, deliveries, alerting, live, sources }) => {
          const roles = deliveries.map((delivery) => ({ delivery, role: live.next().value }));
          const name = await tables.create();
          const ledger = new DynamoDbLedger(tables.client, name);
          const pipeline: Pipeline = { ...silent(ledger), ...(alerting ? { alerts: { publish: async () => {} } } : {}) };
          const history = roles.filter(({ role }) => role !== 'live').map(({ delivery }) => delivery);
          const meanwhile = async (): Promise<void> => {
            for (const { delivery, role } of roles) if (role !== 'history') await auditEvent(delivery, pipeline);
          };
          const [report] = await Promise.all([backfillArchive(archiveOf(history, sources), name, tables.client), meanwhile()]);
          const expected = new MemoryLedger();
          for (const { record } of inOrder(events)) await auditEvent(record, silent(expected));
          expect(await reported(name)).toEqual(reportOf(await expected.snapshot(), DEFAULT_POLICY, sha256));
          const { read, audited, duplicates, outOfScope, rejected } = report.events;
          expect(audited + duplicates + outOfScope + rejected).toBe(read);
          const items = alerting ? {} : await itemsOf(tables.client, name);
          expect(Object.keys(items).filter((key) => ALERT_ITEM.test(key))).toEqual([]);
          expect(Object.values(items).filter(({ ag }) => ag !== undefined)).toEqual([]);
          findings += reportOf(await expected.snapshot(), DEFAULT_POLICY, sha256).findings.length;
        },
      ),
      { numRuns: RUNS, endOnFailure: true },
    );
    expect(findings).toBeGreaterThan(RUNS / 2);
  });

  it('writes the very items of the live pipeline, for every scenario in any order, and accounts for each record', async () => {
    const events = new URL('../events/', import.meta.url).pathname;
    const files = readdirSync(events, { recursive: true, encoding: 'utf8' }).filter((file) => /\/\d[^/]*\.json$/.test(file));
    const envelopes = files.sort().map((file): unknown => JSON.parse(readFileSync(events + file, 'utf8')));
    const [backfilled, live] = [await tables.create(), await tables.create()];
    const pipeline = silent(new DynamoDbLedger(tables.client, live));
    const tally = new Tally();
    for (const reading of envelopes.flatMap((envelope) => readEnvelope(envelope, sha256)))
      tally.add(reading, await auditReading(reading, pipeline));

    const report = await backfillArchive(archiveOf([...envelopes].reverse(), 9), backfilled, tables.client);

    expect(await itemsOf(tables.client, backfilled)).toEqual(await itemsOf(tables.client, live));
    expect(report.events).toEqual(tally.coverage());
    expect(report.covered).toEqual({ sources: 9, before: 0 });
    expect(report.sources.flatMap(({ rejected }) => rejected)).toHaveLength(report.events.rejected);
  });

  it('takes one write unit for each event of a clean life, where the live pipeline takes one and a half', async () => {
    const lives = Array.from({ length: 10 }, (_, index) => cleanLife({ serial: index + 1, volumeId: `vol-0c0ffee0c0ffee0${index}0` }));
    const name = await tables.create();
    const client = tables.anotherClient();
    const capacity = countCapacity(client, tables.client);
    const { writeUnits, written } = await backfillArchive(archiveOf(lives.flat(), 4), name, tables.client, { bounds: {} });
    await backfillArchive(archiveOf(lives[0] ?? [], 1), await tables.create(), client, { bounds: {} });
    console.log(
      `backfill of clean lives: ${(writeUnits / 60).toFixed(2)} write units per event, checkpoint included; calls of one: ${capacity.calls}`,
    );
    expect(written).toEqual({ facts: 50, evidence: 0, grants: 10, resources: 0 });
    // One for the checkpoint, and one for the directory's entry of the cluster.
    expect(writeUnits).toBeLessThanOrEqual(62);
    expect(capacity.calls).toHaveLength(5);
  });

  it('leaves out what would have expired by now, and keeps the grant that is still open', async () => {
    const old = cleanLife({ day: '2025-01-02' }).slice(0, 5);
    const name = await tables.create();
    await backfillArchive({ old }, name, tables.client);
    expect(Object.keys(await itemsOf(tables.client, name))).toEqual([expect.stringMatching(/^G\/.* #$/)]);
    expect(await new DynamoDbLedger(tables.client, name).dependents(String(Object(old[0]?.requestParameters).keyId))).toMatchObject({
      openGrants: 1,
    });
  });

  it('finds nothing in refusals on the deployment’s own keys, nor in the rules of others, as the live pipeline', async () => {
    const [life] = cleanLife();
    const keyArn = String(Object(life?.requestParameters).keyId);
    const refusal = { ...life, errorCode: 'DisabledException', errorMessage: `${keyArn} is disabled.` };
    const rule = {
      ...life,
      errorCode: undefined,
      errorMessage: undefined,
      eventSource: 'events.amazonaws.com',
      eventName: 'DisableRule',
      eventID: 'e1',
      requestParameters: { name: 'audit-it' },
      readOnly: false,
    };
    const archive = { a: [refusal, rule] };
    const [own, other] = [await tables.create(), await tables.create()];
    const asOwn = await backfillArchive(archive, own, tables.client, { ownKeys: new Set([keyArn]), ownRules: 'audit-' });
    const asOther = await backfillArchive(archive, other, tables.client);
    expect(asOwn.events).toMatchObject({ audited: 2, outOfScope: 0 });
    expect(asOther.events).toMatchObject({ audited: 1, outOfScope: 1 });
    expect(asOwn.written.evidence).toBe(1);
    expect(asOther.written.evidence).toBeGreaterThan(1);
  });

  it('reads again what was rejected, and no source that is covered', async () => {
    const archive = { bad: [...cleanLife(), { eventSource: 'kms.amazonaws.com' }], good: cleanLife({ serial: 2 }) };
    const name = await tables.create();
    const first = await backfillArchive(archive, name, tables.client);
    const again = await backfillArchive(archive, name, tables.client);
    expect(first.events).toMatchObject({ read: 13, audited: 12, rejected: 1 });
    expect(again.events).toMatchObject({ read: 7, audited: 6, rejected: 1 });
    expect(again.covered).toEqual({ sources: 2, before: 1 });
    expect(again.sources).toEqual([{ path: 'bad', records: 7, rejected: [{ index: 6, reason: expect.any(String) }] }]);
  });
});
