import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What `osls` reads to package and to deploy. */
const READ = ['serverless.yml', 'package.json', 'infra', 'dist'];

/** The command line that packages and deploys. */
export const OSLS = join(ROOT, 'node_modules/.bin/osls');

/**
 * Copies what a deployment reads to a new folder, so that a build meanwhile cannot pull it away, and so that two that package at once
 * do not take each other's archive: osls writes it to `.serverless` beside serverless.yml before it moves it to where it shall be.
 */
export async function copyService(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await Promise.all(READ.map((name) => cp(join(ROOT, name), join(folder, name), { recursive: true })));
}
