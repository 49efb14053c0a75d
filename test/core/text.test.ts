import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounded, fromKeyPart, keyPart, printable, printableJson, shortened } from '../../src/core/text.ts';
import { sha256 } from '../../src/system.ts';
import { anyCharacter } from '../support/any-character.ts';

const anyText = fc.string({ unit: anyCharacter, maxLength: 60 }).map((value) => value.toWellFormed());

describe('printable', () => {
  it.each([
    ['a terminal escape', '\u001b[31mred', '\\u{1b}[31mred'],
    ['line breaks', 'a\r\nb', 'a\\u{d}\\u{a}b'],
    ['NUL and DEL', '\u0000\u007f', '\\u{0}\\u{7f}'],
    ['C1 controls', '\u0085\u009b', '\\u{85}\\u{9b}'],
    ['right-to-left marks', '\u202egnp.exe\u2066', '\\u{202e}gnp.exe\\u{2066}'],
    ['zero-width characters', 'a\u200b\u200d\ufeffb', 'a\\u{200b}\\u{200d}\\u{feff}b'],
    ['a soft hyphen', 'a\u00adb', 'a\\u{ad}b'],
    ['line and paragraph separators', '\u2028\u2029', '\\u{2028}\\u{2029}'],
    ['tag characters', '\u{e0041}', '\\u{e0041}'],
    ['ordinary text', 'prod-é-漢-😀 <b>', 'prod-é-漢-😀 <b>'],
  ])('spells out %s', (_what, value, expected) => {
    expect(printable(value, 200)).toBe(expected);
  });

  it('shows nothing unseen and keeps its limit, whatever the text', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 80 }), (value, limit) => {
        const shown = printable(value, limit);

        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        expect(shown.length).toBeLessThanOrEqual(limit);
      }),
    );
  });
});

describe('printableJson', () => {
  it.each([
    ['controls', '\u007f\u0085', '\\u007f\\u0085'],
    ['right-to-left marks', '\u202egnp.exe', '\\u202egnp.exe'],
    ['a soft hyphen', 'a\u00adb', 'a\\u00adb'],
    ['characters of two units', '\u{e0041}!', '\\udb40\\udc41!'],
    ['ordinary text', 'prod-é-漢-😀 <b>', 'prod-é-漢-😀 <b>'],
  ])('escapes %s', (_what, value, expected) => {
    expect(printableJson(JSON.stringify(value))).toBe(`"${expected}"`);
  });

  it('shows nothing unseen and parses to the same, whatever the text', () => {
    fc.assert(
      fc.property(anyText, (value) => {
        const shown = printableJson(JSON.stringify(value));

        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        expect(JSON.parse(shown)).toBe(value);
      }),
    );
  });
});

describe('shortened', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['a😀b', 3, 'a…'],
    ['a\ufffdbcd', 4, 'a\ufffdb…'],
    ['', 1, ''],
  ])('makes "%s" in %i characters "%s"', (value, limit, expected) => {
    expect(shortened(value, limit)).toBe(expected);
  });
});

describe('bounded', () => {
  it('keeps two texts two, however long', () => {
    const long = fc.tuple(fc.constantFrom('', 'x'.repeat(40), '😀'.repeat(30)), anyText).map(([head, tail]) => head + tail);
    fc.assert(
      fc.property(long, long, fc.integer({ min: 20, max: 64 }), (a, b, limit) => {
        const [one, other] = [bounded(a, limit, sha256), bounded(b, limit, sha256)];

        expect(one.length).toBeLessThanOrEqual(limit);
        expect(one.isWellFormed()).toBe(true);
        expect(one === other).toBe(a === b);
      }),
    );
  });

  it.each(['abc', 'x'.repeat(64), `x~${'0'.repeat(16)} no mark`])('keeps %s as it is', (value) => {
    expect(bounded(value, 64, sha256)).toBe(value);
  });

  it('keeps a short text that looks like a long one’s mark apart from it', () => {
    const long = 'x'.repeat(1000);
    const mark = bounded(long, 64, sha256);

    expect(bounded(mark, 64, sha256)).not.toBe(mark);
  });
});

describe('keyPart', () => {
  it('can be undone, and never holds a joint', () => {
    fc.assert(
      fc.property(
        fc.oneof(anyText, fc.string({ unit: fc.constantFrom('%', '/', '#', '|', '2', '3', '5', 'f', '7', 'c', 'a') })),
        (value) => {
          expect(fromKeyPart(keyPart(value))).toBe(value);
          expect(keyPart(value)).not.toMatch(/[/#|]/);
        },
      ),
    );
  });

  it('keeps joined parts apart', () => {
    const part = fc.string({ unit: fc.constantFrom('%', '/', '#', '|', 'a'), maxLength: 4 });
    fc.assert(
      fc.property(fc.tuple(part, part), fc.tuple(part, part), (a, b) => {
        expect(a.map(keyPart).join('/') === b.map(keyPart).join('/')).toBe(a[0] === b[0] && a[1] === b[1]);
      }),
    );
  });
});
