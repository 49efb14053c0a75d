import { clusterId } from '../evidence/clusters.ts';
import type { EvidenceReport, ReportedCluster, ReportedGrant, ReportedRefusal, ReportedVolume } from '../evidence/model.ts';
import { openGrants, shareOf } from '../evidence/open-grants.ts';
import type { Interval } from '../evidence/silences.ts';
import { grouped, sortedBy } from '../sorting.ts';
import { shortened } from '../text.ts';
import type { Timestamp } from '../timestamp.ts';
import { html, type Markup } from './markup.ts';
import { clusterCell, figure, figures, keyCell, leftOut, moments, table } from './parts.ts';

const PICTURES = 40;
const CLUSTERS = 200;
/** A cluster of more volumes is drawn as one area. */
const BARS = 30;
/** So many lines of bars, and so many grants in them, on the whole page; clusters that do not fit are drawn as areas. */
const ALL_BARS = 400;
const ALL_GRANTS = 1_000;
const PARTS = 240;

/** Heights, in CSS pixels. */
const [AXIS, LANE, ROW, AREA] = [24, 20, 30, 84];

/** The clusters: in numbers, and their grants over time. */
export function clustersSection({ clusters, volumes, refusals, coverage: { span, silences } }: EvidenceReport): Markup {
  const ranked = [...clusters].sort((a, b) => b.findings - a.findings || b.openGrants - a.openGrants || b.volumes - a.volumes);
  const listed = ranked.slice(0, CLUSTERS);
  const drawn = ranked.filter((cluster) => cluster.volumes + cluster.refusals > 0).slice(0, PICTURES);
  const volumesOf = grouped(volumes, ({ clusterAccount, clusterName }) => clusterId(clusterAccount, clusterName));
  const refusalsOf = grouped(refusals, ({ clusterAccount, clusterName }) => clusterId(clusterAccount, clusterName));
  let bars = 0;
  let drawnGrants = 0;
  return html`<section aria-labelledby="clusters">
<h2 id="clusters">Clusters and their grants over time</h2>
${
  clusters.length === 0
    ? html`<p>No cluster was seen.</p>`
    : table(
        'clusters-table',
        'Clusters, those with findings first',
        [
          { head: 'Cluster' },
          { head: 'Volumes', numeric: true },
          { head: 'Open grants', numeric: true },
          { head: 'Decrypts', numeric: true },
          { head: 'Refusals', numeric: true },
          { head: 'Findings', numeric: true },
          { head: 'Keys of its volumes' },
        ],
        listed.map((cluster) => [
          clusterCell(cluster.clusterAccount, cluster.clusterName),
          ...[cluster.volumes, cluster.openGrants, cluster.decrypts, cluster.refusals, cluster.findings].map(figure),
          html`<ul>${cluster.keyArns.slice(0, 5).map((keyArn) => html`<li>${keyCell(keyArn)}</li>`)}</ul>`,
        ]),
      )
}${leftOut(listed.length, clusters.length, 'clusters')}
${span === undefined || drawn.length === 0 ? undefined : LEGEND}${leftOut(drawn.length, clusters.length, 'clusters’ pictures')}
${
  span === undefined
    ? undefined
    : drawn.map((cluster, index) => {
        const id = clusterId(cluster.clusterAccount, cluster.clusterName);
        const own = volumesOf.get(id) ?? [];
        const grants = own.reduce((sum, volume) => sum + volume.grants.length, 0);
        const inBars = cluster.volumes <= BARS && bars + cluster.volumes <= ALL_BARS && drawnGrants + grants <= ALL_GRANTS;
        if (inBars) {
          bars += cluster.volumes;
          drawnGrants += grants;
        }
        return picture({
          id: `picture-${index}`,
          cluster,
          volumes: own,
          refusals: refusalsOf.get(id) ?? [],
          span,
          silences,
          inBars,
        });
      })
}</section>
`;
}

const LEGEND = html`<p class="legend"><span class="key-open">━ open</span> <span class="key-ended">━ ended</span>
<span class="key-revoked">━ revoked</span> <span class="key-refused">✕ refused</span> <span class="key-silent">━ nothing heard of KMS, above</span>
All pictures share one scale of time, UTC. A cluster of many volumes or grants is drawn as how many were open at once;
<code>--csv</code> and <code>--json</code> have each.</p>
`;

interface Picture {
  readonly id: string;
  readonly cluster: ReportedCluster;
  readonly volumes: readonly ReportedVolume[];
  readonly refusals: readonly ReportedRefusal[];
  readonly span: Interval;
  readonly silences: readonly Interval[];
  readonly inBars: boolean;
}

function picture({ id, cluster, volumes, refusals, span, silences, inBars }: Picture): Markup {
  const grants = volumes.flatMap((volume) => volume.grants);
  const counts = openGrants(grants, span, PARTS);
  const top = AXIS + (refusals.length === 0 ? 0 : LANE);
  const height = top + (inBars ? volumes.length * ROW : AREA) + 6;
  const peak = counts.peakAt === undefined ? '' : `; most at once ${figure(counts.peak)}, ${moments(counts.peakAt)}`;
  const summary = `${figures(volumes.length, 'volume')}, ${figures(cluster.openGrants, 'grant')} open at the end${peak}; ${refused(refusals)}.`;
  return html`<figure>
<figcaption><h3>${cluster.clusterName} <small>${cluster.clusterAccount}</small></h3><p>${summary}</p></figcaption>
<svg role="img" aria-labelledby="${id}-title ${id}-text" width="100%" height="${height}">
<title id="${id}-title">Grants over time of cluster ${cluster.clusterName}</title>
<desc id="${id}-text">From ${moments(span.from)} to ${moments(span.to)} UTC: ${summary}</desc>
${silences.map((silence) => stretch(silence, span, 'silent', AXIS - 5, 4))}${axis(span, height)}
${refusalMarks(refusals, span)}
${inBars ? byStart(volumes).map((volume, row) => bar(volume, span, top + row * ROW)) : area(counts.most, counts.peak, top)}</svg>
</figure>
`;
}

/** The earliest granted first; those that were never granted last. */
function byStart(volumes: readonly ReportedVolume[]): ReportedVolume[] {
  return sortedBy(volumes, ({ grants }) => [grants.map(({ grantedAt }) => grantedAt ?? '').sort()[0] ?? '9']);
}

function refused(refusals: readonly ReportedRefusal[]): string {
  const last = refusals.at(-1);
  if (last === undefined) return 'nothing refused';
  return `refused ${figures(refusals.length, 'time')}, last ${moments(last.time)}`;
}

/** A place on the scale of time, kept within the picture. */
const percent = (time: Timestamp, span: Interval): number => Math.round(Math.min(1, Math.max(0, shareOf(time, span))) * 100_000) / 1_000;

function stretch({ from, to }: Interval, span: Interval, kind: string, y: number, height: number): Markup {
  const start = percent(from, span);
  const width = Math.max(0, Math.round((percent(to, span) - start) * 1_000) / 1_000);
  return html`<rect class="${kind}" x="${start}%" y="${y}" width="${width}%" height="${height}"/>`;
}

/** Three instants, so that they fit on a telephone. */
function axis({ from, to }: Interval, height: number): Markup {
  const middle = new Date((Date.parse(from) + Date.parse(to)) / 2).toISOString();
  const places = [
    { at: 0, anchor: 'start', time: from },
    { at: 50, anchor: 'middle', time: middle },
    { at: 100, anchor: 'end', time: to },
  ];
  return html`${places.map(
    ({ at, anchor, time }) =>
      html`<line class="axis" x1="${at}%" x2="${at}%" y1="${AXIS - 5}" y2="${height}"/><text class="label" x="${at}%" y="12" text-anchor="${anchor}">${moments(time).slice(0, 16)}</text>`,
  )}`;
}

/** One mark where several would cover each other. */
function refusalMarks(refusals: readonly ReportedRefusal[], span: Interval): Markup {
  const places = new Set(refusals.map(({ time }) => Math.round(percent(time, span) * 2) / 2));
  return html`${[...places].map((place) => html`<text class="refused" x="${place}%" y="${AXIS + 12}" text-anchor="middle">✕</text>`)}
`;
}

function bar(volume: ReportedVolume, span: Interval, y: number): Markup {
  const name = `${shortened(volume.volumeId, 48)}${volume.grants.length === 0 ? ', never granted' : ''}`;
  return html`<text class="label" x="0" y="${y + 13}">${name}</text>${volume.grants.map((grant) => grantBar(grant, span, y + 17))}
`;
}

/** From a round mark to a square one; open ends have none. */
function grantBar(grant: ReportedGrant, span: Interval, y: number): Markup {
  const { grantedAt, endedAt, status } = grant;
  const from = grantedAt ?? span.from;
  const kind = status === 'open' || status === 'retired' || status === 'gone' ? status : 'revoked';
  const start =
    grantedAt === undefined || grantedAt < span.from
      ? undefined
      : html`<circle class="${kind}" cx="${percent(grantedAt, span)}%" cy="${y + 3.5}" r="4"/>`;
  const end =
    endedAt === undefined
      ? undefined
      : html`<rect class="${kind}" x="${percent(endedAt, span)}%" y="${y - 0.5}" width="8" height="8" transform="translate(-4 0)"/>`;
  return html`${stretch({ from, to: endedAt ?? span.to }, span, kind, y, 7)}${start}${end}`;
}

/** Steps in a drawing of its own, stretched to the width of the picture. */
function area(most: readonly number[], peak: number, y: number): Markup {
  const scale = (count: number): number => (peak === 0 ? AREA : Math.round((1 - count / peak) * (AREA - 16) * 10) / 10 + 16);
  // In parts, for a text in a page is bounded.
  const path = most.map((count, part) => (most[part + 1] === count ? '' : `V${scale(count)}H${part + 1}`));
  return html`<text class="label" x="4" y="${y + 11}">${figure(peak)} open at most</text>
<svg x="0" y="${y}" width="100%" height="${AREA}" viewBox="0 0 ${PARTS} ${AREA}" preserveAspectRatio="none"><path class="area" d="M0,${AREA}${path}V${AREA}Z"/></svg>
`;
}
