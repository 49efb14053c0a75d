import type { SourceReport } from '../backfill.ts';
import { CompactLedger } from '../core/compact-ledger.ts';
import type { Policy } from '../core/policy.ts';
import type { Read, Rejection } from '../core/reading.ts';
import type { LedgerReport, VolumeReport } from '../core/report.ts';
import { type Coverage, Tally } from '../core/tally.ts';
import { printableJson } from '../core/text.ts';
import { type Audited, auditReading, type Pipeline } from '../pipeline.ts';
import type { Ledger } from '../ports.ts';
import { clock, sha256 } from '../system.ts';
import { keepHeapSmall } from './heap.ts';
import { listSources } from './input.ts';
import { readPlaces } from './read-places.ts';
import { limitsIn, type ReadingOptions } from './reading-options.ts';
import type { Progress } from './terminal.ts';

/** The outcome of a replay, as `--json` prints it. */
export interface ReplayReport extends Omit<LedgerReport, 'volumes'> {
  readonly events: Coverage;
  readonly sources: readonly SourceReport[];
  /** Made one by one as they are asked for: there may be very many. */
  readonly volumes: Iterable<VolumeReport>;
}

/** Runs every record under the paths through the audit in memory, without alerting anybody. */
export async function replay(
  paths: readonly string[],
  policy: Policy,
  progress: Progress = () => {},
  options: ReadingOptions = {},
): Promise<ReplayReport> {
  keepHeapSmall();
  const ledger = new CompactLedger(policy, sha256);
  const tally = new Tally(ledger.events);
  const sources = await readAll(paths, tally, (reading) => ledger.take(reading), progress, options);
  const findings = ledger.findings();
  keepHeapSmall();
  const keys = ledger.keys();
  keepHeapSmall();
  return { events: tally.coverage(), sources, findings, volumes: ledger.volumes(), keys };
}

/** Runs every record under the paths through the pipeline into the ledger, without alerting anybody; what became of them. */
export async function replayInto(
  ledger: Ledger,
  paths: readonly string[],
  policy: Policy,
  progress: Progress,
  options: ReadingOptions = {},
): Promise<Pick<ReplayReport, 'events' | 'sources'>> {
  const pipeline: Pipeline = { ledger, policy, digest: sha256, now: clock, log: () => {} };
  const tally = new Tally();
  const sources = await readAll(paths, tally, (reading) => auditReading(reading, pipeline), progress, options);
  return { events: tally.coverage(), sources };
}

/** Hands every reading of the sources under the paths to `take` and counts what became of it; the sources by path. */
async function readAll(
  paths: readonly string[],
  tally: Tally,
  take: (reading: Read) => Audited | Promise<Audited>,
  progress: Progress,
  options: ReadingOptions,
): Promise<SourceReport[]> {
  const sources: SourceReport[] = [];
  const open = new Map<string, Open>();
  const places = await listSources(paths, options);
  for await (const { path, last, records, outOfScope, readings, rejected } of readPlaces(places, limitsIn(options))) {
    for (const reading of readings) {
      const taken = take(reading);
      tally.add(reading, typeof taken === 'string' ? taken : await taken);
    }
    tally.addCounted({ outOfScope, rejected: rejected.length });
    keepHeapSmall();
    const source = open.get(path) ?? { path, records: 0, rejected: [] };
    open.set(path, source);
    source.records += records;
    source.rejected.push(...rejected);
    if (!last) continue;
    open.delete(path);
    sources.push(source);
    progress(sources.length, places.length, tally.read);
  }
  return sources.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A source that is being read. */
interface Open {
  readonly path: string;
  records: number;
  readonly rejected: Rejection[];
}

/** The same text as {@link replayJson} of an object, in pieces: what its fields hold many of is made one by one. */
export function* jsonPieces(report: object): Generator<string> {
  let before = '{';
  for (const [name, value] of Object.entries(report)) {
    yield `${before}\n  ${JSON.stringify(name)}: `;
    before = ',';
    if (typeof value === 'object' && value !== null && Symbol.iterator in value) yield* arrayPieces(value);
    else yield indented(value, '  ');
  }
  yield before === '{' ? '{}' : '\n}';
}

function* arrayPieces(elements: Iterable<unknown>): Generator<string> {
  let before = '[';
  for (const element of elements) {
    yield `${before}\n    ${indented(element, '    ')}`;
    before = ',';
  }
  yield before === '[' ? '[]' : '\n  ]';
}

const indented = (value: unknown, indent: string): string => replayJson(value).replaceAll('\n', `\n${indent}`);

/** The report as JSON that a terminal may show. */
export function replayJson(report: unknown): string {
  return JSON.stringify(report, null, 2).split('\n').map(printableJson).join('\n');
}
