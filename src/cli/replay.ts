import type { SourceReport } from '../backfill.ts';
import type { Policy } from '../core/policy.ts';
import type { Rejection } from '../core/reading.ts';
import { type LedgerReport, reportOf } from '../core/report.ts';
import { type Coverage, Tally } from '../core/tally.ts';
import { printableJson } from '../core/text.ts';
import { MemoryLedger } from '../local/memory-ledger.ts';
import { auditReading, type Pipeline } from '../pipeline.ts';
import type { Ledger } from '../ports.ts';
import { clock, sha256 } from '../system.ts';
import { listSources } from './input.ts';
import { readPlaces } from './read-places.ts';
import { limitsIn, type ReadingOptions } from './reading-options.ts';
import type { Progress } from './terminal.ts';

/** The outcome of a replay, as `--json` prints it. */
export interface ReplayReport extends LedgerReport {
  readonly events: Coverage;
  readonly sources: readonly SourceReport[];
}

/** Runs every record under the paths through the pipeline in memory, without alerting anybody. */
export async function replay(
  paths: readonly string[],
  policy: Policy,
  progress: Progress = () => {},
  options: ReadingOptions = {},
): Promise<ReplayReport> {
  const ledger = new MemoryLedger();
  const coverage = await replayInto(ledger, paths, policy, progress, options);
  return { ...coverage, ...reportOf(await ledger.snapshot(), policy, sha256) };
}

/** Runs every record under the paths into the ledger, without alerting anybody; what became of them. */
export async function replayInto(
  ledger: Ledger,
  paths: readonly string[],
  policy: Policy,
  progress: Progress,
  options: ReadingOptions = {},
): Promise<Pick<ReplayReport, 'events' | 'sources'>> {
  const pipeline: Pipeline = { ledger, policy, digest: sha256, now: clock, log: () => {} };
  const tally = new Tally();
  const sources: SourceReport[] = [];
  const open = new Map<string, Open>();
  const places = await listSources(paths, options);
  for await (const { path, last, records, outOfScope, readings, rejected } of readPlaces(places, limitsIn(options))) {
    for (const reading of readings) tally.add(reading, await auditReading(reading, pipeline));
    tally.addCounted({ outOfScope, rejected: rejected.length });
    const source = open.get(path) ?? { path, records: 0, rejected: [] };
    open.set(path, source);
    source.records += records;
    source.rejected.push(...rejected);
    if (!last) continue;
    open.delete(path);
    sources.push(source);
    progress(sources.length, places.length, tally.read);
  }
  return { events: tally.coverage(), sources: sources.sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

/** A source that is being read. */
interface Open {
  readonly path: string;
  records: number;
  readonly rejected: Rejection[];
}

/** The report as JSON that a terminal may show. */
export function replayJson(report: unknown): string {
  return JSON.stringify(report, null, 2).split('\n').map(printableJson).join('\n');
}
