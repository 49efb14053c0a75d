// What the scripts of this folder are asked for, and how they say how far they are.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** Something asked for that cannot be; its message is for whoever asked. */
export class InputError extends Error {}

/** Runs a script; what was asked for wrongly ends it with 2 and one line. */
export async function run(script) {
  try {
    await script();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}

/** The options of an archive, as `parseArgs` takes them. */
export const ARCHIVE_OPTIONS = {
  records: { type: 'string', default: '2000000' },
  files: { type: 'string', default: '3000' },
  seed: { type: 'string', default: '1' },
  folder: { type: 'string' },
  plain: { type: 'boolean', default: false },
};

/** The command line's options. Throws InputError with what was wrong. */
export function readOptions(options, allowPositionals = false) {
  try {
    return parseArgs({ options, allowPositionals });
  } catch (error) {
    throw new InputError(error.message);
  }
}

/** A whole number of at least `least`. Throws InputError. */
export function wholeNumber(name, text, least) {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < least) throw new InputError(`--${name} must be a whole number, at least ${least}: ${text}`);
  return number;
}

/** The archive that is asked for; its folder is under the system's temporary one unless given. Throws InputError. */
export function archiveOptions({ folder, plain = false, ...texts }) {
  const files = wholeNumber('files', texts.files, 1);
  const records = wholeNumber('records', texts.records, files);
  const seed = wholeNumber('seed', texts.seed, 0);
  const name = `kms-audit-bench-${records}-${files}-${seed}${plain ? '-plain' : ''}`;
  return { records, files, seed, plain, folder: folder ?? join(tmpdir(), name) };
}

/** Says on a terminal how much of the archive is written. */
export function showProgress({ files, records }) {
  if (!process.stderr.isTTY) return () => {};
  return (done) => {
    const end = done.files === files ? '\r\u001b[K' : '';
    process.stderr.write(`\r\u001b[Kwriting the archive: ${done.files}/${files} files, ${done.records}/${records} records${end}`);
  };
}
