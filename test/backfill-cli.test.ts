import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProgressLine } from '../src/cli/backfill-progress.ts';
import { fileCheckpoint } from '../src/cli/file-checkpoint.ts';
import type { Terminal } from '../src/cli/terminal.ts';
import { type DynaliteServer, startDynalite } from '../src/local/dynalite-server.ts';
import { itemsOf } from './support/backfill-run.ts';
import { cleanLife } from './support/life.ts';
import { type S3Server, startS3 } from './support/s3-server.ts';

const PROGRAM = new URL('../dist/cli/kms-audit.mjs', import.meta.url).pathname;
const BUCKET = 'example-trail-logs';
const LIVES = 40;
const DAY = new Date().toISOString().slice(0, 10);

let folder: string;
let archive: string;
let database: DynaliteServer;
let s3: S3Server;
let made = 0;
beforeAll(async () => {
  [folder, database, s3] = await Promise.all([mkdtemp(join(tmpdir(), 'kms-audit-')), startDynalite(), startS3(BUCKET)]);
  archive = join(folder, 'archive');
  await mkdir(archive);
  for (let serial = 1; serial <= LIVES; serial += 1) {
    const life = cleanLife({ serial, day: DAY, volumeId: `vol-${serial}` });
    // Endings come in another file than their creations.
    await writeFile(join(archive, `a${String(serial).padStart(3, '0')}.json.gz`), gzipSync(JSON.stringify({ Records: life.slice(0, 5) })));
    await writeFile(join(archive, `b${String(serial).padStart(3, '0')}.json.gz`), gzipSync(JSON.stringify({ Records: life.slice(5) })));
  }
});
afterAll(async () => {
  await Promise.all([database.stop(), s3.stop(), rm(folder, { recursive: true })]);
});

async function newTable(): Promise<string> {
  made += 1;
  await database.createTable(`ledger-${made}`);
  return `ledger-${made}`;
}

interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the built command; with `killAfter` milliseconds, as long as it lives. */
function kmsAudit(args: readonly string[], killAfter?: number): Promise<Outcome> {
  const env = {
    PATH: process.env.PATH ?? '',
    AWS_ENDPOINT_URL_DYNAMODB: database.endpoint,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_REGION: 'us-west-2',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  };
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], { env });
    const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter);
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, out, err });
    });
  });
}

describe('kms-audit backfill', () => {
  it('writes a folder into a table, says what it covered, and covers it once', async () => {
    const table = await newTable();
    const { code, out, err } = await kmsAudit(['backfill', archive, '--table', table]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`${LIVES * 6} records of ${LIVES * 2} sources: ${LIVES * 6} audited, 0 duplicates, 0 out of scope, 0 rejected`);
    expect(out).toContain(`${table}: ${LIVES * 5} facts, 0 pieces of evidence, ${LIVES} grants and 0 resources written in`);
    const again = await kmsAudit(['backfill', archive, '--table', table, '--json']);
    expect(JSON.parse(again.out)).toMatchObject({
      events: { read: 0 },
      covered: { sources: LIVES * 2, before: LIVES * 2 },
      sources: [],
      written: { facts: 0, grants: 0 },
      expired: 0,
      writeUnits: 0,
    });
    const policy = join(folder, 'policy.json');
    await writeFile(policy, JSON.stringify({ clusters: ['orders'] }));
    const judged = await kmsAudit(['backfill', archive, '--table', table, '--json', '--policy', policy]);
    expect(JSON.parse(judged.out), 'another policy finds other things').toMatchObject({
      covered: { before: 0 },
      events: { read: LIVES * 6 },
    });
    expect(JSON.parse(judged.out).written.evidence).toBeGreaterThan(0);
  });

  it.each(['in the table', 'in a file'])(
    'ends in the ledger of one clean run when it is killed and started again, its checkpoint %s',
    async (where) => {
      const [clean, table] = [await newTable(), await newTable()];
      const file = join(folder, `checkpoint-${table}`);
      const args = ['backfill', archive, '--table', table, '--json', ...(where === 'in a file' ? ['--checkpoint', file] : [])];
      await kmsAudit(['backfill', archive, '--table', clean]);
      for (const milliseconds of [900, 3_500]) {
        expect(await kmsAudit([...args, '--write-rate', '45'], milliseconds)).toMatchObject({ signal: 'SIGKILL', out: '' });
      }
      const { code, out } = await kmsAudit(args);
      expect(code).toBe(0);
      const { covered, written } = JSON.parse(out);
      expect(await itemsOf(database.client, table)).toEqual(await itemsOf(database.client, clean));
      // What the second run kept is read again for the grants it left open, and no fact of it is written again.
      expect(covered.before).toBeLessThan(LIVES * 2);
      expect(written.facts).toBeLessThan(LIVES * 5);
    },
  );

  it('reads s3://, narrowed to days', async () => {
    const table = await newTable();
    for (const day of ['2026/01/01', DAY.replaceAll('-', '/')]) {
      const key = `AWSLogs/111122223333/CloudTrail/us-west-2/${day}/log.json.gz`;
      s3.objects.set(key, gzipSync(JSON.stringify({ Records: cleanLife({ day: DAY }) })));
    }
    const { out, err } = await kmsAudit(['backfill', `s3://${BUCKET}`, '--table', table, '--since', DAY, '--json']);
    expect(err).toBe('');
    expect(JSON.parse(out)).toMatchObject({ events: { read: 6, audited: 6 }, covered: { sources: 1, before: 0 } });
  });

  it.each([
    ['a table that is not there', (table: string) => [archive, '--table', `${table}-not`], 'there is no table'],
    ['a day that is none', (table: string) => [archive, '--table', table, '--since', '2026-02-30'], 'expected a day'],
    ['a rate of nothing', (table: string) => [archive, '--table', table, '--write-rate', '0'], 'more than 0'],
    ['a retention that is none', (table: string) => [archive, '--table', table, '--retention-days', '1.5'], 'whole days'],
    ['no table', () => [archive], '--table'],
    ['a bucket that is not there', (table: string) => ['s3://example-no-logs', '--table', table], 'NoSuchBucket'],
    ['a checkpoint that is none', (table: string) => [archive, '--table', table, '--checkpoint', PROGRAM], 'something else'],
  ])('refuses %s', async (_, args, message) => {
    const { code, out, err } = await kmsAudit(['backfill', ...args(await newTable())]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });
});

describe('a checkpoint in a file', () => {
  it('loses a torn line alone, and is nobody else’s', async () => {
    const path = join(folder, 'torn');
    const scope = { table: 'ledger', settings: 's' };
    const first = await fileCheckpoint(path, scope);
    await first.note(['a', 'b'], 'kept');
    await first.note(['a'], 'whole');
    await writeFile(path, `${await readFile(path, 'utf8')}{"whole":["b`);
    const second = await fileCheckpoint(path, scope);
    const covered = await second.read();
    expect(['a', 'b', 'c'].map(covered)).toEqual(['whole', 'kept', undefined]);
    await second.note(['c'], 'whole');
    const later = await (await fileCheckpoint(path, scope)).read();
    expect(['a', 'b', 'c'].map(later)).toEqual(['whole', 'kept', 'whole']);
    await expect(fileCheckpoint(path, { ...scope, table: 'other' })).rejects.toThrow('table "ledger"');
    await expect(fileCheckpoint(path, { ...scope, settings: 't' })).rejects.toThrow('another policy');
    await expect(fileCheckpoint(join(folder, 'nowhere', 'file'), scope)).rejects.toThrow('cannot be written');
    await expect(fileCheckpoint(folder, scope)).rejects.toThrow('cannot be read');
  });
});

describe('progress', () => {
  const far = { sources: 3, ofSources: 12, bytes: 250, ofBytes: 1_000, records: 4_000 };
  function told(live: boolean): string {
    let text = '';
    const err = new Writable({
      write: (chunk, _, done) => {
        text += chunk;
        done();
      },
    });
    const terminal: Terminal = { out: err, err, colour: false, live, width: 100 };
    let [now, units] = [0, 0];
    const line = new ProgressLine(
      terminal,
      () => units,
      () => now,
    );
    for (let second = 0; second < 25; second += 1) {
      line.tell({ ...far, bytes: second * 10, sources: Math.floor(second / 8) });
      now += 1_000;
      units += 40;
    }
    line.end();
    return text;
  }

  it('is a bar that rewrites itself on a terminal', () => {
    const text = told(true);
    expect(text).not.toContain('\n');
    expect(text).toContain('█');
    expect(text).toContain('23 %, 2/12 sources, 4000 records, 40 write units/s, 1 min 17 s left');
    expect(text.endsWith('\r\u001b[K')).toBe(true);
  });

  it('is a plain line now and then elsewhere', () => {
    expect(told(false).split('\n')).toEqual([
      '10 %, 1/12 sources, 4000 records, 40 write units/s',
      '20 %, 2/12 sources, 4000 records, 40 write units/s, 1 min 20 s left',
      '',
    ]);
  });
});
