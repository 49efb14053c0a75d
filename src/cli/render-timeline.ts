import { grouped } from '../core/sorting.ts';
import { printable } from '../core/text.ts';
import type { Gap, Subject, Timeline, TimelineEntry } from '../core/timeline.ts';
import { columnsOf, counted, fitted, hanging } from './layout.ts';
import { instant, instantAfter, keyName } from './render-text.ts';
import type { Style } from './style.ts';

/** Facts told one by one; what is before them is counted, and in the JSON. */
const ENTRIES_SHOWN = 200;
/** More of a day's ordinary facts in a row are counted together, where many volumes are told of. */
const RUN_SHOWN = 3;
const GAPS_SHOWN = 3;

/** The kinds of which a key or a cluster has many, as they are counted. */
const ORDINARY: ReadonlyMap<TimelineEntry['kind'], readonly [one: string, many: string]> = new Map([
  ['grant-created', ['grant made', 'grants made']],
  ['grant-ended', ['grant ended', 'grants ended']],
  ['key-used', ['use', 'uses']],
  ['rehearsed', ['rehearsal', 'rehearsals']],
  ['refused', ['refusal', 'refusals']],
]);

/** A timeline for people: each fact with its time, caller, event id and what it made of the subject; then what is missing. */
export function renderTimeline({ of, status, entries, gaps }: Timeline, style: Style, width: number): string {
  const runs = of.kind === 'key' || of.kind === 'cluster' ? runsOf(entries) : entries.map((entry) => [entry]);
  const hidden = runs.slice(0, Math.max(0, runs.length - ENTRIES_SHOWN)).flat().length;
  return [
    ...headLines(of, statusText(status), style, width),
    ...(hidden > 0 ? [style.faint(`${counted(hidden, 'earlier fact')}, then`)] : []),
    ...runs
      .slice(-ENTRIES_SHOWN)
      .flatMap((run) =>
        run.length > RUN_SHOWN ? runLines(run, style, width) : run.flatMap((entry) => entryLines(entry, of, style, width)),
      ),
    ...gapLines(gaps, style, width),
    style.faint(`${counted(entries.length, 'fact')}. Times are UTC.`),
  ].join('\n');
}

function headLines(of: Subject, status: string, style: Style, width: number): string[] {
  const right = fitted(printable(status, 200), Math.floor(width / 2));
  const lead = fitted(nameOf(of), width - columnsOf(right) - 2);
  const first = style.strong(lead) + ' '.repeat(Math.max(2, width - columnsOf(lead) - columnsOf(right))) + right;
  return [first, ...placeLines(of, style, width)];
}

function nameOf(of: Subject): string {
  switch (of.kind) {
    case 'volume':
      return `volume ${printable(of.volumeId, 48)}`;
    case 'grant':
      return `grant ${printable(of.grantId, 128)}`;
    case 'key':
      return keyName(of.keyArn).id;
    case 'cluster':
      return `cluster ${printable(of.clusterName, 255)} of ${printable(of.clusterAccount, 32)}`;
    default:
      return of satisfies never;
  }
}

function placeLines(of: Subject, style: Style, width: number): string[] {
  if (of.kind === 'cluster') return [];
  const { id, where } = keyName(of.keyArn);
  const cluster = of.kind === 'volume' ? `cluster ${printable(of.clusterName, 255)} of ${printable(of.clusterAccount, 32)}, ` : '';
  return hanging('', `${cluster}${of.kind === 'key' ? '' : `${id}, `}${where}`, width).map(style.faint);
}

/** A key's ARN in a status, as people name it. */
const statusText = (status: string): string => status.replace(/^arn:\S+:key\/([^,\s]+)/, 'key $1');

/** Ordinary facts of one day in a row stand together; every other fact by itself. */
function runsOf(entries: readonly TimelineEntry[]): TimelineEntry[][] {
  const runs: TimelineEntry[][] = [];
  for (const entry of entries) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    const joins =
      last !== undefined && ORDINARY.has(last.kind) && ORDINARY.has(entry.kind) && last.time.slice(0, 10) === entry.time.slice(0, 10);
    if (run !== undefined && joins) run.push(entry);
    else runs.push([entry]);
  }
  return runs;
}

function runLines(run: readonly TimelineEntry[], style: Style, width: number): string[] {
  const [first] = run;
  const last = run.at(-1);
  if (first === undefined || last === undefined) return [];
  const kinds = grouped(run, ({ kind }) => kind);
  const counts = [...ORDINARY].flatMap(([kind, [one, many]]) => {
    const count = kinds.get(kind)?.length ?? 0;
    return count === 0 ? [] : counted(count, one, many);
  });
  const volumes = new Set(
    run.map(({ clusterName, volumeId }) => (volumeId === undefined ? undefined : JSON.stringify([clusterName, volumeId]))),
  );
  volumes.delete(undefined);
  const of = volumes.size === 0 ? '' : `, of ${counted(volumes.size, 'volume')}`;
  return [
    ...hanging(`${instant(first.time)}  `, `to ${instantAfter(first.time, last.time)}: ${counts.join(', ')}${of}`, width),
    ...hanging(INDENT, `→ ${printable(statusText(last.status), 300)}`, width).map(style.faint),
  ];
}

const INDENT = ' '.repeat(21);

function entryLines(entry: TimelineEntry, of: Subject, style: Style, width: number): string[] {
  const { time, eventId, operation, caller, detail, status, kind } = entry;
  const told = `${printable(operation, 64)}${kind === 'rehearsed' ? ' (rehearsal)' : ''}${kind === 'refused' ? ' refused' : ''}${aboutOf(entry, of)} by ${printable(caller, 200)}`;
  return [
    ...hanging(`${instant(time)}  `, detail === undefined ? told : `${told}: ${printable(detail, 500)}`, width),
    ...hanging(INDENT, `→ ${printable(statusText(status), 300)}; event ${printable(eventId, 128)}`, width).map(style.faint),
  ];
}

/** What a fact names that the heading does not. */
function aboutOf({ clusterName, volumeId, grantId, kind }: TimelineEntry, of: Subject): string {
  const parts = [
    clusterName === undefined || of.kind === 'volume' || of.kind === 'cluster' ? undefined : `cluster ${printable(clusterName, 255)}`,
    volumeId === undefined || of.kind === 'volume' ? undefined : printable(volumeId, 48),
    grantId === undefined || of.kind === 'grant' ? undefined : `grant ${printable(grantId, 128)}`,
  ].filter((part) => part !== undefined);
  if (parts.length === 0) return '';
  return ` ${kind === 'grant-created' || kind === 'grant-ended' ? 'of' : 'for'} ${parts.join(', ')}`;
}

/** What is missing, by what it is, the first of each named. */
function gapLines(gaps: readonly Gap[], style: Style, width: number): string[] {
  if (gaps.length === 0) return [''];
  const lines = [...grouped(gaps, ({ gap }) => gap)].flatMap(([gap, all]) => {
    const names = all.flatMap(({ grantId, volumeId }) => volumeId ?? (grantId === undefined ? [] : `grant ${grantId}`));
    const shown = names.slice(0, GAPS_SHOWN).map((name) => printable(name, 140));
    const more = names.length > shown.length ? [`and ${names.length - shown.length} more`] : [];
    return hanging('  ', shown.length === 0 ? gap : `${gap}: ${[...shown, ...more].join(', ')}`, width);
  });
  return ['', style.strong('Missing'), ...lines, ''];
}
