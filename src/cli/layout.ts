import { printableJson } from '../core/text.ts';

/** Characters that a terminal draws two columns wide, and those that it draws upon the one before. */
const WIDE = /[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff01-\uff60]/u;
const ON_TOP = /^\p{M}$/u;

/** The columns a text takes on a terminal. */
export function columnsOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let columns = 0;
  for (const character of text) columns += ON_TOP.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return columns;
}

/** The text followed by blanks up to `columns`. */
export function padded(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)));
}

/** The text, or its beginning and an ellipsis, in at most `columns`. */
export function fitted(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  return `${firstColumns(text, columns - 1)}…`;
}

/** Lines of at most `columns`, broken at blanks; a longer word is broken where it must be: JSON between its members, ARNs at a slash. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((one) => pieces(one, columns))) {
    if (line !== '' && columnsOf(line) + 1 + columnsOf(word) > columns) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** The text wrapped behind `lead`, further lines under its beginning. */
export function hanging(lead: string, text: string, width: number): string[] {
  const indent = columnsOf(lead);
  return wrapped(text, Math.max(20, width - indent)).map((line, index) => (index === 0 ? lead : ' '.repeat(indent)) + line);
}

/**
 * A command in lines that can be copied as they stand: each but the last ends in a backslash, and an option too long
 * for the width stays whole.
 */
export function commandLines(command: string, indent: number, width: number): string[] {
  const room = Math.max(20, width - indent);
  const options = command.split(/ (?=--)/);
  const lines: string[] = [];
  for (const option of options) {
    const last = lines.at(-1);
    if (last === undefined) lines.push(option);
    else if (columnsOf(last) + 1 + columnsOf(option) + 2 <= room) lines[lines.length - 1] = `${last} ${option}`;
    else lines.push(`  ${option}`);
  }
  return lines.map((line, index) => ' '.repeat(indent) + (index === lines.length - 1 ? line : `${line} \\`));
}

/**
 * A JSON value in lines that stay the same JSON when they are copied: broken between its members only, so that a line
 * that is one long string may be wider.
 */
export function jsonLines(value: unknown, indent: number, width: number): string[] {
  const room = Math.max(20, width - indent);
  const lines: string[] = [];
  for (const token of JSON.stringify(value, null, 1)
    .split('\n')
    .map((line) => printableJson(line.trim()))) {
    const last = lines.at(-1);
    const joined = last === undefined ? token : `${last}${/,$/.test(last) ? ' ' : ''}${token}`;
    if (last === undefined || columnsOf(joined) > room) lines.push(token);
    else lines[lines.length - 1] = joined;
  }
  return lines.map((line) => ' '.repeat(indent) + line);
}

/** Where JSON may be broken and stay the same JSON. */
const JSON_SEAM = /[,[{:](?=["[{])/g;

function pieces(word: string, columns: number): string[] {
  const parts: string[] = [];
  let rest = word;
  while (columnsOf(rest) > columns) {
    const whole = firstColumns(rest, columns);
    const seam = [...whole.matchAll(JSON_SEAM)].at(-1)?.index ?? whole.lastIndexOf('/');
    const part = seam < whole.length / 2 ? whole : whole.slice(0, seam + 1);
    parts.push(part);
    rest = rest.slice(part.length);
  }
  return [...parts, rest];
}

/** As many whole characters as fit; at least one. */
function firstColumns(text: string, columns: number): string {
  let taken = '';
  let used = 0;
  for (const character of text) {
    used += columnsOf(character);
    if (used > columns && taken !== '') break;
    taken += character;
  }
  return taken;
}

/** A count with its noun. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}
