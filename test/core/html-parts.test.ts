import { describe, expect, it } from 'vitest';
import { html, Markup, type Part } from '../../src/core/html/markup.ts';
import { badge, clusterCell, code, figure, figures, keyCell, leftOut, moment, moments, table } from '../../src/core/html/parts.ts';
import { KEY } from '../support/fleet.ts';
import { all, only, readPage, tableOf, textOf } from '../support/page.ts';

describe('what is put into markup', () => {
  it.each<[string, Part, string]>([
    ['an ampersand', '&', '&amp;'],
    ['the start of a tag', '<', '&lt;'],
    ['its end', '>', '&gt;'],
    ['a double quote', '"', '&quot;'],
    ['a single quote', "'", '&#39;'],
    ['a script', '<script>alert("1")</script>', '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;'],
    ['what is escaped already', '&amp;', '&amp;amp;'],
    ['a mark of direction', '\u202e', '\\u{202e}'],
    ['a number', 0, '0'],
    ['nothing', undefined, ''],
    ['markup', new Markup('<b>'), '<b>'],
    ['a list', ['<', 1, [new Markup('<br>'), undefined]], '&lt;1<br>'],
    ['a text of the greatest length', 'a'.repeat(2_000), 'a'.repeat(2_000)],
    ['a longer one', 'a'.repeat(2_001), `${'a'.repeat(1_999)}…`],
  ])('is text unless it is markup: %s', (_, part, source) => {
    expect(html`<p>${part}</p>`.source).toBe(`<p>${source}</p>`);
  });

  it('stands where it was put', () => {
    expect(html`${1}a${2}b${3}`.source).toBe('1a2b3');
    expect(html``.source).toBe('');
  });
});

describe('a figure', () => {
  it.each([
    [() => figure(0), '0'],
    [() => figure(1_234_567), '1,234,567'],
    [() => figures(1, 'grant'), '1 grant'],
    [() => figures(0, 'grant'), '0 grants'],
    [() => figures(2_000, 'grant'), '2,000 grants'],
  ])('is written as people read it: %#', (written, words) => {
    expect(written()).toBe(words);
  });
});

describe('an instant', () => {
  it('is written without its letters, and with them for machines', () => {
    expect(moments('2026-11-02T10:00:00Z')).toBe('2026-11-02 10:00:00');
    const [time] = all(readPage(moment('2026-11-02T10:00:00Z').source), 'time');
    expect(time).toEqual({ name: 'time', attributes: { datetime: '2026-11-02T10:00:00Z' }, children: ['2026-11-02 10:00:00'] });
  });

  it('is unknown where nobody knows it', () => {
    expect(textOf(readPage(moment(undefined).source))).toBe('unknown');
  });
});

describe('a cell', () => {
  it.each([
    ['a key', () => keyCell(KEY), '11111111-1111-1111-1111-111111111111 / us-east-1 111122223333'],
    ['what is no ARN of a key', () => keyCell('alias/<orders>'), 'alias/<orders>'],
    ['no key', () => keyCell(undefined), 'not named'],
    ['a cluster', () => clusterCell('111122223333', 'payments'), 'payments / 111122223333'],
    ['a cluster of an unknown account', () => clusterCell(undefined, 'payments'), 'payments'],
    ['a cluster of no account', () => clusterCell('', 'payments'), 'payments'],
    ['no cluster', () => clusterCell('111122223333', undefined), 'none'],
    ['an id', () => code('<id>'), '<id>'],
    ['a word that stands out', () => badge('open', 'low'), 'open'],
  ])('tells of %s', (_, cell, words) => {
    expect(textOf(readPage(cell().source))).toBe(words);
  });

  it('has an id as code, and a tone as a class', () => {
    expect(all(readPage(code('id').source), 'code')).toHaveLength(1);
    expect(only(readPage(badge('open', 'low').source), 'span').attributes).toEqual({ class: 'badge low' });
  });
});

it.each([
  [2, 3, '2 of 3 keys are shown; --json has every one.'],
  [3, 3, undefined],
  [4, 3, undefined],
])('%i of %i shown: what was left out is said, and nothing where nothing was', (shown, count, words) => {
  const said = leftOut(shown, count, 'keys');
  expect(said && textOf(readPage(said.source))).toBe(words);
});

describe('a table', () => {
  const page = () =>
    readPage(
      table(
        'made-table',
        'Made <up>',
        [{ head: 'Name' }, { head: 'Count', numeric: true }, { head: 'Why' }],
        [
          ['a', '1', undefined],
          ['b', '2', 'because', 'without a head'],
        ],
      ).source,
    );

  it('has a caption, heads and rows', () => {
    expect(tableOf(page(), 'made-table')).toEqual({
      caption: 'Made <up>',
      heads: ['Name', 'Count#', 'Why'],
      rows: [
        ['a', '1', ''],
        ['b', '2', 'because', 'without a head'],
      ],
    });
  });

  it('says what each head is of, and which cells are numbers', () => {
    expect(all(page(), 'th', { scope: 'col' })).toHaveLength(3);
    expect(all(page(), 'th', { scope: 'row' }).map(textOf)).toEqual(['a', 'b']);
    expect(all(page(), 'td', { class: 'number' }).map(textOf)).toEqual(['1', '2']);
    expect(all(page(), 'td').filter((cell) => cell.attributes.class === undefined)).toHaveLength(3);
  });

  it('can be scrolled by keyboard, in a frame named by its caption', () => {
    expect(only(page(), 'div').attributes).toEqual({ class: 'scroll', tabindex: '0', role: 'region', 'aria-labelledby': 'made-table' });
  });

  it('has numbers in its first column too', () => {
    const first = readPage(table('made-table', '', [{ head: 'Count', numeric: true }], [['1']]).source);
    expect(tableOf(first, 'made-table').heads).toEqual(['Count#']);
  });
});
