import { Writable } from 'node:stream';
import type { Terminal } from '../../src/cli/terminal.ts';

/** A terminal that keeps what is written to it. */
export function captured(): { readonly terminal: Terminal; readonly out: () => string; readonly err: () => string } {
  const [out, err] = [[] as string[], [] as string[]];
  const stream = (kept: string[]) =>
    new Writable({
      write: (chunk, _encoding, done) => {
        kept.push(String(chunk));
        done();
      },
    });
  return {
    terminal: { out: stream(out), err: stream(err), colour: false, live: false, width: 100 },
    out: () => out.join(''),
    err: () => err.join(''),
  };
}
