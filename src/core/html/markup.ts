import { printable } from '../text.ts';

/** Markup that is safe to write as it stands; only {@link html} makes it. */
export class Markup {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
}

/** What may stand in a template: markup as it is, everything else as text. */
export type Part = Markup | string | number | undefined | readonly Part[];

/** No text in a page is longer, in characters. */
const LONGEST = 2_000;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/**
 * Markup of a template. Whatever is put into it is text, in elements and in quoted attributes alike: what cannot be seen
 * is spelt out, it is bounded, and no character of it means anything to HTML.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.reduce((source, string, index) => source + sourceOf(parts[index - 1]) + string));
}

function sourceOf(part: Part): string {
  if (part === undefined) return '';
  if (part instanceof Markup) return part.source;
  if (typeof part === 'number') return String(part);
  if (typeof part === 'string') return escaped(part);
  return part.map(sourceOf).join('');
}

function escaped(text: string): string {
  // Stryker disable next-line StringLiteral: every such character has an entity.
  return printable(text, LONGEST).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
