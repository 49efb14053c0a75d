#!/usr/bin/env node
// Writes a CloudTrail archive of a fixed seed: gzip files of mixed sizes as S3 keeps them, one record in twenty of KMS,
// records of one to three kilobytes full of random ids, so that they compress as badly as real ones do.
//
//   node bench/generate.mjs [folder] [--records 2000000] [--files 3000] [--seed 1] [--plain]
//
// The same arguments always give the same records in the same files, and `expected.json` beside them: how many records there
// are, and what replay must make of them. The folder's default is under the system's temporary one.
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGzip } from 'node:zlib';
import { Archive } from './archive.mjs';
import { ARCHIVE_OPTIONS, archiveOptions, InputError, readOptions, run, showProgress } from './options.mjs';

/** Files written at the same time: compression runs beside the generator. */
const PARALLEL = 4;
const CHUNK_CHARACTERS = 1 << 18;
/** Archives of another edition of this generator are not these. */
const EDITION = 2;

/** What the archive in the folder holds; written first where it is not there yet. Throws InputError where the folder holds something else. */
export async function archiveIn(options, progress = () => {}) {
  const { folder, records, files, seed, plain } = options;
  const asked = { edition: EDITION, records, files, seed, plain };
  if (!existsSync(folder)) return await generate(folder, asked, progress);
  const text = await readFile(join(folder, 'expected.json'), 'utf8').catch(() => '{}');
  const { archive, ...expected } = JSON.parse(text);
  if (JSON.stringify(archive) === JSON.stringify(asked)) return expected;
  throw new InputError(`${folder} holds something else than the archive asked for: remove it, or choose another --folder`);
}

async function generate(folder, asked, progress) {
  const { files, plain } = asked;
  // Under its name stands only what is complete.
  const unfinished = `${folder}-unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  const archive = new Archive(asked);
  const done = { files: 0, records: 0 };
  let bytes = 0;
  let largest = 0;
  let next = 0;
  const writer = async () => {
    while (next < files) {
      const index = next;
      next += 1;
      const file = archive.file(index);
      const written = await writeRecords(unfinished, index, file, plain);
      bytes += written;
      largest = Math.max(largest, written);
      done.files += 1;
      done.records += file.size;
      progress(done);
    }
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL, files) }, writer));
  const { kms, copies, reads, byName } = archive.counted;
  const outOfScope = asked.records - kms + reads;
  const expected = {
    bytes,
    largest,
    kms,
    byName: Object.fromEntries(Object.entries(byName).sort()),
    events: { read: asked.records, audited: kms - copies - reads, duplicates: copies, outOfScope, rejected: 0 },
  };
  await writeFile(join(unfinished, 'expected.json'), `${JSON.stringify({ archive: asked, ...expected }, null, 2)}\n`);
  await rename(unfinished, folder);
  return expected;
}

async function writeRecords(folder, index, { from, texts }, plain) {
  const time = new Date(from * 1000).toISOString().replace(/[-:]/g, '').slice(0, 13);
  const name = `111122223333_CloudTrail_eu-west-1_${time}Z_${`${index}`.padStart(6, '0')}.json`;
  const file = createWriteStream(join(folder, plain ? name : `${name}.gz`));
  const target = plain ? file : createGzip();
  if (!plain) target.pipe(file);
  let bytes = 0;
  const write = async (chunk) => {
    bytes += chunk.length;
    if (!target.write(chunk, 'latin1')) await once(target, 'drain');
  };
  let text = '{"Records":[';
  let separator = '';
  for (const record of texts) {
    text += separator + record;
    separator = ',';
    if (text.length >= CHUNK_CHARACTERS) {
      await write(text);
      text = '';
    }
  }
  await write(`${text}]}`);
  target.end();
  await finished(file);
  return bytes;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await run(async () => {
    const { values, positionals } = readOptions(ARCHIVE_OPTIONS, true);
    const options = archiveOptions({ ...values, folder: positionals[0] ?? values.folder });
    const expected = await archiveIn(options, showProgress(options));
    console.log(JSON.stringify({ folder: options.folder, ...expected }, null, 2));
  });
}
