/** What a source may be at most; what goes beyond is rejected with a reason, and never counted as covered. */
export interface ScanLimits {
  /** Bytes of a source once unpacked. */
  readonly sourceBytes: number;
  /** Unpacked bytes for each packed one. Looked at from {@link RATIO_FLOOR_BYTES} on. */
  readonly ratio: number;
  /** Bytes of one record, or of one wrapper that has to be opened as a whole. */
  readonly recordBytes: number;
  /** Objects and arrays within each other. */
  readonly depth: number;
}

const MIB = 1024 * 1024;

/**
 * CloudTrail's own records end at 256 KiB, EventBridge's and the queues' wrappers at 1 MiB. Archives unpack to some 20 times
 * their size, the same record over and over to 300 times, zeros to 1,000.
 */
export const DEFAULT_LIMITS: ScanLimits = { sourceBytes: 16 * 1024 * MIB, ratio: 600, recordBytes: 16 * MIB, depth: 512 };

/** So much may any source unpack to: a small file of equal records packs well. */
export const RATIO_FLOOR_BYTES = 64 * MIB;

/** What memory and the scanner can do. */
export const BOUNDS = { recordBytes: [64, 480 * MIB], depth: [8, 1_000_000] } as const;

/** The limits with some of them given; each is held within its {@link BOUNDS}. */
export function limitsOf(given: Partial<ScanLimits> = {}): ScanLimits {
  const { sourceBytes, ratio, recordBytes, depth } = { ...DEFAULT_LIMITS, ...given };
  return { sourceBytes, ratio, recordBytes: within(recordBytes, BOUNDS.recordBytes), depth: within(depth, BOUNDS.depth) };
}

function within(value: number, [least, most]: readonly [number, number]): number {
  return Math.min(Math.max(Math.floor(value), least), most);
}
