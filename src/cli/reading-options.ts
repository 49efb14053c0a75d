import type { Command } from 'commander';
import type { Days } from '../core/log-layout.ts';
import { BOUNDS, DEFAULT_LIMITS, type ScanLimits } from '../scan/limits.ts';
import { bytesWithin, day, numberWithin } from './amounts.ts';

/** What a source of records may be at most. */
export interface LimitOptions {
  readonly maxSourceBytes?: number;
  readonly maxRatio?: number;
  readonly maxRecordBytes?: number;
  readonly maxDepth?: number;
}

/** Which of the sources are read, and what one may be at most. */
export interface ReadingOptions extends Days, LimitOptions {}

const { sourceBytes, ratio, recordBytes, depth } = DEFAULT_LIMITS;

/** The command with the options of whoever reads archives. */
export function withReadingOptions(command: Command): Command {
  return withLimitOptions(
    command
      .option('--since <day>', 'only what CloudTrail filed under this day or later', day)
      .option('--until <day>', 'only what CloudTrail filed under this day or earlier', day),
  );
}

/** The command with the limits of what it reads; a limit that is hit names the option that raises it. */
export function withLimitOptions(command: Command): Command {
  return command
    .option('--max-source-bytes <bytes>', `most that a source may unpack to, such as 16GiB (default ${inMib(sourceBytes)})`, bytesWithin(1))
    .option('--max-ratio <number>', `most unpacked bytes for each packed one (default ${ratio})`, numberWithin(1))
    .option(
      '--max-record-bytes <bytes>',
      `most that one record may have (default ${inMib(recordBytes)})`,
      bytesWithin(...BOUNDS.recordBytes),
    )
    .option('--max-depth <number>', `most that a record may nest (default ${depth})`, numberWithin(...BOUNDS.depth));
}

/** The limits among the options. */
export function limitsIn({ maxSourceBytes, maxRatio, maxRecordBytes, maxDepth }: LimitOptions): Partial<ScanLimits> {
  return {
    ...(maxSourceBytes !== undefined && { sourceBytes: maxSourceBytes }),
    ...(maxRatio !== undefined && { ratio: maxRatio }),
    ...(maxRecordBytes !== undefined && { recordBytes: maxRecordBytes }),
    ...(maxDepth !== undefined && { depth: maxDepth }),
  };
}

function inMib(bytes: number): string {
  return `${bytes / 2 ** 20}MiB`;
}
