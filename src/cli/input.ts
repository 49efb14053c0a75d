import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
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

/** Every file under the paths, folders walked in order of their names; a path that is not there is an {@link InputError}. */
export async function listSources(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const status = await stat(path).catch(() => {
      throw new InputError(`${path}: no such file or folder`);
    });
    if (!status.isDirectory()) files.push(path);
    else files.push(...(await filesUnder(path)));
  }
  return files;
}

async function filesUnder(folder: string): Promise<string[]> {
  const files: string[] = [];
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) files.push(...(await filesUnder(path)));
    else if (!NOT_RECORDS.has(basename(path))) files.push(path);
  }
  return files;
}

/** Reads one file: JSON, JSON lines, either of them gzipped. What it is comes from its content, never from its name. */
export async function readSource(path: string): Promise<Source> {
  let bytes: Buffer;
  try {
    const raw = await readFile(path);
    bytes = raw[0] === 0x1f && raw[1] === 0x8b ? await unpack(raw, { maxOutputLength: SOURCE_LIMIT_BYTES }) : raw;
  } catch (error) {
    return { path, unreadable: `cannot be read: ${error instanceof Error ? error.message : String(error)}` };
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
    return readLines(path, text) ?? { path, unreadable: `expected JSON: ${error instanceof Error ? error.message : String(error)}` };
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
