import type { Fact } from '../core/fact.ts';
import { orderOf } from '../core/fact.ts';
import { listSources } from './input.ts';
import { counted } from './layout.ts';
import { readPlaces } from './read-places.ts';
import { limitsIn, type ReadingOptions } from './reading-options.ts';
import { progressOn, type Terminal } from './terminal.ts';

/** Every fact of the records under the paths, in the order of events; says how many records could not be read. */
export async function factsUnder(paths: readonly string[], options: ReadingOptions, terminal: Terminal): Promise<Fact[]> {
  const facts: Fact[] = [];
  const progress = progressOn(terminal);
  const places = await listSources(paths, options);
  let sources = 0;
  let unreadable = 0;
  for await (const { readings, rejected, last } of readPlaces(places, limitsIn(options))) {
    for (const reading of readings) if (reading.kind === 'fact') facts.push(reading.fact);
    unreadable += rejected.length;
    if (last) sources += 1;
    progress(sources, places.length, facts.length);
  }
  if (unreadable > 0) terminal.err.write(`${counted(unreadable, 'record')} could not be read; kms-audit replay says why\n`);
  return facts.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}
