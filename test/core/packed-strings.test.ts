import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Column } from '../../src/core/packed/column.ts';
import { PackedStrings } from '../../src/core/packed/packed-strings.ts';
import { anyCharacter } from '../support/any-character.ts';

const hexadecimal = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), maxLength: 300 });
const nearly = fc.constantFrom(
  '',
  '-',
  'vol-',
  'vol-0',
  'vol-A',
  'vol-0abcdef0123456789',
  '00000000-0000-0000-0000-000000000000',
  '00000000-0000-0000-0000-00000000000g',
  '00000000-0000-0000-00000-00000000000',
  '00000000-0000-4000-8000-00000000000A',
  '0'.repeat(36),
  '0'.repeat(255),
  '0'.repeat(256),
  '0'.repeat(257),
  'é',
  '\ud800',
  '\u0000',
  'x'.repeat(300_000),
);
const anything = fc.oneof(
  fc.uuid(),
  hexadecimal,
  nearly,
  fc.string({ unit: anyCharacter }),
  fc.string().map((text) => `vol-${text}`),
);

describe('packed strings', () => {
  it('are a set: what was added is found at its index, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anything, fc.integer(), fc.nat(3))), (entries) => {
        const packed = new PackedStrings(2);
        const plain = new Map<string, number>();
        for (const [text, a, b] of entries) {
          const name = JSON.stringify([text, a, b]);
          if (!plain.has(name)) plain.set(name, plain.size);
          expect(packed.add(text, a, b)).toBe(plain.get(name));
        }
        expect(packed.size).toBe(plain.size);
        for (const [name, index] of plain) {
          const [text, a, b] = JSON.parse(name);
          expect(packed.textOf(index)).toBe(text);
          expect([packed.numberOf(index), packed.numberOf(index, 1)]).toEqual([a, b]);
        }
      }),
    );
  });

  it('hold many, each once', () => {
    const packed = new PackedStrings();
    const uuid = (of: number): string => `00000000-0000-4000-8000-${of.toString(16).padStart(12, '0')}`;
    for (let round = 0; round < 2; round += 1) for (let of = 0; of < 200_000; of += 1) expect(packed.add(uuid(of)) === of).toBe(true);
    expect(packed.textOf(123_456)).toBe(uuid(123_456));
  });
});

describe('a column', () => {
  it('keeps numbers at their index, and knows of none past its end', () => {
    const column = new Column(Int32Array);
    for (let number = 0; number < 10_000; number += 1) expect(column.push(-number)).toBe(number);
    column.set(9_999, 5);
    column.set(20_000, 7);
    expect([column.length, column.at(4_095), column.at(4_096), column.at(9_999), column.at(20_000)]).toEqual([
      10_000, -4_095, -4_096, 5, 0,
    ]);
  });
});
