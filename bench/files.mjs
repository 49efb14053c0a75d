import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The gzip files of an archive, in the order of their names. */
export function filesIn(folder) {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json.gz'))
    .sort()
    .map((name) => join(folder, name));
}
