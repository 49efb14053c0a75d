import { readEnvelope } from '../../src/core/envelope.ts';
import type { Reading } from '../../src/core/reading.ts';
import { sha256 } from '../../src/system.ts';

/** What the reference says of a source: a reading for each record, in their order; BAD where there is no record to read. */
export type Expected = readonly (Reading | typeof BAD)[];
export const BAD = 'bad';

const SPACE = ' \t\r\n';
/** A top-level key by which a record or a wrapper is known. */
const MARKS = [
  'eventSource',
  'Records',
  'Events',
  'Messages',
  'logEvents',
  'requestPayload',
  'detail-type',
  'Sns',
  'Message',
  'CloudTrailEvent',
  'QueryResultRows',
  'eventJson',
  'eventjson',
  'Body',
  'body',
];
const LISTS = ['Records', 'Events', 'Messages'];

/** The time before a message that CloudWatch Logs has exported. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z (?=\{)/;

/** What `JSON.parse` and `readEnvelope` make of a source that is JSON as a whole; undefined where it is not. */
export function readWhole(source: Buffer): Expected | undefined {
  const text = utf8(source);
  if (text === undefined) return undefined;
  try {
    return readEnvelope(JSON.parse(text), sha256);
  } catch {
    return undefined;
  }
}

/**
 * The same for any source, bad ones too, plainly and slowly: the definition of what is a record, for the fast one to agree
 * with. Top-level values follow each other; a list of records is read element by element; what is no JSON is one BAD up to
 * where reading goes on.
 */
export function readSlowly(source: Buffer): Expected {
  return readWhole(source) ?? new Slow(source).read();
}

function utf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The text of the value that begins at `at`, brackets and strings considered and nothing else; undefined where it does not end. */
function bracketed(text: string, at: number): string | undefined {
  let depth = 0;
  let quoted = false;
  for (let i = at; i < text.length; i += 1) {
    const c = text.charAt(i);
    if (quoted) {
      if (c === '\\') i += 1;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === '{' || c === '[') depth += 1;
    else if (c === '}' || c === ']') depth -= 1;
    if (!quoted && depth === 0 && (c === '}' || c === ']')) return text.slice(at, i + 1);
    if (!quoted && depth < 0) return undefined;
  }
  return undefined;
}

const SCALAR = /(?:"(?:[^"\\]|\\.)*"|[^\s,\]}"[{]+)/y;

class Slow {
  readonly #text: string;
  readonly #out: (Reading | typeof BAD)[] = [];
  #at = 0;
  #isLog = false;

  constructor(source: Buffer) {
    this.#text = source.toString('latin1').replace(/^\u00ef\u00bb\u00bf/, '');
  }

  read(): Expected {
    for (this.#space(); this.#at < this.#text.length; this.#space()) this.#top();
    return this.#isLog ? this.#out : [BAD];
  }

  #space(): void {
    while (this.#at < this.#text.length && SPACE.includes(this.#text.charAt(this.#at))) this.#at += 1;
  }

  #bad(): void {
    this.#out.push(BAD);
  }

  /** The whole JSON value at `at`, by JSON.parse; its text stays as bytes. */
  #valueAt(at: number): { text: string; value: unknown } | undefined {
    let text: string | undefined;
    if ('{['.includes(this.#text.charAt(at))) text = bracketed(this.#text, at);
    else {
      SCALAR.lastIndex = at;
      text = SCALAR.exec(this.#text)?.[0];
      // A number at the very end may go on.
      if (text !== undefined && at + text.length === this.#text.length && !text.endsWith('"') && !/^(?:true|false|null)$/.test(text))
        return undefined;
    }
    if (text === undefined) return undefined;
    try {
      return { text, value: JSON.parse(text) };
    } catch {
      return undefined;
    }
  }

  #readValue(text: string, depth: number): void {
    this.#isLog = true;
    const decoded = utf8(Buffer.from(text, 'latin1'));
    if (decoded === undefined) this.#bad();
    else this.#out.push(...readEnvelope(JSON.parse(decoded), sha256, depth));
  }

  #top(): void {
    const c = this.#text.charAt(this.#at);
    if (c === '[') {
      this.#isLog = true;
      this.#at += 1;
      this.#list('array', true);
      return;
    }
    const [time] = TIME.exec(this.#text.slice(this.#at, this.#at + 32)) ?? [];
    if (time !== undefined) {
      this.#at += time.length;
      return;
    }
    if (c !== '{') {
      this.#bad();
      this.#search({ from: this.#at, before: '\n', inList: false, byLine: true });
      return;
    }
    const whole = this.#valueAt(this.#at);
    const list = this.#listOf(this.#at);
    // An object that is whole reads as it is; one whose list of records has begun reads up to where it breaks.
    if (whole !== undefined && (list === undefined || !(this.#damaged(whole.text) || this.#isWrapperTooLate(whole.text, list)))) {
      this.#at += whole.text.length;
      this.#readValue(whole.text, 0);
    } else if (list !== undefined) {
      this.#enter(list);
    } else {
      const begin = this.#at;
      this.#bad();
      this.#search({ from: begin + 1, before: '{', inList: false, byLine: !/^\{[ \t\r]*\n/.test(this.#text.slice(begin)) });
    }
  }

  /** Behind a fault, a list is read as one although its object turns out to be a wrapper. */
  #isWrapperTooLate(whole: string, list: number): boolean {
    if (!this.#out.includes(BAD)) return false;
    const behind = this.#text.slice(list, this.#at + whole.length);
    const rest = behind.slice((bracketed(`[${behind}`, 0)?.length ?? 1) - 1);
    return hasEscapedKey(rest) || (parsedTail(rest) ?? []).some((key) => MARKS.includes(key) && key !== 'eventSource');
  }

  #damaged(text: string): boolean {
    return utf8(Buffer.from(text, 'latin1')) === undefined;
  }

  /** Opens the list; bytes before it that are no UTF-8 are one BAD. */
  #enter(list: number): void {
    this.#isLog = true;
    if (this.#damaged(this.#text.slice(this.#at, list))) this.#bad();
    this.#at = list;
    this.#list('object', true);
  }

  /** Where the list of records of the object at `at` begins, behind its bracket, if everything before it is JSON. */
  #listOf(at: number): number | undefined {
    let i = at + 1;
    const space = (): void => {
      while (i < this.#text.length && SPACE.includes(this.#text.charAt(i))) i += 1;
    };
    for (;;) {
      space();
      const key = this.#text.charAt(i) === '"' ? this.#valueAt(i) : undefined;
      if (key === undefined || key.text.includes('\\')) return undefined;
      i += key.text.length;
      space();
      if (this.#text.charAt(i) !== ':') return undefined;
      i += 1;
      space();
      const isList = LISTS.includes(String(key.value));
      if (isList && this.#text.charAt(i) === '[') return i + 1;
      if (MARKS.includes(String(key.value)) && key.value !== 'eventSource') return undefined;
      const value = this.#valueAt(i);
      if (value === undefined) return undefined;
      i += value.text.length;
      space();
      if (this.#text.charAt(i) !== ',') return undefined;
      i += 1;
    }
  }

  /** Reads elements from here to the list's end. */
  #list(within: 'array' | 'object' | 'unknown', first: boolean): void {
    let expectsElement = first ? 'or end' : 'no';
    for (;;) {
      this.#space();
      const c = this.#text.charAt(this.#at);
      if (c === '') {
        this.#bad();
        return;
      }
      if (expectsElement === 'no') {
        if (c === ',') {
          this.#at += 1;
          expectsElement = 'yes';
          continue;
        }
        if (c !== ']') {
          this.#bad();
          const next = this.#search({ from: this.#at, before: '}', inList: true, byLine: false });
          if (next !== 'same list') return;
          continue;
        }
      }
      if (c === ']') {
        if (expectsElement === 'yes') this.#bad();
        this.#at += 1;
        this.#afterList(within);
        return;
      }
      const value = this.#valueAt(this.#at);
      if (value !== undefined) {
        this.#at += value.text.length;
        this.#readValue(value.text, 1);
        expectsElement = 'no';
        continue;
      }
      this.#bad();
      const next = this.#search({ from: this.#at + 1, before: c, inList: true, byLine: false });
      if (next !== 'same list') return;
      expectsElement = 'no';
    }
  }

  #afterList(within: 'array' | 'object' | 'unknown'): void {
    if (within === 'array') return;
    this.#spaceIf(within === 'unknown');
    if (within === 'unknown' && !/[},]/.test(this.#text.charAt(this.#at))) return;
    // The rest of the object is JSON if it is with something before it.
    const rest = bracketed(`{${this.#text.slice(this.#at)}`, 0)?.slice(1);
    const parts = rest === undefined ? undefined : parsedTail(rest);
    const begin = this.#at;
    if (rest !== undefined && parts !== undefined) {
      this.#at += rest.length;
      if (this.#damaged(rest) || parts.some((key) => MARKS.includes(key) && key !== 'eventSource') || hasEscapedKey(rest)) this.#bad();
      return;
    }
    this.#bad();
    if (rest === undefined && !this.#tailBreaks(begin)) {
      this.#at = this.#text.length;
      return;
    }
    this.#search({ from: begin + 1, before: this.#text.charAt(begin), inList: false, byLine: false });
  }

  #spaceIf(wanted: boolean): void {
    if (wanted) this.#space();
  }

  /** Whether the unfinished rest of an object is already no JSON, or has merely been cut. */
  #tailBreaks(begin: number): boolean {
    const text = `{"":0${this.#text.slice(begin)}`;
    try {
      JSON.parse(text);
    } catch (error) {
      return !/end of JSON|Unterminated string/.test(String(error));
    }
    return false;
  }

  /** Goes on behind a fault; 'same list' where that is in the list it was in. */
  #search({ from, before, inList, byLine }: { from: number; before: string; inList: boolean; byLine: boolean }): 'same list' | 'elsewhere' {
    let newline = false;
    let last = before;
    for (let i = from; i < this.#text.length; i += 1) {
      const c = this.#text.charAt(i);
      if (c === '{' && last !== ':') {
        const list = this.#listOf(i);
        if (list !== undefined) {
          this.#at = i;
          this.#enter(list);
          return 'elsewhere';
        }
        const value = this.#valueAt(i);
        const decoded = value === undefined ? undefined : utf8(Buffer.from(value.text, 'latin1'));
        const marked = this.#marksBeforeFault(i);
        if (value !== undefined && decoded !== undefined && marked) {
          this.#at = i + value.text.length;
          const listed = last === ',' || last === '[' || (inList && !newline);
          this.#readValue(value.text, listed ? 1 : 0);
          if (!listed) return 'elsewhere';
          if (inList) return 'same list';
          this.#list('unknown', false);
          return 'elsewhere';
        }
        if (marked) {
          this.#isLog = true;
          this.#bad();
        }
        last = value === undefined ? '{' : '}';
        newline = false;
        if (value !== undefined) i += value.text.length - 1;
        continue;
      }
      if (c === '\n') {
        if (byLine) {
          this.#at = i + 1;
          return 'elsewhere';
        }
        newline = true;
      } else if (!SPACE.includes(c)) {
        last = c;
        newline = false;
      }
    }
    this.#at = this.#text.length;
    return 'elsewhere';
  }

  /** Whether a key by which records are known comes before the object at `at` ends or breaks. */
  #marksBeforeFault(at: number): boolean {
    let i = at + 1;
    const space = (): void => {
      while (i < this.#text.length && SPACE.includes(this.#text.charAt(i))) i += 1;
    };
    for (;;) {
      space();
      const key = this.#text.charAt(i) === '"' ? this.#valueAt(i) : undefined;
      if (key === undefined || key.text.charAt(0) !== '"') return false;
      if (key.text.includes('\\')) return true;
      i += key.text.length;
      // Other marks are known by their key, eventSource with its value.
      if (MARKS.includes(String(key.value)) && key.value !== 'eventSource') return true;
      space();
      if (this.#text.charAt(i) !== ':') return false;
      i += 1;
      space();
      const value = this.#valueAt(i);
      const begun = /^(?:[-{[0-9]|true|false|null)/.test(this.#text.slice(i, i + 5));
      if (key.value === 'eventSource' && (begun || value !== undefined)) return true;
      if (value === undefined) return false;
      i += value.text.length;
      space();
      if (this.#text.charAt(i) !== ',') return false;
      i += 1;
    }
  }
}

/** The top-level keys of the rest of an object behind one of its values, if that rest is JSON. */
function parsedTail(rest: string): string[] | undefined {
  try {
    return Object.keys(JSON.parse(`{"":0${rest}`));
  } catch {
    return undefined;
  }
}

function hasEscapedKey(rest: string): boolean {
  // Where a string is a key at the top of the rest, an escape in it hides what it is.
  let found = false;
  let depth = 0;
  for (let i = 0; i < rest.length; i += 1) {
    const c = rest.charAt(i);
    if (c === '{' || c === '[') depth += 1;
    else if (c === '}' || c === ']') depth -= 1;
    else if (c === '"') {
      const string = /"(?:[^"\\]|\\.)*"/y;
      string.lastIndex = i;
      const text = string.exec(rest)?.[0] ?? '"';
      i += text.length - 1;
      if (depth === 0 && text.includes('\\') && /^\s*:/.test(rest.slice(i + 1))) found = true;
    }
  }
  return found;
}
