import type { GrantReport, VolumeReport } from '../core/report.ts';
import { printable } from '../core/text.ts';
import { columnsOf, counted, fitted, padded } from './layout.ts';
import { instant, instantAfter } from './render-text.ts';
import type { Style } from './style.ts';

/** Volumes that are over and done with fill screens: this many of a cluster are shown, and the rest counted. */
const RELEASED_SHOWN = 8;
const ID_COLUMNS = 24;
const ORDER = { granted: 0, prepared: 1, released: 2 } as const;

/** The volumes of one cluster under one key, those that live first: `vol-…  granted   2026-11-02 10:00:02 ●────▶ open`. */
export function volumeLines(volumes: readonly VolumeReport[], style: Style, width: number): string[] {
  const ordered = [...volumes].sort((a, b) => ORDER[a.status] - ORDER[b.status]);
  const living = ordered.filter(({ status }) => status !== 'released').length;
  const shown = ordered.slice(0, living + RELEASED_SHOWN);
  const room = Math.max(...shown.map(({ volumeId }) => columnsOf(idOf(volumeId))), 0);
  const hidden = ordered.length - shown.length;
  return [
    ...shown.flatMap((volume) => oneVolume(volume, room, style, width)),
    ...(hidden > 0 ? [style.faint(`    and ${hidden} more released`)] : []),
  ];
}

const idOf = (volumeId: string): string => fitted(printable(volumeId, 48), ID_COLUMNS);

/** One line a grant; the first of them names the volume and counts its decrypts. */
function oneVolume({ volumeId, status, grants, decrypts }: VolumeReport, room: number, style: Style, width: number): string[] {
  const lead = `    ${padded(idOf(volumeId), room)}  ${padded(status, 8)}  `;
  const uses = counted(decrypts, 'decrypt');
  const spans = grants.length === 0 ? ['no grant seen'] : [...grants].sort(byStanding).map(span);
  return spans.map((text, index) => {
    if (index > 0) return fitted(' '.repeat(columnsOf(lead)) + text, width);
    const line = fitted(lead + text, width - columnsOf(uses) - 2);
    const gap = ' '.repeat(width - columnsOf(line) - columnsOf(uses));
    return (status === 'granted' ? line.replace(status, style.good) : line) + gap + style.faint(uses);
  });
}

/** Open grants first, since they make the volume's status; then by creation. */
function byStanding(a: GrantReport, b: GrantReport): number {
  const ended = Number(a.status !== 'open') - Number(b.status !== 'open');
  return ended !== 0 ? ended : (a.createdAt ?? '') < (b.createdAt ?? '') ? -1 : 1;
}

/** A grant's life as a line in time. */
function span({ status, createdAt, endedAt, goneBy, adopted }: GrantReport): string {
  const from = createdAt === undefined ? 'creation not seen  ' : instant(createdAt);
  const by = endedAt ?? goneBy;
  const what = adopted ? `${status}, adopted` : status;
  return by === undefined ? `${from} ●────▶ ${what}` : `${from} ●────■ ${instantAfter(createdAt, by)} ${what}`;
}
