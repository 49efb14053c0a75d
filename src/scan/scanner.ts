import { readFileSync } from 'node:fs';
import { READ_SOURCES } from '../core/read-record.ts';
import type { ScanLimits } from './limits.ts';
import { besideCommand } from './place.ts';

/** Why {@link Scanner.scan} came back. */
export const SCAN = {
  /** The bytes have run out. */
  need: 0,
  /** A value that somebody has to read: `begin` to `at`. */
  hit: 1,
  /** A list of records begins. */
  opened: 2,
  /** Behind its list an object has a key that makes it something else. */
  marked: 3,
  /** The value that was tried is one. */
  tried: 4,
  /** A value has ended that is larger than a record may be. */
  large: 5,
  /** A value has ended that is no UTF-8. */
  notUtf8: 6,
  /** What stands at `at` is no JSON. */
  fault: 7,
} as const;

/** Where a scan is when its bytes have run out. */
export const WHERE = { top: 0, list: 1, value: 2, closed: 3 } as const;

/** What the value at hand is. */
export const KIND = { top: 0, element: 1, tail: 2, trial: 3 } as const;

const SOURCE = 1;
const FOREIGN = 2;
const MARK = 4;
const LIST = 8;

/**
 * The keys that decide what an object is, as `readEnvelope` asks for them. LIST: a list of records, opened in a top-level
 * object. MARK: a wrapper, always read as a whole.
 */
const KEYS: readonly (readonly [name: string, is: number])[] = [
  ['eventSource', SOURCE],
  ['Records', LIST],
  ['Events', LIST],
  ['Messages', LIST],
  ...['logEvents', 'requestPayload', 'detail-type', 'Sns', 'Message', 'CloudTrailEvent', 'Body', 'body'].map(
    (name) => [name, MARK] as const,
  ),
  ...['QueryResultRows', 'eventJson', 'eventjson'].map((name) => [name, MARK] as const),
];

const FAULTS: readonly string[] = [
  '',
  'expected a value',
  'expected a key in quotes',
  'expected a colon',
  'expected a comma or the end of an object or array',
  'found a control character in a string',
  'found an escape that JSON does not have',
  'found a number that JSON does not have',
  'found a word that JSON does not have',
  'nested too deep',
  'expected a record, an object or an array',
  'expected a comma or the end of the list',
  'found a comma behind the last record',
];
const TOO_DEEP = 9;
const TRAILING_COMMA = 12;

const PAGE_BYTES = 65536;
const STACK_AT = PAGE_BYTES;
/** Keys: a byte for each length, a mask, then 32 bytes each. Sources: 64 bytes each. */
const TABLE_BYTES = 4096;
const SOURCES_AT = 2048;
/** An escape that is not there in full is kept with the record; behind the window the scanner reads and writes ahead. */
const SLACK_BYTES = 64;

interface Exports {
  configure(stack: number, depth: number, record: number, keys: number, sources: number, count: number): void;
  reset(address: number, whole: boolean): void;
  resumeTop(address: number): void;
  resumeList(address: number, unknown: boolean, empty: boolean): void;
  tryAt(address: number): void;
  getAt(): number;
  getBegin(): number;
  getFlags(): number;
  getFault(): number;
  getKind(): number;
  getMode(): number;
  isWide(): number;
  takeSkipped(): number;
  moved(delta: number): void;
  forget(): void;
  scan(to: number): number;
}

let compiled: WebAssembly.Module | undefined;

/**
 * The byte scanner (assembly/scanner.ts) with its memory: a window that bytes are put into, and before it room for what is
 * kept of a record that began in an earlier window, so that a record's bytes always lie in one piece.
 */
export class Scanner {
  /** All of the scanner's memory; it never grows, so that this stays valid. */
  readonly bytes: Buffer;
  /** Where new bytes go, and how many at most. */
  readonly window: number;
  readonly windowBytes: number;
  /** End of the bytes that are there. */
  to: number;
  /** Bytes of the source before address 0: an address plus this is a place in the source. */
  origin = 0;
  readonly #lowest: number;
  readonly #wasm: Exports;
  readonly #limits: ScanLimits;

  constructor(limits: ScanLimits, windowBytes: number) {
    const tables = STACK_AT + alignedTo(limits.depth + SLACK_BYTES, PAGE_BYTES);
    this.#lowest = tables + TABLE_BYTES;
    this.window = alignedTo(this.#lowest + limits.recordBytes + SLACK_BYTES, PAGE_BYTES);
    this.windowBytes = windowBytes;
    const memory = new WebAssembly.Memory({ initial: Math.ceil((this.window + windowBytes + SLACK_BYTES) / PAGE_BYTES) });
    this.bytes = Buffer.from(memory.buffer);
    compiled ??= new WebAssembly.Module(readFileSync(besideCommand('scanner.wasm')));
    // The edge: what the module exports is what assembly/scanner.ts says.
    this.#wasm = new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as Exports;
    this.#limits = limits;
    this.to = this.window;
    writeKeys(this.bytes, tables);
    writeSources(this.bytes, tables + SOURCES_AT);
    this.#wasm.configure(STACK_AT, limits.depth, limits.recordBytes, tables, tables + SOURCES_AT, READ_SOURCES.size);
  }

  /** Ready for a new source. `whole`: lists in top-level objects are not opened. */
  reset(whole: boolean): void {
    this.#wasm.reset(this.window, whole);
    this.to = this.window;
    this.origin = -this.window;
  }

  /** Scans on until there is something to say; one of {@link SCAN}. */
  scan(): number {
    return this.#wasm.scan(this.to);
  }

  /** Where scanning goes on, and where the value at hand began (0: no longer kept). */
  get at(): number {
    return this.#wasm.getAt() >>> 0;
  }
  get begin(): number {
    return this.#wasm.getBegin() >>> 0;
  }
  get kind(): number {
    return this.#wasm.getKind();
  }
  get where(): number {
    return this.#wasm.getMode();
  }
  /** Whether the value at hand has a key by which a record or a wrapper is known. */
  get marked(): boolean {
    return this.#wasm.getFlags() !== 0;
  }
  /** Whether the value at hand is a record of a service that is not read. */
  get foreign(): boolean {
    return this.#wasm.getFlags() === (SOURCE | FOREIGN);
  }
  get fault(): string {
    const code = this.#wasm.getFault();
    return code === TOO_DEEP ? `nested more than ${this.#limits.depth} deep; --max-depth allows more` : (FAULTS[code] ?? '');
  }
  get tooDeep(): boolean {
    return this.#wasm.getFault() === TOO_DEEP;
  }
  get trailingComma(): boolean {
    return this.#wasm.getFault() === TRAILING_COMMA;
  }

  /** The text of the value that has just ended. */
  text(): string {
    const [begin, end] = [this.begin, this.at];
    return this.#wasm.isWide() === 0 ? this.bytes.toString('latin1', begin, end) : this.bytes.toString('utf8', begin, end);
  }

  /** Records counted as out of scope since this was last asked. */
  takeSkipped(): number {
    return this.#wasm.takeSkipped();
  }

  /** Goes on as between top-level values. */
  resumeTop(address: number): void {
    this.#wasm.resumeTop(address);
  }
  /** Goes on behind an element of the list at hand, or (`unknown`) of a list whose beginning was not seen. */
  resumeList(address: number, unknown = false): void {
    this.#wasm.resumeList(address, unknown, false);
  }
  /** Goes on at the end of a list whose last comma was one too many. */
  resumeListEnd(address: number): void {
    this.#wasm.resumeList(address, false, true);
  }
  /** Tries whether a value begins at the address. */
  tryAt(address: number): void {
    this.#wasm.tryAt(address);
  }

  /** How many bytes there is room for behind those that are there. */
  get room(): number {
    return this.window + this.windowBytes - this.to;
  }

  /** Makes room for new bytes, where it is getting scarce. */
  makeRoom(): void {
    const keep = this.#kept();
    if (this.room < this.windowBytes / 4) this.moveTo(keep);
  }

  /** What is kept, from `keep` on, moves before the window, which is then empty; where it begins now. */
  moveTo(keep: number): number {
    const length = this.to - keep;
    const target = this.window - length;
    if (target !== keep) this.bytes.copyWithin(target, keep, this.to);
    this.#wasm.moved(target - keep);
    this.origin -= target - keep;
    this.to = this.window;
    return target;
  }

  /** The first byte still needed. A record that has outgrown the limit is not kept any longer. */
  #kept(): number {
    const at = this.at;
    const begin = this.where === WHERE.value ? this.begin : 0;
    if (begin === 0) return at;
    if (at - begin <= this.#limits.recordBytes) return begin;
    this.#wasm.forget();
    return at;
  }
}

function writeKeys(bytes: Buffer, table: number): void {
  const ordered = [...KEYS].sort(([a], [b]) => a.length - b.length);
  for (let length = 0; length <= 17; length += 1) bytes[table + length] = ordered.filter(([name]) => name.length < length).length;
  bytes.fill(0xff, table + 32, table + 48);
  for (const [index, [name, is]] of ordered.entries()) {
    const entry = table + 64 + index * 32;
    bytes.write(name, entry, 'latin1');
    bytes[entry + 16] = is;
  }
}

function writeSources(bytes: Buffer, table: number): void {
  for (const [index, source] of [...READ_SOURCES].entries()) {
    bytes[table + index * 64] = source.length;
    bytes.write(source, table + index * 64 + 1, 'latin1');
  }
}

function alignedTo(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
