import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Runs a built handler as Lambda's own runtime does: in a process of its own that asks the Runtime API for one event
 * after the other. `_HANDLER` and `LAMBDA_TASK_ROOT` say what to load, `AWS_LAMBDA_RUNTIME_API` where to ask.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
type Handler = (event: unknown, context: LambdaContext) => Promise<unknown>;

interface LambdaContext {
  readonly awsRequestId: string;
  readonly invokedFunctionArn: string;
  readonly getRemainingTimeInMillis: () => number;
}

interface Reply {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

const { AWS_LAMBDA_RUNTIME_API: api = '', LAMBDA_TASK_ROOT: root = '', _HANDLER: handlerName = '' } = process.env;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** The clock that the functions see; the embedded stack moves it ahead so that nobody has to wait. */
const machineClock = Date.now;
let aheadMs = 0;
Date.now = () => machineClock() + aheadMs;

function call(method: string, path: string, value?: unknown): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(`http://${api}/2018-06-01/runtime/${path}`, { method, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks).toString('utf8') }));
    });
    sent.on('error', reject);
    sent.end(value === undefined ? undefined : JSON.stringify(value));
  });
}

function told(error: unknown): { errorType: string; errorMessage: string; trace: string[] } {
  if (!(error instanceof Error)) return { errorType: 'Error', errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') };
}

async function load(): Promise<Handler> {
  const [file, name = 'handler'] = handlerName.split('.');
  const module: Record<string, unknown> = await import(pathToFileURL(join(root, `${file}.mjs`)).href);
  const handler = module[name];
  if (typeof handler !== 'function') throw new TypeError(`${handlerName} is no function`);
  return async (event, context) => handler(event, context);
}

async function serve(handler: Handler): Promise<never> {
  for (;;) {
    const { headers, body } = await call('GET', 'invocation/next');
    const awsRequestId = String(headers['lambda-runtime-aws-request-id']);
    aheadMs = Number(headers['local-clock-ahead-seconds'] ?? 0) * 1000;
    const context: LambdaContext = {
      awsRequestId,
      invokedFunctionArn: String(headers['lambda-runtime-invoked-function-arn']),
      getRemainingTimeInMillis: () => Number(headers['lambda-runtime-deadline-ms']) - Date.now(),
    };
    let answer: { readonly path: 'response' | 'error'; readonly value: unknown };
    try {
      answer = { path: 'response', value: (await handler(JSON.parse(body), context)) ?? null };
    } catch (error) {
      answer = { path: 'error', value: told(error) };
    }
    // Everything the handler logged comes before this line.
    process.stdout.write(`END RequestId: ${awsRequestId}\n`);
    await call('POST', `invocation/${awsRequestId}/${answer.path}`, answer.value);
  }
}

try {
  await serve(
    await load().catch(async (error) => {
      await call('POST', 'init/error', told(error));
      throw error;
    }),
  );
} catch (error) {
  console.error(error);
  process.exitCode = 1;
  agent.destroy();
}
