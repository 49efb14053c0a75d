import fc from 'fast-check';

/** Any code point as a string, half a pair included: what fast-check's unit `binary` draws, without the second that takes to make. */
export const anyCharacter = fc.integer({ min: 0, max: 0x10ffff }).map((point) => String.fromCodePoint(point), pointOf);

/** So that strings of these may be the names that every object has. */
function pointOf(character: unknown): number {
  const point = typeof character === 'string' ? character.codePointAt(0) : undefined;
  if (point === undefined || String.fromCodePoint(point) !== character) throw new Error('expected one character');
  return point;
}
