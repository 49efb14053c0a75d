/** A JSON object as it came from outside: every field is unknown until it is read. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** True for a JSON object; false for null, arrays and everything else. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The own field `name` of `value`, or undefined: inherited names such as `__proto__` are never read. */
export function field(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** The value at a path of own fields, or undefined where any step is missing or no object. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(field, value);
}

/** A string that says something: trimmed, not empty, without lone surrogates (DynamoDB and UTF-8 have none). */
export function text(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const trimmed = value.trim();
  return trimmed === '' ? undefined : trimmed.toWellFormed();
}

/** The first of `values` that {@link text} accepts. */
export function firstText(...values: readonly unknown[]): string | undefined {
  for (const value of values) {
    const found = text(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A boolean, also where it came spelt as a string, as some deliveries do. */
export function flag(value: unknown): boolean {
  return value === true || value === 'true';
}

/** The elements of an array, or none. */
export function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** What kind of JSON value this is, for an error message. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  return value === undefined ? 'nothing' : `a ${typeof value}`;
}
