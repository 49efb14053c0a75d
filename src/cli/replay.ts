import { readEnvelope } from '../core/envelope.ts';
import { isOfKms } from '../core/fact.ts';
import type { Policy } from '../core/policy.ts';
import type { Reading } from '../core/reading.ts';
import { type LedgerReport, reportOf } from '../core/report.ts';
import { printable, printableJson } from '../core/text.ts';
import { MemoryLedger } from '../local/memory-ledger.ts';
import { auditReading, type Pipeline } from '../pipeline.ts';
import type { Ledger } from '../ports.ts';
import { clock, sha256 } from '../system.ts';
import { listSources, readSource, type Source } from './input.ts';
import type { Progress } from './terminal.ts';

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

/** Runs every record under the paths through the pipeline in memory, without alerting anybody. */
export async function replay(paths: readonly string[], policy: Policy, progress: Progress = () => {}): Promise<ReplayReport> {
  const ledger = new MemoryLedger();
  const coverage = await replayInto(ledger, paths, policy, progress);
  return { ...coverage, ...reportOf(await ledger.snapshot(), policy, sha256) };
}

/** Runs every record under the paths into the ledger, without alerting anybody; what became of them. */
export async function replayInto(
  ledger: Ledger,
  paths: readonly string[],
  policy: Policy,
  progress: Progress,
): Promise<Pick<ReplayReport, 'events' | 'sources'>> {
  const pipeline: Pipeline = { ledger, policy, digest: sha256, now: clock, log: () => {} };
  const tally = new Tally();
  const sources: SourceReport[] = [];
  const files = await listSources(paths);
  for (const path of files) {
    sources.push(await replaySource(await readSource(path), pipeline, tally));
    progress(sources.length, files.length, tally.read);
  }
  return { events: tally.coverage(), sources: sources.sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

async function replaySource(source: Source, pipeline: Pipeline, tally: Tally): Promise<SourceReport> {
  const rejected: { index: number; reason: string }[] = [];
  let records = 0;
  for (const reading of readingsOf(source)) {
    const outcome = await auditReading(reading, pipeline);
    if (reading.kind === 'rejected') rejected.push({ index: records, reason: reading.reason });
    tally.add(reading, outcome);
    records += 1;
  }
  return { path: source.path, records, rejected };
}

/** What each record of a source is read as; of a source that cannot be read, one rejection. */
export function* readingsOf(source: Source): Generator<Reading> {
  if (source.unreadable !== undefined) yield { kind: 'rejected', reason: printable(source.unreadable, 300) };
  for (const value of source.values ?? []) {
    if ('unreadable' in value) yield { kind: 'rejected', reason: value.unreadable };
    else yield* readEnvelope(value.value, sha256);
  }
}

/** Counts records so that the order in which they came cannot matter: of one event's copies, one counts, the best read. */
class Tally {
  read = 0;
  #rejected = 0;
  /** Records whose repetitions are not counted: other services', and what is no KMS record at all. */
  readonly #untracked = { audited: 0, 'out-of-scope': 0 };
  readonly #byEvent = new Map<string, 'audited' | 'out-of-scope'>();

  add(reading: Reading, outcome: 'audited' | 'out-of-scope' | 'rejected'): void {
    this.read += 1;
    const eventId = trackedId(reading);
    if (outcome === 'rejected') this.#rejected += 1;
    else if (eventId === undefined) this.#untracked[outcome] += 1;
    else if (this.#byEvent.get(eventId) !== 'audited') this.#byEvent.set(eventId, outcome);
  }

  coverage(): Coverage {
    const tracked = [...this.#byEvent.values()].filter((outcome) => outcome === 'audited').length;
    const audited = tracked + this.#untracked.audited;
    const outOfScope = this.#byEvent.size - tracked + this.#untracked['out-of-scope'];
    return {
      read: this.read,
      audited,
      duplicates: this.read - this.#rejected - audited - outOfScope,
      outOfScope,
      rejected: this.#rejected,
    };
  }
}

function trackedId(reading: Reading): string | undefined {
  if (reading.kind === 'fact') return isOfKms(reading.fact) ? reading.fact.eventId : undefined;
  return reading.kind === 'out-of-scope' ? reading.eventId : undefined;
}

/** The report as JSON that a terminal may show. */
export function replayJson(report: unknown): string {
  return JSON.stringify(report, null, 2).split('\n').map(printableJson).join('\n');
}
