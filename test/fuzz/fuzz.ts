import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { randomOf } from '../scan/cases.ts';
import { mutated, type Random, simpler, type Vocabulary, vocabularyOf } from './mutate.ts';
import { enveloped, verdictOf } from './reading.ts';

const EVENTS = new URL('../../events/', import.meta.url);
/** Inputs that each took a way of their own, one in a line: tried before all others, and what these grow from. */
export const CORPUS = fileURLToPath(new URL('../../test/fuzz/corpus.jsonl', import.meta.url));
const FAILURES = fileURLToPath(new URL('../../test/fuzz/failures.jsonl', import.meta.url));
/** Kept while they are short enough to be read by somebody. */
const KEPT_CHARACTERS = 4_000;
const MOST_KEPT = 5_000;
/** One in so many inputs is compared with what is kept: a shorter one takes its place. */
const LOOKED_AT = 16;
/** Nothing that is read takes a tenth of this, however hostile; the machine may be busy. */
const SLOW_MILLISECONDS = 1_000;
const SIMPLER_TRIES = 5_000;
/** So many readings of one input choose among all the promises. */
const CHOICES = Array.from({ length: 100 }, (_, choice) => choice);

/** An input that the reader did not keep its promises on, as small as it was found. */
export interface Failure {
  readonly wrong: string;
  readonly input: string;
}

/** What was tried, and the first failure. */
export interface Campaign {
  readonly inputs: number;
  /** The shortest input seen, as JSON, for each way. */
  readonly shapes: ReadonlyMap<string, string>;
  readonly slowest: { readonly milliseconds: number; readonly input: string };
  readonly failure?: Failure;
}

/** The details and envelopes of the scenarios, and the corpus. */
function seeds(): unknown[] {
  const files = readdirSync(EVENTS, { recursive: true, encoding: 'utf8' }).filter((file) => /\d\d-[^/]*\.json$/.test(file));
  const events = files.sort().map((file): unknown => JSON.parse(readFileSync(new URL(file, EVENTS), 'utf8')));
  return [...events.flatMap((event) => [event, Reflect.get(Object(event), 'detail') ?? event]), ...corpus()];
}

/** The kept inputs, and those that the reader once failed on. */
export function corpus(): unknown[] {
  return [CORPUS, FAILURES].flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line): unknown => JSON.parse(line)),
  );
}

/**
 * Reads the seeds, then inputs grown from them, until `enough`; stops at the first failure. What takes a way that none took
 * before joins those that others grow from.
 */
export function fuzz(seed: number, enough: (inputs: number) => boolean, started: readonly unknown[] = seeds()): Campaign {
  const random = randomOf(seed);
  const vocabulary = vocabularyOf(started);
  const grown: unknown[] = [...started];
  const shapes = new Map<string, string>();
  let slowest = { milliseconds: 0, input: '' };
  let inputs = 0;
  for (; inputs < started.length || !enough(inputs); inputs += 1) {
    const input = inputs < started.length ? started[inputs] : next(grown, random, vocabulary);
    const began = performance.now();
    const { shape, wrong } = verdictOf(input, random);
    const milliseconds = performance.now() - began;
    if (milliseconds > slowest.milliseconds) slowest = { milliseconds, input: brief(input) };
    const slow = milliseconds > SLOW_MILLISECONDS ? `it took ${milliseconds} ms` : undefined;
    if ((wrong ?? slow) !== undefined) {
      const failure = {
        wrong: `seed ${seed}, input ${inputs}: ${wrong ?? slow}`,
        input: brief(wrong === undefined ? input : smallest(input)),
      };
      return { inputs, shapes, slowest, failure };
    }
    const kept = shapes.get(shape);
    if (kept !== undefined && inputs % LOOKED_AT > 0) continue;
    const json = JSON.stringify(input);
    if (json.length > Math.min(KEPT_CHARACTERS, (kept?.length ?? Number.POSITIVE_INFINITY) - 1)) continue;
    shapes.set(shape, json);
    if (grown.length < MOST_KEPT) grown.push(input);
  }
  return { inputs, shapes, slowest };
}

function next(grown: readonly unknown[], random: Random, vocabulary: Vocabulary): unknown {
  let input = mutated(grown[random(grown.length)], random, vocabulary);
  while (random(4) === 0) input = enveloped(input, random);
  return random(8) === 0 ? mutated(input, random, vocabulary) : input;
}

/** The input, made simpler as long as the reader fails on it in any way. */
function smallest(input: unknown): unknown {
  let [least, tries] = [input, 0];
  const fails = (value: unknown): boolean => {
    tries += 1;
    return CHOICES.some((choice) => verdictOf(value, randomOf(choice)).wrong !== undefined);
  };
  for (let found = true; found && tries < SIMPLER_TRIES; ) {
    found = false;
    for (const less of simpler(least)) {
      if (tries >= SIMPLER_TRIES) break;
      if (!fails(less)) continue;
      least = less;
      found = true;
      break;
    }
  }
  return least;
}

function brief(input: unknown): string {
  return JSON.stringify(input).slice(0, KEPT_CHARACTERS);
}
