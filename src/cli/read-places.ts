import type { SourceBatch } from '../core/reading.ts';
import { printable } from '../core/text.ts';
import type { ScanLimits } from '../scan/limits.ts';
import { scanRemote } from '../scan/scan-remote.ts';
import { scanSources } from '../scan/scan-sources.ts';
import type { Place, RemotePlace } from './input.ts';

/** Reads every record of the places: files on every core, what lies elsewhere as it comes. Batches of one place come in its order. */
export async function* readPlaces(places: readonly Place[], limits: Partial<ScanLimits> = {}): AsyncGenerator<SourceBatch> {
  yield* scanSources(
    places.filter((place) => typeof place === 'string'),
    { limits },
  );
  const remote = new Map<string, RemotePlace>();
  for (const place of places) {
    if (typeof place === 'string') continue;
    if ('open' in place) remote.set(place.path, place);
    else
      yield {
        path: place.path,
        last: true,
        records: 1,
        outOfScope: 0,
        readings: [],
        rejected: [{ index: 0, reason: printable(place.unreadable, 300) }],
      };
  }
  yield* scanRemote([...remote.values()], limits);
}
