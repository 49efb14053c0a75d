import { AsyncLocalStorage } from 'node:async_hooks';
import { Readable } from 'node:stream';
import { isObject } from '../../src/core/json.ts';

/** What befalls a call. A call that is timed out is given up by its caller and takes effect all the same, when nobody expects it any more. */
export const FAULTS = ['error before', 'reply lost', 'throttled', 'timed out', 'killed before', 'killed after'] as const;
/** One of {@link FAULTS}. */
export type Fault = (typeof FAULTS)[number];

/** The call that a fault strikes; `always`: the client's own further attempts too. */
export interface Strike {
  readonly call: string;
  readonly fault: Fault;
  readonly always: boolean;
}

/** The part of an AWS client that its calls go out by. */
export interface Outlet {
  readonly config: { requestHandler: unknown; retryStrategy: unknown };
}

interface Request {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

type Handle = (request: Request, options: unknown) => Promise<{ readonly response: { readonly statusCode: number } }>;

const invocations = new AsyncLocalStorage<Invocation>();

/** One run of a handler: the calls it makes, and what befalls one of them. */
export class Invocation {
  /** Its calls, in order: what each does and to what, and the how-manieth of its kind it is. The client's further attempts are no calls of their own. */
  readonly calls: string[] = [];
  /** Attempts that were struck. */
  struck = 0;
  /** Alerts that reached the topic, less those noted as sent. */
  unnoted = 0;
  readonly #strike: Strike | undefined;
  readonly #kinds = new Map<string, number>();
  readonly #targets = new Set<string>();
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #late: (() => Promise<unknown>)[] = [];
  readonly #died: Promise<'killed'>;
  #die: () => void = () => {};
  #dead = false;

  constructor(strike?: Strike) {
    this.#strike = strike;
    this.#died = new Promise((resolve) => {
      this.#die = () => {
        this.#dead = true;
        resolve('killed');
      };
    });
  }

  /** Runs the handler to its end, or until it is killed; returns once all that it set going has taken effect. */
  async run(handler: () => Promise<unknown>): Promise<{ readonly returned: unknown } | { readonly failed: unknown }> {
    const finished = invocations.run(this, handler).then(
      (returned) => ({ returned }),
      (failed: unknown) => ({ failed }),
    );
    const outcome = await Promise.race([finished, this.#died]);
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
    for (const arrive of this.#late) await arrive();
    return outcome === 'killed' ? { failed: outcome } : outcome;
  }

  /** Makes one attempt of a call, or what befalls it. */
  async handle(send: Handle, request: Request, options: unknown): ReturnType<Handle> {
    if (this.#dead) return never();
    const strike = this.#isTarget(request) ? this.#strike : undefined;
    const arrive = (): ReturnType<Handle> => this.#tracked(this.#arrive(send, request, options));
    if (strike === undefined) {
      const answer = await arrive();
      return this.#dead ? never() : answer;
    }
    this.struck += 1;
    switch (strike.fault) {
      case 'error before':
        return { response: refusal(request, 500, 'InternalServerError', 'InternalFailure') };
      case 'throttled':
        return { response: refusal(request, 400, 'ProvisionedThroughputExceededException', 'ThrottlingException') };
      case 'reply lost':
        await arrive();
        throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
      case 'timed out':
        this.#late.push(() => this.#arrive(send, request, options).catch(() => {}));
        throw Object.assign(new Error('the request timed out'), { name: 'TimeoutError' });
      case 'killed after':
        await arrive();
        this.#die();
        return never();
      case 'killed before':
        this.#die();
        return never();
      default:
        return strike.fault satisfies never;
    }
  }

  #isTarget(request: Request): boolean {
    const id = request.headers['amz-sdk-invocation-id'] ?? '';
    if (!request.headers['amz-sdk-request']?.includes('attempt=1')) return this.#targets.has(id) && this.#strike?.always === true;
    const kind = kindOf(request);
    const ordinal = (this.#kinds.get(kind) ?? 0) + 1;
    this.#kinds.set(kind, ordinal);
    const call = `${kind} ${ordinal}`;
    this.calls.push(call);
    if (call !== this.#strike?.call) return false;
    this.#targets.add(id);
    return true;
  }

  async #arrive(send: Handle, request: Request, options: unknown): ReturnType<Handle> {
    const answer = await send(request, options);
    if (answer.response.statusCode === 200) {
      if (isPublish(request)) this.unnoted += 1;
      else if (isNote(request)) this.unnoted -= 1;
    }
    return answer;
  }

  #tracked<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work);
    const done = (): void => void this.#underWay.delete(work);
    work.then(done, done);
    return work;
  }
}

const never = (): Promise<never> => new Promise(() => {});

/** Sends a client's calls by way of the invocation that makes them. Its own retry strategy stays, but for the waits. */
export async function attach(outlet: Outlet): Promise<void> {
  const inner = outlet.config.requestHandler as { handle: Handle };
  const send: Handle = inner.handle.bind(inner);
  inner.handle = (request, options) => {
    const invocation = invocations.getStore();
    return invocation === undefined ? send(request, options) : invocation.handle(send, request, options);
  };
  const strategy = await (outlet.config.retryStrategy as () => Promise<object>)();
  Object.assign(Reflect.get(strategy, 'retryBackoffStrategy'), { computeNextBackoffDelay: () => 0 });
  // Thousands of faults would use up what a client allows itself to retry.
  const capacity: unknown = Reflect.get(strategy, 'capacity');
  Object.defineProperty(strategy, 'capacity', { get: () => capacity, set: () => {} });
}

const textOf = ({ body }: Request): string =>
  ArrayBuffer.isView(body) ? Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8') : String(body ?? '');
const targetOf = ({ headers }: Request): string | undefined => headers['x-amz-target'];
const isPublish = (request: Request): boolean => targetOf(request) === undefined;

/** Notes what was sent: an alert or an all-clear in its group's note; a correction last of all, when its finding is forgotten as told. */
function isNote(request: Request): boolean {
  const operation = targetOf(request)?.split('.')[1];
  if (operation !== 'UpdateItem' && operation !== 'DeleteItem') return false;
  const { UpdateExpression: update, Key } = JSON.parse(textOf(request));
  if (operation === 'DeleteItem') return Key?.sk?.S === 'T';
  return typeof update === 'string' && /REMOVE claim/.test(update) && /sent = :through|closed = :through/.test(update);
}

/** What a call does and to what, whatever the time of day. */
function kindOf(request: Request): string {
  const target = targetOf(request);
  if (target === undefined) return `sns Publish ${new URLSearchParams(textOf(request)).get('Subject')}`;
  const [service, operation] = target.split('.');
  if (!service?.startsWith('DynamoDB')) return `${operation}`;
  const { Key, Item, UpdateExpression, IndexName, ExpressionAttributeValues, ScanIndexForward, Select } = JSON.parse(textOf(request));
  const { pk, sk } = { ...Key, ...Item };
  const values = isObject(ExpressionAttributeValues) ? ExpressionAttributeValues : {};
  const range = [values[':pk'], values[':from'], values[':ik']];
  return `${operation} ${JSON.stringify([pk?.S, sk?.S, UpdateExpression, IndexName, ...(operation === 'Query' ? range : []), ScanIndexForward, Select])}`;
}

/** A service's own words for "not now": in XML from SNS, else in JSON. */
function refusal(request: Request, statusCode: number, ofDynamoDb: string, ofOthers: string): { statusCode: number } {
  const target = targetOf(request);
  const code = target?.startsWith('DynamoDB') ? ofDynamoDb : target === undefined && statusCode === 400 ? 'Throttling' : ofOthers;
  const body =
    target === undefined
      ? `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>${code}</Code><Message>Rate exceeded</Message></Error><RequestId>0</RequestId></ErrorResponse>`
      : JSON.stringify({ __type: `com.amazonaws#${code}`, message: 'Rate exceeded' });
  const headers = { 'content-type': target === undefined ? 'text/xml' : 'application/x-amz-json-1.0' };
  return Object.assign({ statusCode, reason: '', headers, body: Readable.from([Buffer.from(body)]) });
}
