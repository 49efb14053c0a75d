import { field } from '../../src/core/json.ts';
import { startLoopbackServer } from '../../src/local/loopback-server.ts';
import { isRefusal, type Refusal, refused } from '../../src/local/refusal.ts';

/** A grant as ListGrants tells it; dates in seconds since 1970. */
export interface GrantEntry {
  readonly GrantId: string;
  readonly CreationDate?: number;
  readonly [name: string]: unknown;
}

/** A key as DescribeKey and GetKeyRotationStatus tell it. */
export interface KeyEntry {
  state: string;
  manager: 'CUSTOMER' | 'AWS';
  rotates: boolean;
}

/** One call as the server saw it. */
export interface KmsCall {
  readonly operation: string;
  readonly keyArn: string;
  readonly marker?: string;
}

/** KMS on loopback, as far as the sweep asks it. What a test changes here, the next call sees. */
export interface KmsServer {
  readonly endpoint: string;
  /** Keys that ListKeys names. */
  readonly keys: Map<string, KeyEntry>;
  /** Grants by key, in the order in which they are listed. */
  readonly grants: Map<string, GrantEntry[]>;
  readonly calls: KmsCall[];
  /** Grants to a page, at most what is asked for. */
  pageSize: number;
  /** What a call is answered with instead; called before it is. */
  fault: (call: KmsCall) => Refusal | undefined;
  stop(): Promise<void>;
}

/** A refusal that the client takes for throttling. */
export const THROTTLED: Refusal = refused('ThrottlingException', 'Rate exceeded');

/** Starts a KMS without keys. */
export async function startKms(): Promise<KmsServer> {
  const keys = new Map<string, KeyEntry>();
  const grants = new Map<string, GrantEntry[]>();
  const calls: KmsCall[] = [];
  /** Where each marker goes on: after this grant, whatever has come and gone since. */
  const markers = new Map<string, string>();
  const text = (input: unknown, name: string): string => String(field(input, name) ?? '');

  const listGrants = (input: unknown): object => {
    const keyArn = text(input, 'KeyId');
    const marker = text(input, 'Marker');
    const all = [...(grants.get(keyArn) ?? [])].sort((a, b) => (a.GrantId < b.GrantId ? -1 : 1));
    if (marker !== '' && !markers.has(marker)) return refused('InvalidMarkerException', 'no such marker');
    const after = markers.get(marker) ?? '';
    const left = all.filter(({ GrantId }) => GrantId > after);
    const page = left.slice(0, Math.min(server.pageSize, Number(field(input, 'Limit') ?? 50)));
    const last = page.at(-1)?.GrantId ?? '';
    const Grants = page.map((entry) => ({ KeyId: keyArn, ...entry }));
    if (page.length === left.length) return { Grants, Truncated: false };
    markers.set(`after-${last}`, last);
    return { Grants, Truncated: true, NextMarker: `after-${last}` };
  };
  const describe = (input: unknown): object => {
    const key = keys.get(text(input, 'KeyId'));
    if (key === undefined) return refused('NotFoundException', 'no such key');
    const { state, manager } = key;
    const Arn = text(input, 'KeyId');
    return {
      KeyMetadata: { KeyId: Arn, Arn, KeyState: state, KeyManager: manager, KeySpec: 'SYMMETRIC_DEFAULT', Origin: 'AWS_KMS' },
    };
  };
  const answer = (operation: string, input: unknown): object => {
    switch (operation) {
      case 'ListKeys':
        return { Keys: [...keys.keys()].map((KeyArn) => ({ KeyArn, KeyId: KeyArn.split('/').at(-1) })), Truncated: false };
      case 'ListGrants':
        return listGrants(input);
      case 'DescribeKey':
        return describe(input);
      case 'GetKeyRotationStatus':
        return { KeyRotationEnabled: keys.get(text(input, 'KeyId'))?.rotates ?? false };
      case 'ListAliases':
        return { Aliases: [], Truncated: false };
      default:
        return refused('UnknownOperationException', operation);
    }
  };

  const { endpoint, stop } = await startLoopbackServer((request, body, response) => {
    if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 ')) return void response.writeHead(403).end();
    const operation = String(request.headers['x-amz-target']).replace('TrentService.', '');
    const input: unknown = JSON.parse(body.toString('utf8'));
    const marker = text(input, 'Marker');
    const call = { operation, keyArn: text(input, 'KeyId'), ...(marker && { marker }) };
    calls.push(call);
    const answered = server.fault(call) ?? answer(operation, input);
    const [status, reply] = isRefusal(answered) ? [answered.status, { __type: answered.code, message: answered.message }] : [200, answered];
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(reply));
  });
  const server: KmsServer = { endpoint, keys, grants, calls, pageSize: 100, fault: () => undefined, stop };
  return server;
}
