import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type JsonSchema, toJsonSchema } from '@valibot/to-json-schema';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import type * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { policySchema } from '../src/core/policy-schema.ts';
import { readPolicy } from '../src/core/read-policy.ts';
import { RULES } from '../src/core/rules/registry.ts';
import { REFUSED, REFUSED_BY_READING, VALID } from './support/policy-documents.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const PUBLISHED = `${root}infra/policy.schema.json`;

/** The JSON Schema of what `readPolicy` takes, written out in place; checks that JSON Schema has no words for are left to readPolicy. */
function schemaOf(schema: v.GenericSchema): JsonSchema {
  return toJsonSchema(schema, {
    target: 'draft-07',
    typeMode: 'input',
    ignoreActions: ['check', 'finite'],
    overrideSchema: ({ valibotSchema }) => {
      if (valibotSchema.type !== 'lazy' || !('getter' in valibotSchema) || typeof valibotSchema.getter !== 'function') return undefined;
      const { $schema: _, $defs: __, ...inner } = schemaOf(valibotSchema.getter(undefined));
      return inner;
    },
  });
}

// Made when a test asks, so that a test fails where it cannot be made.
function generated(): Omit<JsonSchema, '$defs'> {
  const { $defs: _, ...schema } = schemaOf(policySchema);
  return schema;
}

describe('infra/policy.schema.json', () => {
  it('is the schema that readPolicy reads by (vitest -u renews it)', async () => {
    const published = execFileSync(`${root}node_modules/.bin/biome`, ['format', '--stdin-file-path=infra/policy.schema.json'], {
      cwd: root,
      input: JSON.stringify(generated()),
      encoding: 'utf8',
    });

    await expect(published).toMatchFileSnapshot(PUBLISHED);
  });

  it('tells editors what every field means', () => {
    const untold = (schema: unknown, path: string): string[] => {
      if (typeof schema !== 'object' || schema === null) return [];
      const properties = 'properties' in schema ? Object.entries(Object(schema.properties)) : [];
      return [
        ...properties.flatMap(([name, field]) =>
          typeof Object(field).title === 'string' && typeof Object(field).description === 'string' ? [] : `${path}.${name}`,
        ),
        ...properties.flatMap(([name, field]) => untold(field, `${path}.${name}`)),
        ...('items' in schema ? untold(schema.items, `${path}[]`) : []),
      ];
    };

    expect(untold(generated(), '')).toEqual([]);
  });

  it('knows every rule', () => {
    for (const path of ['properties.severities', 'properties.rules']) {
      expect(generated()).toHaveProperty(`${path}.additionalProperties`, false);
      for (const { id } of RULES) expect(generated()).toHaveProperty([...path.split('.'), 'properties', id, 'enum']);
    }
    expect(generated()).toHaveProperty(
      'properties.exceptions.items.properties.rule.enum',
      RULES.map(({ id }) => id),
    );
  });
});

describe('an editor with the schema agrees with readPolicy', () => {
  const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(JSON.parse(readFileSync(PUBLISHED, 'utf8')));

  it.each(VALID)('takes %s', (_what, document) => {
    expect(validate(document), JSON.stringify(validate.errors)).toBe(true);
  });

  it.each(REFUSED)('refuses %s', (_what, document) => {
    expect(validate(document)).toBe(false);
  });

  it.each(REFUSED_BY_READING)('cannot tell %s', (_what, document) => {
    expect(validate(document)).toBe(true);
  });

  it('about any policy with one place changed', () => {
    const [, whole] = VALID[1] ?? [];
    const replacement = fc.oneof(
      fc.constantFrom<unknown>(
        '',
        'high',
        'off',
        'same',
        'Decrypt',
        '${Region}',
        '${',
        '2027-02-30',
        ' ',
        0,
        1,
        -1,
        1e9,
        null,
        true,
        [],
        {},
        [{}],
        ['x'],
      ),
      fc.jsonValue(),
    );
    const alone = /no name for|named twice|is the name of|expected a day such/;
    fc.assert(
      fc.property(fc.constantFrom(...placesIn(whole)), replacement, (place, value) => {
        const document = replaced(whole, place, value);
        const reading = readPolicy(document);
        const takes = validate(document);
        const problems = 'problems' in reading ? reading.problems : [];
        if (problems.length === 0) expect(takes, JSON.stringify(validate.errors)).toBe(true);
        else expect(takes).toBe(problems.every((problem) => alone.test(problem)) && takes);
      }),
      { numRuns: 2_000 },
    );
  });
});

type Place = readonly string[];

function placesIn(value: unknown): Place[] {
  const inner = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [[], ...inner.flatMap(([name, part]) => placesIn(part).map((place) => [name, ...place]))];
}

function replaced(whole: unknown, [name, ...rest]: Place, value: unknown): unknown {
  if (name === undefined) return value;
  if (Array.isArray(whole)) return whole.map((part, index) => (String(index) === name ? replaced(part, rest, value) : part));
  return { ...Object(whole), [name]: replaced(Object(whole)[name], rest, value) };
}
