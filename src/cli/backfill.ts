import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDbCheckpoint } from '../aws/dynamodb-checkpoint.ts';
import { DynamoDbHistory } from '../aws/dynamodb-history.ts';
import { PacedTable } from '../aws/paced-table.ts';
import { Table } from '../aws/table.ts';
import { type Sleep, WriteRate } from '../aws/write-rate.ts';
import { type BackfillReport, backfill, boundsAt, type HistorySource } from '../backfill.ts';
import { DEFAULT_POLICY } from '../core/policy.ts';
import { printable } from '../core/text.ts';
import { clock, sha256 } from '../system.ts';
import { ProgressLine } from './backfill-progress.ts';
import { fileCheckpoint } from './file-checkpoint.ts';
import { InputError, listSources, type Place } from './input.ts';
import { counted } from './layout.ts';
import { policyIn } from './policy.ts';
import { readPlaces } from './read-places.ts';
import { limitsIn, type ReadingOptions } from './reading-options.ts';
import { requireRegion } from './region.ts';
import { replayJson } from './replay.ts';
import { tableFault } from './table-fault.ts';
import type { Terminal } from './terminal.ts';

/** The options of `kms-audit backfill`. */
export interface BackfillOptions extends ReadingOptions {
  readonly table: string;
  readonly policy?: string;
  /** Write units per second. */
  readonly writeRate?: number;
  /** A file; without one, the table itself remembers what is covered. */
  readonly checkpoint?: string;
  readonly retentionDays: number;
  readonly ownKey?: readonly string[];
  readonly json?: true;
}

/** Part of what makes a source count as covered: raised when later versions read records otherwise. */
const READER_VERSION = 1;
/** Rejections of one source that people are shown. */
const SHOWN_REJECTIONS = 5;

const sleep: Sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** What was written, and what it took. */
interface Outcome extends BackfillReport {
  /** Facts and evidence that were left out, since they would have expired by now. */
  readonly expired: number;
  readonly writeUnits: number;
}

/** `kms-audit backfill`: writes history into the ledger of a deployment, tells nobody, and says what it covered. */
export async function backfillCommand(paths: readonly string[], options: BackfillOptions, terminal: Terminal): Promise<void> {
  const { table, retentionDays, ownKey = [] } = options;
  const policy = options.policy === undefined ? DEFAULT_POLICY : await policyIn(options.policy);
  const places = new Map((await listSources(paths, options)).map((place) => [pathOf(place), place]));
  const client = new DynamoDBClient({});
  const perSecond = options.writeRate ?? Number.POSITIVE_INFINITY;
  const rate = new WriteRate(perSecond, () => performance.now(), sleep);
  const progress = new ProgressLine(terminal, () => rate.spent, Date.now);
  try {
    await requireRegion(client);
    const paced = new PacedTable(client, table, rate, sleep);
    const history = new DynamoDbHistory(paced, retentionDays, clock);
    const settings = sha256(JSON.stringify([READER_VERSION, policy, retentionDays, [...ownKey].sort()]));
    const checkpoint =
      options.checkpoint === undefined
        ? new DynamoDbCheckpoint(new Table(client, table), paced, settings, clock)
        : await fileCheckpoint(options.checkpoint, { table, settings });
    const report = await backfill(await Promise.all([...places.values()].map(sourceOf)), {
      history,
      checkpoint,
      read: (wanted) =>
        readPlaces(
          wanted.map((path) => places.get(path) ?? path),
          limitsIn(options),
        ),
      policy,
      digest: sha256,
      now: clock,
      ownKeys: new Set(ownKey),
      bounds: boundsAt(perSecond),
      progress: (sofar) => progress.tell(sofar),
    });
    progress.end();
    const outcome: Outcome = { ...report, expired: history.expired, writeUnits: Math.ceil(rate.spent) };
    terminal.out.write(`${options.json ? replayJson(outcome) : outcomeText(outcome, table)}\n`);
  } catch (error) {
    progress.end();
    const fault = error instanceof InputError ? error : tableFault(error, table);
    if (fault === undefined) throw error;
    throw rate.spent === 0
      ? fault
      : new InputError(`${fault.message}\nWhat was covered is remembered: the same command goes on from there.`);
  } finally {
    client.destroy();
  }
}

const pathOf = (place: Place): string => (typeof place === 'string' ? place : place.path);

/** A file is named by its place, size and time of change, an object by its place, size and tag. */
async function sourceOf(place: Place): Promise<HistorySource> {
  if (typeof place !== 'string')
    return 'open' in place ? { path: place.path, ...(place.id && { id: place.id }), bytes: place.bytes } : { path: place.path, bytes: 0 };
  const status = await stat(place).catch(() => undefined);
  if (status === undefined) return { path: place, bytes: 0 };
  return { path: place, id: JSON.stringify([resolve(place), status.size, status.mtimeMs]), bytes: status.size };
}

function outcomeText({ events, covered, sources, written, expired, writeUnits }: Outcome, table: string): string {
  const { read, audited, duplicates, outOfScope, rejected } = events;
  const before = covered.before === 0 ? '' : `, ${covered.before} more were covered before`;
  return [
    `${counted(read, 'record')} of ${counted(sources.length, 'source')}${before}: ${audited} audited, ${counted(duplicates, 'duplicate')}, ${outOfScope} out of scope, ${rejected} rejected`,
    `${printable(table, 255)}: ${counted(written.facts, 'fact')}, ${counted(written.evidence, 'piece')} of evidence, ${counted(written.grants, 'grant')} and ${counted(written.resources, 'resource')} written in ${counted(writeUnits, 'write unit')}; nobody was alerted`,
    ...(expired === 0 ? [] : [`${expired} of these were left out: they would have expired by now`]),
    ...sources.flatMap(({ path, rejected: all }) => rejectionLines(path, all)),
  ].join('\n');
}

function rejectionLines(path: string, rejected: BackfillReport['sources'][number]['rejected']): string[] {
  if (rejected.length === 0) return [];
  const shown = rejected.slice(0, SHOWN_REJECTIONS).map(({ index, reason }) => `  record ${index}: ${printable(reason, 300)}`);
  const more = rejected.length - shown.length;
  return [
    `${printable(path, 1_000)}: ${rejected.length} rejected`,
    ...shown,
    ...(more === 0 ? [] : [`  and ${more} more; --json lists them`]),
  ];
}
