import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { type Days, isWithin, periodOf } from '../core/log-layout.ts';
import { UnreadableSourceError } from '../source.ts';
import { Backoff } from './backoff.ts';
import type { Sleep } from './write-rate.ts';

/** An object of a bucket, as it was listed. */
export interface S3Object {
  readonly bucket: string;
  readonly key: string;
  readonly size?: number;
  /** Its content's tag: another one is another content. */
  readonly etag?: string;
}

const LISTINGS_AT_ONCE = 16;
const DAY_LENGTH = 'yyyy-mm-dd'.length;
/** What an object answers with that is not there as it was listed; everything else is a fault. */
const UNREADABLE: Readonly<Record<string, string>> = {
  NoSuchKey: 'is gone since it was listed',
  PreconditionFailed: 'was replaced since it was listed',
  InvalidObjectState: 'is archived: restore it first',
};

/**
 * The objects under a prefix, in order of their keys. With days, folders that CloudTrail dates are looked into only
 * where they may hold one of the days.
 */
export async function listObjects(client: S3Client, bucket: string, prefix: string, days: Days = {}): Promise<S3Object[]> {
  const objects: S3Object[] = [];
  const byFolder = days.since !== undefined || days.until !== undefined;
  let folders = [prefix];
  while (folders.length > 0) {
    const listed = await Promise.all(
      folders
        .slice(0, LISTINGS_AT_ONCE)
        .map((folder) => listFolder(client, bucket, folder, byFolder && periodOf(folder)?.length !== DAY_LENGTH)),
    );
    objects.push(...listed.flatMap((one) => one.objects));
    folders = [...folders.slice(LISTINGS_AT_ONCE), ...listed.flatMap((one) => one.folders).filter((folder) => isWithin(folder, days))];
  }
  return objects.filter(({ key }) => isWithin(key, days)).sort((a, b) => (a.key < b.key ? -1 : 1));
}

interface Listing {
  readonly objects: readonly S3Object[];
  readonly folders: readonly string[];
}

async function listFolder(client: S3Client, bucket: string, prefix: string, byFolder: boolean): Promise<Listing> {
  const objects: S3Object[] = [];
  const folders: string[] = [];
  let from: string | undefined;
  do {
    const page: ListObjectsV2CommandOutput = await client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        ...(byFolder && { Delimiter: '/' }),
        ...(from && { ContinuationToken: from }),
      }),
    );
    for (const { Key: key = '', Size: size, ETag: etag } of page.Contents ?? []) {
      // An empty object with a slash at its end is how consoles draw a folder.
      if (!(key.endsWith('/') && size === 0)) objects.push({ bucket, key, ...(size === undefined ? {} : { size }), ...(etag && { etag }) });
    }
    folders.push(...(page.CommonPrefixes ?? []).flatMap(({ Prefix }) => Prefix ?? []));
    from = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (from !== undefined);
  return { objects, folders };
}

/**
 * Opens an object, as often as asked for: its bytes, gone on with where a connection broke. They are always the same ones:
 * throws an {@link UnreadableSourceError} where the object is not there as it was listed, or as it was first met. Every
 * other throw is a fault, and comes when the object was asked for too often in vain.
 */
export function objectReader(client: S3Client, object: S3Object, sleep: Sleep): () => AsyncGenerator<Uint8Array> {
  const { bucket: Bucket, key: Key } = object;
  let { etag } = object;
  return async function* bytes(): AsyncGenerator<Uint8Array> {
    const backoff = new Backoff(sleep);
    let received = 0;
    for (;;) {
      try {
        const command = new GetObjectCommand({
          Bucket,
          Key,
          ...(etag && { IfMatch: etag }),
          ...(received > 0 && { Range: `bytes=${received}-` }),
        });
        const { Body, ETag, ContentLength = 0 } = await client.send(command);
        etag ??= ETag;
        const end = received + ContentLength;
        for await (const chunk of chunksOf(Body)) {
          received += chunk.length;
          backoff.reset();
          yield chunk;
        }
        if (received >= end) return;
        throw Object.assign(new Error('the object ended too early'), { code: 'ECONNRESET' });
      } catch (error) {
        const reason = error instanceof S3ServiceException ? UNREADABLE[error.name] : undefined;
        if (reason !== undefined) throw new UnreadableSourceError(reason);
        await backoff.wait(error);
      }
    }
  };
}

/** In Node.js, a body is a stream of buffers. */
async function* chunksOf(body: unknown): AsyncGenerator<Uint8Array> {
  if (!(body instanceof Readable)) throw new TypeError('expected the body of an object to be a stream');
  for await (const chunk of body) if (chunk instanceof Uint8Array) yield chunk;
}
