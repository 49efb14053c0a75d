import { readKeyArn } from '../key-arn.ts';
import type { Timestamp } from '../timestamp.ts';
import { html, type Markup, type Part } from './markup.ts';

const NUMBER = new Intl.NumberFormat('en-US');

/** A number as people read it. */
export const figure = (value: number): string => NUMBER.format(value);

/** A count with its noun. */
export function figures(count: number, noun: string): string {
  return `${figure(count)} ${count === 1 ? noun : `${noun}s`}`;
}

/** An instant, UTC. */
export function moment(time: Timestamp | undefined): Markup {
  return time === undefined ? html`<span class="faint">unknown</span>` : html`<time datetime="${time}">${moments(time)}</time>`;
}

/** An instant as text, UTC. */
export const moments = (time: Timestamp): string => time.replace('T', ' ').replace('Z', '');

/** An id, to be copied. */
export const code = (id: string): Markup => html`<code>${id}</code>`;

/** A key: its id, then where it lives. */
export function keyCell(keyArn: string | undefined): Markup {
  if (keyArn === undefined) return html`<span class="faint">not named</span>`;
  const arn = readKeyArn(keyArn);
  if (arn === undefined) return code(keyArn);
  return html`${code(arn.keyId)}<br><small>${arn.region} ${arn.account}</small>`;
}

/** A cluster: its name, then its account. */
export function clusterCell(clusterAccount: string | undefined, clusterName: string | undefined): Markup {
  if (clusterName === undefined) return html`<span class="faint">none</span>`;
  return html`${clusterName}${clusterAccount ? html`<br><small>${clusterAccount}</small>` : undefined}`;
}

/** How a word is to be taken. */
export type Tone = 'critical' | 'high' | 'medium' | 'low' | 'good' | 'plain';

/** A word that stands out; it says the same without its colour. */
export const badge = (word: string, tone: Tone): Markup => html`<span class="badge ${tone}">${word}</span>`;

/** What was left out of a list and where it is; nothing where nothing was. */
export function leftOut(shown: number, all: number, noun: string): Markup | undefined {
  if (shown >= all) return undefined;
  return html`<p class="note">${figure(shown)} of ${figure(all)} ${noun} are shown; <code>--json</code> has every one.</p>`;
}

/** A column of a table. */
export interface Column {
  readonly head: string;
  readonly numeric?: true;
}

/** A table that scrolls in a frame of its own, also by keyboard. The first cell of a row is its heading. */
export function table(id: string, caption: Part, columns: readonly Column[], rows: readonly (readonly Part[])[]): Markup {
  const number = (index: number): Markup | undefined => (columns[index]?.numeric ? html` class="number"` : undefined);
  return html`<div class="scroll" tabindex="0" role="region" aria-labelledby="${id}">
<table>
<caption id="${id}">${caption}</caption>
<thead><tr>${columns.map(({ head }, index) => html`<th scope="col"${number(index)}>${head}</th>`)}</tr></thead>
<tbody>
${rows.map(
  ([head, ...cells]) =>
    html`<tr><th scope="row">${head}</th>${cells.map((cell, index) => html`<td${number(index + 1)}>${cell}</td>`)}</tr>
`,
)}</tbody>
</table>
</div>
`;
}
