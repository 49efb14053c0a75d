// What a command took: it and every process it started, as the kernel counts them.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { InputError } from './options.mjs';

/** The built command line. */
export const KMS_AUDIT = fileURLToPath(new URL('../dist/cli/kms-audit.mjs', import.meta.url));

/** True where the program can be started. */
export const isThere = (program, ...args) => spawnSync(program, args, { stdio: 'ignore' }).status === 0;

/**
 * Runs the command: seconds of wall clock, seconds of CPU (user and system, of all its processes) and the peak resident
 * memory of its largest process in bytes, with what it wrote to stdout where `keep` says so. Throws where it fails.
 */
export async function measure([program, ...args], keep = true) {
  const folder = mkdtempSync(join(tmpdir(), 'kms-audit-time-'));
  try {
    const times = join(folder, 'times');
    const started = performance.now();
    const child = spawn(gnuTime(), ['-q', '-f', '%U %S %M', '-o', times, program, ...args], {
      stdio: ['ignore', keep ? 'pipe' : 'ignore', 'inherit'],
    });
    const chunks = [];
    child.stdout?.on('data', (chunk) => chunks.push(chunk));
    const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
    const wall = (performance.now() - started) / 1000;
    if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`);
    const [user, system, kibibytes] = readFileSync(times, 'utf8').trim().split(' ').map(Number);
    return { wall, cpu: user + system, peak: kibibytes * 1024, output: Buffer.concat(chunks).toString() };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What `replay` of the folder says became of its records. */
export async function replayCounts(folder) {
  const { output } = await measure([process.execPath, KMS_AUDIT, 'replay', folder, '--json']);
  return JSON.parse(output).events;
}

let found;
function gnuTime() {
  found ??= ['time', 'gtime'].find((program) => isThere(program, '--version'));
  if (found === undefined)
    throw new InputError('GNU time is needed to measure CPU and memory: apt-get install time, or brew install gnu-time');
  return found;
}
