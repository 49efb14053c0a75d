import { distance } from 'fastest-levenshtein';

/** Nobody misspells a word as something longer than this; comparing it would only cost time. */
const LONGEST = 64;

/** The one of `words` that `word` is most likely a misspelling of; undefined when none is near. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  if (word.length > LONGEST) return undefined;
  const [near] = words
    .map((known) => ({ known, edits: distance(word.toLowerCase(), known.toLowerCase()) }))
    .filter(({ known, edits }) => edits <= allowance(Math.max(word.length, known.length)))
    .sort((a, b) => a.edits - b.edits);
  return near?.known;
}

/** Edits that still leave the same word: a third of it, and two where letters changed places. */
function allowance(length: number): number {
  return length <= 3 ? 1 : Math.max(2, Math.floor(length / 3));
}
