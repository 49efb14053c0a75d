import { S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { listObjects } from '../aws/s3-objects.ts';
import { identityOf, objectSource } from '../aws/s3-source.ts';
import type { Sleep } from '../aws/write-rate.ts';
import { type Days, isDigest } from '../core/log-layout.ts';
import { printable } from '../core/text.ts';
import { messageOf, UnreadableSourceError } from '../source.ts';
import { InputError, type RemotePlace } from './input.ts';
import { requireRegion } from './region.ts';

/** S3 asks its clients to slow down when many read at once, and means it. */
const ATTEMPTS = 10;
/** A connection that says nothing for so long is broken. */
const SILENCE_MILLISECONDS = 30_000;

const sleep: Sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * The objects under a prefix, as places. Digest files are counted and never fetched. Throws an {@link InputError} where
 * there is no such bucket, nothing in it, or no way to it; so does whoever reads one of them.
 */
export async function listBucket(path: string, bucket: string, prefix: string, days: Days): Promise<RemotePlace[]> {
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
  return objects.map((object) => {
    const { path: place, open } = objectSource(client, object, sleep);
    const read = { path: place, bytes: object.size ?? 0, open: () => explaining(open(), place) };
    // There is nothing to remember of what is not fetched.
    return isDigest(object.key) ? { ...read, bytes: 0 } : { ...read, id: identityOf(object) };
  });
}

async function* explaining(bytes: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    throw error instanceof UnreadableSourceError ? error : explained(error, path);
  }
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
