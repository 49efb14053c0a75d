import type { Refused } from '../core/fact.ts';
import { orderOf } from '../core/fact.ts';
import type { RefusalReason } from '../core/outcome.ts';
import { printable } from '../core/text.ts';
import { counted, hanging } from './layout.ts';
import { instant, keyName } from './render-text.ts';
import type { Style } from './style.ts';

/** What follows the key's name in a heading. */
const REASONS: Readonly<Record<RefusalReason, string>> = {
  disabled: ' is disabled',
  'pending-deletion': ' is pending deletion',
  'pending-import': ' waits for its material',
  unavailable: ' is unavailable',
  missing: ' does not exist',
  denied: ': not allowed',
  'wrong-context': ': other ciphertext, key or encryption context',
  passing: ': throttled, or a fault of KMS’s own',
  other: ': other reasons',
};
/** Refusals that say something about the key come first. */
const ORDER = Object.keys(REASONS);
const SHOWN = 12;

/** What was refused and why: by key and reason, the newest of each last. */
export function renderRefusals(refusals: readonly Refused[], style: Style, width: number): string[] {
  const groups = new Map<string, Refused[]>();
  for (const refusal of inOrder(refusals)) {
    const id = `${ORDER.indexOf(refusal.reason)} ${refusal.keyArn ?? ''}`;
    groups.set(id, [...(groups.get(id) ?? []), refusal]);
  }
  if (groups.size === 0) return [style.good('Nothing was refused.')];
  return [...groups.keys()].sort().flatMap((id) => groupLines(groups.get(id) ?? [], style, width));
}

function groupLines(refusals: readonly Refused[], style: Style, width: number): string[] {
  const [first] = refusals;
  if (first === undefined) return [];
  const { id, where } = keyName(first.keyArn);
  const hidden = Math.max(0, refusals.length - SHOWN);
  return [
    ...hanging('', `${id}${REASONS[first.reason]}${where === '' ? '' : ` (${where})`}`, width).map(style.strong),
    ...(hidden === 0 ? [] : [style.faint(`  ${counted(hidden, 'earlier one')}, then`)]),
    ...refusals.slice(-SHOWN).flatMap((refusal) => hanging(`  ${instant(refusal.time)}  `, sentence(refusal), width)),
  ];
}

function sentence(refusal: Refused): string {
  const { operation, rehearsal, cluster, volumeId, resource, caller, reason, code, message } = refusal;
  const volume = volumeId === undefined ? '' : ` ${printable(volumeId, 48)}`;
  const target =
    cluster !== undefined
      ? ` for ${printable(cluster.name, 255)}${volume}`
      : resource === undefined
        ? ''
        : ` for ${resource.kind} ${printable(resource.id, 200)}`;
  const said = reason === 'other' || reason === 'denied' ? `: ${printable(`${code} ${message}`.trim(), 500)}` : '';
  return `${printable(operation, 64)}${rehearsal ? ' (rehearsal)' : ''}${target} by ${printable(caller.id, 200)}${said}`;
}

const inOrder = (refusals: readonly Refused[]): Refused[] => [...refusals].sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
