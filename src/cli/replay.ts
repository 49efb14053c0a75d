import { readEnvelope } from '../core/envelope.ts';
import type { Policy } from '../core/policy.ts';
import type { Reading } from '../core/read-record.ts';
import { type LedgerReport, reportOf } from '../core/report.ts';
import { printable, printableJson } from '../core/text.ts';
import { MemoryLedger } from '../local/memory-ledger.ts';
import { auditReading, type Pipeline } from '../pipeline.ts';
import { clock, sha256 } from '../system.ts';
import { listSources, readSource, type Source } from './input.ts';

/** How many records there were and what became of each: `read` is the sum of the others. */
export interface Coverage {
  readonly read: number;
  readonly audited: number;
  readonly duplicates: number;
  readonly outOfScope: number;
  readonly rejected: number;
}

/** What was found in one source. */
export interface SourceReport {
  readonly path: string;
  readonly records: number;
  readonly rejected: readonly { readonly index: number; readonly reason: string }[];
}

/** The outcome of a replay, as `--json` prints it. */
export interface ReplayReport extends LedgerReport {
  readonly events: Coverage;
  readonly sources: readonly SourceReport[];
}

/** Tells how far a long replay has come: sources read, of how many, and records so far. */
export type Progress = (sources: number, of: number, records: number) => void;

/** Runs every record under the paths through the pipeline in memory, without alerting anybody. */
export async function replay(paths: readonly string[], policy: Policy, progress: Progress = () => {}): Promise<ReplayReport> {
  const ledger = new MemoryLedger();
  const pipeline: Pipeline = { ledger, policy, digest: sha256, now: clock, log: () => {} };
  const tally = new Tally();
  const sources: SourceReport[] = [];
  const files = await listSources(paths);
  for (const path of files) {
    sources.push(await replaySource(await readSource(path), pipeline, tally));
    progress(sources.length, files.length, tally.read);
  }
  const report = reportOf(await ledger.snapshot(), sha256);
  return { events: tally.coverage(), sources: sources.sort((a, b) => (a.path < b.path ? -1 : 1)), ...report };
}

async function replaySource(source: Source, pipeline: Pipeline, tally: Tally): Promise<SourceReport> {
  const rejected: { index: number; reason: string }[] = [];
  let records = 0;
  for (const reading of readingsOf(source, pipeline)) {
    const outcome = await auditReading(reading, pipeline);
    if (reading.kind === 'rejected') rejected.push({ index: records, reason: reading.reason });
    tally.add(reading, outcome);
    records += 1;
  }
  return { path: source.path, records, rejected };
}

function* readingsOf(source: Source, { digest }: Pipeline): Generator<Reading> {
  if (source.unreadable !== undefined) yield { kind: 'rejected', reason: printable(source.unreadable, 300) };
  for (const value of source.values ?? []) {
    if ('unreadable' in value) yield { kind: 'rejected', reason: value.unreadable };
    else yield* readEnvelope(value.value, digest);
  }
}

/** Counts records so that the order in which they came cannot matter: of one event's copies, one counts, the best read. */
class Tally {
  read = 0;
  #rejected = 0;
  #anonymous = 0;
  readonly #byEvent = new Map<string, 'audited' | 'out-of-scope'>();

  add(reading: Reading, outcome: 'audited' | 'out-of-scope' | 'rejected'): void {
    this.read += 1;
    const eventId = reading.kind === 'fact' ? reading.fact.eventId : reading.kind === 'out-of-scope' ? reading.eventId : undefined;
    if (outcome === 'rejected') this.#rejected += 1;
    else if (eventId === undefined) this.#anonymous += 1;
    else if (this.#byEvent.get(eventId) !== 'audited') this.#byEvent.set(eventId, outcome);
  }

  coverage(): Coverage {
    const audited = [...this.#byEvent.values()].filter((outcome) => outcome === 'audited').length;
    const duplicates = this.read - this.#rejected - this.#anonymous - this.#byEvent.size;
    return { read: this.read, audited, duplicates, outOfScope: this.#byEvent.size - audited + this.#anonymous, rejected: this.#rejected };
  }
}

/** The report as JSON that a terminal may show. */
export function replayJson(report: unknown): string {
  return JSON.stringify(report, null, 2).split('\n').map(printableJson).join('\n');
}
