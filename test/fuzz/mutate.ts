/** Numbers from 0 up to, not including, a bound. */
export type Random = (below: number) => number;

/** What has been seen where: values by the name of their field, to be put where they are unexpected. */
export interface Vocabulary {
  readonly names: readonly string[];
  readonly valuesOf: ReadonlyMap<string, readonly unknown[]>;
}

const LONG = 20_000;
const DEEP = 400;
/** What no writer of a record would send, and somebody hostile might. */
const HOSTILE: readonly unknown[] = [
  null,
  true,
  false,
  'true',
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  '',
  ' ',
  '\u0000',
  'null',
  [],
  {},
  [null],
  [[]],
  [{}],
  { '': '' },
  { length: 3 },
  JSON.parse('{"__proto__":{"eventName":"Decrypt"},"constructor":1}'),
  JSON.parse('['.repeat(DEEP) + ']'.repeat(DEEP)),
  '__proto__',
  'constructor',
  'HIDDEN_DUE_TO_SECURITY_REASONS',
  'a'.repeat(LONG),
  '漢'.repeat(LONG),
  'arn:'.repeat(LONG / 4),
  `arn:aws:kms:eu-west-1:111122223333:key/${'a-'.repeat(LONG)}`,
  ' '.repeat(LONG),
  '-'.repeat(LONG),
  '\ud800',
  'a\udc00b',
  '\u202egnp\u202c',
  '\u001b[2J',
  'a\r\nb\u2028c',
  '=1+1',
  '=',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999999999Z',
  '2026-02-30T10:00:00Z',
  '2026-11-02T10:00:00+14:00',
  `x~${'0'.repeat(16)}`,
];
const PIECES: readonly string[] = [
  '/',
  ':',
  '#',
  '|',
  '%',
  '%2f',
  '*',
  '"',
  '\\',
  '\n',
  '\u0000',
  'é',
  '😀',
  '\ud83d',
  ' ',
  '~',
  'aws:',
  '.cn',
];

/** The value with something in it changed, a few times over; the value itself stays as it is. */
export function mutated(value: unknown, random: Random, vocabulary: Vocabulary): unknown {
  let result = value;
  for (let turns = 1 + random(random(4) === 0 ? 6 : 2); turns > 0; turns -= 1)
    result = changedWithin(result, undefined, random, vocabulary);
  return result;
}

function changedWithin(value: unknown, name: string | undefined, random: Random, vocabulary: Vocabulary): unknown {
  const inside = (inner: unknown, key?: string): unknown => changedWithin(inner, key, random, vocabulary);
  if (Array.isArray(value) && value.length > 0 && random(5) > 0) {
    const index = random(value.length);
    return value.with(index, inside(value[index]));
  }
  if (isRecord(value) && random(5) > 0) {
    const names = Object.keys(value);
    const key = names[random(names.length)];
    if (key !== undefined) return withField(value, key, inside(value[key], key));
  }
  if (typeof value === 'string' && value.startsWith('{') && random(4) > 0) {
    const parsed = parsedJson(value);
    if (parsed !== undefined) return JSON.stringify(inside(parsed));
  }
  return changed(value, name, random, vocabulary);
}

function changed(value: unknown, name: string | undefined, random: Random, vocabulary: Vocabulary): unknown {
  switch (random(4)) {
    case 0:
      return HOSTILE[random(HOSTILE.length)];
    case 1: {
      // What stands in such a field elsewhere, or in any.
      const field = name !== undefined && random(4) > 0 ? name : oneOf(vocabulary.names, random);
      return oneOf(vocabulary.valuesOf.get(field ?? '') ?? [], random) ?? null;
    }
    case 2:
      return random(2) === 0 ? [value] : isRecord(value) || Array.isArray(value) ? JSON.stringify(value) : { [name ?? 'value']: value };
    default:
      if (typeof value === 'string') return changedText(value, random);
      if (typeof value === 'number') return value + (random(2) === 0 ? 1 : -1e9);
      if (Array.isArray(value)) return changedList(value, random);
      return isRecord(value) ? changedRecord(value, random, vocabulary) : HOSTILE[random(HOSTILE.length)];
  }
}

function changedText(text: string, random: Random): string {
  const a = random(text.length + 1);
  const b = a + random(text.length + 1 - a);
  const [head, piece, tail] = [text.slice(0, a), text.slice(a, b), text.slice(b)];
  switch (random(6)) {
    case 0:
      return head + tail;
    case 1:
      return head + piece + piece.repeat(1 + random(20)) + tail;
    case 2:
      return head + oneOf(PIECES, random) + piece + tail;
    case 3:
      return head + piece.toUpperCase() + tail;
    case 4:
      return ` ${text}\t`;
    default:
      return head + String.fromCharCode(random(random(2) === 0 ? 128 : 65_536)) + text.slice(a + 1);
  }
}

function changedList(list: readonly unknown[], random: Random): unknown {
  switch (random(3)) {
    case 0:
      return list.slice(random(list.length + 1));
    case 1:
      return [...list, ...list];
    default:
      return list.toReversed();
  }
}

function changedRecord(value: Readonly<Record<string, unknown>>, random: Random, vocabulary: Vocabulary): unknown {
  const entries = Object.entries(value);
  if (entries.length === 0) return [value];
  const index = random(entries.length);
  const [name = '', one] = entries[index] ?? [];
  switch (random(5)) {
    case 0:
      return Object.fromEntries(entries.toSpliced(index, 1));
    case 1: {
      const added = oneOf(vocabulary.names, random) ?? '';
      return withField(value, added, oneOf(vocabulary.valuesOf.get(added) ?? [], random) ?? null);
    }
    case 2:
      return Object.fromEntries(entries.with(index, [changedText(name, random), one]));
    case 3: {
      const [other = '', theirs] = entries[random(entries.length)] ?? [];
      return withField(withField(value, name, theirs), other, one);
    }
    default:
      return Object.fromEntries(entries.toReversed());
  }
}

/** Whatever is inside the value, by the names of the fields it is in; texts that hold JSON are opened. */
export function vocabularyOf(values: readonly unknown[]): Vocabulary {
  const valuesOf = new Map<string, Map<string, unknown>>();
  const learn = (value: unknown): void => {
    if (Array.isArray(value)) for (const inner of value) learn(inner);
    if (typeof value === 'string' && value.startsWith('{')) learn(parsedJson(value));
    if (!isRecord(value)) return;
    for (const [name, inner] of Object.entries(value)) {
      const known = valuesOf.get(name) ?? new Map<string, unknown>();
      valuesOf.set(name, known.set(JSON.stringify(inner), inner));
      learn(inner);
    }
  };
  learn(values);
  return { names: [...valuesOf.keys()], valuesOf: new Map([...valuesOf].map(([name, known]) => [name, [...known.values()]])) };
}

/** Every value that is like the given one with something left out or made simpler, the boldest first. */
export function* simpler(value: unknown): Generator<unknown> {
  if (Array.isArray(value)) {
    for (const index of value.keys()) yield value.toSpliced(index, 1);
    for (const [index, inner] of value.entries()) for (const less of simpler(inner)) yield value.with(index, less);
  } else if (isRecord(value)) {
    for (const name of Object.keys(value)) yield Object.fromEntries(Object.entries(value).filter(([other]) => other !== name));
    for (const [name, inner] of Object.entries(value)) for (const less of simpler(inner)) yield withField(value, name, less);
  } else if (typeof value === 'string' && value.length > 1) {
    const parsed = /^[[{]/.test(value) ? parsedJson(value) : undefined;
    if (parsed !== undefined) for (const less of simpler(parsed)) yield JSON.stringify(less);
    yield value.slice(0, Math.floor(value.length / 2));
    yield value.slice(Math.ceil(value.length / 2));
  }
}

/** A copy with a field of its own of this name, whatever the name. */
export function withField(value: Readonly<Record<string, unknown>>, name: string, inner: unknown): Record<string, unknown> {
  return Object.defineProperty({ ...value }, name, { value: inner, enumerable: true, configurable: true, writable: true });
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function oneOf<T>(list: readonly T[], random: Random): T | undefined {
  return list[random(Math.max(1, list.length))];
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
