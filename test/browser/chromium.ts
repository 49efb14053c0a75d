import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Starts this machine's Chromium without a window: the one that CHROMIUM names, or the first on PATH. Throws where there is none. */
export async function startChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: await installed(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
}

async function installed(): Promise<string> {
  const named = process.env.CHROMIUM;
  if (named !== undefined) return named;
  const folders = (process.env.PATH ?? '').split(delimiter);
  for (const path of NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))) {
    const found = await access(path).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  throw new Error('no Chromium on this machine: apt-get install chromium, or name one in CHROMIUM');
}
