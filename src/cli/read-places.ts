import type { SourceBatch } from '../core/reading.ts';
import { scanSources } from '../scan/scan-sources.ts';
import { wholeSources } from '../source.ts';
import { type Place, readSource } from './input.ts';

/** Reads every record of the places: files on every core, what lies elsewhere one after the other. Batches of one place come in its order. */
export async function* readPlaces(places: readonly Place[]): AsyncGenerator<SourceBatch> {
  yield* scanSources(places.filter((place) => typeof place === 'string'));
  const others = new Map(places.flatMap((place) => (typeof place === 'string' ? [] : [[place.path, place] as const])));
  yield* wholeSources(async (path) => readSource(others.get(path) ?? path))([...others.keys()]);
}
