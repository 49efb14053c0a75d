import { spawn } from 'node:child_process';
import { devNull } from 'node:os';
import { LOCAL_CREDENTIALS } from '../../src/local/dynalite-server.ts';
import { OSLS } from '../support/service-copy.ts';

/** How often osls asks how a stack is getting on, milliseconds; by itself every five seconds. */
const ASK_EVERY_MS = '20';

/** How a child process ended, and all that it wrote. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs the real `osls deploy` in that folder with every service at `endpoint`; it sees no credentials but worthless ones. */
export function oslsDeploy(folder: string, endpoint: string, region: string, ...parameters: readonly string[]): Promise<Ended> {
  const args = ['deploy', '--stage', 'rehearsal', '--region', region, ...parameters.map((one) => `--param=${one}`)];
  const child = spawn(OSLS, args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      CI: 'true',
      AWS_ENDPOINT_URL: endpoint,
      AWS_S3_FORCE_PATH_STYLE: 'true',
      AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
      AWS_CONFIG_FILE: devNull,
      AWS_SHARED_CREDENTIALS_FILE: devNull,
      AWS_EC2_METADATA_DISABLED: 'true',
      SLS_AWS_MONITORING_FREQUENCY: ASK_EVERY_MS,
    },
  });
  const written: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => written.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => written.push(chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output: Buffer.concat(written).toString('utf8') }));
  });
}
