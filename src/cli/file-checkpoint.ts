import { appendFile, open, readFile } from 'node:fs/promises';
import { field, isObject, items, text } from '../core/json.ts';
import type { Checkpoint, Covered } from '../ports.ts';
import { InputError } from './input.ts';

/** What a checkpoint is for: nobody else may go on from it. */
export interface CheckpointScope {
  readonly table: string;
  /** A digest of what else must be the same. */
  readonly settings: string;
}

/**
 * Checkpoints in a file, a line of JSON for each note, so that a torn last line loses that note alone. Throws an
 * {@link InputError} where the file belongs to another backfill, or is something else.
 */
export async function fileCheckpoint(path: string, scope: CheckpointScope): Promise<Checkpoint> {
  const header = JSON.stringify({ backfill: scope });
  const whole = await textIn(path);
  const [first = '', ...notes] = whole.split('\n');
  if (whole !== '' && first !== header) {
    const of = isObject(parsed(first)) ? field(parsed(first), 'backfill') : undefined;
    throw new InputError(
      of === undefined
        ? `${path}: expected a checkpoint of a backfill, found something else`
        : `${path}: is the checkpoint of ${differing(of, scope)}`,
    );
  }
  // What a kill left of a line must not run into the next one.
  if (whole === '') await append(path, `${header}\n`);
  else if (!whole.endsWith('\n')) await append(path, '\n');
  return {
    read: async () => {
      const covered = new Map<string, Covered>();
      for (const note of notes.map(parsed)) {
        for (const how of ['kept', 'whole'] as const) {
          for (const source of items(field(note, how))) if (typeof source === 'string') covered.set(source, how);
        }
      }
      return (source) => covered.get(source);
    },
    note: (sources, how) => append(path, `${JSON.stringify({ [how]: sources })}\n`),
  };
}

function differing(of: unknown, { table }: CheckpointScope): string {
  const other = text(field(of, 'table')) ?? '';
  return other === table
    ? 'a backfill with another policy or other settings; name another file, and everything is covered again'
    : `a backfill into table "${other}"; name another file`;
}

async function textIn(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw new InputError(`${path}: cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** On the disk when it resolves. */
async function append(path: string, line: string): Promise<void> {
  try {
    const file = await open(path, 'a');
    try {
      await appendFile(file, line);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new InputError(`${path}: cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
