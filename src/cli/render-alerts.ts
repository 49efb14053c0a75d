import { at, items, text } from '../core/json.ts';
import { SEVERITIES, type Severity } from '../core/severity.ts';
import { printable } from '../core/text.ts';
import type { PublishedAlert } from '../local/sns-wire.ts';
import { hanging, jsonLines } from './layout.ts';
import { sentenceLines } from './render-text.ts';
import type { Style } from './style.ts';

/** Each alert as a chat channel shows it: severity and title, description, next steps; in order of arrival. */
export function renderAlerts(alerts: readonly PublishedAlert[], style: Style, width: number): string[] {
  if (alerts.length === 0) return [style.good('Nobody was alerted.')];
  return alerts.flatMap((alert, index) => [...(index === 0 ? [] : ['']), ...alertLines(alert, style, width)]);
}

const INDENT = '   ';

function alertLines({ bodies, attributes, subject }: PublishedAlert, style: Style, width: number): string[] {
  const content = chatContent(bodies.default ?? '');
  const severity = SEVERITIES.find((one) => one === attributes.severity) ?? 'low';
  const title = seen(text(content('title')) ?? subject ?? '', 300);
  const description = (text(content('description')) ?? '').split('\n').filter((paragraph) => paragraph !== '');
  const steps = items(content('nextSteps')).flatMap((step) => text(step) ?? []);
  return [
    ...titleLines(title, severity, style, width),
    ...description.flatMap((paragraph) => paragraphLines(seen(paragraph, 3_000), style, width)),
    ...steps.flatMap((step, index) => sentenceLines(`${INDENT}${index + 1}. `, seen(step, 1_000), style, width)),
  ];
}

/** A paragraph; a policy entry at its end stands on lines of its own, to be copied. */
function paragraphLines(paragraph: string, style: Style, width: number): string[] {
  const start = paragraph.indexOf(': {"');
  const entry = start < 0 ? undefined : parsed(paragraph.slice(start + 2));
  if (entry === undefined) return sentenceLines(INDENT, paragraph, style, width);
  return [...hanging(INDENT, paragraph.slice(0, start + 1), width), ...jsonLines(entry, INDENT.length, width).map(style.command)];
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** The severity stands out of a title that begins with it, a reminder's included. */
function titleLines(title: string, severity: Severity, style: Style, width: number): string[] {
  const [, still = '', rest = title] = /^(Still: )?\[[A-Z]+\] (.*)$/s.exec(title) ?? [];
  const badge = ` ${severity.toUpperCase()} `;
  const [first = '', ...more] = hanging(' '.repeat(badge.length + 1), still + rest, width);
  return [`${style.severity(severity, badge)} ${style.strong(first.trimStart())}`, ...more.map(style.strong)];
}

/** What a reader sees of chat text: its three entities undone, and nothing that a terminal would obey. */
function seen(chat: string, limit: number): string {
  return printable(chat.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'), limit);
}

function chatContent(body: string): (field: string) => unknown {
  try {
    const notification: unknown = JSON.parse(body);
    return (field) => at(notification, 'content', field);
  } catch {
    return (field) => (field === 'description' ? body : undefined);
  }
}
