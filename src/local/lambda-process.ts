import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A built function and what it runs in. */
export interface FunctionSettings {
  /** The runner that the process executes. */
  readonly runtime: string;
  /** The folder of the bundle. */
  readonly root: string;
  /** As Lambda writes it: `audit.handler`. */
  readonly handler: string;
  /** All that the process sees of the outside. */
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  /** Memory of the function, MB; what V8 may use of it follows as in Lambda. */
  readonly memoryMb: number;
}

/** A process that runs a function's handler on one event after the other. */
export interface LambdaProcess {
  readonly processId: number;
  /** Resolves once everything that this invocation logged has been read, or the process is gone. */
  logged(requestId: string): Promise<void>;
  /** Resolves when the process is gone and its log read, with how it ended. */
  readonly gone: Promise<string>;
  kill(): void;
}

/** Starts the process; `log` is told each line that it writes. */
export function startLambdaProcess(settings: FunctionSettings, api: string, log: (line: string) => void): LambdaProcess {
  const { runtime, root, handler, environment, memoryMb } = settings;
  const young = Math.floor(memoryMb / 10);
  const heap = [`--max-semi-space-size=${Math.floor(young / 2)}`, `--max-old-space-size=${memoryMb - young}`];
  const child = spawn(process.execPath, [...heap, runtime], {
    env: { ...environment, AWS_LAMBDA_RUNTIME_API: api, LAMBDA_TASK_ROOT: root, _HANDLER: handler, TZ: ':UTC' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const complete = new Set<string>();
  let wake = (): void => {};
  createInterface({ input: child.stderr }).on('line', log);
  createInterface({ input: child.stdout }).on('line', (line) => {
    const requestId = /^END RequestId: (\S+)$/.exec(line)?.[1];
    if (requestId === undefined) return log(line);
    complete.add(requestId);
    wake();
  });
  const gone = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === null ? `signal: ${signal}` : `exit status ${code}`));
  });
  const logged = (requestId: string): Promise<void> =>
    new Promise((resolve) => {
      wake = () => {
        if (complete.delete(requestId)) resolve();
      };
      wake();
    });
  return {
    processId: child.pid ?? 0,
    logged: (requestId) => Promise.race([logged(requestId), gone.then(() => {})]),
    gone,
    kill: () => child.kill('SIGKILL'),
  };
}
