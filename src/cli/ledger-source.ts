import { judgedAnew } from '../core/judged-anew.ts';
import type { Days } from '../core/log-layout.ts';
import { DEFAULT_POLICY, type Policy } from '../core/policy.ts';
import { type LedgerReport, reportOf } from '../core/report.ts';
import type { Snapshot } from '../core/snapshot.ts';
import type { Timestamp } from '../core/timestamp.ts';
import type { Verification } from '../core/verify-clusters.ts';
import { LedgerUntil } from '../local/ledger-until.ts';
import { MemoryLedger } from '../local/memory-ledger.ts';
import { MemoryReader } from '../local/memory-reader.ts';
import type { AlertBook, LedgerReader } from '../ports.ts';
import { clock, sha256 } from '../system.ts';
import { InputError } from './input.ts';
import { counted } from './layout.ts';
import type { LimitOptions } from './reading-options.ts';
import { type ReplayReport, replayInto } from './replay.ts';
import { progressOn, type Terminal } from './terminal.ts';

/** Where a ledger is read from: a deployment's table, or records to be replayed. Exactly one of the two. */
export interface LedgerSource extends LimitOptions {
  readonly table?: string;
  readonly from?: readonly string[];
}

/** A ledger that was read whole. */
export interface ReadLedger {
  readonly snapshot: Snapshot;
  /** What became of the records, where records were read. */
  readonly coverage?: Pick<ReplayReport, 'events' | 'sources'>;
  /** What the deployment's sweep found last when it asked ECS. */
  readonly verification?: Verification;
  /** Where settlements are kept; of replayed records, as long as the command runs. */
  readonly book: AlertBook;
  /** Seconds since 1970, where the ledger is one that lives: a replay knows no time of day. */
  readonly now?: number;
}

/**
 * Reads a ledger and hands it to `use`; `policy` is what records are replayed under. Records of what happened after
 * `until` are counted and not kept; of a table everything is. Throws an {@link InputError} where the source is not one, or
 * cannot be read.
 */
export async function withLedger<T>(
  source: LedgerSource,
  policy: Policy | undefined,
  terminal: Terminal,
  use: (ledger: ReadLedger) => Promise<T>,
  until?: Timestamp,
): Promise<T> {
  const table = tableOf(source);
  if (table !== undefined) {
    // The SDK is loaded for nobody else.
    const { withTable } = await import('./ledger-table.ts');
    return withTable(table, terminal, async (snapshot, book) => {
      const verification = await book.verification();
      return use({ snapshot, book, now: clock(), ...(verification === undefined ? {} : { verification }) });
    });
  }
  const kept = until === undefined ? new MemoryLedger() : new LedgerUntil(until);
  const { ledger, coverage } = await replayed(kept, source, {}, policy, terminal);
  return use({ snapshot: await ledger.snapshot(), book: ledger, coverage });
}

/** A ledger of which only what is asked is read. */
export interface AskedLedger {
  readonly reader: LedgerReader;
  /** Reads the whole of it, of a table by a Scan, and says on `err` what that took. */
  readonly snapshot: () => Promise<Snapshot>;
}

/** The same as {@link withLedger} for whoever asks about a part of it; the days narrow which records are read. */
export async function askLedger<T>(
  source: LedgerSource & Days,
  policy: Policy | undefined,
  terminal: Terminal,
  use: (ledger: AskedLedger) => Promise<T>,
): Promise<T> {
  const table = tableOf(source);
  const { since, until } = source;
  if (table !== undefined) {
    if (since !== undefined || until !== undefined)
      throw new InputError('--since and --until narrow what --from reads; a table is not read by day');
    const { askTable } = await import('./ledger-table.ts');
    return askTable(table, terminal, use);
  }
  const days = { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
  const { ledger } = await replayed(new MemoryLedger(), source, days, policy, terminal);
  const snapshot = await ledger.snapshot();
  return use({ reader: new MemoryReader(snapshot), snapshot: async () => snapshot });
}

/** The table that is named; undefined where records are. */
function tableOf({ table, from }: LedgerSource): string | undefined {
  if (table !== undefined && from !== undefined) throw new InputError('--table and --from name two ledgers; give one of them');
  if (table === undefined && from === undefined)
    throw new InputError('no ledger to read: --table names a deployment’s table, --from files of records');
  return table;
}

/** The ledger with these records, and what was read for it. */
async function replayed(
  ledger: MemoryLedger,
  { from = [], maxSourceBytes, maxRatio, maxRecordBytes, maxDepth }: LedgerSource,
  days: Days,
  policy: Policy | undefined,
  terminal: Terminal,
): Promise<{ readonly ledger: MemoryLedger; readonly coverage: Pick<ReplayReport, 'events' | 'sources'> }> {
  const options = {
    ...days,
    ...(maxSourceBytes === undefined ? {} : { maxSourceBytes }),
    ...(maxRatio === undefined ? {} : { maxRatio }),
    ...(maxRecordBytes === undefined ? {} : { maxRecordBytes }),
    ...(maxDepth === undefined ? {} : { maxDepth }),
  };
  const coverage = await replayInto(ledger, from, policy ?? DEFAULT_POLICY, progressOn(terminal), options);
  const { rejected } = coverage.events;
  if (rejected > 0) terminal.err.write(`${counted(rejected, 'record')} could not be read; kms-audit replay says why\n`);
  return { ledger, coverage };
}

/** What a ledger says. */
export interface JudgedLedger extends LedgerReport {
  readonly snapshot: Snapshot;
}

/** What the ledger says under a policy; without one, what the audit recorded. */
export function judgedBy({ snapshot, now }: ReadLedger, policy: Policy | undefined): JudgedLedger {
  const judged = policy === undefined ? snapshot : judgedAnew(snapshot, policy);
  return { snapshot: judged, ...reportOf(judged, policy ?? DEFAULT_POLICY, sha256, now) };
}
