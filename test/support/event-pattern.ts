type Scalar = string | number | boolean | null;
type Comparison = (value: Scalar) => boolean;

/** One field of a pattern: some leaf at `path` passes one of the comparisons, or there is no leaf and that was asked for. */
interface Requirement {
  readonly path: string;
  readonly comparisons: readonly Comparison[];
  readonly orAbsent: boolean;
}

/** A value of the event, with the element it sits in of every array around it. */
interface Leaf {
  readonly value: Scalar;
  readonly elements: ReadonlyMap<string, number>;
}

/**
 * Whether EventBridge would match `event` with `pattern`.
 *
 * The event is seen as EventBridge sees it: leaves with paths, arrays left out of the path, so that a null is a leaf and
 * an object, an empty array or anything below a null is not. Two fields never match in different elements of one array.
 * The whole pattern is read first: an unknown operator (also `cidr`, which no pattern here uses) or a malformed one throws,
 * so that no test passes because a branch was never looked at.
 *
 * Rests on https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html and, where that page is
 * silent about arrays of objects, on the README of AWS's own matcher, https://github.com/aws/event-ruler. That a null counts
 * as a leaf and an empty array does not is documented nowhere that we know.
 */
export function matchesPattern(pattern: unknown, event: unknown): boolean {
  const alternatives = alternativesOf(pattern, []);
  const leaves = leavesOf(event);
  return alternatives.some((requirements) => satisfiable(requirements, leaves, new Map()));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isScalar(value: unknown): value is Scalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function malformed(what: string, value: unknown): Error {
  return new Error(`event pattern: ${what}: ${JSON.stringify(value)}`);
}

// The pattern: a list of alternatives ($or), each a list of requirements that hold together.

function alternativesOf(pattern: unknown, path: readonly string[]): Requirement[][] {
  if (!isObject(pattern) || Object.keys(pattern).length === 0) throw malformed('a pattern is an object with fields', pattern);
  let alternatives: Requirement[][] = [[]];
  for (const [key, value] of Object.entries(pattern)) {
    const branches = key === '$or' ? branchesOf(value, path) : fieldOf(value, [...path, key]);
    alternatives = alternatives.flatMap((before) => branches.map((branch) => [...before, ...branch]));
  }
  return alternatives;
}

function branchesOf(value: unknown, path: readonly string[]): Requirement[][] {
  // EventBridge takes a $or of any other shape for a field of that name; in our patterns that can only be a mistake.
  if (!Array.isArray(value) || value.length < 2) throw malformed('$or is an array of two or more patterns', value);
  return value.flatMap((branch: unknown) => alternativesOf(branch, path));
}

function fieldOf(value: unknown, path: readonly string[]): Requirement[][] {
  if (!Array.isArray(value)) return alternativesOf(value, path);
  if (value.length === 0) throw malformed('an empty list of values', path);
  const comparisons: Comparison[] = [];
  let orAbsent = false;
  for (const wanted of value as readonly unknown[]) {
    const exists = existsOf(wanted);
    if (exists === false) orAbsent = true;
    else comparisons.push(exists === true ? () => true : comparisonOf(wanted));
  }
  return [[{ path: JSON.stringify(path), comparisons, orAbsent }]];
}

function existsOf(wanted: unknown): boolean | undefined {
  if (!isObject(wanted) || !('exists' in wanted)) return undefined;
  const [, argument] = onlyEntry(wanted);
  if (typeof argument !== 'boolean') throw malformed('exists takes true or false', wanted);
  return argument;
}

function onlyEntry(operator: Readonly<Record<string, unknown>>): readonly [string, unknown] {
  const [entry, ...others] = Object.entries(operator);
  if (entry === undefined || others.length > 0) throw malformed('an operator is an object with one field', operator);
  return entry;
}

function comparisonOf(wanted: unknown): Comparison {
  if (isScalar(wanted)) return (value) => value === wanted;
  if (!isObject(wanted)) throw malformed('neither a value nor an operator', wanted);
  const [name, argument] = onlyEntry(wanted);
  if (name === 'anything-but') return anythingBut(argument);
  if (name === 'numeric') return numeric(argument);
  return onStrings(name, argument);
}

/** The operators that look at strings only, alone or inside `anything-but`. */
function onStrings(name: string, argument: unknown): Comparison {
  if ((name === 'prefix' || name === 'suffix') && isObject(argument)) {
    const [inner, folded] = onlyEntry(argument);
    if (inner !== 'equals-ignore-case') throw malformed(`unknown operator in ${name}`, argument);
    const plain = onStrings(name, typeof folded === 'string' ? folded.toLowerCase() : folded);
    return (value) => typeof value === 'string' && plain(value.toLowerCase());
  }
  if (!['prefix', 'suffix', 'equals-ignore-case', 'wildcard'].includes(name)) throw malformed('unknown operator', name);
  if (typeof argument !== 'string') throw malformed(`${name} takes a string`, argument);
  const test = stringTest(name, argument);
  return (value) => typeof value === 'string' && test(value);
}

function stringTest(name: string, argument: string): (value: string) => boolean {
  if (name === 'prefix') return (value) => value.startsWith(argument);
  if (name === 'suffix') return (value) => value.endsWith(argument);
  if (name === 'wildcard') {
    const expression = wildcard(argument);
    return (value) => expression.test(value);
  }
  return (value) => value.toLowerCase() === argument.toLowerCase();
}

function wildcard(argument: string): RegExp {
  const tokens = argument.match(/\\.|[^\\]|\\$/gsu) ?? [];
  const source = tokens.map((token, at) => {
    if (token === '*') {
      if (tokens[at + 1] === '*') throw malformed('wildcards side by side', argument);
      return '.*';
    }
    if (token.startsWith('\\') && token !== '\\*' && token !== '\\\\') throw malformed('only * and \\ can be escaped', argument);
    const literal = token.startsWith('\\') ? token.slice(1) : token;
    return literal.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
  });
  return new RegExp(`^${source.join('')}$`, 'su');
}

function anythingBut(argument: unknown): Comparison {
  if (isObject(argument)) {
    const [name, listed] = onlyEntry(argument);
    const refused = listOf(listed).map((one) => onStrings(name, one));
    return (value) => !refused.some((refuses) => refuses(value));
  }
  const refused = listOf(argument);
  const types = new Set(refused.map((one) => typeof one));
  if (types.size !== 1 || !(types.has('string') || types.has('number')))
    throw malformed('anything-but takes strings or numbers, not both', argument);
  return (value) => !refused.includes(value);
}

function listOf(argument: unknown): readonly unknown[] {
  const list: readonly unknown[] = Array.isArray(argument) ? argument : [argument];
  if (list.length === 0) throw malformed('an empty list of values', argument);
  return list;
}

/** EventBridge compares numbers within plus and minus five thousand million. */
const NUMERIC_LIMIT = 5e9;

function numeric(argument: unknown): Comparison {
  if (!Array.isArray(argument) || ![2, 4].includes(argument.length)) throw malformed('numeric takes one or two bounds', argument);
  const [first, from, second, to]: readonly unknown[] = argument;
  if (argument.length === 2) return bound(first, from, ['=', '<', '<=', '>', '>=']);
  const above = bound(first, from, ['>', '>=']);
  const below = bound(second, to, ['<', '<=']);
  if (Number(from) >= Number(to)) throw malformed('an empty numeric range', argument);
  return (value) => above(value) && below(value);
}

function bound(operator: unknown, limit: unknown, allowed: readonly string[]): Comparison {
  if (typeof operator !== 'string' || !allowed.includes(operator)) throw malformed('unknown numeric operator', operator);
  if (typeof limit !== 'number' || Math.abs(limit) > NUMERIC_LIMIT) throw malformed('numeric takes numbers within 5e9', limit);
  return (value) => {
    if (typeof value !== 'number') return false;
    if (value === limit) return operator.includes('=');
    return operator.startsWith(value < limit ? '<' : '>');
  };
}

// The event: its leaves by path.

function leavesOf(event: unknown): ReadonlyMap<string, readonly Leaf[]> {
  const leaves = new Map<string, Leaf[]>();
  const visit = (value: unknown, path: readonly string[], place: readonly string[], elements: ReadonlyMap<string, number>): void => {
    if (isScalar(value)) {
      const key = JSON.stringify(path);
      leaves.set(key, [...(leaves.get(key) ?? []), { value, elements }]);
    } else if (Array.isArray(value)) {
      const array = JSON.stringify(place);
      value.forEach((element, at) => {
        visit(element, path, [...place, `[${at}]`], new Map(elements).set(array, at));
      });
    } else if (isObject(value)) {
      for (const [key, inner] of Object.entries(value)) visit(inner, [...path, key], [...place, `.${key}`], elements);
    } else throw new Error(`event: not JSON at ${JSON.stringify(place)}`);
  };
  visit(event, [], [], new Map());
  return leaves;
}

// The search: a leaf for every requirement, no two of them in different elements of the same array.

function satisfiable(
  requirements: readonly Requirement[],
  leaves: ReadonlyMap<string, readonly Leaf[]>,
  chosen: ReadonlyMap<string, number>,
): boolean {
  const [requirement, ...others] = requirements;
  if (requirement === undefined) return true;
  const found = leaves.get(requirement.path) ?? [];
  if (found.length === 0) return requirement.orAbsent && satisfiable(others, leaves, chosen);
  return found.some(
    ({ value, elements }) =>
      requirement.comparisons.some((comparison) => comparison(value)) &&
      [...elements].every(([array, at]) => (chosen.get(array) ?? at) === at) &&
      satisfiable(others, leaves, new Map([...chosen, ...elements])),
  );
}
