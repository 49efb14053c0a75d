import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { directInflater } from '../../src/scan/inflate.ts';
import { limitsOf } from '../../src/scan/limits.ts';
import { type Tools, toolsOf } from '../../src/scan/scan-source.ts';
import { GOOD, other, randomOf, wellFormed } from './cases.ts';
import { readSlowly } from './reference.ts';
import { expectedOf, scanned } from './sources.ts';

const limits = limitsOf({ recordBytes: 1024 * 1024 });
const PATHS: readonly (readonly [string, Tools])[] = [
  ['direct', toolsOf(limits)],
  ['direct, small windows', toolsOf(limits, { windowBytes: 100 })],
  ['public', toolsOf(limits, { publicZlib: true })],
  ['public, small windows', toolsOf(limits, { publicZlib: true, windowBytes: 100 })],
];
const many = Buffer.from(
  JSON.stringify({ Records: Array.from({ length: 3000 }, (_, index) => ({ ...GOOD[index % 10], eventID: `e${index}` })) }),
);
/** Records that pack badly, so that a byte of the packed ones is about a byte of the text. */
const random = randomOf(7);
const dense = Buffer.from(
  JSON.stringify({
    Records: Array.from({ length: 300 }, (_, index) =>
      other(1, { eventID: `e${index}`, id: Array.from({ length: 400 }, () => random(36).toString(36)).join('') }),
    ),
  }),
);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kms-audit-'));
});
afterAll(async () => rm(folder, { recursive: true }));

async function file(bytes: Buffer): Promise<string> {
  const path = join(folder, 'source');
  await writeFile(path, bytes);
  return path;
}

it('this Node has the direct way', () => {
  expect(directInflater()).toBeDefined();
});

describe.each(PATHS)('gzip by the %s way', (_, tools) => {
  it('reads what a plain file would have been read as', async () => {
    for (const { name, bytes } of wellFormed().filter((_case, index) => index % 9 === 0)) {
      const { reasons, ...outcome } = await scanned(await file(gzipSync(bytes)), tools);
      expect(outcome, `${name}\n${reasons}`).toEqual(expectedOf(readSlowly(bytes)));
    }
    const { reasons, ...outcome } = await scanned(await file(gzipSync(many)), tools);
    expect({ reasons, ...outcome }).toEqual({ reasons: [], ...expectedOf(readSlowly(many)) });
  });

  it('reads every member, wherever one ends', async () => {
    for (const size of [1000, 4096, 99_999]) {
      const members: Buffer[] = [];
      for (let at = 0; at < many.length; at += size) members.push(gzipSync(many.subarray(at, at + size)));
      const path = await file(Buffer.concat([...members, gzipSync(''), Buffer.alloc(700)]));
      expect((await scanned(path, tools)).reasons).toEqual([]);
      expect((await scanned(path, tools)).records).toBe(3000);
    }
  });

  it('counts what came before a cut, and the cut once', async () => {
    const packed = gzipSync(many);
    for (const length of [11, 20, 100, 3000, packed.length >> 1, packed.length - 9, packed.length - 8, packed.length - 1]) {
      const { records, rejected, reasons } = await scanned(await file(packed.subarray(0, length)), tools);
      expect(rejected.length, `${length}: ${reasons.join()}`).toBe(1);
      expect(reasons[0]).toContain('gzip: unexpected end of file');
      if (length > packed.length - 10) expect(records).toBe(3001);
      else if (length > 3000) expect(records).toBeGreaterThan(1000);
    }
    expect((await scanned(await file(packed.subarray(0, 2)), tools)).reasons).toHaveLength(1);
  });

  it('counts what came before a fault', async () => {
    const packed = gzipSync(dense);
    const at = Math.floor(packed.length * 0.6);
    const spoilt = Buffer.concat([packed.subarray(0, at), Buffer.alloc(2000, 0xff), packed.subarray(at + 2000)]);
    const { records, rejected, reasons } = await scanned(await file(spoilt), tools);
    expect(reasons.join()).toContain('gzip: ');
    expect(records).toBeGreaterThan(300 * 0.55);
    // What the spoilt bytes unpack to is anybody's guess.
    expect(rejected.length).toBeLessThan(30);
  });

  it('counts all records before a checksum that is wrong', async () => {
    const packed = gzipSync(many);
    packed.writeUInt32LE(1, packed.length - 8);
    const padded = await file(Buffer.concat([gzipSync(many.subarray(0, -40)), gzipSync(many.subarray(-40)), packed.subarray(0, 10)]));
    expect((await scanned(padded, tools)).readings.length).toBe((await scanned(await file(packed), tools)).readings.length);
    const { records, reasons } = await scanned(await file(packed), tools);
    expect(reasons).toEqual([expect.stringContaining('gzip: incorrect data check')]);

    expect(records).toBe(3001);
  });

  it.each([
    ['another file', Buffer.from('PK\u0003\u0004')],
    ['zeros and another member', Buffer.concat([Buffer.alloc(10), gzipSync('{}')])],
    ['half a member', gzipSync('{}').subarray(0, 12)],
  ])('rejects %s behind the last member', async (_name, behind) => {
    const { records, rejected, reasons } = await scanned(await file(Buffer.concat([gzipSync(many), behind])), tools);
    expect({ records, rejected }).toEqual({ records: 3001, rejected: [3000] });
    expect(reasons[0]).toContain('gzip: ');
  });

  it('rejects what only begins like gzip', async () => {
    for (const bytes of [
      Buffer.from([0x1f, 0x8b]),
      Buffer.from([0x1f, 0x8b, 9, 9, 9, 9]),
      Buffer.concat([Buffer.from([0x1f, 0x8b]), deflateRawSync(many)]),
    ]) {
      const { records, reasons } = await scanned(await file(bytes), tools);
      expect({ records, reasons }).toEqual({ records: 1, reasons: [expect.stringContaining('gzip: ')] });
    }
  });

  it('reads a pipe, and what came before a fault in it', async () => {
    const packed = gzipSync(many);
    expect((await piped(packed, tools)).records).toBe(3000);
    expect((await piped(many, tools)).records).toBe(3000);
    const { records, reasons } = await piped(packed.subarray(0, packed.length - 9), tools);
    expect({ records, reasons }).toEqual({ records: 3001, reasons: [expect.stringContaining('gzip: unexpected end')] });
  });
});

/** Scans what another process writes into a pipe. */
async function piped(bytes: Buffer, tools: Tools): ReturnType<typeof scanned> {
  const from = await file(bytes);
  const pipe = join(folder, `pipe-${Math.random()}`);
  await ended(spawn('sh', ['-c', `mkfifo "${pipe}"`]));
  const writer = spawn('sh', ['-c', `cat "${from}" > "${pipe}"`]);
  const outcome = await scanned(pipe, tools);
  await ended(writer);
  return outcome;
}

function ended(child: ReturnType<typeof spawn>): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) resolve();
    child.on('close', () => resolve());
  });
}

describe('bytes that are no file', () => {
  const chunks = async function* (bytes: Buffer, size: number): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  };

  it.each(PATHS)('are read as they come, or from memory, by the %s way', async (_, tools) => {
    const { reasons, ...expected } = { reasons: [], ...expectedOf(readSlowly(many)) };
    for (const bytes of [many, gzipSync(many)]) {
      for (const source of [bytes, chunks(bytes, 1), chunks(bytes, 77_777)].slice(bytes === many ? 2 : 0)) {
        expect(await scanned(source, tools)).toEqual({ reasons, ...expected });
      }
    }
  });

  it('throw on what their stream throws: it may be asked for again', async () => {
    const broken = async function* (): AsyncGenerator<Buffer> {
      yield many.subarray(0, 1000);
      throw new Error('connection lost');
    };
    await expect(scanned(broken(), PATHS[0]?.[1] ?? toolsOf(limits))).rejects.toThrow('connection lost');
  });
});
