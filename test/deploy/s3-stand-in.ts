import type { IncomingMessage, ServerResponse } from 'node:http';
import { xml } from './xml.ts';

interface StoredObject {
  readonly body: Buffer;
  readonly metadata: Readonly<Record<string, string>>;
  readonly lastModified: Date;
}

/** S3 with path-style addresses, as far as a deployment uses it. */
export interface S3StandIn {
  readonly buckets: Set<string>;
  /** The body of an object; throws where there is none. */
  object(bucket: string, key: string): Buffer;
  /** False for a request that it does not know. */
  answer(request: IncomingMessage, body: Buffer, response: ServerResponse): boolean;
}

/** Starts with no bucket. */
export function s3StandIn(): S3StandIn {
  const buckets = new Set<string>();
  const objects = new Map<string, StoredObject>();
  const listing = (bucket: string, prefix: string): string => {
    const found = [...objects].filter(([path]) => path.startsWith(`${bucket}/${prefix}`));
    const contents = found.map(([path, { body, lastModified }]) => ({
      Key: path.slice(bucket.length + 1),
      LastModified: lastModified.toISOString(),
      Size: body.length,
    }));
    return xml({ ListBucketResult: { Name: bucket, Prefix: prefix, KeyCount: found.length, IsTruncated: false, Contents: contents } });
  };
  const put = (request: IncomingMessage, path: string, body: Buffer): void => {
    const headers = Object.entries(request.headers).filter(([name]) => name.startsWith('x-amz-meta-'));
    objects.set(path, {
      body,
      metadata: Object.fromEntries(headers.map(([name, value]) => [name, String(value)])),
      lastModified: new Date(),
    });
  };
  return {
    buckets,
    object: (bucket, key) => {
      const stored = objects.get(`${bucket}/${key}`);
      if (stored === undefined) throw new Error(`S3 error: The specified key does not exist: ${bucket}/${key}`);
      return stored.body;
    },
    answer: (request, body, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://s3');
      const path = decodeURIComponent(pathname.slice(1)).replace(/\/$/, '');
      const [bucket = ''] = path.split('/');
      const stored = objects.get(path);
      if (!buckets.has(bucket)) {
        response.writeHead(404, { 'content-type': 'application/xml' });
        response.end(xml({ Error: { Code: 'NoSuchBucket', Message: 'The specified bucket does not exist' } }));
      } else if (request.method === 'HEAD' && path === bucket) response.writeHead(200, { 'x-amz-bucket-region': 'us-west-2' }).end();
      else if (request.method === 'GET' && searchParams.get('list-type') === '2')
        response.writeHead(200, { 'content-type': 'application/xml' }).end(listing(bucket, searchParams.get('prefix') ?? ''));
      else if (request.method === 'HEAD' && stored !== undefined)
        response.writeHead(200, { ...stored.metadata, 'last-modified': stored.lastModified.toUTCString() }).end();
      // A body in signed chunks would have to be taken apart first.
      else if (request.method === 'PUT' && request.headers['content-encoding'] !== 'aws-chunked') {
        put(request, path, body);
        response.writeHead(200, { etag: '"0"' }).end();
      } else return false;
      return true;
    },
  };
}
