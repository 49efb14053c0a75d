import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { SourceReader } from './backfill.ts';
import { readEnvelope } from './core/envelope.ts';
import type { Read, Reading, Rejection, SourceBatch } from './core/reading.ts';
import { printable } from './core/text.ts';
import { sha256 } from './system.ts';

/** One source and the JSON values in it; or why it could not be read. */
export interface Source {
  readonly path: string;
  readonly values?: readonly SourceValue[];
  readonly unreadable?: string;
}

/** A JSON value of a source, or why that part of it is none. */
export type SourceValue = { readonly value: unknown } | { readonly unreadable: string };

/** A file larger than this once unpacked is refused: it may be a decompression bomb. */
const SOURCE_LIMIT_BYTES = 512 * 1024 * 1024;
/** Sources read before somebody takes them. */
const SOURCES_AHEAD = 8;
const unpack = promisify(gunzip);

/** Reads the bytes of a source: JSON, JSON lines, either of them gzipped. What it is comes from its content, never from its name. */
export async function sourceOf(path: string, raw: Buffer): Promise<Source> {
  let bytes: Buffer;
  try {
    bytes = raw[0] === 0x1f && raw[1] === 0x8b ? await unpack(raw, { maxOutputLength: SOURCE_LIMIT_BYTES }) : raw;
  } catch (error) {
    return { path, unreadable: `cannot be read: ${messageOf(error)}` };
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).trim();
  } catch {
    return { path, unreadable: 'expected JSON in UTF-8, found other bytes' };
  }
  if (text === '') return { path, unreadable: 'expected JSON, found an empty file' };
  try {
    return { path, values: [{ value: JSON.parse(text) }] };
  } catch (error) {
    return readLines(path, text) ?? { path, unreadable: `expected JSON: ${messageOf(error)}` };
  }
}

/** JSON lines: at least one line must be JSON by itself, else this is some other kind of file. */
function readLines(path: string, text: string): Source | undefined {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (lines.length < 2) return undefined;
  const values = lines.map((line, index): SourceValue => {
    try {
      return { value: JSON.parse(line) };
    } catch {
      return { unreadable: `line ${index + 1} is no JSON` };
    }
  });
  return values.some((value) => 'value' in value && typeof value.value === 'object') ? { path, values } : undefined;
}

/** What an error says. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What each record of a source is read as; of a source that cannot be read, one rejection. */
export function* readingsOf(source: Source): Generator<Reading> {
  if (source.unreadable !== undefined) yield { kind: 'rejected', reason: printable(source.unreadable, 300) };
  for (const value of source.values ?? []) {
    if ('unreadable' in value) yield { kind: 'rejected', reason: value.unreadable };
    else yield* readEnvelope(value.value, sha256);
  }
}

/** Reads sources whole, some of them ahead, each by `open`. */
export function wholeSources(open: (path: string) => Promise<Source>): SourceReader {
  return async function* read(paths): AsyncGenerator<SourceBatch> {
    const ahead: Promise<Source>[] = [];
    const begin = (path: string): void => {
      const opened = open(path);
      // Its turn to be waited for may never come.
      opened.catch(() => {});
      ahead.push(opened);
    };
    for (const path of paths) {
      begin(path);
      const next = ahead.length > SOURCES_AHEAD ? ahead.shift() : undefined;
      if (next !== undefined) yield batchOf(await next);
    }
    for (const next of ahead) yield batchOf(await next);
  };
}

function batchOf(source: Source): SourceBatch {
  const readings: Read[] = [];
  const rejected: Rejection[] = [];
  let records = 0;
  for (const reading of readingsOf(source)) {
    if (reading.kind === 'rejected') rejected.push({ index: records, reason: reading.reason });
    else readings.push(reading);
    records += 1;
  }
  return { path: source.path, last: true, records, outOfScope: 0, readings, rejected };
}
