import type { SeverityChange } from '../core/policy-difference.ts';
import { printable } from '../core/text.ts';
import type { Difference } from './difference.ts';
import { counted, hanging } from './layout.ts';
import { byUrgency, FINDING_INDENT, findingLines } from './render-findings.ts';
import { closingLines, heading } from './render-text.ts';
import type { Style } from './style.ts';

/** What a change of policy changes, for people; `names` are the two policies'. */
export function renderDifference(
  { added, removed, changed, unchanged, alerts }: Difference,
  names: { readonly old: string; readonly new: string },
  style: Style,
  width: number,
): string {
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [...heading(title, style, width), ...lines];
  const told = [
    ...section(
      'Alerted from now on (times are UTC)',
      [...added].sort(byUrgency).flatMap((finding) => findingLines(finding, style, width)),
    ),
    ...section(
      'No longer alerted',
      [...removed].sort(byUrgency).flatMap((finding) => findingLines(finding, style, width)),
    ),
    ...section(
      'Alerted at another severity',
      changed.flatMap((change) => changeLines(change, style, width)),
    ),
    '',
  ].slice(1);
  const policies = `${printable(names.old, 300)} to ${printable(names.new, 300)}`;
  return [
    ...told,
    ...closingLines(
      () => [
        `From ${policies}: ${added.length} findings added, ${removed.length} removed, ${changed.length} of another severity, ${unchanged} as before.`,
        `Alerts sent: ${counted(alerts.old, 'message')} before, ${alerts.new} after.`,
      ],
      style,
      width,
    ),
  ].join('\n');
}

function changeLines({ id, rule, title, from, to }: SeverityChange, style: Style, width: number): string[] {
  const [first = '', ...more] = hanging(' '.repeat(FINDING_INDENT), printable(title, 400), width);
  return [
    `${style.severity(to, ` ${to.toUpperCase()} `.padEnd(FINDING_INDENT - 1))} ${style.strong(first.trimStart())}`,
    ...more.map(style.strong),
    ...hanging(' '.repeat(FINDING_INDENT), `${rule}, was ${from}, finding ${id}`, width).map(style.faint),
  ];
}
