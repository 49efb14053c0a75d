import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { startLoopbackServer } from './loopback-server.ts';

/** One event on its way through a function. */
export interface Invocation {
  readonly requestId: string;
  readonly event: unknown;
  /** How far ahead of the machine's clock the function shall believe to be, seconds. */
  readonly ahead: number;
  readonly deadlineMs: number;
}

/** How an invocation ended, as the function's runtime reported it. */
export type Outcome = { readonly response: unknown } | { readonly error: FunctionError };

/** What a handler threw, or what ended its process. */
export class FunctionError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/**
 * The HTTP API between Lambda and one function's process: the process asks for an event, and answers it before it asks
 * for the next. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export interface RuntimeApi {
  /** `host:port`, as AWS_LAMBDA_RUNTIME_API has it. */
  readonly address: string;
  /** Hands the event to the process and waits for its answer. */
  handle(invocation: Invocation): Promise<Outcome>;
  /** The process is no more: what it had under way fails with this error, and nothing is handed to it again. */
  fail(error: FunctionError): void;
  stop(): Promise<void>;
}

const PREFIX = '/2018-06-01/runtime/';

/** Starts the API for one process. */
export async function startRuntimeApi(): Promise<RuntimeApi> {
  let waiting: ServerResponse | undefined;
  let next: Invocation | undefined;
  let current: { readonly requestId: string; readonly settle: (outcome: Outcome) => void } | undefined;

  const handOver = (): void => {
    if (waiting === undefined || next === undefined) return;
    const { requestId, deadlineMs, ahead, event } = next;
    waiting
      .writeHead(200, {
        'content-type': 'application/json',
        'Lambda-Runtime-Aws-Request-Id': requestId,
        'Lambda-Runtime-Deadline-Ms': String(deadlineMs),
        'Lambda-Runtime-Invoked-Function-Arn': 'arn:aws:lambda:us-west-2:111122223333:function:kms-audit',
        // Not of AWS's: the embedded stack lets time pass without waiting for it.
        'Local-Clock-Ahead-Seconds': String(ahead),
      })
      .end(JSON.stringify(event));
    waiting = undefined;
    next = undefined;
  };
  const settle = (outcome: Outcome): void => {
    next = undefined;
    current?.settle(outcome);
    current = undefined;
  };
  const answer = (request: IncomingMessage, body: Buffer, response: ServerResponse): void => {
    const path = request.url?.startsWith(PREFIX) ? request.url.slice(PREFIX.length) : '';
    if (path === 'invocation/next') {
      waiting = response;
      handOver();
      return;
    }
    const [, requestId, kind] = /^invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    if (path === 'init/error' || (kind !== undefined && requestId === current?.requestId)) {
      response.writeHead(202).end('{"status":"OK"}');
      settle(kind === 'response' ? { response: parsed(body) } : { error: errorOf(parsed(body)) });
      return;
    }
    response.writeHead(kind === undefined ? 404 : 400).end('{}');
  };
  const server = await startLoopbackServer(answer);
  return {
    address: server.endpoint.replace('http://', ''),
    handle: (invocation) =>
      new Promise((resolve) => {
        next = invocation;
        current = { requestId: invocation.requestId, settle: resolve };
        handOver();
      }),
    fail: (error) => {
      waiting = undefined;
      settle({ error });
    },
    stop: server.stop,
  };
}

/** An invocation of this event, dated now. */
export function invocationOf(event: unknown, ahead: number, timeoutMs: number): Invocation {
  return { requestId: randomUUID(), event, ahead, deadlineMs: Date.now() + ahead * 1000 + timeoutMs };
}

function parsed(body: Buffer): unknown {
  const text = body.toString('utf8');
  return text === '' ? undefined : JSON.parse(text);
}

function errorOf(value: unknown): FunctionError {
  const { errorType, errorMessage } = { errorType: 'Error', errorMessage: '', ...(typeof value === 'object' ? value : {}) };
  return new FunctionError(String(errorType), String(errorMessage));
}
