import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Column } from '../../src/core/packed/column.ts';
import { PackedStrings } from '../../src/core/packed/packed-strings.ts';
import { anyCharacter } from '../support/any-character.ts';
import { retained } from '../support/retained.ts';

const hexadecimal = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), maxLength: 300 });
const nearly = [
  '',
  '-',
  'vol-',
  'vol-0',
  'vol-A',
  'vol-0abcdef0123456789',
  'volume',
  '00000000-0000-0000-0000-000000000000',
  '00000000-0000-0000-0000-00000000000g',
  '00000000-0000-0000-0000-0000000000000',
  '00000000-0000-0000-00000-00000000000',
  '00000000-0000-4000-8000-00000000000A',
  '0'.repeat(36),
  '0'.repeat(255),
  '0'.repeat(256),
  '0'.repeat(257),
  '1',
  '11',
  'é',
  'é1',
  '1é',
  '\ud800',
  '\u0000',
  '\u0000\u0000',
];
const anything = fc.oneof(
  fc.uuid(),
  hexadecimal,
  fc.constantFrom(...nearly, 'x'.repeat(300_000)),
  fc.string({ unit: anyCharacter }),
  fc.string().map((text) => `vol-${text}`),
);

const uuid = (of: number): string => `00000000-0000-4000-8000-${of.toString(16).padStart(12, '0')}`;

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

  it.each<[number, (of: number) => string]>([
    [300, (length) => 'f'.repeat(length)],
    [300, (length) => `vol-${'0'.repeat(length)}`],
    [300, (length) => 'ÿ'.repeat(length)],
    [300, (length) => '\u0100'.repeat(length)],
    [5, (part) => Array.from({ length: 1_000 * part }, (_, at) => String.fromCharCode(0x80 + (at % 0x7f))).join('')],
    [5, (part) => Array.from({ length: 1_000 * part }, (_, at) => String.fromCharCode(0x4e00 + at)).join('')],
    [nearly.length, (of) => nearly[of] ?? ''],
  ])('spell each of %i again to the letter, the first as well as the last', (many, text) => {
    const texts = Array.from({ length: many }, (_, of) => text(of));
    const together = new PackedStrings();
    expect(texts.map((one) => together.add(one))).toEqual([...texts.keys()]);
    expect(texts.map((_, index) => together.textOf(index))).toEqual(texts);
    const apart = texts.map((one) => {
      const packed = new PackedStrings();
      return packed.textOf(packed.add(one));
    });
    expect(apart).toEqual(texts);
  });

  it.each([0, 1, 2, 3] as const)('are found again with %i numbers beside each, however many came since', (numbers) => {
    const entries = Array.from({ length: 500 }, (_, of) => [uuid(of), of.toString(16), `vol-${of.toString(16)}`, `é${of}`, `字${of}`])
      .flat()
      .flatMap((text, of) => [1, -(2 ** 31)].slice(0, numbers + 1).map((beside) => [text, beside, -of, of * 1_000_000] as const));
    const packed = new PackedStrings(numbers);
    for (let round = 0; round < 2; round += 1)
      expect(entries.map(([text, ...beside]) => packed.add(text, ...beside))).toEqual([...entries.keys()]);
    expect(packed.size).toBe(entries.length);
    expect(entries.map((_, index) => packed.textOf(index))).toEqual(entries.map(([text]) => text));
    const beside = (index: number): number[] => [0, 1, 2].slice(0, numbers).map((which) => packed.numberOf(index, which));
    expect(entries.map((_, index) => beside(index))).toEqual(entries.map(([, ...all]) => all.slice(0, numbers).map((one) => one | 0)));
  });

  it.each<[string, number, number, (of: number) => string]>([
    ['event ids', 30, 15_400, uuid],
    ['grant ids', 47, 15_400, (of) => of.toString(16).padStart(64, '0')],
    ['volume ids', 30, 15_400, (of) => `vol-${of.toString(16).padStart(16, '0')}0`],
    ['digits in the longest row', 148, 2_000, (of) => of.toString(16).padStart(255, '0')],
  ])('hold %s in %i bytes each, told of twice', (_, bytes, many, text) => {
    const packed = new PackedStrings();
    const held = retained(() => {
      for (let told = 0; told < 2 * many; told += 1) packed.add(text(told % many));
    });
    expect([packed.size, packed.textOf(many - 1)]).toEqual([many, text(many - 1)]);
    expect(Math.round(held / many)).toBeLessThanOrEqual(bytes);
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
