import { closeSync, fstatSync, openSync, read, readSync } from 'node:fs';
import { createGunzip, type Gunzip } from 'node:zlib';
import type { Inflater } from './inflate.ts';
import { RATIO_FLOOR_BYTES, type ScanLimits } from './limits.ts';

/** What standard input is called among paths. */
export const STANDARD_INPUT = '-';

const INPUT_BYTES = 256 * 1024;
/** Standard input cannot be read again to see what came right before a fault: the smaller the step, the less of it is lost. */
const STREAM_STEP_BYTES = 16 * 1024;
/**
 * Before a fault: first quickly, then exactly. A step that fails may have given its byte first: that is known by what the
 * byte was before, where it is not the same.
 */
const CAREFUL_STEPS: readonly Careful[] = [{ bytes: 4096 }, { bytes: 1, blank: 0x00 }, { bytes: 1, blank: 0xff }];
const SKIP_BYTES = 256 * 1024;
/** Packed bytes that Node's stream is given at a time: what they unpack to is held at once. */
const PIECE_BYTES = 32 * 1024;
const CHUNK_BYTES = 128 * 1024;
/** The piece with a fault is gone through in smaller ones. */
const PIECES_BYTES = [512, 16, 1];
const BUSY_MILLISECONDS = 5;

/** The unpacked bytes of one source, a window at a time. */
export interface Feed {
  /** Puts the next bytes there, at most `room`; 0 at the end, and `failure` then says whether it came too early. */
  fill(output: Buffer, to: number, room: number): number | Promise<number>;
  readonly failure: string | undefined;
  /** Whether the source could be read once more from its beginning. */
  readonly again: boolean;
  close(): void;
}

/** Bytes from elsewhere, to be had from their beginning as often as asked for. */
export interface Reopenable {
  readonly open: () => AsyncIterable<Uint8Array>;
}

/** What is read: a file by its path (`-`: standard input), bytes in memory, or bytes as they come, once or again. */
export type ByteSource = string | Uint8Array | AsyncIterable<Uint8Array> | Reopenable;

interface Careful {
  readonly bytes: number;
  readonly blank?: number;
}

/** Bytes as they are stored. */
interface Raw {
  read(into: Buffer, offset: number, length: number): number | Promise<number>;
  /** The same bytes from their beginning, where they can be had once more. */
  readonly reopened?: () => Raw;
  close(): void;
}

/**
 * The source as bytes: a gzip file of any number of members, or plain; its first two bytes tell. `inflater`: the direct
 * one, lent for as long as the feed is open; without it Node's streams do the work.
 */
export async function openFeed(source: ByteSource, limits: ScanLimits, inflater: Inflater | undefined, input: Buffer): Promise<Feed> {
  const raw = rawOf(source);
  let length = 0;
  while (length < 2) {
    const got = await raw.read(input, length, input.length - length);
    if (got === 0) break;
    length += got;
  }
  if (length < 2 || input[0] !== 0x1f || input[1] !== 0x8b) return new PlainFeed(raw, input, length, limits);
  if (inflater === undefined) return new StreamFeed(raw, input, length, limits);
  inflater.reset();
  return new GzipFeed(raw, input, length, limits, inflater);
}

/** Memory for packed bytes, one for each worker. */
export const inputBuffer = (): Buffer => Buffer.allocUnsafeSlow(INPUT_BYTES);

function rawOf(source: ByteSource): Raw {
  if (source === STANDARD_INPUT) return standardInput();
  if (typeof source === 'string') return rawFile(source);
  if (source instanceof Uint8Array) return rawMemory(source);
  return 'open' in source ? rawReopenable(source) : rawStream(source);
}

function rawFile(path: string): Raw {
  const descriptor = openSync(path, 'r');
  return {
    read: (into, offset, length) => readSync(descriptor, into, offset, length, null),
    ...(fstatSync(descriptor).isFile() && { reopened: () => rawFile(path) }),
    close: () => closeSync(descriptor),
  };
}

function rawMemory(bytes: Uint8Array): Raw {
  let from = 0;
  return {
    read(into, offset, length) {
      const piece = bytes.subarray(from, from + length);
      into.set(piece, offset);
      from += piece.length;
      return piece.length;
    },
    reopened: () => rawMemory(bytes),
    close: () => {},
  };
}

function rawStream(chunks: AsyncIterable<Uint8Array>): Raw {
  const iterator = chunks[Symbol.asyncIterator]();
  let chunk: Uint8Array = new Uint8Array();
  return {
    async read(into, offset, length) {
      while (chunk.length === 0) {
        const next = await iterator.next();
        if (next.done === true) return 0;
        chunk = next.value;
      }
      const piece = chunk.subarray(0, length);
      into.set(piece, offset);
      chunk = chunk.subarray(piece.length);
      return piece.length;
    },
    // Nobody waits for the end of what is no longer wanted.
    close: () => void iterator.return?.().catch(() => {}),
  };
}

function rawReopenable(source: Reopenable): Raw {
  return { ...rawStream(source.open()), reopened: () => rawReopenable(source) };
}

function standardInput(): Raw {
  const once = (into: Buffer, offset: number, length: number): Promise<number> =>
    new Promise((resolve, reject) => read(0, into, offset, length, null, (error, got) => (error ? reject(error) : resolve(got))));
  return {
    async read(into, offset, length) {
      for (;;) {
        try {
          return await once(into, offset, length);
        } catch (error) {
          const code = error instanceof Error && 'code' in error ? error.code : undefined;
          if (code === 'EOF') return 0;
          // Somebody has made it non-blocking and has nothing to say yet.
          if (code !== 'EAGAIN') throw error;
          await new Promise((resolve) => setTimeout(resolve, BUSY_MILLISECONDS));
        }
      }
    },
    close: () => {},
  };
}

/** Counts what was unpacked against the limits. */
class Meter {
  #given = 0;
  readonly #limits: ScanLimits;

  constructor(limits: ScanLimits) {
    this.#limits = limits;
  }

  /** What is wrong with so many more bytes given, of so many taken in all. */
  excess(given: number, taken: number): string | undefined {
    const { sourceBytes, ratio } = this.#limits;
    this.#given += given;
    if (this.#given > sourceBytes) return `larger than ${sourceBytes} bytes once unpacked; --max-source-bytes allows more`;
    if (this.#given > RATIO_FLOOR_BYTES && this.#given > taken * ratio)
      return `unpacks to more than ${ratio} times its size: it may be a decompression bomb; --max-ratio allows more`;
    return undefined;
  }
}

class PlainFeed implements Feed {
  failure: string | undefined;
  readonly #raw: Raw;
  readonly #head: Buffer;
  readonly #meter: Meter;
  #headLeft: number;
  #headAt = 0;

  constructor(raw: Raw, head: Buffer, length: number, limits: ScanLimits) {
    this.#raw = raw;
    this.#head = head;
    this.#headLeft = length;
    this.#meter = new Meter(limits);
  }

  fill(output: Buffer, to: number, room: number): number | Promise<number> {
    if (this.failure !== undefined) return 0;
    if (this.#headLeft > 0) {
      const length = Math.min(room, this.#headLeft);
      this.#head.copy(output, to, this.#headAt, this.#headAt + length);
      this.#headAt += length;
      this.#headLeft -= length;
      return this.#counted(length);
    }
    const got = this.#raw.read(output, to, room);
    return typeof got === 'number' ? this.#counted(got) : got.then((length) => this.#counted(length));
  }

  #counted(length: number): number {
    this.failure = this.#meter.excess(length, Number.POSITIVE_INFINITY);
    return this.failure === undefined ? length : 0;
  }

  get again(): boolean {
    return this.#raw.reopened !== undefined;
  }

  close(): void {
    this.#raw.close();
  }
}

/** gzip by the direct inflater. After a fault the file is read again, carefully, for the bytes right before it. */
class GzipFeed implements Feed {
  failure: string | undefined;
  #raw: Raw;
  readonly #input: Buffer;
  readonly #inflater: Inflater;
  readonly #meter: Meter;
  #from = 0;
  #length: number;
  #taken = 0;
  #given = 0;
  #ended = false;
  #stepBytes: number;

  constructor(raw: Raw, input: Buffer, length: number, limits: ScanLimits, inflater: Inflater) {
    this.#raw = raw;
    this.#input = input;
    this.#length = length;
    this.#inflater = inflater;
    this.#meter = new Meter(limits);
    this.#stepBytes = raw.reopened ? Number.POSITIVE_INFINITY : STREAM_STEP_BYTES;
  }

  fill(output: Buffer, to: number, room: number): number | Promise<number> {
    while (this.failure === undefined) {
      if (this.#from === this.#length && !this.#ended) {
        const got = this.#raw.read(this.#input, 0, this.#input.length);
        if (typeof got !== 'number') return got.then((length) => this.#arrived(length)).then(() => this.fill(output, to, room));
        this.#arrived(got);
      }
      const { taken, given, failure } = this.#step(output, to, Math.min(room, this.#stepBytes));
      if (failure !== undefined) return this.#failed(failure, output, to, room);
      if (given > 0) return this.#counted(given);
      if (taken > 0) continue;
      // Nothing taken, nothing given: either all is unpacked, or what is left is none of gzip's.
      if (this.#from < this.#length) {
        const left = this.#rest();
        if (typeof left !== 'boolean') return left.then((clean) => this.#closeRest(clean));
        return this.#closeRest(left);
      }
      if (!this.#ended) continue;
      this.failure = this.#worded(this.#inflater.finish(output, to).failure);
      return 0;
    }
    return 0;
  }

  #arrived(length: number): void {
    this.#from = 0;
    this.#length = length;
    this.#ended = length === 0;
  }

  #step(output: Buffer, to: number, room: number): { taken: number; given: number; failure?: string } {
    const step = this.#inflater.step(this.#input, this.#from, this.#length - this.#from, output, to, room);
    this.#from += step.taken;
    this.#taken += step.taken;
    return step;
  }

  #counted(given: number): number {
    this.#given += given;
    this.failure = this.#meter.excess(given, this.#taken);
    return this.failure === undefined ? given : 0;
  }

  #worded(failure: string | undefined): string | undefined {
    return failure === undefined ? undefined : `gzip: ${failure}`;
  }

  /** Padding of zeros is allowed behind the last member, and nothing else. */
  #rest(): boolean | Promise<boolean> {
    while (this.#from < this.#length) {
      for (let at = this.#from; at < this.#length; at += 1) if (this.#input[at] !== 0) return false;
      const got = this.#raw.read(this.#input, 0, this.#input.length);
      if (typeof got !== 'number') return got.then((length) => this.#arrived(length)).then(() => this.#rest());
      this.#arrived(got);
    }
    return true;
  }

  #closeRest(clean: boolean): number {
    this.failure = clean ? undefined : 'gzip: other bytes follow its end';
    this.#ended = true;
    this.#from = this.#length;
    this.#closed = true;
    return 0;
  }
  #closed = false;

  /**
   * How much the last step gave is not known: the file is unpacked again up to there, then in small steps up to the one
   * that fails, then again and byte by byte.
   */
  async #failed(failure: string, output: Buffer, to: number, room: number): Promise<number> {
    this.failure = this.#worded(failure);
    const { reopened } = this.#raw;
    if (reopened === undefined || this.#closed) return 0;
    let given = 0;
    for (const step of CAREFUL_STEPS) given += await this.#again(reopened, this.#given + given, output, to + given, room - given, step);
    this.#given += given;
    return given;
  }

  /** Unpacks the file again, passes over `skip` bytes, and gives what comes before the step that fails. */
  async #again(reopened: () => Raw, skip: number, output: Buffer, to: number, room: number, { bytes, blank }: Careful): Promise<number> {
    this.#raw.close();
    this.#raw = reopened();
    this.#inflater.reset();
    this.#arrived(0);
    this.#ended = false;
    const scratch = Buffer.allocUnsafe(SKIP_BYTES);
    let passed = 0;
    let given = 0;
    while (given < room) {
      if (this.#from === this.#length && !this.#ended) this.#arrived(await this.#raw.read(this.#input, 0, this.#input.length));
      const passing = passed < skip;
      const length = passing ? Math.min(skip - passed, scratch.length) : Math.min(bytes, room - given);
      if (!passing && blank !== undefined) output[to + given] = blank;
      const step = passing ? this.#step(scratch, 0, length) : this.#step(output, to + given, length);
      if (step.failure !== undefined && !passing && blank !== undefined && output[to + given] !== blank) given += 1;
      if (step.failure !== undefined || (step.given === 0 && step.taken === 0)) break;
      if (passing) passed += step.given;
      else given += step.given;
    }
    return given;
  }

  get again(): boolean {
    return this.#raw.reopened !== undefined;
  }

  close(): void {
    this.#raw.close();
  }
}

/**
 * gzip by Node's public streams: the way that works wherever the direct inflater does not. Each packed piece is unpacked
 * before the next is read, so that what came before a fault is there, but for what the last good byte unpacks to.
 */
class StreamFeed implements Feed {
  failure: string | undefined;
  readonly #meter: Meter;
  readonly #input: Buffer;
  #raw: Raw;
  #gunzip: Gunzip;
  #length: number;
  #taken = 0;
  #given = 0;
  #chunks: Buffer[] = [];
  #from = 0;
  /** Bytes that were given before, when the file is read for the second time. */
  #skip = 0;
  /** Packed bytes that made no trouble, and how many are taken at a time behind them. */
  #faultless = 0;
  #pieceBytes = PIECE_BYTES;
  #contentEnd = 0;
  #before = 0;
  #ended = false;
  #fault: string | undefined;

  constructor(raw: Raw, input: Buffer, length: number, limits: ScanLimits) {
    this.#raw = raw;
    this.#input = input;
    this.#length = length;
    this.#meter = new Meter(limits);
    this.#gunzip = this.#opened();
  }

  #opened(): Gunzip {
    const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
    gunzip.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    gunzip.on('error', (error) => {
      if (gunzip === this.#gunzip) this.#fault ??= error.message;
    });
    return gunzip;
  }

  async fill(output: Buffer, to: number, room: number): Promise<number> {
    while (this.failure === undefined) {
      const given = this.#copied(output, to, room);
      if (given > 0) {
        this.failure = this.#meter.excess(given, this.#taken);
        return this.failure === undefined ? given : 0;
      }
      if (this.#fault !== undefined) this.#failed(this.#fault);
      else if (this.#ended) return 0;
      else await this.#unpackMore();
    }
    return 0;
  }

  #copied(output: Buffer, to: number, room: number): number {
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      const passed = Math.min(this.#skip, chunk.length - this.#from);
      this.#skip -= passed;
      this.#from += passed;
      const length = Math.min(room, chunk.length - this.#from);
      chunk.copy(output, to, this.#from, this.#from + length);
      this.#from += length;
      this.#given += length;
      if (this.#from === chunk.length) {
        this.#chunks.shift();
        this.#from = 0;
      }
      if (length > 0) return length;
    }
    return 0;
  }

  async #unpackMore(): Promise<void> {
    const most = this.#taken < this.#faultless ? Math.min(PIECE_BYTES, this.#faultless - this.#taken) : this.#pieceBytes;
    const length = this.#length > 0 ? this.#length : await this.#raw.read(this.#input, 0, most);
    this.#length = 0;
    if (length === 0) {
      this.#ended = true;
      await this.#told(() => this.#gunzip.end());
      if (this.#fault === undefined && this.#gunzip.bytesWritten < this.#contentEnd) this.failure = 'gzip: other bytes follow its end';
      return;
    }
    const piece = Buffer.from(this.#input.subarray(0, length));
    let end = length;
    while (end > 0 && piece[end - 1] === 0) end -= 1;
    if (end > 0) this.#contentEnd = this.#taken + end;
    this.#before = this.#taken;
    this.#taken += length;
    await this.#told((done) => this.#gunzip.write(piece, done));
  }

  /** Waits until the stream has done what it was asked, has ended, or has failed. */
  #told(ask: (done: (error?: Error | null) => void) => void): Promise<void> {
    return new Promise((resolve) => {
      const done = (error?: Error | null): void => {
        if (error) this.#fault ??= error.message;
        for (const event of ['error', 'close', 'end']) this.#gunzip.off(event, done);
        resolve();
      };
      if (this.#gunzip.destroyed || this.#gunzip.readableEnded) {
        resolve();
        return;
      }
      for (const event of ['error', 'close', 'end']) this.#gunzip.once(event, done);
      ask(done);
    });
  }

  /** Reads the file once more, the piece with the fault in smaller ones, for what the fault has swallowed. */
  #failed(fault: string): void {
    // A cut takes nothing with it.
    const { reopened } = this.#raw;
    const smaller = !this.#ended ? PIECES_BYTES.find((bytes) => bytes < this.#pieceBytes) : undefined;
    if (smaller === undefined || reopened === undefined) {
      this.failure = `gzip: ${fault}`;
      return;
    }
    this.#pieceBytes = smaller;
    this.#faultless = this.#before;
    this.#raw.close();
    this.#raw = reopened();
    this.#gunzip = this.#opened();
    this.#fault = undefined;
    this.#ended = false;
    this.#taken = 0;
    this.#contentEnd = 0;
    this.#skip = this.#given;
    this.#length = 0;
  }

  get again(): boolean {
    return this.#raw.reopened !== undefined;
  }

  close(): void {
    this.#gunzip.destroy();
    this.#raw.close();
  }
}
