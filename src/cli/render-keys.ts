import type { GrantCreated, Refused } from '../core/fact.ts';
import type { KeyState } from '../core/key-state.ts';
import type { RefusalReason } from '../core/outcome.ts';
import type { KeyReport, VolumeReport } from '../core/report.ts';
import { printable } from '../core/text.ts';
import type { Timestamp } from '../core/timestamp.ts';
import { columnsOf, counted, fitted, hanging } from './layout.ts';
import { instant, keyName } from './render-text.ts';
import { type ClusterVolumes, volumeLines, volumesByKey } from './render-volumes.ts';
import type { Style } from './style.ts';

/** What is known of the keys. Without `refusals` and `grants` the same is told with less detail. */
export interface KeysShown {
  readonly keys: readonly KeyReport[];
  readonly volumes: Iterable<VolumeReport>;
  readonly refusals?: readonly Refused[];
  /** Open grants that no cluster accounts for. */
  readonly grants?: readonly GrantCreated[];
}

const RESOURCES_SHOWN = 12;
const UNUSABLE: ReadonlySet<KeyState | RefusalReason> = new Set([
  'disabled',
  'pending-deletion',
  'deleted',
  'unavailable',
  'pending-import',
  'missing',
] as const);

interface Entry {
  readonly key: KeyReport;
  /** By cluster. */
  readonly volumes: ReadonlyMap<string, ClusterVolumes>;
  readonly grants: readonly GrantCreated[];
  /** Why the key could not be used when last somebody tried, unless it has worked since. */
  readonly refusedAs: RefusalReason | undefined;
}

/** Who may decrypt what: each key with its state, its clusters, their volumes and grants, and what else was seen using it. */
export function renderKeys({ keys, volumes, refusals = [], grants = [] }: KeysShown, style: Style, width: number): string[] {
  const byKey = volumesByKey(volumes);
  const entries = keys.map((key): Entry => {
    const seen = {
      key,
      volumes: byKey.get(key.keyArn) ?? new Map(),
      grants: grants.filter(({ keyArn }) => keyArn === key.keyArn),
    };
    const worked = lastWorked(seen);
    const refusal = refusals.findLast(({ keyArn, reason, time }) => keyArn === key.keyArn && UNUSABLE.has(reason) && time >= worked);
    return { ...seen, refusedAs: refusal?.reason };
  });
  if (entries.length === 0) return [style.faint('No key was seen.')];
  const told = entries
    .filter((entry) => hasDependents(entry) || entry.key.state !== undefined || entry.refusedAs !== undefined)
    .sort((a, b) => urgency(a) - urgency(b))
    .map((entry) => keyLines(entry, style, width));
  const silent = entries.length - told.length;
  const rest = `${counted(silent, 'other key')} in the records, with nothing known to depend on ${silent === 1 ? 'it' : 'them'}.`;
  return [...told, ...(silent === 0 ? [] : [hanging('', rest, width).map(style.faint)])].flatMap(spaced);
}

/** When the key is last known to have worked, empty where it is not. */
function lastWorked({ key, volumes, grants }: Pick<Entry, 'key' | 'volumes' | 'grants'>): Timestamp {
  const made = [...volumes.values()].flatMap(({ granted, released }) => [...granted, ...released].flatMap((volume) => volume.grants));
  return [
    ...made.map(({ createdAt = '' }) => createdAt),
    ...grants.map(({ time }) => time),
    ...key.resources.map(({ lastSeen }) => lastSeen),
  ].reduce((latest, time) => (latest < time ? time : latest), '');
}

/** A blank line beside every block of several lines. */
function spaced(block: readonly string[], index: number, blocks: readonly (readonly string[])[]): string[] {
  const before = blocks[index - 1];
  return [...(before !== undefined && (before.length > 1 || block.length > 1) ? [''] : []), ...block];
}

const hasDependents = ({ key, volumes }: Entry): boolean => key.openGrants > 0 || key.resources.length > 0 || volumes.size > 0;

/** Keys that cannot be used though something needs them come first, then keys in use, then the rest. */
function urgency(entry: Entry): number {
  const { state, openGrants } = entry.key;
  if (state === undefined ? entry.refusedAs !== undefined : UNUSABLE.has(state)) {
    if (openGrants > 0) return 0;
    return entry.refusedAs !== undefined || hasDependents(entry) ? 1 : 3;
  }
  return openGrants > 0 ? 2 : 4;
}

function keyLines(entry: Entry, style: Style, width: number): string[] {
  const { key, refusedAs } = entry;
  const { id, where } = keyName(key.keyArn);
  const state = key.state ?? (refusedAs === undefined ? '' : `refused as ${refusedAs}`);
  const grants = key.openGrants > 0 ? counted(key.openGrants, 'open grant') : state === '' ? 'no open grant' : '';
  const right = [state.toUpperCase().replace('-', ' '), grants].filter((part) => part !== '').join(', ');
  const name = fitted(id, width - columnsOf(right) - 2);
  const room = width - columnsOf(name) - columnsOf(right) - 4;
  const place = where !== '' && columnsOf(where) <= room ? `  ${where}` : '';
  const gap = ' '.repeat(width - columnsOf(name) - columnsOf(place) - columnsOf(right));
  const paint = key.state === 'enabled' ? style.good : state === '' ? style.faint : style.bad;
  return [
    `${style.strong(name)}${style.faint(place)}${gap}${paint(right)}`,
    ...clusterLines(entry, style, width),
    ...grantLines(entry, width),
    ...resourceLines(key, style, width),
  ];
}

function clusterLines({ key, volumes }: Entry, style: Style, width: number): string[] {
  const clusters = new Map<string, Pick<ClusterVolumes, 'clusterAccount' | 'clusterName'>>();
  for (const cluster of [...key.clusters, ...volumes.values()])
    clusters.set(JSON.stringify([cluster.clusterAccount, cluster.clusterName]), cluster);
  return [...clusters].flatMap(([id, { clusterAccount, clusterName }]) => {
    const ofCluster = volumes.get(id);
    const name = `cluster ${printable(clusterName, 255)} of ${printable(clusterAccount, 32)}`;
    return [...hanging('  ', name, width), ...(ofCluster === undefined ? [] : volumeLines(ofCluster, style, width))];
  });
}

function grantLines({ key, grants }: Entry, width: number): string[] {
  const count = key.openGrants - key.clusters.reduce((sum, { openGrants }) => sum + openGrants, 0);
  if (count <= 0) return [];
  return [
    `  ${counted(count, 'grant')} outside any cluster`,
    ...grants.flatMap(({ time, grantee, operations }) => {
      const to = printable(grantee ?? 'a grantee the record does not name', 300);
      return hanging(
        `    ${instant(time)}  `,
        `${to} may ${printable(operations?.join(', ') ?? 'do what the record does not name', 300)}`,
        width,
      );
    }),
  ];
}

function resourceLines({ resources }: KeyReport, style: Style, width: number): string[] {
  if (resources.length === 0) return [];
  const hidden = resources.length - RESOURCES_SHOWN;
  return [
    '  last seen using it',
    ...resources
      .slice(0, RESOURCES_SHOWN)
      .flatMap(({ kind, id, lastSeen }) => hanging(`    ${instant(lastSeen)}  `, `${kind} ${printable(id, 300)}`, width)),
    ...(hidden > 0 ? [style.faint(`    and ${hidden} more`)] : []),
  ];
}
