import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readBatch } from '../src/aws/backfill-wiring.ts';
import { DynamoDbLedger } from '../src/aws/dynamodb-ledger.ts';
import { type BatchOutcome, handler } from '../src/backfill-batch.ts';
import { DEFAULT_POLICY } from '../src/core/policy.ts';
import { type DynaliteServer, startDynalite } from '../src/local/dynalite-server.ts';
import { auditEvent } from '../src/pipeline.ts';
import { clock, sha256 } from '../src/system.ts';
import { itemsOf } from './support/backfill-run.ts';
import { cleanLife } from './support/life.ts';
import { type S3Server, startS3 } from './support/s3-server.ts';

const BUCKET = 'example-trail-logs';
const TABLE = 'ledger';
const BATCH = 4;
const DAY = new Date().toISOString().slice(0, 10);

let s3: S3Server;
let database: DynaliteServer;
const printed = vi.spyOn(console, 'log').mockImplementation(() => {});
beforeAll(async () => {
  [s3, database] = await Promise.all([startS3(BUCKET), startDynalite()]);
  await database.createTable(TABLE);
  const environment = {
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: database.endpoint,
    AWS_REGION: 'us-west-2',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    TABLE_NAME: TABLE,
    WRITE_RATE: '100000',
    CONCURRENCY: '10',
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  printed.mockRestore();
  await Promise.all([s3.stop(), database.stop()]);
});

/** Fifteen minutes. */
const inTime = { getRemainingTimeInMillis: () => 900_000 };

/** The objects as Distributed Map lists them, in batches. */
function batches(): object[] {
  const all = [...s3.objects].map(([Key, body]) => ({ Key, Size: body.length, LastModified: 1_795_000_000, StorageClass: 'STANDARD' }));
  return Array.from({ length: Math.ceil(all.length / BATCH) }, (_, index) => ({
    Items: all.slice(index * BATCH, (index + 1) * BATCH),
    BatchInput: { bucket: BUCKET },
  }));
}

/** Runs every batch as the state machine does: again until it succeeds. */
async function run(
  given: readonly object[],
  context = inTime,
): Promise<{ readonly outcomes: BatchOutcome[]; readonly failures: unknown[] }> {
  const outcomes: BatchOutcome[] = [];
  const failures: unknown[] = [];
  for (const batch of given) {
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const outcome = await handler(structuredClone(batch), context).catch((error: unknown) => void failures.push(error));
      if (outcome === undefined) continue;
      outcomes.push(outcome);
      break;
    }
  }
  return { outcomes, failures };
}

describe('a batch of the backfill', () => {
  it('ends in the live pipeline’s ledger when batches fail, run out of time, and are repeated', async () => {
    const records = Array.from({ length: 5 }, (_, index) => cleanLife({ serial: index + 1, day: DAY, volumeId: `vol-${index}` })).flat();
    for (let from = 0; from < records.length; from += 3) {
      const name = String(from).padStart(2, '0');
      s3.objects.set(
        `AWSLogs/111122223333/CloudTrail/us-west-2/${name}.json.gz`,
        gzipSync(JSON.stringify({ Records: records.slice(from, from + 3) })),
      );
    }
    s3.objects.set('AWSLogs/111122223333/CloudTrail-Digest/us-west-2/x.json.gz', Buffer.from('never read'));
    s3.objects.set('AWSLogs/', Buffer.alloc(0));
    s3.objects.set('AWSLogs/bad.json', Buffer.from('{"Records":[{"eventSource":"kms.ama'));
    await database.createTable('live');
    const pipeline = {
      ledger: new DynamoDbLedger(database.client, 'live'),
      policy: DEFAULT_POLICY,
      digest: sha256,
      now: clock,
      log: () => {},
    };
    for (const record of records) await auditEvent(record, pipeline);

    // Every third request to S3 is refused for good, and time is up after every second source.
    let requests = 0;
    s3.fault = () => {
      requests += 1;
      return requests % 3 === 0 ? { status: 403, code: 'AccessDenied' } : undefined;
    };
    const { failures } = await run(batches());
    s3.fault = () => undefined;
    let sources = 0;
    const hurried = {
      getRemainingTimeInMillis: () => {
        sources += 1;
        return sources % 3 === 0 ? 1_000 : 900_000;
      },
    };
    const { failures: late } = await run([...batches()].reverse(), hurried);
    const { outcomes } = await run(batches());

    expect(await itemsOf(database.client, TABLE)).toEqual(await itemsOf(database.client, 'live'));
    expect(failures).toMatchObject(failures.map(() => ({ name: 'AccessDenied' })));
    expect(failures.length).toBeGreaterThan(1);
    expect(late).toMatchObject(late.map(() => ({ name: 'BackfillUnfinishedError' })));
    for (const { events } of outcomes) expect(events.audited + events.duplicates + events.outOfScope + events.rejected).toBe(events.read);
    expect(outcomes.map(({ covered }) => covered.before)).toEqual([4, 4, 3, 0]);
    expect(outcomes.at(-1)).toMatchObject({
      events: { read: 1, audited: 0, rejected: 1 },
      rejected: [{ path: `s3://${BUCKET}/AWSLogs/bad.json` }],
    });
    expect(s3.requests.filter(({ key }) => key.includes('Digest'))).toEqual([]);
    expect(printed.mock.calls.join()).toContain('record rejected');
  }, 30_000);
});

it('as it is packaged, by itself in a folder, finds its scanner and reads a batch', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kms-audit-'));
  await cp(new URL('../dist/backfill', import.meta.url), folder, { recursive: true });
  const built: { handler: typeof handler } = await import(join(folder, 'backfill-batch.mjs'));
  const key = 'AWSLogs/111122223333/CloudTrail/us-west-2/packaged.json.gz';
  const life = cleanLife({ serial: 77, day: DAY, volumeId: 'vol-77' });
  s3.objects.set(key, gzipSync(JSON.stringify({ Records: life })));
  const { events } = await built.handler({ Items: [{ Key: key }], BatchInput: { bucket: BUCKET } }, inTime);
  expect(events).toMatchObject({ read: life.length, audited: life.length, rejected: 0 });
  await rm(folder, { recursive: true });
});

describe('what a batch comes in', () => {
  it('is a listing’s or an inventory’s items', () => {
    const BatchInput = { bucket: BUCKET };
    expect(
      readBatch({
        BatchInput,
        Items: [
          { Key: 'a', Size: 3, Etag: '"e"' },
          { Key: 'b', Size: '4', ETag: 'f' },
          { Key: 'c/', Size: 0 },
        ],
      }),
    ).toEqual([
      { bucket: BUCKET, key: 'a', size: 3, etag: '"e"' },
      { bucket: BUCKET, key: 'b', size: 4, etag: '"f"' },
    ]);
  });

  it.each([[{}], [{ Items: [] }], [{ BatchInput: { bucket: BUCKET } }], [{ BatchInput: { bucket: BUCKET }, Items: [{ Size: 1 }] }]])(
    'is nothing else: %j',
    async (event) => {
      await expect(handler(event, inTime)).rejects.toThrow('expected');
    },
  );
});
