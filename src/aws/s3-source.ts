import type { S3Client } from '@aws-sdk/client-s3';
import { isDigest } from '../core/log-layout.ts';
import type { RemoteSource } from '../scan/scan-remote.ts';
import { objectReader, type S3Object } from './s3-objects.ts';
import type { Sleep } from './write-rate.ts';

/** What a digest file is known by; it need not be fetched to be counted. */
const DIGEST = Buffer.from('{"digestS3Object":""}');

/** An object's path, as people write it. */
export const pathOf = ({ bucket, key }: S3Object): string => `s3://${bucket}/${key}`;

/** What names an object's content: its path, size and tag. */
export function identityOf(object: S3Object): string {
  return JSON.stringify([pathOf(object), object.size ?? null, object.etag ?? null]);
}

/** An object as a source; a digest file is counted and never fetched. */
export function objectSource(client: S3Client, object: S3Object, sleep: Sleep): RemoteSource {
  return { path: pathOf(object), open: isDigest(object.key) ? digest : objectReader(client, object, sleep) };
}

async function* digest(): AsyncGenerator<Uint8Array> {
  yield DIGEST;
}
