import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limitsOf, type ScanLimits } from '../../src/scan/limits.ts';
import { toolsOf } from '../../src/scan/scan-source.ts';
import { GOOD, other } from './cases.ts';
import { scanned } from './sources.ts';

const MIB = 1024 * 1024;
const GROWTH_BYTES = 150 * MIB;
const [, kms = {}] = GOOD;
const good = JSON.stringify(kms);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kms-audit-'));
});
afterAll(async () => rm(folder, { recursive: true }));

function* repeated(before: string, piece: string | Buffer, mebibytes: number, after: string): Generator<string | Buffer> {
  yield before;
  const block = Buffer.alloc(MIB, piece);
  for (let count = 0; count < mebibytes; count += 1) yield block;
  yield after;
}

async function packed(chunks: Iterable<string | Buffer>): Promise<string> {
  const path = join(folder, 'packed');
  await pipeline(Readable.from(chunks), createGzip({ level: 1 }), createWriteStream(path));
  return path;
}

/** Scans, and how much more memory the process held at its highest. */
async function measured(
  path: string,
  limits: Partial<ScanLimits>,
  publicZlib = false,
): Promise<Awaited<ReturnType<typeof scanned>> & { grown: number }> {
  const tools = toolsOf(limitsOf(limits), { publicZlib });
  const before = process.memoryUsage.rss();
  let highest = before;
  const watch = setInterval(() => {
    highest = Math.max(highest, process.memoryUsage.rss());
  }, 20);
  const outcome = await scanned(path, tools);
  clearInterval(watch);
  return { ...outcome, grown: Math.max(highest, process.memoryUsage.rss()) - before };
}

describe.each([
  ['direct', false],
  ['public', true],
])('by the %s zlib', (_, publicZlib) => {
  it('stops at a bomb of zeros', async () => {
    const { records, reasons, grown } = await measured(await packed(repeated('', Buffer.alloc(1), 200, '')), {}, publicZlib);
    expect({ records, reasons }).toEqual({ records: 1, reasons: [expect.stringMatching(/at byte 0|decompression bomb/)] });
    expect(grown).toBeLessThan(GROWTH_BYTES);
  });

  it('stops at a bomb behind good records, which count', async () => {
    const path = await packed(repeated(`{"Records":[${good},${good},`, ' ', 100, `${good}]}`));
    const { readings, reasons } = await measured(path, { ratio: 100 }, publicZlib);
    expect({ readings: readings.length, reasons }).toEqual({
      readings: 2,
      reasons: [expect.stringContaining('decompression bomb; --max-ratio allows more')],
    });
    expect((await measured(path, { ratio: 2000 }, publicZlib)).reasons).toEqual([]);
  });

  it('stops at the limit of bytes', async () => {
    const path = await packed(repeated(`{"Records":[${good},`, ' ', 3, `${good}]}`));
    const { readings, reasons } = await measured(path, { sourceBytes: 2 * MIB }, publicZlib);
    expect({ readings: readings.length, reasons }).toEqual({
      readings: 1,
      reasons: ['larger than 2097152 bytes once unpacked; --max-source-bytes allows more'],
    });
  });
});

it('the limit of bytes is for plain files too', async () => {
  const path = join(folder, 'plain');
  await writeFile(path, `[${good}${' '.repeat(MIB)},${good}]`);
  expect((await measured(path, { sourceBytes: MIB })).reasons).toEqual([
    'larger than 1048576 bytes once unpacked; --max-source-bytes allows more',
  ]);
});

it('a record of 300 MB is rejected at constant memory, and its neighbours are read', async () => {
  const path = await packed(repeated(`{"Records":[${good},{"eventSource":"s3.amazonaws.com","a":"`, 'x', 300, `"},${good}]}`));
  const { records, readings, rejected, reasons, grown } = await measured(path, { ratio: 5000 });
  expect({ records, readings: readings.length, rejected }).toEqual({ records: 3, readings: 2, rejected: [1] });
  expect(reasons[0]).toContain('larger than 16777216 bytes; --max-record-bytes allows more');
  expect(grown).toBeLessThan(GROWTH_BYTES);
});

it('what looked like a log file and is too large to be a wrapper loses none of its records', async () => {
  const path = join(folder, 'tailed');
  const foreign = JSON.stringify(other(1));
  await writeFile(path, `{"Records":[${good},${`${foreign},`.repeat(50)}${good}],"detail-type":"x"}`);
  const { records, readings, rejected } = await measured(path, { recordBytes: 5000 });
  expect({ records, readings: readings.length, rejected }).toEqual({ records: 53, readings: 2, rejected: [52] });
});

it('many elements in a record too large are no records', async () => {
  const path = await packed(repeated(`[${good},{"eventSource":"s3.amazonaws.com","a":[0`, ',{}', 20, `]},${good}]`.padStart(4)));
  const { readings, rejected } = await measured(path, { ratio: 5000 });
  expect(readings.length).toBe(2);
  expect(rejected.length).toBeGreaterThan(0);
});

it.each([64, 100, 5000])('a record of exactly %i bytes passes, one more does not', async (recordBytes) => {
  const path = join(folder, 'exact');
  const record = (size: number): string => `{"eventSource":"${'s'.repeat(size - 18)}"}`;
  await writeFile(path, [record(recordBytes), record(recordBytes + 1), record(recordBytes)].join('\n'));
  for (const windowBytes of [19, 4096, MIB]) {
    const { records, outOfScope, rejected } = await scanned(path, toolsOf(limitsOf({ recordBytes }), { windowBytes }));
    expect({ records, outOfScope, rejected }).toEqual({ records: 3, outOfScope: 2, rejected: [1] });
  }
});

it.each([
  ['brackets', '[', ']'],
  ['braces', '{"a":', '}'],
])('nesting of 100,000 %s is rejected, and its neighbours are read', async (_, open, close) => {
  const path = join(folder, 'deep');
  const deep = `{"eventSource":"s3.amazonaws.com","a":${open.repeat(100_000)}1${close.repeat(100_000)}}`;
  await writeFile(path, `{"Records":[${good},${deep},${good}]}`);
  const { readings, reasons } = await measured(path, {});
  expect(readings.length).toBe(2);
  expect(reasons[0]).toContain('nested more than 512 deep; --max-depth allows more');
  expect((await measured(path, { depth: 200_000 })).reasons).toEqual([]);
});

it('nesting as deep as the limit passes', async () => {
  const path = join(folder, 'deep');
  for (const [depth, outOfScope] of [
    [19, 1],
    [20, 0],
  ] as const) {
    await writeFile(path, JSON.stringify([other(1, { userIdentity: {}, a: JSON.parse('['.repeat(depth) + ']'.repeat(depth)) })]));
    expect((await measured(path, { depth: 20 })).outOfScope).toBe(outOfScope);
  }
});

it.each([
  ['PAR1\x15\x04', 'Parquet'],
  ['PK\x03\x04', 'zip'],
  ['BZh91AY', 'bzip2'],
  ['\xfd7zXZ\0', 'xz'],
  ['\x28\xb5\x2f\xfd', 'zstd'],
  [`eventID,"eventJson"\n"x","${good.replaceAll('"', '""')}"\n`, 'aws cloudtrail get-query-results'],
])('what is no log at all is named: %j', async (bytes, named) => {
  const path = join(folder, 'foreign');
  await writeFile(path, Buffer.from(`${bytes}${'x'.repeat(1000)}`, 'latin1'));
  for (const windowBytes of [19, 4096, MIB]) {
    const { records, reasons } = await scanned(path, toolsOf(limitsOf(), { windowBytes }));
    expect({ records, reasons }).toEqual({ records: 1, reasons: [expect.stringContaining(named)] });
  }
});

it('garbage without end takes neither memory nor time', async () => {
  const { records, grown } = await measured(await packed(repeated('', 'garbage, {"a":[1,{"b":', 60, '')), { ratio: 5000 });
  expect(records).toBe(1);
  expect(grown).toBeLessThan(GROWTH_BYTES);
});

it('lines of garbage are one rejection, or one each where there is a record', async () => {
  const path = await packed(repeated('', '1,2,3,4\n', 2, ''));
  expect((await measured(path, {})).records).toBe(1);
  const withRecord = await measured(await packed(repeated('', '1,2,3,4\n', 2, `\n${good}`)), {});
  expect(withRecord.records).toBe(2 * (MIB / 8) + 1);
  expect(withRecord.rejected).toEqual(Array.from({ length: 2 * (MIB / 8) }, (_, index) => index));
});
