// AssemblyScript, compiled to scanner.wasm by infra/build-scanner.mjs. What it is for and how it is driven: src/scan/scanner.ts.
//
// One pass, no recursion, resumable at any byte. The caller puts bytes into memory and sixteen NULs stand behind the last of
// them: a NUL is no JSON outside a string and none inside, so that every loop stops there by itself and only the path that
// would report a fault asks whether the bytes have merely run out.

/** What {@link scan} came back for; src/scan/scanner.ts has the same list. */
const NEED: i32 = 0;
const HIT: i32 = 1;
const OPENED: i32 = 2;
const TAIL_MARKED: i32 = 3;
const TRIED: i32 = 4;
const LARGE: i32 = 5;
const NOT_UTF8: i32 = 6;
const FAULT: i32 = 7;

/** Where the scanner is: between top-level values, between the elements of a list, or inside a value. */
const IN_TOP: i32 = 0;
const IN_LIST: i32 = 1;
const IN_VALUE: i32 = 2;
/** Behind a list of which it is not known what it stood in: the next byte tells. */
const IN_CLOSED: i32 = 3;

/** What the value at hand is: top-level, a list's element, the rest of the object behind its list, or one tried out. */
const TOP: i32 = 0;
const ELEMENT: i32 = 1;
const TAIL: i32 = 2;
const TRIAL: i32 = 3;

/** What the list at hand stands in. */
const ARRAY: i32 = 0;
const OBJECT: i32 = 1;
const UNKNOWN: i32 = 2;

const FIRST: i32 = 0;
const AFTER_COMMA: i32 = 1;
const AFTER_ELEMENT: i32 = 2;

const KEY: i32 = 0;
const KEY_OR_END: i32 = 1;
const IN_KEY: i32 = 2;
const COLON: i32 = 3;
const VALUE: i32 = 4;
const VALUE_OR_END: i32 = 5;
const IN_STRING: i32 = 6;
const NUMBER: i32 = 7;
const AFTER: i32 = 8;

/** Faults; src/scan/scanner.ts has their wording. */
const EXPECTED_VALUE: i32 = 1;
const EXPECTED_KEY: i32 = 2;
const EXPECTED_COLON: i32 = 3;
const EXPECTED_COMMA: i32 = 4;
const CONTROL: i32 = 5;
const ESCAPE: i32 = 6;
const BAD_NUMBER: i32 = 7;
const BAD_LITERAL: i32 = 8;
const TOO_DEEP: i32 = 9;
const JUNK: i32 = 10;
const BETWEEN: i32 = 11;
const TRAILING_COMMA: i32 = 12;

/** Marks of a record's own keys. Only SOURCE with FOREIGN and nothing else lets a record be counted without being read. */
const SOURCE: i32 = 1;
const FOREIGN: i32 = 2;
const MARK: i32 = 4;
const LIST: i32 = 8;

let stack: usize = 0;
let maxDepth: i32 = 0;
let maxRecord: usize = 0;
let keys: usize = 0;
let sources: usize = 0;
let sourceCount: i32 = 0;
/** Lists in top-level objects are not opened: the object is handed out whole. */
let whole: bool = false;

let at: usize = 0;
let mode: i32 = IN_TOP;
let kind: i32 = TOP;
let state: i32 = VALUE;
let depth: i32 = 0;
let inObject: bool = false;
let number: i32 = 0;
let container: i32 = ARRAY;
let between: i32 = FIRST;

/** First byte of the value at hand, or 0 when it has outgrown the limit and is not kept. */
let begin: usize = 0;
let flags: i32 = 0;
let watch: i32 = 0;
let textAt: usize = 0;
let escaped: bool = false;
let wideSeen: bool = false;

let skipped: i32 = 0;
let fault: i32 = 0;

export function configure(stackAt: usize, deepest: i32, largest: usize, keysAt: usize, sourcesAt: usize, count: i32): void {
  stack = stackAt;
  maxDepth = deepest;
  maxRecord = largest;
  keys = keysAt;
  sources = sourcesAt;
  sourceCount = count;
}

/** Ready for a new source whose first byte will be at `address`. */
export function reset(address: usize, keepWhole: bool): void {
  whole = keepWhole;
  skipped = 0;
  resumeTop(address);
}

/** Goes on at `address` as between two top-level values. */
export function resumeTop(address: usize): void {
  at = address;
  mode = IN_TOP;
  begin = 0;
}

/** Goes on at `address` as behind an element of the list at hand, or of a list of which nothing is known. */
export function resumeList(address: usize, unknown: bool, empty: bool): void {
  at = address;
  mode = IN_LIST;
  between = empty ? FIRST : AFTER_ELEMENT;
  if (unknown) container = UNKNOWN;
  begin = 0;
}

/** Tries whether a value begins at `address`. */
export function tryAt(address: usize): void {
  startValue(TRIAL, address);
}

export function getAt(): usize {
  return at;
}
export function getBegin(): usize {
  return begin;
}
export function getFlags(): i32 {
  return flags;
}
export function getFault(): i32 {
  return fault;
}
export function getKind(): i32 {
  return kind;
}
export function getMode(): i32 {
  return mode;
}
export function isWide(): bool {
  return wideSeen;
}
export function takeSkipped(): i32 {
  const count = skipped;
  skipped = 0;
  return count;
}

/** The kept bytes have moved by `delta`. */
export function moved(delta: isize): void {
  at += delta;
  textAt += delta;
  if (begin !== 0) begin += delta;
}

/** The value at hand is kept no longer: it has outgrown the limit. */
export function forget(): void {
  begin = 0;
}

function startValue(what: i32, address: usize): void {
  mode = IN_VALUE;
  kind = what;
  at = address;
  begin = address;
  state = VALUE;
  depth = 0;
  inObject = false;
  flags = 0;
  watch = 0;
  wideSeen = false;
}

/** Scans the bytes up to `to`. Behind `to` there must be 16 bytes to spare. */
export function scan(to: usize): i32 {
  v128.store(to, i8x16.splat(0));
  while (true) {
    if (mode === IN_VALUE) {
      const event = value(to);
      if (event !== DONE) return event;
      const settled = settle();
      if (settled !== NEED) return settled;
      continue;
    }
    const c = skipSpace();
    if (mode === IN_TOP) {
      if (c === 0x7b) startValue(TOP, at);
      else if (c === 0x5b) {
        at += 1;
        container = ARRAY;
        between = FIRST;
        mode = IN_LIST;
        kind = TOP;
        begin = 0;
        return OPENED;
      } else return at >= to ? NEED : broken(JUNK);
    } else if (mode === IN_CLOSED) {
      if (at >= to) return NEED;
      if (c === 0x7d || c === 0x2c) startTail();
      else mode = IN_TOP;
    } else if (between === AFTER_ELEMENT) {
      if (c === 0x2c) {
        at += 1;
        between = AFTER_COMMA;
      } else if (c === 0x5d) {
        endList();
      } else return at >= to ? NEED : broken(BETWEEN);
    } else if (c === 0x5d) {
      if (between === AFTER_COMMA) return broken(TRAILING_COMMA);
      endList();
    } else if (at >= to) return NEED;
    else startValue(ELEMENT, at);
  }
}

function broken(what: i32): i32 {
  fault = what;
  return FAULT;
}

function endList(): void {
  at += 1;
  if (container === ARRAY) mode = IN_TOP;
  else if (container === UNKNOWN) mode = IN_CLOSED;
  else startTail();
}

function startTail(): void {
  startValue(TAIL, at);
  depth = 1;
  inObject = true;
  store<u8>(stack, 0);
  state = AFTER;
}

function isSpace(c: u32): bool {
  return c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09;
}

function skipSpace(): u32 {
  let c: u32 = load<u8>(at);
  while (isSpace(c)) {
    at += 1;
    c = load<u8>(at);
  }
  return c;
}

const DONE: i32 = 100;

/** A value has come to its end: counted here, or handed out. NEED means that there is nothing to say. */
function settle(): i32 {
  const what = kind;
  mode = what === ELEMENT ? IN_LIST : IN_TOP;
  between = AFTER_ELEMENT;
  if (begin === 0 || at - begin > maxRecord) return LARGE;
  if (wideSeen && !isUtf8(begin, at)) return NOT_UTF8;
  if (what === TRIAL) return TRIED;
  if (what === TAIL) return (flags & MARK) !== 0 ? TAIL_MARKED : NEED;
  if (flags !== (SOURCE | FOREIGN)) return HIT;
  skipped += 1;
  return NEED;
}

/** Which of 16 bytes end or interrupt a string: quotes, backslashes, control characters. */
function stopsIn(v: v128): i32 {
  const marks = v128.or(i8x16.eq(v, i8x16.splat(0x22)), i8x16.eq(v, i8x16.splat(0x5c)));
  return i8x16.bitmask(v128.or(marks, i8x16.eq(i8x16.min_u(v, i8x16.splat(0x1f)), v)));
}

function isHex(c: u32): bool {
  return c - 0x30 < 10 || (c | 0x20) - 0x61 < 6;
}

/** Length of the escape at `q`, or 0 where it is none. Bytes behind it may not have come yet. */
function escapeAt(q: usize): usize {
  const c: u32 = load<u8>(q, 1);
  if (c === 0x75) return isHex(load<u8>(q, 2)) && isHex(load<u8>(q, 3)) && isHex(load<u8>(q, 4)) && isHex(load<u8>(q, 5)) ? 6 : 0;
  return c === 0x22 || c === 0x5c || c === 0x2f || c === 0x62 || c === 0x66 || c === 0x6e || c === 0x72 || c === 0x74 ? 2 : 0;
}

/** Scans the value at hand: DONE, OPENED, NEED or FAULT. */
function value(to: usize): i32 {
  let q = at;
  let s = state;
  let d = depth;
  let object = inObject;
  let event: i32 = NEED;
  let c: u32 = 0;
  let wide = i8x16.splat(0);
  while (true) {
    if (s <= KEY_OR_END) {
      c = load<u8>(q);
      while (isSpace(c)) {
        q += 1;
        c = load<u8>(q);
      }
      if (c === 0x22) {
        q += 1;
        textAt = q;
        escaped = false;
        s = IN_KEY;
      } else if (c === 0x7d && s === KEY_OR_END) {
        q += 1;
        d -= 1;
        object = load<u8>(stack + d) !== 0;
        s = AFTER;
        if (d === 0) {
          event = DONE;
          break;
        }
      } else {
        if (q < to) event = broken(EXPECTED_KEY);
        break;
      }
    }
    if (s === IN_KEY) {
      let v = v128.load(q);
      let stops = stopsIn(v);
      wide = v128.or(wide, v);
      while (stops === 0) {
        q += 16;
        v = v128.load(q);
        stops = stopsIn(v);
        wide = v128.or(wide, v);
      }
      q += ctz(stops);
      c = load<u8>(q);
      if (c !== 0x22) {
        if (q >= to) break;
        if (c !== 0x5c) {
          event = broken(CONTROL);
          break;
        }
        const length = escapeAt(q);
        if (length === 0 || q + length > to) {
          if (q + 6 <= to) event = broken(ESCAPE);
          break;
        }
        escaped = true;
        q += length;
        continue;
      }
      if (d === 1) watchKey(q);
      q += 1;
      s = COLON;
    }
    if (s === COLON) {
      c = load<u8>(q);
      while (isSpace(c)) {
        q += 1;
        c = load<u8>(q);
      }
      if (c !== 0x3a) {
        if (q < to) event = broken(EXPECTED_COLON);
        break;
      }
      q += 1;
      s = VALUE;
    }
    if (s === VALUE || s === VALUE_OR_END) {
      c = load<u8>(q);
      while (isSpace(c)) {
        q += 1;
        c = load<u8>(q);
      }
      if (c === 0x22) {
        q += 1;
        textAt = q;
        escaped = false;
        s = IN_STRING;
      } else if (c === 0x7b || c === 0x5b) {
        if (watch !== 0) {
          if (c === 0x5b && opens()) {
            q += 1;
            event = OPENED;
            break;
          }
          if (watch === SOURCE) flags |= MARK;
          watch = 0;
        }
        if (d >= maxDepth) {
          event = broken(TOO_DEEP);
          break;
        }
        store<u8>(stack + d, object ? 1 : 0);
        d += 1;
        q += 1;
        object = c === 0x7b;
        s = object ? KEY_OR_END : VALUE_OR_END;
        continue;
      } else if (c === 0x5d && s === VALUE_OR_END) {
        q += 1;
        d -= 1;
        object = load<u8>(stack + d) !== 0;
        s = AFTER;
        if (d === 0) {
          event = DONE;
          break;
        }
      } else {
        if (q >= to) break;
        if (c === 0x2d || c - 0x30 < 10) {
          if (watch === SOURCE) flags |= MARK;
          watch = 0;
          number = c === 0x2d ? 1 : c === 0x30 ? 2 : 3;
          q += 1;
          s = NUMBER;
        } else {
          const word = load<u32>(q);
          const length: usize = c === 0x66 ? 5 : 4;
          const fits = c === 0x66 ? load<u32>(q, 1) === 0x65736c61 : word === 0x65757274 || word === 0x6c6c756e;
          if (!fits) {
            if (q + length <= to) event = broken(c === 0x66 || c === 0x74 || c === 0x6e ? BAD_LITERAL : EXPECTED_VALUE);
            else if (c !== 0x66 && c !== 0x74 && c !== 0x6e) event = broken(EXPECTED_VALUE);
            break;
          }
          if (watch === SOURCE) flags |= MARK;
          watch = 0;
          q += length;
          s = AFTER;
          if (d === 0) {
            event = DONE;
            break;
          }
        }
      }
    }
    if (s === IN_STRING) {
      let v = v128.load(q);
      let stops = stopsIn(v);
      wide = v128.or(wide, v);
      while (stops === 0) {
        q += 16;
        v = v128.load(q);
        stops = stopsIn(v);
        wide = v128.or(wide, v);
      }
      q += ctz(stops);
      c = load<u8>(q);
      if (c !== 0x22) {
        if (q >= to) break;
        if (c !== 0x5c) {
          event = broken(CONTROL);
          break;
        }
        const length = escapeAt(q);
        if (length === 0 || q + length > to) {
          if (q + 6 <= to) event = broken(ESCAPE);
          break;
        }
        escaped = true;
        q += length;
        continue;
      }
      if (watch !== 0) {
        if (watch === SOURCE)
          flags |= escaped || begin === 0 || !isForeign(textAt, q) ? MARK : (flags & SOURCE) !== 0 ? MARK : FOREIGN | SOURCE;
        watch = 0;
      }
      q += 1;
      s = AFTER;
      if (d === 0) {
        event = DONE;
        break;
      }
    }
    if (s === NUMBER) {
      q = numberEnd(q);
      if (q >= to) break;
      if (number !== 2 && number !== 3 && number !== 5 && number !== 8) {
        event = broken(BAD_NUMBER);
        break;
      }
      s = AFTER;
      if (d === 0) {
        event = DONE;
        break;
      }
    }
    if (s === AFTER) {
      c = load<u8>(q);
      while (isSpace(c)) {
        q += 1;
        c = load<u8>(q);
      }
      if (c === 0x2c) {
        q += 1;
        s = object ? KEY : VALUE;
      } else if (c === (object ? 0x7d : 0x5d)) {
        q += 1;
        d -= 1;
        object = load<u8>(stack + d) !== 0;
        if (d === 0) {
          event = DONE;
          break;
        }
      } else {
        if (q < to) event = broken(EXPECTED_COMMA);
        break;
      }
    }
  }
  at = q;
  state = s;
  depth = d;
  inObject = object;
  if (i8x16.bitmask(wide) !== 0) wideSeen = true;
  if (event === OPENED) {
    if (begin !== 0 && wideSeen && !isUtf8(begin, at)) event = NOT_UTF8;
    mode = IN_LIST;
    container = OBJECT;
    between = FIRST;
  }
  return event;
}

/** Whether the array that begins here is the list of records of a top-level object. */
function opens(): bool {
  return watch === LIST && !whole && (kind === TOP || kind === TRIAL) && depth1Clean();
}

function depth1Clean(): bool {
  return (flags & MARK) === 0;
}

function numberEnd(q: usize): usize {
  let n = number;
  while (true) {
    const c: u32 = load<u8>(q);
    if (c - 0x30 < 10) {
      if (n === 1) n = c === 0x30 ? 2 : 3;
      else if (n === 4) n = 5;
      else if (n === 6 || n === 7) n = 8;
      else if (n === 2) break;
    } else if (c === 0x2e && (n === 2 || n === 3)) n = 4;
    else if ((c | 0x20) === 0x65 && (n === 2 || n === 3 || n === 5)) n = 6;
    else if ((c === 0x2b || c === 0x2d) && n === 6) n = 7;
    else break;
    q += 1;
  }
  number = n;
  return q;
}

/**
 * Looks at a key of the record itself, which ends at `q`. An escaped one may be any key. The table has a byte for each
 * length up to 16 (where the names of that length begin) and then 32 bytes a name: 16 of text, one of what it is.
 */
function watchKey(q: usize): void {
  watch = 0;
  if (escaped) {
    flags |= MARK;
    return;
  }
  const length = q - textAt;
  if (length > 16) return;
  const first: u32 = load<u8>(keys + length);
  const last: u32 = load<u8>(keys + length, 1);
  if (first === last) return;
  const name = v128.and(v128.load(textAt), v128.load(keys + 48 - length));
  for (let i = first; i < last; i += 1) {
    const entry = keys + 64 + i * 32;
    if (v128.any_true(v128.xor(name, v128.load(entry)))) continue;
    watch = load<u8>(entry, 16);
    if (watch === MARK) {
      flags |= MARK;
      watch = 0;
    } else if (watch === LIST && (kind === ELEMENT || kind === TAIL || whole)) {
      flags |= MARK;
      watch = 0;
    } else if (watch === LIST && (flags & LIST) !== 0) {
      // A second list key: which of them counts is for the whole object to say.
      flags |= MARK;
      watch = 0;
    } else if (watch === LIST) flags |= LIST;
    return;
  }
}

/** Whether this is plainly the name of a service that is not read: ASCII without blanks, and not in the table. */
function isForeign(from: usize, to: usize): bool {
  if (from === to) return false;
  for (let q = from; q < to; q += 1) {
    const c: u32 = load<u8>(q);
    if (c <= 0x20 || c >= 0x7f) return false;
  }
  const length = to - from;
  for (let i = 0; i < sourceCount; i += 1) {
    const entry = sources + i * 64;
    if (load<u8>(entry) === length && memory.compare(entry + 1, from, length) === 0) return false;
  }
  return true;
}

/** Whether the bytes are UTF-8 as the Unicode standard has it (table 3-7): no surrogates, nothing overlong, nothing above U+10FFFF. */
function isUtf8(from: usize, to: usize): bool {
  let q = from;
  while (q < to) {
    if (q + 16 <= to && i8x16.bitmask(v128.load(q)) === 0) {
      q += 16;
      continue;
    }
    const c: u32 = load<u8>(q);
    if (c < 0x80) {
      q += 1;
      continue;
    }
    if (c < 0xc2 || c > 0xf4) return false;
    const length: usize = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (q + length > to) return false;
    const second: u32 = load<u8>(q, 1);
    const lowest: u32 = c === 0xe0 ? 0xa0 : c === 0xf0 ? 0x90 : 0x80;
    const highest: u32 = c === 0xed ? 0x9f : c === 0xf4 ? 0x8f : 0xbf;
    if (second < lowest || second > highest) return false;
    if (length > 2 && (load<u8>(q, 2) & 0xc0) !== 0x80) return false;
    if (length > 3 && (load<u8>(q, 3) & 0xc0) !== 0x80) return false;
    q += length;
  }
  return true;
}
