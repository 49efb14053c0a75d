#!/usr/bin/env node
// Peak memory of replay where an archive is six times as large as the bench's, and where one file holds a gigabyte.
//
//   npm run bench:memory [-- --records 12000000 --files 18000 --seed 1]
//
// Needs 10 GB under the system's temporary folder, and half an hour the first time.
import { isDeepStrictEqual } from 'node:util';
import { archiveIn } from './generate.mjs';
import { KMS_AUDIT, measure, replayCounts } from './measure.mjs';
import { ARCHIVE_OPTIONS, archiveOptions, readOptions, run, showProgress } from './options.mjs';

const BOUND_MB = 250;
/** Of 2.1 kB on average. */
const RECORDS_OF_A_GIGABYTE = '500000';

await run(async () => {
  const { seed, records, files } = ARCHIVE_OPTIONS;
  const large = { records: { ...records, default: '12000000' }, files: { ...files, default: '18000' }, seed };
  const { values } = readOptions(large);
  const one = { records: RECORDS_OF_A_GIGABYTE, files: '1', seed: values.seed };
  for (const asked of [one, { ...one, plain: true }, values]) {
    const options = archiveOptions(asked);
    const { bytes, events } = await archiveIn(options, showProgress(options));
    const { wall, cpu, peak } = await measure([process.execPath, KMS_AUDIT, 'replay', options.folder], false);
    const right = isDeepStrictEqual(await replayCounts(options.folder), events);
    if (!right) process.exitCode = 1;
    const what = `${options.records} records, ${(bytes / 1e9).toFixed(2)} GB, ${options.files} ${options.plain ? 'plain' : 'gzip'} file(s)`;
    const met = peak / 1e6 <= BOUND_MB ? 'met' : 'MISSED';
    console.log(
      `${what}: peak ${(peak / 1e6).toFixed(0)} MB, at most ${BOUND_MB}: ${met}; ${wall.toFixed(2)} s wall, ${cpu.toFixed(2)} s CPU`,
    );
    console.log(right ? '  counted what the generator wrote' : '  WRONG: counted other records than the generator wrote');
  }
});
