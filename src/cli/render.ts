import type { SourceReport } from '../backfill.ts';
import { alertNotes, entryOf, examplesOf } from '../core/catalogue.ts';
import type { RuleText } from '../core/rules/rule.ts';
import { printable } from '../core/text.ts';
import { hanging } from './layout.ts';
import { coverageText, renderFindings, severityCounts } from './render-findings.ts';
import { renderKeys } from './render-keys.ts';
import { closingLines, heading, sentenceLines } from './render-text.ts';
import type { ReplayReport } from './replay.ts';
import type { Style } from './style.ts';

export { styleOf } from './style.ts';

const REJECTIONS_SHOWN = 20;

/** A replay for people: keys and volumes, what could not be read, findings, and a closing line with the counts. */
export function renderReplay(report: ReplayReport, style: Style, width: number): string {
  const { events, sources, findings, volumes, keys } = report;
  const rejecting = sources.filter(({ rejected }) => rejected.length > 0);
  return [
    ...heading('Who may decrypt what (times are UTC)', style, width).slice(1),
    ...renderKeys({ keys, volumes }, style, width),
    ...(rejecting.length === 0
      ? []
      : [...heading('Not readable as records', style, width), ...rejecting.flatMap((source) => sourceLines(source, style, width))]),
    ...heading('Findings', style, width),
    ...renderFindings(findings, style, width),
    '',
    ...closingLines((painted) => [`${coverageText(events)}.`, `Findings: ${severityCounts(findings, painted)}.`], style, width),
  ].join('\n');
}

/** The rejected records of one source, the first of them with their reasons. */
export function sourceLines({ path, rejected }: Pick<SourceReport, 'path' | 'rejected'>, style: Style, width: number): string[] {
  const hidden = rejected.length - REJECTIONS_SHOWN;
  return [
    ...hanging('', printable(path, 1_000), width),
    ...rejected
      .slice(0, REJECTIONS_SHOWN)
      .flatMap(({ index, reason }) => hanging(`  record ${index + 1}: `, printable(reason, 400), width))
      .map(style.faint),
    ...(hidden > 0 ? [style.faint(`  and ${hidden} more`)] : []),
  ];
}

/** A rule for people: what it says, why it matters, what to do, what it cannot see, how its alerts end, what shows it. */
export function renderRule(rule: RuleText, style: Style, width: number): string {
  const entry = entryOf(rule);
  const { id, severity, title, why, runbook, limits, attack, attackUrl } = entry;
  const aside = (lead: string, text: string): string[] => hanging(lead, text, width).map(style.faint);
  return [
    `${style.severity(severity, ` ${severity.toUpperCase()} `)} ${style.strong(id)}`,
    ...hanging('', title, width),
    '',
    ...hanging('', why, width),
    '',
    ...runbook.flatMap((step, index) => sentenceLines(`${index + 1}. `, step, style, width)),
    '',
    ...aside('Limits: ', limits),
    ...alertNotes(entry).flatMap((note) => aside('', note)),
    ...aside(
      'Examples: ',
      examplesOf(entry)
        .map(([shows, scenario]) => `events/${scenario} (${shows})`)
        .join(', '),
    ),
    ...(attackUrl === undefined ? [] : aside('', `MITRE ATT&CK ${attack}: ${attackUrl}`)),
  ].join('\n');
}
