import { readKeyArn } from '../core/key-arn.ts';
import { printable } from '../core/text.ts';
import type { Timestamp } from '../core/timestamp.ts';
import { columnsOf, commandLines, hanging, wrapped } from './layout.ts';
import { type Style, styleOf } from './style.ts';

/** A section's heading. */
export function heading(title: string, style: Style, width: number): string[] {
  return ['', style.strong(title), style.faint('─'.repeat(width))];
}

/** Sentences on one line where they fit, else each on its own. They are made twice: plain, to be measured. */
export function closingLines(sentences: (style: Style) => readonly string[], style: Style, width: number): string[] {
  const plain = sentences(styleOf(false));
  const painted = sentences(style);
  if (columnsOf(plain.join(' ')) <= width) return [painted.join(' ')];
  return plain.flatMap((sentence, index) => (columnsOf(sentence) <= width ? (painted[index] ?? '') : wrapped(sentence, width)));
}

/** An instant to the second, as short as people read it: `2026-11-02 10:00:00`, UTC. */
export function instant(time: Timestamp): string {
  return time.replace('T', ' ').replace(/Z$/, '');
}

/** An instant beside another: the day only when it is another day. */
export function instantAfter(earlier: Timestamp | undefined, time: Timestamp): string {
  return earlier?.slice(0, 10) === time.slice(0, 10) ? instant(time).slice(11) : instant(time);
}

/** A key as people name it: its id, then where it lives. */
export function keyName(keyArn: string | undefined): { readonly id: string; readonly where: string } {
  if (keyArn === undefined) return { id: 'a key the records do not name', where: '' };
  const arn = readKeyArn(keyArn);
  return arn === undefined
    ? { id: `key ${printable(keyArn, 200)}`, where: '' }
    : { id: `key ${arn.keyId}`, where: `${arn.region} ${arn.account}` };
}

/** An AWS CLI call inside a sentence: service, operation, options with or without a value. */
const COMMAND = /aws [a-z0-9-]+ [a-z0-9-]+(?: --[a-z0-9-]+(?: (?!--)\S*[^\s,.])?)*/;

/** A sentence wrapped behind `lead`; a command in it stands on lines of its own, to be copied. */
export function sentenceLines(lead: string, sentence: string, style: Style, width: number): string[] {
  const command = COMMAND.exec(sentence);
  if (command === null) return hanging(lead, sentence, width);
  const before = sentence.slice(0, command.index).trim();
  const after = sentence.slice(command.index + command[0].length).trim();
  const indent = ' '.repeat(lead.length);
  return [
    ...(before === '' ? [] : hanging(lead, before, width)),
    ...commandLines(command[0], lead.length, width).map((line) => line.replace(/\S.*$/, style.command)),
    ...(after === '' ? [] : hanging(indent, after.replace(/^[,.]\s*/, ''), width)),
  ];
}
