import type { Item } from './item-codec.ts';

const UNIT_BYTES = 1_024;

/**
 * Write units that putting an item takes where nothing larger is in its place, its index entry left out.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
export function writeUnitsOf(item: Item): number {
  let bytes = 0;
  for (const [name, { S, N }] of Object.entries(item))
    bytes += Buffer.byteLength(name) + (S === undefined ? numberBytes(N) : Buffer.byteLength(S));
  return Math.max(1, Math.ceil(bytes / UNIT_BYTES));
}

/** A byte for every two digits, and one more. */
const numberBytes = (digits = ''): number => Math.ceil(digits.length / 2) + 1;
