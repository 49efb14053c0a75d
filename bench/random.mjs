// What the archive's records are drawn from: the same seed, the same draws.
const HEX = '0123456789abcdef';
/** The letters of AWS's unique ids. */
export const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
export const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
export const ACCOUNTS = ['111122223333', '123456789012'];
export const REGIONS = ['eu-west-1', 'us-east-1', 'us-west-2'];

/**
 * A small fast generator (sfc32) and what is drawn from it. Its seeds are up to three numbers of 32 bits: of one alone,
 * some of a million records would have the same, and with it the same ids.
 */
export function randomOf(first, second = 0, third = 0) {
  let [a, b, c, count] = [first | 0, second | 0, third | 0, 1];
  const next = () => {
    const sum = (a + b + count) | 0;
    count = (count + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 15; round += 1) next();
  const below = (limit) => next() % limit;
  const of = (alphabet, length) => {
    let word = '';
    for (let i = 0; i < length; i += 1) word += alphabet[next() % alphabet.length];
    return word;
  };
  const hex = (length) => {
    let word = '';
    for (let left = length; left > 0; left -= 8) word += (next() + 0x100000000).toString(16).slice(1, 1 + Math.min(8, left));
    return word;
  };
  return { real: () => next() / 0x100000000, below, of, hex, pick: (list) => list[next() % list.length] };
}

/** A version 4 UUID, as events and requests have for ids. */
export const uuid = ({ hex, pick }) => `${hex(8)}-${hex(4)}-4${hex(3)}-${pick(HEX.slice(8, 12))}${hex(3)}-${hex(12)}`;

/** The list in another order, in place. */
export function shuffle({ below }, list) {
  for (let last = list.length - 1; last > 0; last -= 1) {
    const other = below(last + 1);
    [list[last], list[other]] = [list[other], list[last]];
  }
  return list;
}
