import type { ReadBatch, SourceBatch } from '../core/reading.ts';
import { sha256 } from '../system.ts';
import type { ByteSource } from './feed.ts';
import { scanSource, type Tools } from './scan-source.ts';

/** The batches of one source, the last of them marked. */
export async function* sourceBatches(path: string, source: ByteSource, tools: Tools): AsyncGenerator<SourceBatch> {
  let held: ReadBatch | undefined;
  for await (const batch of scanSource(source, tools, sha256)) {
    if (held !== undefined) yield { ...held, path, last: false };
    held = batch;
  }
  if (held !== undefined) yield { ...held, path, last: true };
}
