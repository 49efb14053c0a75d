import type { Finding } from '../core/finding.ts';
import { SEVERITIES, type Severity } from '../core/severity.ts';
import { printable } from '../core/text.ts';
import { counted, hanging } from './layout.ts';
import { instant, instantAfter } from './render-text.ts';
import type { Style } from './style.ts';

/** The findings, most severe first, then the latest. */
export function renderFindings(findings: readonly Finding[], style: Style, width: number): string[] {
  if (findings.length === 0) return [style.good('No finding holds.')];
  return [...findings].sort(byUrgency).flatMap((finding) => findingLines(finding, style, width));
}

/** Orders findings for people: the most severe first, then the latest. */
export function byUrgency(a: Finding, b: Finding): number {
  const rank = ({ severity }: Finding): number => SEVERITIES.indexOf(severity);
  return rank(a) - rank(b) || (a.lastSeen < b.lastSeen ? 1 : -1);
}

/** Findings by severity: `2 critical, 1 high`. */
export function severityCounts(findings: readonly { readonly severity: Severity }[], style: Style): string {
  const counts = SEVERITIES.flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count === 0 ? [] : style.severity(severity, `${count} ${severity}`);
  });
  return counts.length === 0 ? style.good('none') : counts.join(', ');
}

/** Where the text of a finding begins, behind its severity. */
export const FINDING_INDENT = 11;

/** One finding: its severity and title, then rule, times, caller and id. */
export function findingLines(finding: Finding, style: Style, width: number): string[] {
  const { severity, title, rule, count, firstSeen, lastSeen, caller, operation, id } = finding;
  const badge = ` ${severity.toUpperCase()} `.padEnd(10);
  const [first = '', ...more] = hanging(' '.repeat(FINDING_INDENT), printable(title, 400), width);
  const when = count === 1 ? instant(firstSeen) : `${count} times, ${instant(firstSeen)} to ${instantAfter(firstSeen, lastSeen)}`;
  const detail = `${rule}, ${when}, ${printable(operation, 64)} by ${printable(caller, 200)}, finding ${id}`;
  return [
    `${style.severity(severity, badge)} ${style.strong(first.trimStart())}`,
    ...more.map(style.strong),
    ...hanging(' '.repeat(FINDING_INDENT), detail, width).map(style.faint),
  ];
}

/** What became of the records: `96 audited, 3 duplicates, …`. */
export function coverageText(events: {
  readonly read: number;
  readonly audited: number;
  readonly duplicates: number;
  readonly outOfScope: number;
  readonly rejected: number;
}): string {
  const { read, audited, duplicates, outOfScope, rejected } = events;
  return `${counted(read, 'record')} read: ${audited} audited, ${counted(duplicates, 'duplicate')}, ${outOfScope} out of scope, ${rejected} rejected`;
}
