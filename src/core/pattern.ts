import type { KeyArn } from './key-arn.ts';

/** What a pattern's placeholders stand for: the key's own ARN parts and the accounts the policy trusts. */
export interface PatternScope {
  readonly key: KeyArn | undefined;
  readonly accounts?: readonly string[] | undefined;
}

const SERVICE_PRINCIPAL = /^[a-z0-9-]+(?:\.[a-z0-9-]+){0,2}\.amazonaws\.com(?:\.cn)?$/;
const REGION_LABEL = /^[a-z]{2,4}(?:-[a-z]+)+-\d+$/;
const TOKEN = /(\*\*|\*|\$\{(?:Partition|Account|Accounts|Region)\})/;
/** What a pattern would not take literally, and what stands for the rest of a text that was shortened. */
const NO_LITERAL = /[*]|\$\{|~[0-9a-f]{16}$/;

/** By pattern: a policy's patterns are few, and each is asked of every record. */
const TOKENS = new Map<string, readonly string[]>();

function tokensOf(pattern: string): readonly string[] {
  const known = TOKENS.get(pattern);
  // Stryker disable next-line ConditionalExpression: what is known is only faster.
  if (known !== undefined) return known;
  const tokens = pattern.split(TOKEN);
  TOKENS.set(pattern, tokens);
  return tokens;
}

/** True for a text that a pattern can hold as it is, and that stands for nothing but itself. */
export function isLiteral(text: string): boolean {
  return text !== '' && !NO_LITERAL.test(text);
}

/**
 * True when the whole of `value`, trimmed, is what `pattern` describes. `*` is a run without `:` and `/`, `**` any run;
 * `${Partition}`, `${Account}` and `${Region}` are the key's, `${Accounts}` the key's account or one the policy
 * names, and `${ServicePrincipal}` alone is an AWS service principal of the key's Region or of none. In time linear in
 * the value's length, whoever chose it.
 */
export function matches(pattern: string, value: string, scope: PatternScope): boolean {
  const trimmed = value.trim();
  if (pattern === '${ServicePrincipal}') {
    return SERVICE_PRINCIPAL.test(trimmed) && trimmed.split('.').every((label) => !REGION_LABEL.test(label) || label === scope.key?.region);
  }
  const tokens = tokensOf(pattern);
  // Stryker disable next-line ConditionalExpression: a literal alone is only faster so.
  if (tokens.length === 1) return pattern === trimmed;
  let places: readonly number[] = [0];
  for (const token of tokens) places = placesAfter(token, places, trimmed, scope);
  return places.at(-1) === trimmed.length;
}

/** True when any of `patterns` {@link matches}. */
export function matchesAny(patterns: readonly string[], value: string, scope: PatternScope): boolean {
  return patterns.some((pattern) => matches(pattern, value, scope));
}

/** Every place in `value` at which `token` may end where it begins at one of `places`; both in ascending order, each once. */
function placesAfter(token: string, places: readonly number[], value: string, { key, accounts }: PatternScope): readonly number[] {
  switch (token) {
    case '**':
      return afterRun(places, value, () => true);
    case '*':
      return afterRun(places, value, (character) => character !== ':' && character !== '/');
    case '${Accounts}':
      // Stryker disable next-line ArrayDeclaration: no value is the account that would stand there.
      return afterOneOf([key?.account, ...(accounts ?? [])], places, value);
    case '${Partition}':
      return afterOneOf([key?.partition], places, value);
    case '${Account}':
      return afterOneOf([key?.account], places, value);
    case '${Region}':
      return afterOneOf([key?.region], places, value);
    default:
      return afterOneOf([token], places, value);
  }
}

function afterOneOf(texts: readonly (string | undefined)[], places: readonly number[], value: string): readonly number[] {
  const after = new Set<number>();
  for (const text of texts)
    for (const place of places) if (text !== undefined && value.startsWith(text, place)) after.add(place + text.length);
  return [...after].sort((a, b) => a - b);
}

/** After one or more characters that the run takes. */
function afterRun(places: readonly number[], value: string, takes: (character: string | undefined) => boolean): readonly number[] {
  const after: number[] = [];
  let next = 0;
  for (let place = places[0] ?? value.length; place < value.length; place += 1) {
    const begins = places[next] === place;
    if (begins) next += 1;
    if ((begins || after.at(-1) === place) && takes(value[place])) after.push(place + 1);
  }
  return after;
}
