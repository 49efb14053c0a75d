import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * A file that the build puts beside the command line: beside this module when that is the bundle, in dist/cli when this
 * is the source (a test).
 */
export function besideCommand(name: string): string {
  const beside = fileURLToPath(new URL(name, import.meta.url));
  return existsSync(beside) ? beside : fileURLToPath(new URL(`../../dist/cli/${name}`, import.meta.url));
}
