import type { ReadBatch, Reading } from '../../src/core/reading.ts';
import type { ByteSource } from '../../src/scan/feed.ts';
import { scanSource, type Tools } from '../../src/scan/scan-source.ts';
import { sha256 } from '../../src/system.ts';
import { BAD, type Expected } from './reference.ts';

/** A source's outcome in a form that two ways of reading it can be compared in. */
export interface Outcome {
  readonly records: number;
  readonly outOfScope: number;
  readonly readings: readonly Reading[];
  readonly rejected: readonly number[];
}

/** Everything that a scan says of a source, with its reasons. */
export async function scanned(source: ByteSource, tools: Tools): Promise<Outcome & { readonly reasons: readonly string[] }> {
  const batches: ReadBatch[] = [];
  for await (const batch of scanSource(source, tools, sha256)) batches.push(batch);
  return joined(batches);
}

/** Batches of one source as one. */
export function joined(batches: readonly ReadBatch[]): Outcome & { readonly reasons: readonly string[] } {
  const rejected = batches.flatMap((batch) => batch.rejected).sort((a, b) => a.index - b.index);
  return {
    records: batches.reduce((sum, batch) => sum + batch.records, 0),
    outOfScope: batches.reduce((sum, batch) => sum + batch.outOfScope, 0),
    readings: batches.flatMap((batch) => batch.readings),
    rejected: rejected.map(({ index }) => index),
    reasons: rejected.map(({ reason }) => reason),
  };
}

/** What the reference expects, in the same form. */
export function expectedOf(expected: Expected): Outcome {
  const silent = (one: Expected[number]): boolean =>
    one !== BAD && one.kind === 'out-of-scope' && one.eventId === undefined && one.canary === undefined;
  return {
    records: expected.length,
    outOfScope: expected.filter(silent).length,
    readings: expected.filter((one): one is Reading => one !== BAD && one.kind !== 'rejected' && !silent(one)),
    rejected: expected.flatMap((one, index) => (one === BAD || one.kind === 'rejected' ? [index] : [])),
  };
}
