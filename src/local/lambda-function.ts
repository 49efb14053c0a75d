import { type FunctionSettings, type LambdaProcess, startLambdaProcess } from './lambda-process.ts';
import { FunctionError, invocationOf, type Outcome, startRuntimeApi } from './runtime-api.ts';

/** How an event shall be handled. */
export interface InvokeOptions {
  /** How far ahead of the machine's clock the function shall believe to be, seconds. */
  readonly ahead?: number;
  /** How often to try again after an error; the function's clock moves on each time as Lambda's asynchronous queue would wait. */
  readonly retries?: number;
}

/** What came of an event. */
export interface Invoked {
  readonly response: unknown;
  /** What the function logged, line by line; failed tries included. */
  readonly logs: readonly string[];
  readonly processId: number;
}

/** One function in one execution environment: one process, one event at a time, kept warm between them. */
export interface LambdaFunction {
  /** Resolves when the handler has; rejects with what it threw, or what ended its process, as a {@link FunctionError}. */
  invoke(event: unknown, options?: InvokeOptions): Promise<Invoked>;
  /** Ends the process at once, whatever it is doing; the next event starts another. */
  kill(): void;
  stop(): Promise<void>;
}

/** When each try comes, seconds after the first: Lambda waits one minute, then two. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html */
const TRIES_AFTER_SECONDS = [0, 60, 180];

/** Readies a function; its first process starts with the first event. */
export async function startLambdaFunction(settings: FunctionSettings): Promise<LambdaFunction> {
  const api = await startRuntimeApi();
  let logs: string[] = [];
  let warm: LambdaProcess | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  const start = (): LambdaProcess => {
    const started = startLambdaProcess(settings, api.address, (line) => logs.push(line));
    void started.gone.then((how) => {
      if (warm === started) end(new FunctionError('Runtime.ExitError', `Runtime exited with error: ${how}`));
    });
    return started;
  };
  const end = (error: FunctionError): void => {
    warm?.kill();
    warm = undefined;
    api.fail(error);
  };

  const once = async (event: unknown, ahead: number): Promise<Outcome & { readonly processId: number }> => {
    const { timeoutSeconds } = settings;
    const invocation = invocationOf(event, ahead, timeoutSeconds * 1000);
    const answered = api.handle(invocation);
    warm ??= start();
    const { processId, logged } = warm;
    const timer = setTimeout(
      () => end(new FunctionError('Sandbox.Timedout', `Task timed out after ${timeoutSeconds.toFixed(2)} seconds`)),
      timeoutSeconds * 1000,
    );
    const outcome = await answered;
    clearTimeout(timer);
    if (warm !== undefined) await logged(invocation.requestId);
    return { ...outcome, processId };
  };

  const invoke = async (event: unknown, { ahead = 0, retries = 0 }: InvokeOptions): Promise<Invoked> => {
    logs = [];
    for (let attempt = 0; ; attempt += 1) {
      const outcome = await once(event, ahead + (TRIES_AFTER_SECONDS[attempt] ?? TRIES_AFTER_SECONDS.at(-1) ?? 0));
      if ('response' in outcome) return { response: outcome.response, logs, processId: outcome.processId };
      if (attempt >= retries) throw outcome.error;
    }
  };

  return {
    invoke: (event, options = {}) => {
      const turn = queue.then(() => invoke(event, options));
      queue = turn.catch(() => {});
      return turn;
    },
    kill: () => end(new FunctionError('Runtime.ExitError', 'Runtime exited with error: signal: SIGKILL')),
    stop: async () => {
      const last = warm;
      warm = undefined;
      last?.kill();
      await last?.gone;
      await api.stop();
    },
  };
}
