import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

/** One source and the JSON values in it; or why it could not be read. */
export interface Source {
  readonly path: string;
  readonly values?: readonly SourceValue[];
  readonly unreadable?: string;
}

/** A source is not what it was listed as, and reading it again will not help; anything else that reading it throws is a fault. */
export class UnreadableSourceError extends Error {
  override readonly name = 'UnreadableSourceError';
}

/** A JSON value of a source, or why that part of it is none. */
export type SourceValue = { readonly value: unknown } | { readonly unreadable: string };

/** A file larger than this once unpacked is refused: it may be a decompression bomb. */
const SOURCE_LIMIT_BYTES = 512 * 1024 * 1024;
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
