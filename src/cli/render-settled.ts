import { printable } from '../core/text.ts';
import { counted, hanging, jsonLines } from './layout.ts';
import { byUrgency, findingLines } from './render-findings.ts';
import { instant } from './render-text.ts';
import type { Settled } from './settle.ts';
import type { Style } from './style.ts';

const OTHERS_SHOWN = 10;

/** What was written to settle a finding, for whoever did. */
export function renderSettled({ finding, policy, entry, settlement, alsoExpected }: Settled, style: Style, width: number): string {
  const told = (sentence: string): string[] => hanging('', sentence, width);
  const others = [...alsoExpected].sort(byUrgency);
  const hidden = others.length - OTHERS_SHOWN;
  return [
    style.good('Settled'),
    ...findingLines(finding, style, width),
    '',
    ...told(`${printable(policy, 1_000)} has gained:`),
    ...jsonLines(entry, 2, width).map(style.command),
    ...(settlement === undefined
      ? []
      : told(`The table has it as settled up to ${instant(settlement.through)}: ${printable(settlement.reason, 1_000)}`)),
    ...('grants' in entry && settlement === undefined
      ? told('A profile has no place for the reason; say it where you commit the policy.')
      : []),
    ...(others.length === 0 ? [] : ['', ...told(`The entry expects ${counted(others.length, 'other finding')} as well; read them:`)]),
    ...others.slice(0, OTHERS_SHOWN).flatMap((other) => findingLines(other, style, width)),
    ...(hidden > 0 ? [style.faint(`and ${hidden} more`)] : []),
    '',
    ...told('A deployment knows of it once it is deployed with this policy.'),
  ].join('\n');
}
