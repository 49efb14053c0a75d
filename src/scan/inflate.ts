import { createGunzip, type Gunzip, gzipSync, constants as zlib } from 'node:zlib';

/** What one step of unpacking came to: bytes taken and given, or what is wrong with them (then `given` is not known). */
export interface Step {
  readonly taken: number;
  readonly given: number;
  readonly failure?: string;
}

/** Undoes gzip a step at a time, straight into the caller's memory. */
export interface Inflater {
  step(input: Buffer, from: number, length: number, output: Buffer, to: number, room: number): Step;
  /** Whether the gzip data given so far were complete; asked once, at their end, when a step gave nothing any more. */
  finish(output: Buffer, to: number): Step;
  /** Ready for other data. */
  reset(): void;
  close(): void;
}

/** The object inside a zlib stream that does the work. Undocumented; the same from Node 20 to 24. */
interface Handle {
  writeSync(flush: number, input: Buffer | null, from: number, length: number, output: Buffer, to: number, room: number): void;
  reset(): void;
  onerror: (message: string, errno: number, code: string) => void;
}

/**
 * Node's own inflate without its streams, which would copy every byte and wait for the event loop at every chunk; undefined
 * where this Node has it no longer, or otherwise. https://github.com/nodejs/node/blob/v24.x/lib/zlib.js processChunkSync
 */
export function directInflater(): Inflater | undefined {
  try {
    const inflater = new DirectInflater();
    return works(inflater) ? inflater : undefined;
  } catch {
    return undefined;
  }
}

class DirectInflater implements Inflater {
  #stream: Gunzip = createGunzip();
  #handle: Handle;
  /** Room left and bytes not taken, which the handle writes here. */
  #left: Uint32Array;
  #failure: string | undefined;

  constructor() {
    [this.#handle, this.#left] = this.#opened();
  }

  #opened(): [Handle, Uint32Array] {
    const { _handle: handle, _writeState: left } = this.#stream as unknown as { _handle: unknown; _writeState: unknown };
    if (!isHandle(handle) || !(left instanceof Uint32Array) || left.length < 2) throw new Error('this Node has another zlib');
    handle.onerror = (message) => {
      this.#failure = message;
    };
    return [handle, left];
  }

  step(input: Buffer | null, from: number, length: number, output: Buffer, to: number, room: number, flush = zlib.Z_NO_FLUSH): Step {
    this.#failure = undefined;
    this.#handle.writeSync(flush, input, from, length, output, to, room);
    // A failure is told by calling back during the write, which the compiler cannot see.
    const failure = this.#failure as string | undefined;
    if (failure !== undefined) return { taken: 0, given: 0, failure };
    const [roomLeft = 0, notTaken = 0] = this.#left;
    return { taken: length - notTaken, given: room - roomLeft };
  }

  finish(output: Buffer, to: number): Step {
    return this.step(null, 0, 0, output, to, 1, zlib.Z_FINISH);
  }

  /** A handle that has failed may not be used again. */
  reset(): void {
    if (this.#failure === undefined) {
      this.#handle.reset();
      return;
    }
    this.close();
    this.#stream = createGunzip();
    [this.#handle, this.#left] = this.#opened();
    this.#failure = undefined;
  }

  close(): void {
    this.#stream.close();
  }
}

function isHandle(value: unknown): value is Handle {
  return (
    typeof value === 'object' &&
    value !== null &&
    'writeSync' in value &&
    typeof value.writeSync === 'function' &&
    'reset' in value &&
    typeof value.reset === 'function' &&
    'onerror' in value
  );
}

/** Unpacks two members in small steps, then data that are cut off, then data that are none: each must come out as it should. */
function works(inflater: Inflater): boolean {
  const text = 'kms-audit looks whether the window works '.repeat(40);
  const packed = Buffer.concat([gzipSync(text), gzipSync(text)]);
  const output = Buffer.from(new WebAssembly.Memory({ initial: 1 }).buffer);
  const unpacked = (end: number): { failure: string | undefined; text: string } => {
    let seen = '';
    for (let from = 0, turn = 0; turn < 10_000; turn += 1) {
      const { taken, given, failure } = inflater.step(packed, from, Math.min(50, end - from), output, 64, 100);
      if (failure !== undefined) return { failure, text: seen };
      seen += output.toString('latin1', 64, 64 + given);
      from += taken;
      if (from === end && given === 0) return { failure: inflater.finish(output, 64).failure, text: seen };
    }
    return { failure: 'it never ends', text: '' };
  };
  const good = unpacked(packed.length);
  inflater.reset();
  const cut = unpacked(packed.length - 12);
  inflater.reset();
  const bad = inflater.step(Buffer.from('this is no gzip'), 0, 15, output, 0, 100);
  inflater.reset();
  return good.failure === undefined && good.text === text + text && cut.failure !== undefined && bad.failure !== undefined;
}
