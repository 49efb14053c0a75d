import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Days, isWithin } from '../core/log-layout.ts';
import type { RemoteSource } from '../scan/scan-remote.ts';
import { messageOf, type Source, sourceOf, UnreadableSourceError } from '../source.ts';

export type { Source } from '../source.ts';

/** The command was given something it cannot work with: exit code 2. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** Files of a scenario folder that hold no records. */
const NOT_RECORDS = new Set(['expected.json', 'policy.json']);
const S3_PATH = /^s3:\/\/([^/]+)\/?(.*)$/;

/** An object elsewhere, read when its turn comes. */
export interface RemotePlace extends RemoteSource {
  /** What names its content: its path, size and tag. */
  readonly id?: string;
  readonly bytes: number;
}

/** What cannot be read, and why. */
export interface UnreadablePlace {
  readonly path: string;
  readonly unreadable: string;
}

/** A file or an object to read, or a place that cannot be read. */
export type Place = string | RemotePlace | UnreadablePlace;

/**
 * Every file under the paths, folders walked in order of their names, and every object under those that begin with
 * `s3://`, each once however often it is named; with days, only what is not filed under another day. A path that is not
 * there is an {@link InputError}.
 */
export async function listSources(paths: readonly string[], days: Days = {}): Promise<Place[]> {
  const places = await placesOf(paths, days);
  return [...new Map(places.map((place) => [nameOf(place), place])).values()];
}

const nameOf = (place: Place): string => {
  if (typeof place !== 'string') return place.path;
  return place === '-' ? place : resolve(place);
};

async function placesOf(paths: readonly string[], days: Days): Promise<Place[]> {
  const places: Place[] = [];
  for (const path of paths) {
    const [, bucket, prefix = ''] = S3_PATH.exec(path) ?? [];
    if (bucket !== undefined) {
      // The SDK is loaded for nobody else.
      const { listBucket } = await import('./s3-input.ts');
      places.push(...(await listBucket(path, bucket, prefix, days)));
      continue;
    }
    // Standard input.
    if (path === '-') {
      places.push(path);
      continue;
    }
    const status = await stat(path).catch((error: unknown) => {
      throw new InputError(codeOf(error) === 'ENOENT' ? `${path}: no such file or folder` : `${path}: ${messageOf(error)}`);
    });
    if (status.isDirectory()) places.push(...(await placesUnder(path, days)));
    else places.push(path);
  }
  return places;
}

/** A folder that cannot be listed, or an entry that is no file (a pipe would never end), is a source that cannot be read. */
async function placesUnder(folder: string, days: Days): Promise<Place[]> {
  const places: Place[] = [];
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    return [{ path: folder, unreadable: `cannot be listed: ${messageOf(error)}` }];
  }
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (!isWithin(entry.isDirectory() ? `${path}/` : path, days)) continue;
    if (entry.isDirectory()) places.push(...(await placesUnder(path, days)));
    else if (!entry.isFile() && !entry.isSymbolicLink()) places.push({ path, unreadable: 'is neither a file nor a folder' });
    else if (!NOT_RECORDS.has(entry.name)) places.push(path);
  }
  return places;
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

/** Reads one place whole. Throws an {@link InputError} where a place elsewhere is out of reach. */
export async function readSource(place: Place): Promise<Source> {
  if (typeof place !== 'string') return 'open' in place ? readWhole(place) : place;
  let raw: Buffer;
  try {
    raw = await readFile(place);
  } catch (error) {
    return { path: place, unreadable: `cannot be read: ${messageOf(error)}` };
  }
  return sourceOf(place, raw);
}

async function readWhole({ path, open }: RemotePlace): Promise<Source> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of open()) chunks.push(chunk);
  } catch (error) {
    if (error instanceof UnreadableSourceError) return { path, unreadable: error.message };
    throw error;
  }
  return sourceOf(path, Buffer.concat(chunks));
}
