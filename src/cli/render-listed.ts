import { isOpen } from '../core/standing.ts';
import { printable } from '../core/text.ts';
import type { ListedFinding } from './findings.ts';
import { counted, hanging, jsonLines } from './layout.ts';
import { byUrgency, FINDING_INDENT, findingLines, severityCounts } from './render-findings.ts';
import { closingLines, instant } from './render-text.ts';
import type { Style } from './style.ts';

const INDENT = ' '.repeat(FINDING_INDENT);

/** Findings for people, the most urgent first: what happened, what became of it, what the policy would have to say to expect it. */
export function renderListed(listed: readonly ListedFinding[], style: Style, width: number): string {
  if (listed.length === 0) return style.good('No such finding.');
  const open = listed.filter(({ finding, standing }) => isOpen(finding, standing)).length;
  const all = listed.map(({ finding }) => finding);
  return [
    ...[...listed].sort((a, b) => byUrgency(a.finding, b.finding)).flatMap((one) => [...listedLines(one, style, width), '']),
    ...closingLines(
      (painted) => [`${counted(all.length, 'finding')}: ${severityCounts(all, painted)}.`, `${open} open. Times are UTC.`],
      style,
      width,
    ),
  ].join('\n');
}

function listedLines({ finding, standing, sentence, entry }: ListedFinding, style: Style, width: number): string[] {
  return [
    ...findingLines(finding, style, width),
    ...(sentence === undefined ? [] : hanging(INDENT, printable(sentence, 3_000), width)),
    ...standingLines({ finding, standing }, style, width),
    ...(entry === undefined
      ? hanging(INDENT, 'No policy entry can name it.', width).map(style.faint)
      : [`${INDENT}To expect it, add to the policy:`, ...jsonLines(entry, FINDING_INDENT, width).map(style.command)]),
  ];
}

function standingLines({ finding, standing }: ListedFinding, style: Style, width: number): string[] {
  const { endedAt, settled } = standing;
  const told = (sentence: string): string[] => hanging(INDENT, sentence, width);
  return [
    ...(endedAt === undefined ? [] : told(`Over since ${instant(endedAt)}.`).map(style.good)),
    ...(settled === undefined
      ? []
      : told(
          `Settled ${instant(settled.at)}${settled.through < finding.lastSeen ? ', and seen again since' : ''}: ${printable(settled.reason, 1_000)}`,
        )),
    ...(isOpen(finding, standing) ? told('Open.') : []),
  ];
}
