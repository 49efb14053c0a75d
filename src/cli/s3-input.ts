import { S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { listObjects } from '../aws/s3-objects.ts';
import { identityOf, objectSource, pathOf } from '../aws/s3-source.ts';
import type { Sleep } from '../aws/write-rate.ts';
import { type Days, isDigest } from '../core/log-layout.ts';
import { printable } from '../core/text.ts';
import { messageOf } from '../source.ts';
import { InputError, type Place } from './input.ts';
import { requireRegion } from './region.ts';

/** S3 asks its clients to slow down when many read at once, and means it. */
const ATTEMPTS = 10;
/** A connection that says nothing for so long is broken. */
const SILENCE_MILLISECONDS = 30_000;
/** What a digest file is known by; it need not be fetched to be counted. */
const DIGEST = { digestS3Object: '' };

const sleep: Sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * The objects under a prefix, as places. Digest files are counted and never fetched. Throws an {@link InputError} where
 * there is no such bucket, nothing in it, or no way to it; so does whoever reads one of them.
 */
export async function listBucket(path: string, bucket: string, prefix: string, days: Days): Promise<Place[]> {
  const client = new S3Client({
    maxAttempts: ATTEMPTS,
    followRegionRedirects: true,
    requestHandler: { connectionTimeout: 5_000, socketTimeout: SILENCE_MILLISECONDS },
  });
  await requireRegion(client);
  const objects = await listObjects(client, bucket, prefix, days).catch((error: unknown) => {
    throw explained(error, path);
  });
  if (objects.length === 0) throw new InputError(`${path}: nothing is there${days.since || days.until ? ' of these days' : ''}`);
  return objects.map((object) =>
    isDigest(object.key)
      ? { path: pathOf(object), values: [{ value: DIGEST }] }
      : {
          path: pathOf(object),
          id: identityOf(object),
          bytes: object.size ?? 0,
          read: () =>
            objectSource(client, object, sleep).catch((error: unknown) => {
              throw explained(error, pathOf(object));
            }),
        },
  );
}

/** What went wrong on the way to a bucket, for its operator. */
function explained(error: unknown, path: string): unknown {
  if (!(error instanceof Error)) return error;
  const says = printable(error.message || error.name, 500);
  const where = printable(path, 500);
  if (/^(?:Credentials|Token)ProviderError$/.test(error.name)) return new InputError(`no AWS credentials: ${says}`);
  if (error instanceof S3ServiceException) return new InputError(`${where}: ${printable(error.name, 100)}: ${says}`);
  return '$metadata' in error || 'code' in error ? new InputError(`${where} cannot be reached: ${messageOf(error)}`) : error;
}
