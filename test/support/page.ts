/** An element of a page as it was read. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: (Element | string)[];
}

const TOKEN = /<!doctype html>|<\/([a-z][a-z0-9]*)>|<([a-z][a-z0-9]*)((?: [a-zA-Z0-9-]+="[^"<>]*")*)(\/?)>|([^<>]+)/gy;
const VOID = ['meta', 'br'];
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

const unescaped = (text: string): string =>
  text.replace(/&([a-z0-9#]*);?/g, (entity, name: string) => {
    const character = ENTITIES[name];
    if (character === undefined) throw new Error(`not escaped: ${entity}`);
    return character;
  });

/** Reads markup more strictly than a browser does: throws where an element is not closed in its place, or a text is not escaped. */
export function readPage(source: string): Element {
  const root: Element = { name: '', attributes: {}, children: [] };
  const open = [root];
  let end = 0;
  for (const { 0: token, 1: closed, 2: opened, 3: attributes = '', 4: empty, 5: text } of source.matchAll(TOKEN)) {
    end += token.length;
    const within = open.at(-1);
    if (within === undefined) break;
    if (closed !== undefined) {
      if (within.name !== closed) throw new Error(`</${closed}> within <${within.name}>`);
      open.pop();
    } else if (opened !== undefined) {
      const pairs = [...attributes.matchAll(/ ([^=]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, unescaped(value)]);
      const element: Element = { name: opened, attributes: Object.fromEntries(pairs), children: [] };
      within.children.push(element);
      if (!VOID.includes(opened) && empty === '') open.push(element);
    } else if (text !== undefined) within.children.push(within.name === 'style' ? text : unescaped(text));
  }
  if (end < source.length || open.length !== 1) throw new Error(`no markup: ${source.slice(end, end + 80)}`);
  return root;
}

/** Every element within, in the order of the page. */
export function elementsOf(within: Element, found: Element[] = []): Element[] {
  for (const child of within.children) {
    if (typeof child === 'string') continue;
    found.push(child);
    elementsOf(child, found);
  }
  return found;
}

/** Every element within that has this name and these attributes. */
export function all(within: Element, name: string, attributes: Readonly<Record<string, string>> = {}): Element[] {
  return elementsOf(within).filter(
    (element) => element.name === name && Object.entries(attributes).every(([key, value]) => element.attributes[key] === value),
  );
}

/** The only such element. */
export function only(within: Element, name: string, attributes: Readonly<Record<string, string>> = {}): Element {
  const [found, ...others] = all(within, name, attributes);
  if (found === undefined || others.length > 0) throw new Error(`${found === undefined ? 'no' : 'several'} <${name}>`);
  return found;
}

/** What a reader sees of it: a new line as `/`, an item of a list behind `•`. */
export function textOf(element: Element): string {
  const raw = ({ name, children }: Element): string => {
    const own = children.map((child) => (typeof child === 'string' ? child : raw(child))).join('');
    return name === 'br' ? ' / ' : name === 'li' ? ` • ${own}` : own;
  };
  return raw(element).replace(/\s+/g, ' ').trim();
}

/** The texts of every such element. */
export const texts = (within: Element, name: string, attributes: Readonly<Record<string, string>> = {}): string[] =>
  all(within, name, attributes).map(textOf);

/** A table as its reader sees it; the heads of columns of numbers end in `#`. */
export interface Table {
  readonly caption: string;
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The table whose caption has this id. */
export function tableOf(within: Element, id: string): Table {
  const frame = only(within, 'div', { 'aria-labelledby': id });
  const cellsOf = (row: Element): Element[] => row.children.filter((child) => typeof child !== 'string');
  const [head, ...rows] = all(frame, 'tr').map(cellsOf);
  return {
    caption: textOf(only(frame, 'caption', { id })),
    heads: (head ?? []).map((cell) => `${textOf(cell)}${cell.attributes.class === 'number' ? '#' : ''}`),
    rows: rows.map((cells) => cells.map(textOf)),
  };
}
