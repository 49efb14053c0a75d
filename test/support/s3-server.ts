import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { startLoopbackServer } from '../../src/local/loopback-server.ts';

/** What an S3 request is answered with instead: an error, or a body that breaks off after so many bytes. */
export type S3Fault = { readonly status: number; readonly code: string } | { readonly breaksAfter: number };

/** One request as the server saw it. */
export interface S3Request {
  readonly operation: 'list' | 'get';
  readonly bucket: string;
  /** A key, or the prefix that is listed. */
  readonly key: string;
  readonly range?: string;
}

/** S3 on loopback, with path-style addresses, as far as reading goes. */
export interface S3Server {
  readonly endpoint: string;
  readonly objects: Map<string, Buffer>;
  readonly requests: S3Request[];
  /** Objects to a page of a listing. */
  pageSize: number;
  fault: (request: S3Request) => S3Fault | undefined;
  stop(): Promise<void>;
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const etagOf = (body: Buffer): string => `"${createHash('md5').update(body).digest('hex')}"`;
const error = (code: string): string => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;

/** Starts a server that knows one bucket, whose objects are empty at first. */
export async function startS3(bucket: string): Promise<S3Server> {
  const objects = new Map<string, Buffer>();
  const requests: S3Request[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://s3');
    const [, asked = '', ...rest] = pathname.split('/').map(decodeURIComponent);
    const listing = searchParams.get('list-type') === '2';
    const key = listing ? (searchParams.get('prefix') ?? '') : rest.join('/');
    const { range } = request.headers;
    const seen: S3Request = { operation: listing ? 'list' : 'get', bucket: asked, key, ...(range && { range }) };
    requests.push(seen);
    const fault = server.fault(seen);
    const refuse = (status: number, code: string): void =>
      void response.writeHead(status, { 'content-type': 'application/xml' }).end(error(code));
    if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 ')) refuse(403, 'AccessDenied');
    else if (fault !== undefined && 'status' in fault) refuse(fault.status, fault.code);
    else if (asked !== bucket) refuse(404, 'NoSuchBucket');
    else if (listing) list(key, searchParams, response);
    else get(key, request, response, fault?.breaksAfter);
  };
  const list = (prefix: string, asked: URLSearchParams, response: ServerResponse): void => {
    const delimiter = asked.get('delimiter');
    const entries = new Set<string>();
    for (const key of [...objects.keys()].filter((one) => one.startsWith(prefix)).sort()) {
      const end = delimiter === null ? -1 : key.indexOf(delimiter, prefix.length);
      entries.add(end < 0 ? key : key.slice(0, end + 1));
    }
    const from = Number(asked.get('continuation-token') ?? 0);
    const page = [...entries].slice(from, from + server.pageSize);
    const next = from + page.length < entries.size ? from + page.length : undefined;
    const isFolder = (entry: string): boolean => !objects.has(entry);
    const contents = page
      .filter((entry) => !isFolder(entry))
      .map((key) => {
        const body = objects.get(key) ?? Buffer.alloc(0);
        return `<Contents><Key>${escaped(key)}</Key><Size>${body.length}</Size><ETag>${etagOf(body)}</ETag></Contents>`;
      });
    const folders = page.filter(isFolder).map((folder) => `<CommonPrefixes><Prefix>${escaped(folder)}</Prefix></CommonPrefixes>`);
    const more =
      next === undefined
        ? '<IsTruncated>false</IsTruncated>'
        : `<IsTruncated>true</IsTruncated><NextContinuationToken>${next}</NextContinuationToken>`;
    response.writeHead(200, { 'content-type': 'application/xml' });
    response.end(`<?xml version="1.0"?><ListBucketResult>${more}${contents.join('')}${folders.join('')}</ListBucketResult>`);
  };
  const get = (key: string, request: IncomingMessage, response: ServerResponse, breaksAfter?: number): void => {
    const body = objects.get(key);
    const ifMatch = request.headers['if-match'];
    if (body === undefined || (ifMatch !== undefined && ifMatch !== etagOf(body))) {
      const [status, code] = body === undefined ? [404, 'NoSuchKey'] : [412, 'PreconditionFailed'];
      response.writeHead(Number(status), { 'content-type': 'application/xml' }).end(error(String(code)));
      return;
    }
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const rest = body.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': rest.length, etag: etagOf(body) });
    if (breaksAfter === undefined) response.end(rest);
    else response.write(rest.subarray(0, breaksAfter), () => response.destroy());
  };
  const { endpoint, stop } = await startLoopbackServer((request, _body, response) => answer(request, response));
  const server: S3Server = { endpoint, objects, requests, pageSize: 1_000, fault: () => undefined, stop };
  return server;
}
