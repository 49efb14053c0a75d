import * as v from 'valibot';
import { isObject, kindOf } from './json.ts';
import { nearest } from './nearest.ts';
import { printable } from './text.ts';
import { readTimestamp, type Timestamp } from './timestamp.ts';

const SHOWN_CHARACTERS = 60;
/** A pattern is mended one placeholder after the other. */
const STRAYS_NAMED = 3;
const PLACEHOLDERS = ['${Partition}', '${Account}', '${Accounts}', '${Region}', '${ServicePrincipal}'];
/** Text whose every placeholder is one that `matches` knows; `${ServicePrincipal}` is a whole pattern. Without nested runs: a long text must not overflow the stack. */
const PATTERN = /^(?:\$\{ServicePrincipal\}|(?![\s\S]*\$\{(?!(?:Partition|Accounts?|Region)\}))[\s\S]+)$/;
// Stryker disable next-line Regex: what only ends in a day is no timestamp with a time behind it either.
const DAY = /^\d{4}-\d\d-\d\d$/;

interface Found {
  readonly input: unknown;
}

/** A part of the document inside quotes, bounded and printable. */
export function quoted(text: string): string {
  return `"${printable(text, SHOWN_CHARACTERS)}"`;
}

/** The message of a value that is not what it should be. */
export function expected(what: string): (found: Found) => string {
  return ({ input }) => `expected ${what}; found ${shown(input)}`;
}

/** A value as a message shows it: its words where they are short, else what kind of value it is. */
function shown(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : kindOf(value);
}

/** The end of a message about `word`: the word that was probably meant, or nothing. */
function suggestion(word: unknown, words: readonly string[]): string {
  const near = typeof word === 'string' ? nearest(word, words) : undefined;
  return near === undefined ? '' : `; did you mean "${near}"?`;
}

/** One of these words, which a message calls `what`. */
export function word<const W extends readonly string[]>(words: W, what = `one of ${words.join(', ')}`) {
  return v.picklist(words, (issue) => `${expected(what)(issue)}${suggestion(issue.input, words)}`);
}

/** Text that says something. */
export function words(what: string) {
  return v.pipe(v.string(expected(what)), v.regex(/\S/, expected(what)));
}

/** A list of such items. */
export function list<const S extends v.GenericSchema>(item: S) {
  return v.array(item, expected('a list'));
}

/**
 * An object of these entries and no others. Each unknown name is a problem of its own, `__proto__` and its like
 * included: valibot's strictObject stops at the first, takes a list for an object and passes over such names.
 */
export function fields<const E extends v.ObjectEntries>(entries: E, what = 'field') {
  const message = (issue: Found & { readonly expected: string | null }): string =>
    issue.expected === 'Object' ? expected('an object')(issue) : 'missing';
  const exact = v.strictObject(entries, message);
  const known = Object.keys(entries);
  return v.lazy((input) => {
    if (Array.isArray(input)) return v.never(expected('an object'));
    const unknown = isObject(input) ? Object.keys(input).filter((name) => !Object.hasOwn(entries, name)) : [];
    if (unknown.length === 0) return exact;
    const refused = unknown.map((name) => [name, v.never(`no such ${what}${suggestion(name, known)}`)] as const);
    return v.pipe(v.strictObject({ ...entries, ...Object.fromEntries(refused) }, message), v.never());
  });
}

// Stryker disable next-line ArrowFunction: without it no test file loads, which Stryker takes for survival.
const patternCalled = (what: string) => v.pipe(v.string(expected(what)), v.regex(PATTERN, patternProblem));

/** A pattern of `matches`. */
export const pattern = patternCalled('a pattern');

/** A pattern of `matches`, or null for what is not named. */
export const patternOrNull = v.nullable(patternCalled('a pattern, or null'));

function patternProblem({ input }: { readonly input: string }): string {
  if (input === '') return 'expected a pattern that is not empty; found ""';
  const stray = [...input.matchAll(/\$\{[^}]*\}?/g)].flatMap(([token]) => {
    if (token === '${ServicePrincipal}') return '${ServicePrincipal} is a pattern by itself, never a part of one';
    return PLACEHOLDERS.includes(token) ? [] : `no such placeholder: ${quoted(token)}${suggestion(token, PLACEHOLDERS)}`;
  });
  return [...new Set(stray)].slice(0, STRAYS_NAMED).join('; ');
}

/** An encryption context's keys, each with the pattern of its value. KMS compares the keys without case. */
export const contextPatterns = v.lazy((input) => {
  if (input === undefined) return v.record(v.string(), pattern);
  if (!isObject(input)) return v.never(expected('an object'));
  const seen = new Set<string>();
  const entries = Object.keys(input).map((key) => {
    const twice = seen.has(key.toLowerCase());
    seen.add(key.toLowerCase());
    const problem = key === '__proto__' ? 'no name for a context key' : 'named twice: KMS compares context keys without case';
    return [key, twice || key === '__proto__' ? v.never(problem) : pattern] as const;
  });
  return v.strictObject(Object.fromEntries(entries));
});

/** A day, which ends where it begins in UTC, or an instant; as a {@link Timestamp}. */
export const expiry = v.pipe(
  v.string(expected('a day such as 2027-01-31')),
  v.check((text) => readExpiry(text) !== undefined, expected('a day such as 2027-01-31, or an instant with its zone')),
  v.metadata({
    title: 'Expires',
    description: 'The exception holds for records dated before this day (midnight UTC) or instant.',
    pattern: '^\\d{4}-\\d\\d-\\d\\d(T\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?(Z|[+-]\\d\\d:?\\d\\d))?$',
  }),
  v.transform((text): Timestamp => readExpiry(text) ?? text),
);

function readExpiry(text: string): Timestamp | undefined {
  return readTimestamp(DAY.test(text) ? `${text}T00:00:00Z` : text);
}
