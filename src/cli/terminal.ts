import { once } from 'node:events';

/** Where a command writes: what was asked for on `out`, everything else on `err`. */
export interface Terminal {
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream;
  /** Colour is wanted on `out`. */
  readonly colour: boolean;
  /** Progress may be drawn on `err`. */
  readonly live: boolean;
  readonly width: number;
}

/** The terminal of this process. Colour only on a terminal, and as NO_COLOR (https://no-color.org) and FORCE_COLOR say. */
export function processTerminal(environment: NodeJS.ProcessEnv): Terminal {
  const { stdout, stderr } = process;
  const forced = environment.FORCE_COLOR !== undefined && environment.FORCE_COLOR !== '0';
  const forbidden = Boolean(environment.NO_COLOR) || environment.FORCE_COLOR === '0' || environment.TERM === 'dumb';
  return {
    out: stdout,
    err: stderr,
    colour: !forbidden && (forced || stdout.isTTY === true),
    live: stderr.isTTY === true,
    width: Math.min(Math.max(stdout.columns || 100, 60), 140),
  };
}

/** Tells how far a long replay has come: sources read, of how many, and records so far. */
export type Progress = (sources: number, of: number, records: number) => void;

/** A line that rewrites itself, on a terminal only. */
export function progressOn({ err, live }: Terminal): Progress {
  return (sources, of, records) => {
    if (live) err.write(sources === of ? '\r\u001b[K' : `\r\u001b[K${sources}/${of} sources, ${records} records`);
  };
}

const PIECE_CHARACTERS = 1 << 16;

/** Prints text that is made piece by piece, no faster than it is read; ends the line. */
export async function printPieces(pieces: Iterable<string>, { out }: Terminal): Promise<void> {
  let text = '';
  for (const piece of pieces) {
    text += piece;
    if (text.length < PIECE_CHARACTERS) continue;
    if (!out.write(text)) await once(out, 'drain');
    text = '';
  }
  out.write(`${text}\n`);
}

/** Ends the process when nobody reads its output any more; where it cannot be written for another reason, says so and fails. */
export function stopWithReader({ stdout, stderr, exit }: Pick<NodeJS.Process, 'stdout' | 'stderr' | 'exit'>): void {
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') exit(0);
    stderr.write(`kms-audit: the output cannot be written: ${error.message}\n`, () => exit(2));
  });
  stderr.on('error', () => {});
}
