import type { Context } from 'aws-lambda';
import { deployedBackfill, readBatch } from './aws/backfill-wiring.ts';
import { type BackfillReport, backfill } from './backfill.ts';
import { once } from './system.ts';

const deployed = once(() => deployedBackfill(process.env));

/** What one batch came to. Repeating it is harmless: its counts are those of what was read this time. */
export interface BatchOutcome extends Pick<BackfillReport, 'events' | 'covered' | 'written'> {
  readonly expired: number;
  readonly writeUnits: number;
  /** The first records that could not be read; the log has all. */
  readonly rejected: readonly { readonly path: string; readonly index: number; readonly reason: string }[];
}

/** A batch's output has to stay small: that of every batch is written down. */
const REJECTIONS_TOLD = 20;
/** Enough to write what is held and to note how far it came. */
const RESERVE_MILLISECONDS = 60_000;

/**
 * Lambda entry: writes the history in a batch of S3 objects into the ledger, as Step Functions' Distributed Map hands
 * them out. Throws for infrastructure faults only, and when time is up; retried, it goes on where it was.
 * https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
 */
export async function handler(event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<BatchOutcome> {
  const { prepare, log } = deployed();
  const { sources, work, history, rate } = prepare(readBatch(event));
  const report = await backfill(sources, { ...work, mayGoOn: () => context.getRemainingTimeInMillis() > RESERVE_MILLISECONDS });
  const rejected = report.sources.flatMap(({ path, rejected: all }) => all.map((one) => ({ path, ...one })));
  for (const one of rejected) log('record rejected', { ...one });
  const { events, covered, written } = report;
  return {
    events,
    covered,
    written,
    expired: history.expired,
    writeUnits: Math.ceil(rate.spent),
    rejected: rejected.slice(0, REJECTIONS_TOLD),
  };
}
