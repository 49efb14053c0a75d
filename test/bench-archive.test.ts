import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';

const ROOT = new URL('..', import.meta.url).pathname;
const MEASURES = ['--records', '12000', '--files', '30', '--seed', '7'];
let folder: string;
let archive: string;
let expected: { kms: number; byName: Record<string, number>; events: Record<string, number> };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kms-audit-'));
  archive = join(folder, 'archive');
  expected = JSON.parse(await node('bench/generate.mjs', archive, ...MEASURES));
});
afterAll(async () => rm(folder, { recursive: true }));

async function node(script: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, script), ...args], { maxBuffer: 64 << 20 });
  return stdout;
}

/** Event ids of the KMS records, by file. */
async function eventIds(): Promise<string[][]> {
  const files = (await readdir(archive)).filter((name) => name.endsWith('.json.gz'));
  const records = files.map(async (name) => JSON.parse(gunzipSync(await readFile(join(archive, name))).toString()).Records);
  return (await Promise.all(records)).map((all: { eventSource: string; eventID: string }[]) =>
    all.filter(({ eventSource }) => eventSource === 'kms.amazonaws.com').map(({ eventID }) => eventID),
  );
}

it('replay makes of the bench archive what its generator says, with some tens of findings and no more', async () => {
  const { events, findings, volumes } = JSON.parse(await node('dist/cli/kms-audit.mjs', 'replay', archive, '--json'));

  expect(events).toEqual(expected.events);
  expect(expected.kms).toBe(600);
  expect(findings.length).toBeGreaterThan(4);
  expect(findings.length).toBeLessThan(40);
  expect(volumes.length).toBeGreaterThan(20);
});

it('a plain program counts the same KMS records by event name', async () => {
  expect(JSON.parse(await node('bench/plain.mjs', archive))).toEqual(expected.byName);
});

it('a second trail’s copies are in other files', async () => {
  const ids = await eventIds();

  const copies = ids.flat().length - new Set(ids.flat()).size;
  expect(copies).toBe(expected.events.duplicates);
  expect(copies).toBeGreaterThan(0);
  for (const file of ids) expect(new Set(file).size).toBe(file.length);
});

it('the same arguments give the same records', async () => {
  const again = join(folder, 'again');
  await node('bench/generate.mjs', again, ...MEASURES);

  const names = await readdir(archive);
  expect(await readdir(again)).toEqual(names);
  for (const name of names) expect((await readFile(join(again, name))).equals(await readFile(join(archive, name)))).toBe(true);
});
