import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

/** The command was given something it cannot work with: exit code 2. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** One source and the JSON values in it; or why it could not be read. */
export interface Source {
  readonly path: string;
  readonly values?: readonly SourceValue[];
  readonly unreadable?: string;
}

/** A JSON value of a source, or why that part of it is none. */
export type SourceValue = { readonly value: unknown } | { readonly unreadable: string };

/** Files of a scenario folder that hold no records. */
const NOT_RECORDS = new Set(['expected.json', 'policy.json']);
/** A file larger than this once unpacked is refused: it may be a decompression bomb. */
const SOURCE_LIMIT_BYTES = 512 * 1024 * 1024;
const unpack = promisify(gunzip);

/** A file to read, or a place that cannot be and why. */
export type Place = string | Source;

/** Every file under the paths, folders walked in order of their names; a path that is not there is an {@link InputError}. */
export async function listSources(paths: readonly string[]): Promise<Place[]> {
  const places: Place[] = [];
  for (const path of paths) {
    const status = await stat(path).catch((error: unknown) => {
      throw new InputError(codeOf(error) === 'ENOENT' ? `${path}: no such file or folder` : `${path}: ${messageOf(error)}`);
    });
    if (status.isDirectory()) places.push(...(await placesUnder(path)));
    else places.push(path);
  }
  return places;
}

/** A folder that cannot be listed, or an entry that is no file (a pipe would never end), is a source that cannot be read. */
async function placesUnder(folder: string): Promise<Place[]> {
  const places: Place[] = [];
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    return [{ path: folder, unreadable: `cannot be listed: ${messageOf(error)}` }];
  }
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) places.push(...(await placesUnder(path)));
    else if (!entry.isFile() && !entry.isSymbolicLink()) places.push({ path, unreadable: 'is neither a file nor a folder' });
    else if (!NOT_RECORDS.has(entry.name)) places.push(path);
  }
  return places;
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Reads one place: JSON, JSON lines, either of them gzipped. What it is comes from its content, never from its name. */
export async function readSource(path: Place): Promise<Source> {
  if (typeof path !== 'string') return path;
  let bytes: Buffer;
  try {
    const raw = await readFile(path);
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
