import { createHash } from 'node:crypto';
import type { Digest } from './core/text.ts';
import type { Clock } from './ports.ts';

/** Hexadecimal SHA-256. */
export const sha256: Digest = (text) => createHash('sha256').update(text).digest('hex');

/** The machine's clock. */
export const clock: Clock = () => Math.floor(Date.now() / 1000);

/** Makes a value when it is first asked for, and once; a `make` that throws is asked again. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
