import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { syntaxFault } from '../src/cli/json-syntax.ts';

describe('syntaxFault', () => {
  it.each([
    ['', 1, 1, 'a value'],
    ['hello', 1, 1, 'a value'],
    ['{"a": hello}', 1, 7, 'a value'],
    ['{\n  "a": 1,\n}', 3, 1, 'a field name in double quotes'],
    ['{\r\n  a: 1 }', 2, 3, 'a field name in double quotes or "}"'],
    ['{"a" 1}', 1, 6, '":"'],
    ['{"a": 1 "b": 2}', 1, 9, '"," or "}"'],
    ['[1 2]', 1, 4, '"," or "]"'],
    ['[1, 2', 1, 6, '"," or "]"'],
    ['[1,]', 1, 4, 'a value'],
    ['[}', 1, 2, 'a value or "]"'],
    ['{"a": 01}', 1, 7, 'a value'],
    ['{"a": "b}', 1, 10, 'the rest of a string'],
    ['["a\tb"]', 1, 4, 'the rest of a string'],
    ['["a\\xb"]', 1, 4, 'the rest of a string'],
    ['{} {}', 1, 4, 'nothing more'],
    ['\ufeff{}', 1, 1, 'a value'],
    ['// why\n{}', 1, 1, 'a value'],
  ])('of %j is at line %i, column %i', (text, line, column, expected) => {
    expect(syntaxFault(text)).toEqual({ line, column, expected });
  });

  it('is there exactly when JSON.parse refuses', () => {
    const nearJson = fc
      .tuple(fc.json(), fc.nat(), fc.string({ unit: fc.constantFrom(...'{}[]:,"\\u0 1e-.tn\n') }))
      .map(([text, at, put]) => {
        const place = at % (text.length + 1);
        return text.slice(0, place) + put + text.slice(place + (at % 2));
      });
    fc.assert(
      fc.property(fc.oneof(nearJson, fc.json(), fc.string()), (text) => {
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        expect(syntaxFault(text) === undefined).toBe(valid);
      }),
      { numRuns: 3_000 },
    );
  });
});
