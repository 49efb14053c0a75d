import type { S3Client } from '@aws-sdk/client-s3';
import type { Source } from '../source.ts';
import { sourceOf } from '../source.ts';
import { ObjectUnreadableError, objectBytes, type S3Object } from './s3-objects.ts';
import type { Sleep } from './write-rate.ts';

/** An object's path, as people write it. */
export const pathOf = ({ bucket, key }: S3Object): string => `s3://${bucket}/${key}`;

/** What names an object's content: its path, size and tag. */
export function identityOf(object: S3Object): string {
  return JSON.stringify([pathOf(object), object.size ?? null, object.etag ?? null]);
}

/** Reads an object whole; one that is not there as it was listed is a source that cannot be read. A throw is a fault. */
export async function objectSource(client: S3Client, object: S3Object, sleep: Sleep): Promise<Source> {
  const path = pathOf(object);
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of objectBytes(client, object, sleep)) chunks.push(chunk);
  } catch (error) {
    if (error instanceof ObjectUnreadableError) return { path, unreadable: error.message };
    throw error;
  }
  return sourceOf(path, Buffer.concat(chunks));
}
