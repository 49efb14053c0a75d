import { readEnvelope } from '../core/envelope.ts';
import type { ReadBatch } from '../core/reading.ts';
import { type Digest, printable } from '../core/text.ts';
import { messageOf, UnreadableSourceError } from '../source.ts';
import { Account } from './account.ts';
import { type ByteSource, type Feed, inputBuffer, openFeed } from './feed.ts';
import { FORMAT_BYTES, foreignFormat } from './foreign-format.ts';
import { directInflater, type Inflater } from './inflate.ts';
import type { ScanLimits } from './limits.ts';
import { KIND, SCAN, Scanner, WHERE } from './scanner.ts';

/** What one worker reads its sources with, one after the other. */
export interface Tools {
  readonly scanner: Scanner;
  readonly inflater: Inflater | undefined;
  readonly input: Buffer;
  readonly limits: ScanLimits;
}

/** How a worker reads: the tests turn these, nobody else needs to. */
export interface Tuning {
  /** Bytes scanned at a time. */
  readonly windowBytes?: number;
  /** Unpack by Node's public streams even where the direct way works. */
  readonly publicZlib?: boolean;
}

const WINDOW_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const COMMA = 0x2c;
const COLON = 0x3a;
const QUOTE = 0x22;
const ZERO = 0x30;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
/** What CloudWatch Logs writes before each message when it exports a log group to S3. */
const EXPORT_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z (?=\{)/;
const EXPORT_TIME_BYTES = 32;

/** Tools for sources within these limits. */
export function toolsOf(limits: ScanLimits, { windowBytes = WINDOW_BYTES, publicZlib = false }: Tuning = {}): Tools {
  const scanner = new Scanner(limits, windowBytes);
  return { scanner, inflater: publicZlib ? undefined : directInflater(), input: inputBuffer(), limits };
}

/**
 * Reads every record of a source, whatever it comes in, and says in batches what became of each. A file that cannot be
 * read, or not to its end, is a rejection beside what could be read; only what a given stream throws is thrown on, unless
 * that is an {@link UnreadableSourceError}.
 *
 * What is a record: top-level values follow each other, with or without newlines between, and the time before one that
 * CloudWatch Logs has exported is passed over; an object with a list `Records`,
 * `Events` or `Messages` (and no key that makes it something else), or an array, is read element by element; every other
 * value is given to `readEnvelope` as a whole, or merely counted where its only `eventSource` is plainly a service that is
 * not read.
 *
 * What is no record: where a value is no JSON, that is one rejection, and reading goes on at the next brace behind the
 * value's first byte that is not the value of a key and opens a whole object with a key by which records or wrappers are
 * known (`eventSource` and those of `readEnvelope`); one with such a key that is no JSON either is one rejection more. At
 * the top a line's end ends the search as well, unless the value began with a bracket alone on its line. Bytes that are not
 * UTF-8 reject the value they are in and nothing else. A source without any value that records come in is one rejection.
 */
export async function* scanSource(source: ByteSource, tools: Tools, digest: Digest): AsyncGenerator<ReadBatch> {
  let handed = false;
  for await (const batch of new Pass(source, tools, digest, () => !handed).batches()) {
    // What looked like a log file is a wrapper after all: opened again, as a whole.
    if (batch === 'wrapper') return yield* wholly(source, tools, digest);
    handed = true;
    yield batch;
  }
}

async function* wholly(source: ByteSource, tools: Tools, digest: Digest): AsyncGenerator<ReadBatch> {
  for await (const batch of new Pass(source, tools, digest).batches()) if (batch !== 'wrapper') yield batch;
}

/** Where the search for the next record begins after a fault. */
interface Search {
  cursor: number;
  /** The last byte before the cursor that is no whitespace, and whether a newline followed it. */
  before: number;
  newline: boolean;
  /** The fault was inside a list of records. */
  readonly inList: boolean;
  /** A newline ends the search: the next line is read for itself. */
  readonly byLine: boolean;
}

/** One reading of one source, from its first byte to its last. */
class Pass {
  readonly #source: ByteSource;
  readonly #tools: Tools;
  readonly #scanner: Scanner;
  readonly #digest: Digest;
  readonly #account = new Account();
  /** Whether the source may still be read again, as a whole; absent when it is. */
  readonly #mayReturn: (() => boolean) | undefined;
  #feed: Feed | undefined;
  /** The source's first bytes. */
  readonly #head = Buffer.alloc(FORMAT_BYTES);
  #headLength = 0;
  #cutTold = false;
  /** No fault was met: only then can all be read again otherwise, and nothing told twice or differently. */
  #faultless = true;
  /** Where the object around the list at hand began, where that is known. */
  #objectAt: number | undefined;

  constructor(source: ByteSource, tools: Tools, digest: Digest, mayReturn?: () => boolean) {
    this.#source = source;
    this.#tools = tools;
    this.#scanner = tools.scanner;
    this.#digest = digest;
    this.#mayReturn = mayReturn;
  }

  async *batches(): AsyncGenerator<ReadBatch | 'wrapper'> {
    const { limits, inflater, input } = this.#tools;
    try {
      this.#feed = await openFeed(this.#source, limits, inflater, input);
      yield* this.#records(this.#feed);
    } catch (error) {
      const unreadable = error instanceof UnreadableSourceError;
      // What comes from elsewhere may come when it is asked for again.
      if (!unreadable && typeof this.#source !== 'string') throw error;
      this.#account.reject(printable(unreadable ? error.message : `cannot be read: ${messageOf(error)}`, 300));
    } finally {
      this.#feed?.close();
    }
    this.#account.end('expected JSON, found an empty file', foreignFormat(this.#head.subarray(0, this.#headLength)));
    do yield this.#account.take();
    while (this.#account.full);
  }

  async *#records(feed: Feed): AsyncGenerator<ReadBatch | 'wrapper'> {
    const scanner = this.#scanner;
    const account = this.#account;
    scanner.reset(this.#mayReturn === undefined);
    await this.#skipMark(feed);
    for (;;) {
      const event = scanner.scan();
      account.skip(scanner.takeSkipped());
      switch (event) {
        case SCAN.hit:
          this.#handOut(scanner.kind === KIND.element ? 1 : 0);
          break;
        case SCAN.need: {
          scanner.makeRoom();
          if ((await this.#more(feed)) || (await this.#cut(feed))) break;
          if (feed.failure !== undefined && !this.#cutTold) account.reject(feed.failure);
          return;
        }
        case SCAN.opened:
          account.isLog();
          this.#objectAt = scanner.begin === 0 ? undefined : scanner.begin + scanner.origin;
          break;
        case SCAN.marked:
          if (feed.again && this.#fitsWhole() && this.#mayReturn?.() === true) return yield 'wrapper';
          this.#faultless = false;
          account.reject('behind a list of records its object has a key that makes it something else: the records count as they are');
          break;
        case SCAN.fault:
          if (!(await this.#passTime(feed))) await this.#afterFault(feed);
          break;
        default:
          this.#faultless = false;
          account.isLog();
          account.reject(this.#unfit(event));
      }
      while (account.full) yield account.take();
    }
  }

  #fitsWhole(): boolean {
    const { at, origin } = this.#scanner;
    return this.#faultless && this.#objectAt !== undefined && at + origin - this.#objectAt <= this.#tools.limits.recordBytes;
  }

  /** A byte order mark is none of JSON's, but some editors write one. */
  async #skipMark(feed: Feed): Promise<void> {
    const scanner = this.#scanner;
    while (scanner.to - scanner.window < BYTE_ORDER_MARK.length && (await this.#more(feed)));
    if (BYTE_ORDER_MARK.every((byte, index) => scanner.bytes[scanner.window + index] === byte) && scanner.to >= scanner.window + 3)
      scanner.resumeTop(scanner.window + BYTE_ORDER_MARK.length);
  }

  /** Fetches more bytes; false at the end. */
  async #more(feed: Feed): Promise<boolean> {
    const scanner = this.#scanner;
    const filled = feed.fill(scanner.bytes, scanner.to, scanner.room);
    const length = typeof filled === 'number' ? filled : await filled;
    if (this.#headLength < FORMAT_BYTES)
      this.#headLength += scanner.bytes.copy(this.#head, this.#headLength, scanner.to, scanner.to + length);
    scanner.to += length;
    return length > 0;
  }

  #place(address: number): string {
    return `at byte ${address + this.#scanner.origin}`;
  }

  #unfit(event: number): string {
    return event === SCAN.large
      ? `${this.#place(this.#scanner.at)}: ended a record larger than ${this.#tools.limits.recordBytes} bytes; --max-record-bytes allows more`
      : `${this.#place(this.#scanner.begin)}: expected JSON in UTF-8, found other bytes`;
  }

  /** Reads the value that has just ended as everything is read that comes by itself. */
  #handOut(depth: number): void {
    const account = this.#account;
    account.isLog();
    const text = this.#scanner.text();
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      account.reject(`${this.#place(this.#scanner.begin)}: ${messageOf(error)}`);
      return;
    }
    const readings = readEnvelope(value, this.#digest, depth);
    for (const reading of readings) account.add(reading, text.length / readings.length);
  }

  /** The bytes have come to their end. True when there are some left to scan, behind a record that was cut off. */
  async #cut(feed: Feed): Promise<boolean> {
    const scanner = this.#scanner;
    if (scanner.where !== WHERE.list && scanner.where !== WHERE.value) return false;
    if (scanner.where === WHERE.list) return this.#tellCut(feed, 'ends in the middle of a list of records');
    if (scanner.kind === KIND.tail) return this.#tellCut(feed, 'ends in the middle of the object around the records');
    const { begin } = scanner;
    this.#tellCut(feed, `${this.#place(begin || scanner.at)}: ends in the middle of a record`);
    if (begin !== 0) await this.#search(feed, this.#searchFrom(begin));
    else scanner.resumeTop(scanner.to);
    return true;
  }

  /** One rejection for the cut, whatever made it. */
  #tellCut(feed: Feed, reason: string): false {
    this.#account.reject(this.#cutTold ? reason : (feed.failure ?? reason));
    this.#cutTold = true;
    return false;
  }

  /** Passes over the time before an exported message; false where none stands. */
  async #passTime(feed: Feed): Promise<boolean> {
    const scanner = this.#scanner;
    const digit = (scanner.bytes[scanner.at] ?? 0) - ZERO;
    if (scanner.where !== WHERE.top || digit < 0 || digit > 9) return false;
    do scanner.makeRoom();
    while (scanner.to - scanner.at < EXPORT_TIME_BYTES && (await this.#more(feed)));
    const { at, to } = scanner;
    const [time] = EXPORT_TIME.exec(scanner.bytes.toString('latin1', at, Math.min(at + EXPORT_TIME_BYTES, to))) ?? [];
    if (time !== undefined) scanner.resumeTop(at + time.length);
    return time !== undefined;
  }

  /** Rejects what is no JSON and finds the next record. */
  async #afterFault(feed: Feed): Promise<void> {
    const scanner = this.#scanner;
    this.#faultless = false;
    const { at, begin, where } = scanner;
    const inValue = where === WHERE.value;
    this.#account.reject(`${this.#place(at)}: ${scanner.fault}`);
    if (where === WHERE.list && scanner.trailingComma) {
      scanner.resumeListEnd(at);
      return;
    }
    const kept = inValue && begin !== 0 && at - begin <= this.#tools.limits.recordBytes;
    if (kept) {
      await this.#search(feed, this.#searchFrom(begin));
      return;
    }
    const inList = where === WHERE.list || (inValue && scanner.kind === KIND.element);
    const before = where === WHERE.top ? NEWLINE : CLOSE_BRACE;
    await this.#search(feed, { cursor: at, before, newline: false, inList, byLine: !inList && where === WHERE.top });
  }

  /** A search behind the first byte of a bad value. */
  #searchFrom(begin: number): Search {
    const scanner = this.#scanner;
    const { kind } = scanner;
    const byLine = kind === KIND.top && !this.#opensLine(begin);
    return { cursor: begin + 1, before: scanner.bytes[begin] ?? 0, newline: false, inList: kind === KIND.element, byLine };
  }

  /** Whether a line ends right behind the bracket: the value is spread over several. */
  #opensLine(begin: number): boolean {
    const { bytes, to } = this.#scanner;
    for (let at = begin + 1; at < to; at += 1) {
      const byte = bytes[at];
      if (byte === NEWLINE) return true;
      if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
    }
    return false;
  }

  /**
   * Finds where scanning goes on: at the next line, where lines are records; otherwise at the next brace that is no value
   * of a key and that opens a whole object with a key by which a record or wrapper is known. A candidate that has such a
   * key and is no JSON is a rejection of its own.
   */
  async #search(feed: Feed, search: Search): Promise<void> {
    const scanner = this.#scanner;
    const { bytes } = scanner;
    for (;;) {
      for (; search.cursor < scanner.to; search.cursor += 1) {
        const byte = bytes[search.cursor] ?? 0;
        if (byte === OPEN_BRACE && search.before !== COLON && this.#opensKey(search.cursor)) {
          const found = this.#tryAt(feed, search);
          if (found === true || (found !== false && (await found))) return;
          continue;
        }
        if (byte === NEWLINE) {
          if (search.byLine) {
            scanner.resumeTop(search.cursor + 1);
            return;
          }
          search.newline = true;
        } else if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) {
          search.before = byte;
          search.newline = false;
        }
      }
      scanner.resumeTop(scanner.to);
      search.cursor = scanner.moveTo(scanner.to);
      if (!(await this.#more(feed))) return;
    }
  }

  /** Whether a quote stands next, or is yet to come. */
  #opensKey(brace: number): boolean {
    const { bytes, to } = this.#scanner;
    for (let at = brace + 1; at < to; at += 1) {
      const byte = bytes[at];
      if (byte === QUOTE) return true;
      if (byte !== 0x20 && byte !== NEWLINE && byte !== 0x09 && byte !== 0x0d) return false;
    }
    return true;
  }

  /** Tries the candidate at the cursor. True when scanning goes on there; else the cursor is the last byte it can be forgotten with. */
  #tryAt(feed: Feed, search: Search): boolean | Promise<boolean> {
    const scanner = this.#scanner;
    scanner.tryAt(search.cursor);
    const event = scanner.scan();
    return event === SCAN.need ? this.#tryOn(feed, search) : this.#judged(feed, search, event);
  }

  /** The candidate goes on behind the bytes that are there. */
  async #tryOn(feed: Feed, search: Search): Promise<boolean> {
    const scanner = this.#scanner;
    let event: number = SCAN.need;
    while (event === SCAN.need) {
      const before = scanner.at;
      scanner.makeRoom();
      search.cursor += scanner.at - before;
      if (!(await this.#more(feed))) break;
      event = scanner.scan();
    }
    return this.#judged(feed, search, event);
  }

  #judged(feed: Feed, search: Search, event: number): boolean {
    const scanner = this.#scanner;
    const account = this.#account;
    if (event === SCAN.opened || (event === SCAN.notUtf8 && scanner.where === WHERE.list)) {
      account.isLog();
      if (event === SCAN.notUtf8) account.reject(this.#unfit(event));
      return true;
    }
    const { marked, at } = scanner;
    if (event === SCAN.tried && marked) {
      this.#accept(search);
      return true;
    }
    if (marked) {
      account.isLog();
      if (event === SCAN.need) this.#tellCut(feed, `${this.#place(search.cursor)}: ends in the middle of a record`);
      else account.reject(event === SCAN.fault ? `${this.#place(at)}: ${scanner.fault}` : this.#unfit(event));
    }
    const lost = scanner.begin === 0 || (event === SCAN.fault && scanner.tooDeep);
    const passed = event === SCAN.tried || event === SCAN.large || event === SCAN.notUtf8;
    search.before = passed ? CLOSE_BRACE : OPEN_BRACE;
    search.newline = false;
    // A whole value is left as one; a fault may lie in the next record that this one had swallowed.
    if (passed || lost) search.cursor = Math.max(at - 1, search.cursor);
    return false;
  }

  /** The candidate is a record: it counts, and what comes next is expected to be like it. */
  #accept({ before, newline, inList }: Search): void {
    const scanner = this.#scanner;
    const { at } = scanner;
    const listed = before === COMMA || before === OPEN_BRACKET || (inList && !newline);
    this.#account.isLog();
    if (scanner.foreign) this.#account.skip(1);
    else this.#handOut(listed ? 1 : 0);
    if (!listed) scanner.resumeTop(at);
    else scanner.resumeList(at, !inList);
  }
}
