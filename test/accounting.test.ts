import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { replay } from '../src/cli/replay.ts';
import { DEFAULT_POLICY } from '../src/core/policy.ts';
import { type FleetEvent, fleets } from './support/fleet.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kms-audit-'));
});
afterAll(async () => rm(folder, { recursive: true }));

const isKms = ({ record }: FleetEvent): boolean => JSON.stringify(record).includes('"eventSource":"kms.amazonaws.com"');

/** What must become of these records, some of them several times, by what each was made to be. */
function expectedCoverage(events: readonly FleetEvent[]): object {
  const seen = new Set<string>();
  const coverage = { read: events.length, audited: 0, duplicates: 0, outOfScope: 0, rejected: 0 };
  for (const event of events) {
    const { is } = event.meaning;
    if (is === 'rejected') coverage.rejected += 1;
    else if (is === 'out-of-scope' && !isKms(event)) coverage.outOfScope += 1;
    else if (seen.has(event.eventId)) coverage.duplicates += 1;
    else if (is === 'out-of-scope') coverage.outOfScope += 1;
    else coverage.audited += 1;
    seen.add(event.eventId);
  }
  return coverage;
}

describe('every record is accounted for', () => {
  it('whatever came in, how often and in which files: read = audited + duplicates + out of scope + rejected', async () => {
    const histories: fc.Arbitrary<FleetEvent[]> = fleets(2, 6).chain((events) =>
      events.length === 0
        ? fc.constant<FleetEvent[]>([])
        : fc.tuple(fc.constant(events), fc.array(fc.constantFrom(...events), { maxLength: 6 })).map(([once, again]) => [...once, ...again]),
    );
    await fc.assert(
      fc.asyncProperty(histories, fc.nat(20), fc.boolean(), async (events, cut, asLines) => {
        const records = events.map(({ record }) => record);
        const [first, second] = [records.slice(0, cut), records.slice(cut)];
        const paths = [join(folder, 'a'), join(folder, 'b')];
        await writeFile(paths[0] ?? '', JSON.stringify({ Records: first }));
        await writeFile(
          paths[1] ?? '',
          asLines && second.length > 1 ? second.map((one) => JSON.stringify(one)).join('\n') : JSON.stringify(second),
        );
        const { events: coverage, sources } = await replay(paths, DEFAULT_POLICY);
        expect(coverage).toEqual(expectedCoverage(events));
        expect(coverage.read).toBe(coverage.audited + coverage.duplicates + coverage.outOfScope + coverage.rejected);
        expect(sources.map((source) => source.records)).toEqual([first.length, second.length]);
        expect(sources.flatMap(({ rejected }) => rejected)).toHaveLength(coverage.rejected);
      }),
      { numRuns: Math.ceil(Number(process.env.KMS_AUDIT_RUNS ?? 10_000) / 10) },
    );
  }, 120_000);
});
