/** Where a text stops being JSON, and what should have stood there; lines and columns count from 1. */
export interface SyntaxFault {
  readonly line: number;
  readonly column: number;
  readonly expected: string;
}

type State = 'value' | 'value or ]' | 'name' | 'name or }' | ':' | 'after' | 'end';
type Token = '{' | '}' | '[' | ']' | ':' | ',' | 'string' | 'scalar' | 'none';

const EXPECTED: Readonly<Record<Exclude<State, 'after'>, string>> = {
  value: 'a value',
  'value or ]': 'a value or "]"',
  name: 'a field name in double quotes',
  'name or }': 'a field name in double quotes or "}"',
  ':': '":"',
  end: 'nothing more',
};
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** Looks for the first fault in a text that JSON.parse refuses: what JSON.parse itself says of the place differs by version, and may be nothing. */
export function syntaxFault(text: string): SyntaxFault | undefined {
  const open: ('{' | '[')[] = [];
  let state: State = 'value';
  let at = skipSpace(text, 0);
  while (at < text.length) {
    const { token, end } = tokenAt(text, at);
    const next = step(state, token, open);
    if (next === undefined)
      return faultAt(
        text,
        end > at && token === 'none' ? end : at,
        end > at && token === 'none' ? 'the rest of a string' : expectedIn(state, open),
      );
    state = next;
    at = skipSpace(text, end);
  }
  return state === 'end' ? undefined : faultAt(text, at, expectedIn(state, open));
}

function expectedIn(state: State, open: readonly ('{' | '[')[]): string {
  if (state !== 'after') return EXPECTED[state];
  return open.at(-1) === '{' ? '"," or "}"' : '"," or "]"';
}

function faultAt(text: string, at: number, expected: string): SyntaxFault {
  const before = text.slice(0, at).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, expected };
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && ' \t\r\n'.includes(text.charAt(at))) at += 1;
  return at;
}

/** The token at a place; of one that is none, `end` is where it goes wrong. */
function tokenAt(text: string, at: number): { readonly token: Token; readonly end: number } {
  const sign = (['{', '}', '[', ']', ':', ','] as const).find((one) => one === text.charAt(at));
  if (sign !== undefined) return { token: sign, end: at + 1 };
  if (text.charAt(at) === '"') return stringAt(text, at);
  SCALAR.lastIndex = at;
  return SCALAR.test(text) ? { token: 'scalar', end: SCALAR.lastIndex } : { token: 'none', end: at };
}

function stringAt(text: string, from: number): { readonly token: Token; readonly end: number } {
  let at = from + 1;
  while (at < text.length && text.charAt(at) >= ' ') {
    if (text.charAt(at) === '"') return { token: 'string', end: at + 1 };
    if (text.charAt(at) === '\\') {
      ESCAPE.lastIndex = at;
      if (!ESCAPE.test(text)) break;
      at = ESCAPE.lastIndex;
    } else at += 1;
  }
  return { token: 'none', end: at };
}

/** What may follow, given this token; undefined where it may not stand here. */
function step(state: State, token: Token, open: ('{' | '[')[]): State | undefined {
  const inside = open.at(-1);
  const closed = (): State => {
    open.pop();
    return open.length === 0 ? 'end' : 'after';
  };
  switch (token) {
    case '{':
    case '[':
      if (!state.startsWith('value')) return undefined;
      open.push(token);
      return token === '{' ? 'name or }' : 'value or ]';
    case '}':
      return inside === '{' && (state === 'after' || state === 'name or }') ? closed() : undefined;
    case ']':
      return inside === '[' && (state === 'after' || state === 'value or ]') ? closed() : undefined;
    case ',':
      if (state !== 'after') return undefined;
      return inside === '{' ? 'name' : 'value';
    case ':':
      return state === ':' ? 'value' : undefined;
    case 'string':
    case 'scalar':
      if (token === 'string' && state.startsWith('name')) return ':';
      if (!state.startsWith('value')) return undefined;
      return inside === undefined ? 'end' : 'after';
    case 'none':
      return undefined;
    default:
      return token satisfies never;
  }
}
