import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { objectSource } from '../src/aws/s3-source.ts';
import { InputError, listSources, type Place, readSource } from '../src/cli/input.ts';
import { readPlaces } from '../src/cli/read-places.ts';
import { replay } from '../src/cli/replay.ts';
import { isDigest, periodOf } from '../src/core/log-layout.ts';
import { DEFAULT_POLICY } from '../src/core/policy.ts';
import type { SourceBatch } from '../src/core/reading.ts';
import { scanRemote } from '../src/scan/scan-remote.ts';
import { cleanLife } from './support/life.ts';
import { type S3Server, startS3 } from './support/s3-server.ts';

const BUCKET = 'example-trail-logs';
const REGION = 'us-west-2';

let s3: S3Server;
beforeAll(async () => {
  s3 = await startS3(BUCKET);
});
beforeEach(() => {
  s3.objects.clear();
  s3.requests.length = 0;
  s3.pageSize = 1_000;
  s3.fault = () => undefined;
  vi.stubEnv('AWS_ENDPOINT_URL_S3', s3.endpoint);
  vi.stubEnv('AWS_REGION', REGION);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
});
afterEach(() => vi.unstubAllEnvs());
afterAll(async () => s3.stop());

function keyOf(day: string, serial: number, kind = 'CloudTrail'): string {
  return `AWSLogs/111122223333/${kind}/${REGION}/${day.replaceAll('-', '/')}/111122223333_${kind}_${REGION}_${serial}.json.gz`;
}

function put(day: string, serial: number): string {
  const key = keyOf(day, serial);
  s3.objects.set(key, gzipSync(JSON.stringify({ Records: cleanLife({ serial, day, volumeId: `vol-${serial}` }) })));
  return key;
}

const pathOf = (place: Place): string => (typeof place === 'string' ? place : place.path);
const listed = async (...args: Parameters<typeof listSources>): Promise<string[]> =>
  (await listSources(...args)).map(pathOf).map((path) => path.slice(`s3://${BUCKET}/`.length));

describe('an s3:// path', () => {
  it('stands for every object under it, page after page, in order of keys', async () => {
    const keys = Array.from({ length: 25 }, (_, index) => put('2026-11-02', index + 10));
    s3.objects.set('AWSLogs/', Buffer.alloc(0));
    s3.pageSize = 10;
    expect(await listed([`s3://${BUCKET}`])).toEqual(keys);
    expect(s3.requests.filter(({ operation }) => operation === 'list')).toHaveLength(3);
    expect(
      await listed([`s3://${BUCKET}/AWSLogs/111122223333/CloudTrail/${REGION}/2026/11/02/111122223333_CloudTrail_${REGION}_3`]),
    ).toEqual(keys.slice(20));
  });

  it('is replayed as a folder is, digests counted and never fetched', async () => {
    put('2026-11-02', 1);
    put('2026-11-03', 2);
    s3.objects.set(keyOf('2026-11-02', 3, 'CloudTrail-Digest'), Buffer.from('{"digestS3Object":"…"}'));
    s3.objects.set('notes.txt', Buffer.from('hello'));
    const { events, sources, volumes } = await replay([`s3://${BUCKET}`], DEFAULT_POLICY);
    expect(events).toEqual({ read: 14, audited: 12, duplicates: 0, outOfScope: 1, rejected: 1 });
    expect(sources).toHaveLength(4);
    expect([...volumes]).toMatchObject([{ volumeId: 'vol-1' }, { volumeId: 'vol-2' }]);
    expect(s3.requests.filter(({ operation, key }) => operation === 'get' && isDigest(key))).toEqual([]);
  });

  it('is narrowed to days without listing any other', async () => {
    const days = ['2025-12-31', '2026-01-01', '2026-10-31', '2026-11-01', '2026-11-02', '2026-11-03', '2026-12-01'];
    for (const [index, day] of days.entries()) put(day, index);
    s3.objects.set(keyOf('2026-11-02', 9, 'CloudTrail-Digest'), Buffer.from('{}'));
    s3.objects.set('elsewhere/log.json', Buffer.from('[]'));
    const within = await listed([`s3://${BUCKET}`], { since: '2026-11-01', until: '2026-11-02' });
    expect(within).toEqual([
      keyOf('2026-11-02', 9, 'CloudTrail-Digest'),
      keyOf('2026-11-01', 3),
      keyOf('2026-11-02', 4),
      'elsewhere/log.json',
    ]);
    const dated = s3.requests.map(({ key }) => periodOf(key)).filter((period) => period !== undefined);
    expect([...new Set(dated)].sort()).toEqual(['2026', '2026-11', '2026-11-01', '2026-11-02']);
    expect(await listed([`s3://${BUCKET}/AWSLogs`], { since: '2026-11-03' })).toEqual([keyOf('2026-11-03', 5), keyOf('2026-12-01', 6)]);
    expect(await listed([`s3://${BUCKET}/AWSLogs`], { until: '2025-12-31' })).toEqual([keyOf('2025-12-31', 0)]);
  });

  it('is read on when S3 asks to slow down, and where a body breaks off', async () => {
    const key = put('2026-11-02', 1);
    const whole = s3.objects.get(key)?.length ?? 0;
    let slow = 2;
    s3.fault = ({ operation, range }) => {
      if (slow > 0) {
        slow -= 1;
        return { status: 503, code: 'SlowDown' };
      }
      return operation === 'get' && (range === undefined || range === 'bytes=100-') ? { breaksAfter: 100 } : undefined;
    };
    const [place = ''] = await listSources([`s3://${BUCKET}`]);
    expect(await readSource(place)).toMatchObject({ values: [{ value: { Records: expect.any(Array) } }] });
    expect(whole).toBeGreaterThan(200);
    expect(s3.requests.filter(({ operation }) => operation === 'get').map(({ range }) => range)).toEqual([
      undefined,
      'bytes=100-',
      'bytes=200-',
    ]);
  });

  it.each([
    ['is gone', (key: string) => s3.objects.delete(key), 'is gone since it was listed'],
    ['was replaced', (key: string) => s3.objects.set(key, Buffer.from('[]')), 'was replaced since it was listed'],
    [
      'is archived',
      () => {
        s3.fault = ({ operation }) => (operation === 'get' ? { status: 403, code: 'InvalidObjectState' } : undefined);
      },
      'is archived: restore it first',
    ],
  ])('whose object %s is a source that cannot be read', async (_, change, unreadable) => {
    const key = put('2026-11-02', 1);
    const [place = ''] = await listSources([`s3://${BUCKET}`]);
    change(key);
    expect(await readSource(place)).toEqual({ path: `s3://${BUCKET}/${key}`, unreadable });
  });

  it.each([
    ['no such bucket', 's3://example-no-logs', {}, 'NoSuchBucket'],
    ['nothing there', `s3://${BUCKET}/nowhere`, {}, 'nothing is there'],
    ['nothing there on these days', `s3://${BUCKET}`, { since: '2027-01-01' }, 'nothing is there of these days'],
  ])('with %s is bad input', async (_, path, days, message) => {
    put('2026-11-02', 1);
    await expect(listSources([path], days)).rejects.toThrow(InputError);
    await expect(listSources([path], days)).rejects.toThrow(message);
  });

  it('whose object may not be read is bad input, never a source that was covered', async () => {
    put('2026-11-02', 1);
    s3.fault = ({ operation }) => (operation === 'get' ? { status: 403, code: 'AccessDenied' } : undefined);
    const [place = ''] = await listSources([`s3://${BUCKET}`]);
    await expect(readSource(place)).rejects.toThrow(/s3:\/\/.*AccessDenied/);
  });
});

/** Everything that is said of the places, by path. */
async function readAll(places: readonly Place[]): Promise<Map<string, SourceBatch[]>> {
  const read = new Map<string, SourceBatch[]>();
  for await (const batch of readPlaces(places)) read.set(batch.path, [...(read.get(batch.path) ?? []), batch]);
  return read;
}

const sums = (batches: readonly SourceBatch[] = []) => ({
  records: batches.reduce((sum, { records }) => sum + records, 0),
  rejected: batches.flatMap(({ rejected }) => rejected),
  last: batches.map(({ last }) => last).indexOf(true) === batches.length - 1,
});

describe('the body of an object', () => {
  const many = (count: number): Buffer => {
    const ids = createHash('sha512');
    const records = Array.from({ length: count }, (_, index) => ({
      ...cleanLife({ serial: 1, day: '2026-11-02', volumeId: 'vol-1' })[index % 6],
      eventID: `e${index}`,
      random: ids.copy().update(String(index)).digest('base64'),
    }));
    return gzipSync(JSON.stringify({ Records: records }));
  };

  it('is scanned as it comes, many at a time, the batches of each in their order', async () => {
    const keys = Array.from({ length: 9 }, (_, index) => keyOf('2026-11-02', index));
    for (const [index, key] of keys.entries()) s3.objects.set(key, many(1_500 * (index % 3) + 100));
    const read = await readAll(await listSources([`s3://${BUCKET}`]));
    for (const [index, key] of keys.entries()) {
      const batches = read.get(`s3://${BUCKET}/${key}`);
      expect(sums(batches)).toEqual({ records: 1_500 * (index % 3) + 100, rejected: [], last: true });
      const ids = batches?.flatMap(({ readings }) => readings.map((one) => (one.kind === 'fact' ? one.fact.eventId : '')));
      expect(ids).toEqual(ids?.map((_, place) => `e${place}`));
    }
    expect([...read.values()].some((batches) => batches.length > 1)).toBe(true);
  });

  it('that breaks off again and again is read on, nothing lost and nothing twice', async () => {
    const key = keyOf('2026-11-02', 1);
    s3.objects.set(key, many(2_000));
    s3.fault = ({ operation }) => (operation === 'get' ? { breaksAfter: 30_000 } : undefined);
    const read = await readAll(await listSources([`s3://${BUCKET}`]));
    expect(sums(read.get(`s3://${BUCKET}/${key}`))).toEqual({ records: 2_000, rejected: [], last: true });
    expect(s3.requests.filter(({ range }) => range !== undefined).length).toBeGreaterThan(1);
  });

  it('that never goes on is a fault, and no rejection', async () => {
    const key = keyOf('2026-11-02', 1);
    s3.objects.set(key, many(100));
    s3.fault = ({ operation }) => (operation === 'get' ? { breaksAfter: 0 } : undefined);
    const client = new S3Client({ maxAttempts: 1 });
    const waits: number[] = [];
    const source = objectSource(client, { bucket: BUCKET, key }, async (milliseconds) => void waits.push(milliseconds));
    const reading = (async () => {
      for await (const batch of scanRemote([source])) expect(batch).toBe('nothing');
    })();
    await expect(reading).rejects.toThrow();
    expect(waits).toHaveLength(20);
    client.destroy();
  });

  it('that is refused midway is a fault, on the command line bad input', async () => {
    const key = keyOf('2026-11-02', 1);
    s3.objects.set(key, many(2_000));
    s3.fault = ({ operation, range }) => {
      if (operation !== 'get') return undefined;
      return range === undefined ? { breaksAfter: 100_000 } : { status: 403, code: 'AccessDenied' };
    };
    await expect(readAll(await listSources([`s3://${BUCKET}`]))).rejects.toThrow(InputError);
  });

  it('that was replaced midway counts as far as it came, with one rejection', async () => {
    const key = keyOf('2026-11-02', 1);
    s3.objects.set(key, many(2_000));
    s3.fault = ({ operation }) => {
      if (operation === 'get') setImmediate(() => s3.objects.set(key, many(3)));
      return operation === 'get' ? { breaksAfter: 100_000 } : undefined;
    };
    const { records, rejected } = sums((await readAll(await listSources([`s3://${BUCKET}`]))).get(`s3://${BUCKET}/${key}`));
    expect(rejected).toEqual([{ index: records - 1, reason: 'was replaced since it was listed' }]);
    expect(records).toBeGreaterThan(100);
  });

  it('that was cut before it was stored is rejected once behind what it holds, as a file is', async () => {
    const key = keyOf('2026-11-02', 1);
    const whole = many(2_000);
    s3.objects.set(key, whole.subarray(0, -9));
    const { records, rejected } = sums((await readAll(await listSources([`s3://${BUCKET}`]))).get(`s3://${BUCKET}/${key}`));
    expect({ records, rejected }).toEqual({ records: 2_001, rejected: [{ index: 2_000, reason: 'gzip: unexpected end of file' }] });
    const spoilt = Buffer.from(whole);
    spoilt[spoilt.length - 6] = 0;
    s3.objects.set(key, spoilt);
    const again = sums((await readAll(await listSources([`s3://${BUCKET}`]))).get(`s3://${BUCKET}/${key}`));
    expect(again).toMatchObject({ records: 2_001, rejected: [{ index: 2_000, reason: expect.stringContaining('gzip:') }] });
  });
});
