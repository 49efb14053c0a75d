import { Column } from './column.ts';

const ARENA_BITS = 18;
const ARENA = 1 << ARENA_BITS;
/** What a start of 32 bits can name. */
// Stryker disable next-line ArithmeticOperator: no test has 4 GiB to fill.
const MOST_ARENAS = 2 ** (32 - ARENA_BITS);
const NOTHING = new Uint8Array();
const FIRST_SLOTS = 1 << 8;
const UUID_LENGTH = 36;
const DASH = 45;
/** The kinds of entry, told by its first byte; each says by itself where it ends. */
const KIND = { uuid: 0, hex: 1, volume: 2, latin: 3, wide: 4 } as const;
const VOLUME = 'vol-';
const HEX = '0123456789abcdef';

/** What an entry is found again by: its index among all, in the order in which they were first added. */
export type Index = number;

/**
 * A set of strings in few bytes each, exact, however many: 28 for an event id, 44 for a grant id. Each may stand for
 * itself beside whole numbers (32 bits) that tell it from the same string beside others.
 */
export class PackedStrings {
  readonly #numbers: number;
  // Stryker disable next-line ArrayDeclaration: whatever stands first, the places after it are as good.
  readonly #arenas: Uint8Array[] = [];
  /** The last arena, and how far it is filled. */
  #arena = NOTHING;
  #filled = ARENA;
  readonly #starts = new Column(Int32Array);
  /** An open-addressed table of indices, each one more than itself. */
  #slots = new Int32Array(FIRST_SLOTS);
  #scratch = new Uint8Array(256);
  /** Nobody who writes records can know which of them collide here. */
  // Stryker disable next-line ArithmeticOperator: of what somebody could know, nothing is seen here.
  readonly #seed = (Math.random() * 2 ** 32) | 0;

  /** `numbers`: how many stand beside each string. */
  constructor(numbers: 0 | 1 | 2 | 3 = 0) {
    this.#numbers = numbers;
  }

  get size(): number {
    return this.#starts.length;
  }

  /** The index of the string beside these numbers; a new one where it was not here before. */
  add(text: string, first = 0, second = 0, third = 0): Index {
    const length = this.#write(text, first, second, third);
    const slot = this.#slotOf(length);
    const known = (this.#slots[slot] ?? 0) - 1;
    if (known >= 0) return known;
    const index = this.#starts.push(this.#keep(length));
    this.#slots[slot] = index + 1;
    // Stryker disable next-line EqualityOperator: one sooner is as good.
    if (this.size * 4 > this.#slots.length * 3) this.#widen();
    return index;
  }

  /** The string at an index. */
  textOf(index: Index): string {
    const { bytes, from } = this.#entry(index);
    return decoded(bytes, from + 4 * this.#numbers);
  }

  /** The number beside the string at an index, the first of them unless told. */
  numberOf(index: Index, which = 0): number {
    const { bytes, from } = this.#entry(index);
    return readInt(bytes, from + 4 * which);
  }

  #entry(index: Index): { readonly bytes: Uint8Array; readonly from: number } {
    const start = this.#starts.at(index) >>> 0;
    return { bytes: this.#arenas[start >>> ARENA_BITS] ?? NOTHING, from: start & (ARENA - 1) };
  }

  #write(text: string, first: number, second: number, third: number): number {
    const most = 4 * this.#numbers + 5 + 2 * text.length;
    // Stryker disable next-line ConditionalExpression,EqualityOperator: a new one each time is only slower.
    if (this.#scratch.length < most) this.#scratch = new Uint8Array(2 * most);
    let at = 0;
    if (this.#numbers > 0) at = writeInt(this.#scratch, at, first);
    if (this.#numbers > 1) at = writeInt(this.#scratch, at, second);
    if (this.#numbers > 2) at = writeInt(this.#scratch, at, third);
    return encoded(text, this.#scratch, at);
  }

  /** Where the entry in the scratch is, or would be. */
  #slotOf(length: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash(this.#scratch, 0, length, this.#seed) & mask;
    for (;;) {
      const index = (slots[slot] ?? 0) - 1;
      if (index < 0 || this.#isAt(index, length)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #isAt(index: Index, length: number): boolean {
    const start = this.#starts.at(index) >>> 0;
    const bytes = this.#arenas[start >>> ARENA_BITS] ?? NOTHING;
    const from = start & (ARENA - 1);
    for (let at = 0; at < length; at += 1) if (bytes[from + at] !== this.#scratch[at]) return false;
    return true;
  }

  #keep(length: number): number {
    // Stryker disable next-line EqualityOperator: an arena that is full to its last byte is rare.
    if (this.#filled + length > ARENA) {
      this.#arena = new Uint8Array(Math.max(ARENA, length));
      this.#arenas.push(this.#arena);
      this.#filled = 0;
    }
    const last = this.#arenas.length - 1;
    // Stryker disable next-line ConditionalExpression,EqualityOperator,StringLiteral: no test has 4 GiB to fill.
    if (last >= MOST_ARENAS) throw new RangeError('more ids than fit into 4 GiB');
    this.#arena.set(this.#scratch.subarray(0, length), this.#filled);
    const start = last * ARENA + this.#filled;
    this.#filled += length;
    return start;
  }

  #widen(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    // Stryker disable next-line EqualityOperator: a place that is taken once more is only a place less.
    for (let index = 0; index < this.size; index += 1) {
      const { bytes, from } = this.#entry(index);
      let slot = hash(bytes, from, endOf(bytes, from + 4 * this.#numbers), this.#seed) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = index + 1;
    }
    this.#slots = slots;
  }
}

/** FNV-1a, seeded, its bits mixed once more. */
function hash(bytes: Uint8Array, from: number, to: number, seed: number): number {
  let value = seed ^ 0x811c9dc5;
  for (let at = from; at < to; at += 1) value = Math.imul(value ^ (bytes[at] ?? 0), 0x01000193);
  value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d);
  return value ^ (value >>> 13);
}

function writeInt(bytes: Uint8Array, at: number, value: number): number {
  // Stryker disable next-line EqualityOperator: a byte behind the number is written over by what follows it.
  for (let shift = 0; shift < 32; shift += 8) bytes[at + shift / 8] = value >>> shift;
  return at + 4;
}

function readInt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}

/** The values of lower-case hexadecimal digits, by character; -1 for any other. */
const DIGITS = Int8Array.from({ length: 128 }, (_, code) => HEX.indexOf(String.fromCharCode(code)));

/** Writes a string; where it ends. */
function encoded(text: string, bytes: Uint8Array, from: number): number {
  const { length } = text;
  if (length === UUID_LENGTH) {
    bytes[from] = KIND.uuid;
    const end = packedUuid(text, bytes, from + 1);
    if (end > 0) return end;
  } else if (length <= 255) {
    const lead = text.startsWith(VOLUME) ? VOLUME.length : 0;
    bytes[from] = lead > 0 ? KIND.volume : KIND.hex;
    bytes[from + 1] = length - lead;
    const end = packedHex(text, lead, bytes, from + 2);
    if (end > 0) return end;
  }
  let wide = 0;
  // Stryker disable next-line EqualityOperator: behind the last there is no character, and no bit.
  for (let at = 0; at < length; at += 1) wide |= text.charCodeAt(at) & 0xff00;
  bytes[from] = wide === 0 ? KIND.latin : KIND.wide;
  let at = writeInt(bytes, from + 1, length);
  for (let character = 0; character < length; character += 1) {
    const code = text.charCodeAt(character);
    bytes[at] = code;
    at += 1;
    if (wide === 0) continue;
    bytes[at] = code >>> 8;
    at += 1;
  }
  return at;
}

/** Writes a UUID's 16 bytes; where they end, 0 where the string is none in its usual spelling. */
function packedUuid(text: string, bytes: Uint8Array, from: number): number {
  let at = from;
  for (let character = 0; character < UUID_LENGTH; character += 2) {
    if (character === 8 || character === 13 || character === 18 || character === 23) {
      if (text.charCodeAt(character) !== DASH) return 0;
      character += 1;
    }
    const value = byteAt(text, character);
    if (value < 0) return 0;
    bytes[at] = value;
    at += 1;
  }
  return at;
}

/** Writes the hexadecimal digits after `lead`, two in a byte; where they end, 0 where there is anything else. */
function packedHex(text: string, lead: number, bytes: Uint8Array, from: number): number {
  let at = from;
  let character = lead;
  for (; character + 1 < text.length; character += 2) {
    const value = byteAt(text, character);
    if (value < 0) return 0;
    bytes[at] = value;
    at += 1;
  }
  if (character === text.length) return at;
  const digit = DIGITS[text.charCodeAt(character)] ?? -1;
  bytes[at] = digit << 4;
  return digit < 0 ? 0 : at + 1;
}

/** The byte that two digits spell; negative where one of them is none. */
function byteAt(text: string, character: number): number {
  return ((DIGITS[text.charCodeAt(character)] ?? -1) << 4) | (DIGITS[text.charCodeAt(character + 1)] ?? -1);
}

/** Where the string that begins at `from` ends. */
function endOf(bytes: Uint8Array, from: number): number {
  switch (bytes[from]) {
    case KIND.uuid:
      return from + 17;
    case KIND.hex:
    case KIND.volume:
      return from + 2 + (((bytes[from + 1] ?? 0) + 1) >> 1);
    case KIND.latin:
      return from + 5 + readInt(bytes, from + 1);
    default:
      return from + 5 + 2 * readInt(bytes, from + 1);
  }
}

function decoded(bytes: Uint8Array, from: number): string {
  switch (bytes[from]) {
    case KIND.uuid:
      return textOf(uuidCodes(bytes, from + 1));
    case KIND.hex:
      return textOf(hexCodes(bytes, from + 2, 0, bytes[from + 1] ?? 0));
    case KIND.volume:
      return textOf(hexCodes(bytes, from + 2, VOLUME.length, bytes[from + 1] ?? 0));
    case KIND.latin:
      return longText(bytes, from + 5, readInt(bytes, from + 1), 1);
    default:
      return longText(bytes, from + 5, readInt(bytes, from + 1), 2);
  }
}

/** What one call takes; longer texts are made of several. */
const CODES = new Uint16Array(1 << 10);
const UUID_CODES = new Uint16Array(UUID_LENGTH).fill(DASH);
const HIGH = Uint8Array.from({ length: 256 }, (_, byte) => HEX.charCodeAt(byte >> 4));
const LOW = Uint8Array.from({ length: 256 }, (_, byte) => HEX.charCodeAt(byte & 15));

function uuidCodes(bytes: Uint8Array, from: number): Uint16Array {
  // Stryker disable next-line EqualityOperator: what is written behind the last is not there.
  for (let at = from, character = 0; character < UUID_LENGTH; at += 1, character += 2) {
    if (character === 8 || character === 13 || character === 18 || character === 23) character += 1;
    writeByte(UUID_CODES, character, bytes[at] ?? 0);
  }
  return UUID_CODES;
}

/** So many digits behind as many characters of `vol-`. */
function hexCodes(bytes: Uint8Array, from: number, lead: number, digits: number): Uint16Array {
  // Stryker disable next-line EqualityOperator: it is written over, or not read.
  for (let character = 0; character < lead; character += 1) CODES[character] = VOLUME.charCodeAt(character);
  // Stryker disable next-line EqualityOperator: what is written behind the last is not read.
  for (let digit = 0; digit < digits; digit += 2) writeByte(CODES, lead + digit, bytes[from + (digit >> 1)] ?? 0);
  return CODES.subarray(0, lead + digits);
}

function writeByte(codes: Uint16Array, at: number, byte: number): void {
  codes[at] = HIGH[byte] ?? 0;
  codes[at + 1] = LOW[byte] ?? 0;
}

function longText(bytes: Uint8Array, from: number, length: number, width: 1 | 2): string {
  const parts: string[] = [];
  // Stryker disable next-line EqualityOperator: an empty part more says nothing.
  for (let part = 0; part < length; part += CODES.length) {
    const characters = Math.min(CODES.length, length - part);
    // Stryker disable next-line EqualityOperator: what is written behind the last is not read.
    for (let character = 0, at = from + part * width; character < characters; character += 1, at += width)
      CODES[character] = (bytes[at] ?? 0) | (width === 2 ? (bytes[at + 1] ?? 0) << 8 : 0);
    parts.push(textOf(CODES.subarray(0, characters)));
  }
  return parts.join('');
}

/** The text of these characters in one piece: put together one by one, it would keep every beginning of itself. */
function textOf(codes: Uint16Array): string {
  return Reflect.apply(String.fromCharCode, undefined, codes);
}
