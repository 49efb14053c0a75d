import type { ClusterDependents, ClusterKey } from '../core/cluster-dependents.ts';
import type { Call, ClusterLaunch, KeyDependents, NeedyVolume, OtherGrant, RefusedCall } from '../core/key-dependents.ts';
import type { Launch } from '../core/launch.ts';
import { grouped, sortedBy } from '../core/sorting.ts';
import { printable } from '../core/text.ts';
import { type Timestamp, toSeconds } from '../core/timestamp.ts';
import type { Detail } from '../dependents.ts';
import { columnsOf, counted, fitted, hanging, padded } from './layout.ts';
import { instant, instantAfter, keyName } from './render-text.ts';
import type { Style } from './style.ts';

/** As much as a screen shows; the rest is counted, and in the JSON. */
export const SHOWN: Detail = { clusters: 20, volumes: 3, grants: 5 };
const RESOURCES_SHOWN = 12;
const CALLS_SHOWN = 5;
const ID_COLUMNS = 24;

/** What depends on a key, for people: the verdict first, then what it rests on. `now`: seconds since 1970. */
export function renderKeyDependents(of: KeyDependents, now: number, style: Style, width: number): string {
  return [
    keyLine(of, style, width),
    ...hanging('', of.verdict, width).map(style.strong),
    ...clustersLines(of, now, style, width),
    ...section('Open grants of no cluster’s volume', otherGrantLines(of.otherGrants, now, style, width), style),
    ...section('Seen using it', resourceLines(of, style, width), style),
    ...section(
      'Last used by others',
      of.lastOtherUses.slice(0, CALLS_SHOWN).flatMap((call) => callLines(call, width)),
      style,
    ),
    ...section(
      'Last refused',
      of.lastRefusals.slice(0, CALLS_SHOWN).flatMap((call) => refusalLines(call, width)),
      style,
    ),
    ...section(
      'What this cannot know',
      of.cannotKnow.flatMap((limit) => hanging('  ', limit, width)),
      style,
    ),
    style.faint('Times are UTC.'),
  ].join('\n');
}

/** Which keys a cluster's volumes sit on, for people. `now`: seconds since 1970. */
export function renderClusterDependents(of: ClusterDependents, now: number, style: Style, width: number): string {
  const name = printable(of.clusterName, 255);
  return [
    ...hanging('', `cluster ${name} of ${printable(of.clusterAccount, 32)}`, width).map(style.strong),
    ...hanging('', of.verdict, width).map(style.strong),
    ...(of.launch === undefined ? [] : hanging('', launchText(of.launch), width)),
    ...(of.volumesOnOldKeys === 0 || !/^[A-Za-z0-9_-]+$/.test(name)
      ? []
      : [
          '',
          'For each of its services:',
          style.command(`  aws ecs update-service --cluster ${name} --force-new-deployment --service SERVICE`),
        ]),
    ...of.keys.flatMap((key) => ['', ...clusterKeyLines(key, now, style, width)]),
    ...section(
      'Keys it had to do with, no open grant known',
      of.ungrantedKeys.flatMap((keyArn) => hanging('  ', keyText(keyArn), width)),
      style,
    ),
    '',
    style.faint('Times are UTC.'),
  ].join('\n');
}

function clusterKeyLines({ keyArn, state, current, volumes }: ClusterKey, now: number, style: Style, width: number): string[] {
  const marks = [current === undefined ? undefined : current ? 'current' : 'OLD', state].filter((mark) => mark !== undefined);
  const line = `${keyText(keyArn)}${marks.length === 0 ? '' : `  ${marks.join(', ')}`}`;
  return [...hanging('', line, width).map(current === false ? style.bad : style.strong), ...volumesLines(volumes, now, style, width)];
}

function keyText(keyArn: string): string {
  const { id, where } = keyName(keyArn);
  return `${id}  ${where}`;
}

function keyLine({ keyArn, state, openGrants }: KeyDependents, style: Style, width: number): string {
  const { id, where } = keyName(keyArn);
  const right = [state?.toUpperCase().replace('-', ' '), counted(openGrants, 'open grant')].filter((part) => part !== undefined).join(', ');
  const left = fitted(`${id}  ${where}`, width - columnsOf(right) - 2);
  const paint = state === undefined || state === 'enabled' ? style.good : style.bad;
  return style.strong(left) + ' '.repeat(width - columnsOf(left) - columnsOf(right)) + paint(right);
}

interface ClusterShown {
  readonly account: string;
  readonly name: string;
  /** False where no open grant of it is known. */
  readonly granted: boolean;
  readonly launch: ClusterLaunch | undefined;
  readonly volumes: readonly NeedyVolume[];
}

/** The clusters with the most volumes first. */
function clustersLines(of: KeyDependents, now: number, style: Style, width: number): string[] {
  const clusters = new Map<string, ClusterShown>();
  const idOf = (one: { readonly clusterAccount: string; readonly clusterName: string }): string =>
    JSON.stringify([one.clusterAccount, one.clusterName]);
  const launches = new Map(of.launches.map((launch) => [idOf(launch), launch]));
  const volumes = grouped(of.volumes, idOf);
  const granted = new Set(of.clusters.map(idOf));
  for (const one of [...of.clusters, ...of.launches.filter(({ keyArn }) => keyArn === of.keyArn), ...of.ungrantedClusters])
    clusters.set(idOf(one), {
      account: one.clusterAccount,
      name: one.clusterName,
      granted: granted.has(idOf(one)),
      launch: launches.get(idOf(one)),
      volumes: volumes.get(idOf(one)) ?? [],
    });
  const ordered = [...clusters.values()].sort((a, b) => b.volumes.length - a.volumes.length);
  const hidden = ordered.length - SHOWN.clusters;
  return [
    ...ordered.slice(0, SHOWN.clusters).flatMap((cluster) => ['', ...clusterLines(cluster, of.keyArn, now, style, width)]),
    ...(hidden > 0 ? [style.faint(`and ${counted(hidden, 'more cluster')}`)] : []),
  ];
}

function clusterLines(
  { account, name, granted, launch, volumes }: ClusterShown,
  keyArn: string,
  now: number,
  style: Style,
  width: number,
): string[] {
  const tasks =
    launch === undefined
      ? ''
      : launch.keyArn === keyArn
        ? `; new tasks get this key (${told(launch)})`
        : `; ${launchText(launch).toLowerCase().replace(/\.$/, '')}; replace its tasks (--force-new-deployment)`;
  const storage = granted ? counted(volumes.length, 'volume') : 'no open grant known';
  return [
    ...hanging('', `cluster ${printable(name, 255)} of ${printable(account, 32)}: ${storage}${tasks}`, width),
    ...volumesLines(volumes, now, style, width),
  ];
}

const told = ({ by, asOf }: Launch): string =>
  ({
    settings: `its settings of ${instant(asOf)}`,
    rehearsal: `a launch rehearsed ${instant(asOf)}`,
    refusal: `refused ${instant(asOf)}`,
    grant: `a grant of ${instant(asOf)}`,
  })[by];

function launchText(launch: Launch): string {
  const key = launch.keyArn === undefined ? 'no customer key' : keyName(launch.keyArn).id;
  return `New tasks get ${key} (${told(launch)}).`;
}

/** The volumes whose last use was read are those with the oldest grants. */
function volumesLines(volumes: readonly NeedyVolume[], now: number, style: Style, width: number): string[] {
  const shown = sortedBy(volumes, ({ grants, volumeId }) => [oldest(grants), volumeId]).slice(0, SHOWN.volumes);
  const room = Math.max(...shown.map(({ volumeId }) => columnsOf(shortId(volumeId))), 0);
  const hidden = volumes.length - shown.length;
  return [
    ...shown.map(({ volumeId, grants, lastUse }) => {
      const since = oldest(grants);
      const use = lastUse === undefined ? 'no use seen' : `last ${lastUse.operation} ${instantAfter(since, lastUse.time)}`;
      const more = grants.length > 1 ? `, ${counted(grants.length, 'grant')}` : '';
      return fitted(`  ${padded(shortId(volumeId), room)}  granted ${instant(since)} (${age(since, now)})${more}, ${use}`, width);
    }),
    ...(hidden > 0 ? [style.faint(`  and ${hidden} more`)] : []),
  ];
}

const shortId = (volumeId: string): string => fitted(printable(volumeId, 48), ID_COLUMNS);
const oldest = (grants: readonly { readonly createdAt: Timestamp }[]): Timestamp =>
  grants.map(({ createdAt }) => createdAt).sort()[0] ?? '';

/** How long ago, in the largest unit that is at least one. */
function age(since: Timestamp, now: number): string {
  const hours = Math.floor((now - toSeconds(since)) / 3_600);
  if (hours < 1) return 'under an hour';
  return hours < 48 ? counted(hours, 'hour') : counted(Math.floor(hours / 24), 'day');
}

function otherGrantLines(grants: readonly OtherGrant[], now: number, style: Style, width: number): string[] {
  const shown = sortedBy(grants, ({ createdAt, grantId }) => [createdAt, '', grantId]).slice(0, SHOWN.grants);
  const hidden = grants.length - shown.length;
  return [
    ...shown.flatMap(({ createdAt, grantee, operations, resource }) => {
      const may = `${printable(grantee ?? 'a grantee the records do not name', 300)} may ${printable(operations?.join(', ') ?? 'do what the records do not name', 300)}`;
      const of = resource === undefined ? '' : ` for ${resource.kind} ${printable(resource.id, 200)}`;
      return hanging(`  ${instant(createdAt)}  `, `${may}${of} (${age(createdAt, now)})`, width);
    }),
    ...(hidden > 0 ? [style.faint(`  and ${hidden} more`)] : []),
  ];
}

function resourceLines({ resources }: KeyDependents, style: Style, width: number): string[] {
  const latest = [...sortedBy(resources, ({ lastSeen, id }) => [lastSeen, id])].reverse();
  const hidden = latest.length - RESOURCES_SHOWN;
  return [
    ...latest
      .slice(0, RESOURCES_SHOWN)
      .flatMap(({ kind, id, lastSeen }) => hanging(`  ${instant(lastSeen)}  `, `${kind} ${printable(id, 300)}`, width)),
    ...(hidden > 0 ? [style.faint(`  and ${hidden} more`)] : []),
  ];
}

function callLines({ time, operation, caller }: Call, width: number): string[] {
  return hanging(`  ${instant(time)}  `, `${printable(operation, 64)} by ${printable(caller, 200)}`, width);
}

function refusalLines(call: RefusedCall, width: number): string[] {
  const { time, operation, caller, reason, rehearsal, clusterName, volumeId, resource } = call;
  const target = [
    clusterName === undefined ? undefined : `cluster ${printable(clusterName, 255)}`,
    volumeId === undefined ? undefined : printable(volumeId, 48),
    resource === undefined ? undefined : `${resource.kind} ${printable(resource.id, 200)}`,
  ].filter((part) => part !== undefined);
  const of = target.length === 0 ? '' : ` for ${target.join(', ')}`;
  return hanging(
    `  ${instant(time)}  `,
    `${printable(operation, 64)}${rehearsal ? ' (rehearsal)' : ''}${of} by ${printable(caller, 200)}: ${reason}`,
    width,
  );
}

function section(title: string, lines: readonly string[], style: Style): string[] {
  return lines.length === 0 ? [] : ['', style.strong(title), ...lines];
}
