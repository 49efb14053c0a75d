import { describe, expect, it } from 'vitest';
import { messageOf } from '../../src/core/message.ts';
import { sha256 } from '../../src/system.ts';

const titled = (title: string) =>
  messageOf(
    { id: 'id', title, paragraphs: ['It was.'], steps: [], group: 'group', rule: 'rule', severity: 'high', fields: {}, attributes: {} },
    sha256,
  );

describe('the subject of a message', () => {
  it.each([
    ['’quoted‘', "'quoted'"],
    ['“quoted”', '"quoted"'],
    ['a–b—c…', 'a-b-c...'],
    ['tab\tbed, naïve 漢', 'tab?bed, na?ve ?'],
    ['~ and space', '~ and space'],
  ])('of %s is ASCII: %s', (title, subject) => {
    expect(titled(title).subject).toBe(subject);
  });
});

describe('chat', () => {
  it.each([
    ['<!channel> & <b>', '&lt;!channel&gt; &amp; &lt;b&gt;'],
    ['`code`', "'code'"],
    ['[text](http://example.com)', '[text] (http://example.com)'],
    ['_emphasis_ stays, and ’ 漢', '_emphasis_ stays, and ’ 漢'],
  ])('shows %s as it is written, and nothing more', (title, shown) => {
    expect(JSON.parse(titled(title).chat).content.title).toBe(shown);
  });
});
