import type { GrantReport, VolumeReport } from '../core/report.ts';
import { printable } from '../core/text.ts';
import { columnsOf, counted, fitted, padded } from './layout.ts';
import { instant, instantAfter } from './render-text.ts';
import type { Style } from './style.ts';

/** Volumes that are over and done with fill screens: this many of a cluster are shown, and the rest counted. */
const RELEASED_SHOWN = 8;
const ID_COLUMNS = 24;

/** The volumes of one cluster under one key: those that are shown, and how many more there are. */
export interface ClusterVolumes {
  readonly clusterAccount: string;
  readonly clusterName: string;
  readonly granted: VolumeReport[];
  readonly prepared: VolumeReport[];
  /** The first of them. */
  readonly released: VolumeReport[];
  hidden: number;
}

/** Sorts volumes by key, then by cluster, in the order in which they come. */
export function volumesByKey(volumes: Iterable<VolumeReport>): Map<string, Map<string, ClusterVolumes>> {
  const keys = new Map<string, Map<string, ClusterVolumes>>();
  for (const volume of volumes) {
    const { keyArn, clusterAccount, clusterName, status } = volume;
    const clusters = keys.get(keyArn) ?? new Map<string, ClusterVolumes>();
    keys.set(keyArn, clusters);
    const id = JSON.stringify([clusterAccount, clusterName]);
    const cluster = clusters.get(id) ?? { clusterAccount, clusterName, granted: [], prepared: [], released: [], hidden: 0 };
    clusters.set(id, cluster);
    if (status === 'released' && cluster.released.length === RELEASED_SHOWN) cluster.hidden += 1;
    else cluster[status].push(volume);
  }
  return keys;
}

/** The volumes of one cluster under one key, those that live first: `vol-…  granted   2026-11-02 10:00:02 ●────▶ open`. */
export function volumeLines({ granted, prepared, released, hidden }: ClusterVolumes, style: Style, width: number): string[] {
  const shown = [...granted, ...prepared, ...released];
  const room = shown.reduce((most, { volumeId }) => Math.max(most, columnsOf(idOf(volumeId))), 0);
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
