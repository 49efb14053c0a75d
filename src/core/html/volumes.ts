import type { ReportedGrant, ReportedVolume } from '../evidence/model.ts';
import { byText } from '../sorting.ts';
import type { Timestamp } from '../timestamp.ts';
import { html, type Markup, type Part } from './markup.ts';
import { badge, clusterCell, code, figure, figures, keyCell, moment, type Tone, table } from './parts.ts';

/** So many volumes are all shown. */
const ALL = 200;
const SHOWN = 300;
/** So many rows of grants at most. */
const ROWS = 1_000;

interface Row {
  readonly volume: ReportedVolume;
  /** Absent where the volume was never granted. */
  readonly grant?: ReportedGrant;
}

/** The volumes, or of many those that matter: with findings, then with open grants, the oldest first. */
export function volumesSection(volumes: readonly ReportedVolume[], findings: ReadonlySet<string>): Markup {
  const { shown, note } = chosen(volumes);
  const rows = shown.flatMap((volume): Row[] =>
    volume.grants.length === 0 ? [{ volume }] : ranked(volume.grants).map((grant) => ({ volume, grant })),
  );
  return html`<section aria-labelledby="volumes">
<h2 id="volumes">Volumes</h2>
${note}${
  rows.length > ROWS
    ? html`<p class="note">The first ${figure(ROWS)} rows of ${figure(rows.length)} are shown: of each volume grants with findings, then open ones, the oldest first.
<code>--csv</code> and <code>--json</code> have every one.</p>`
    : undefined
}${
  shown.length === 0
    ? html`<p>${volumes.length === 0 ? 'No volume was granted anything.' : 'None of them is open or has a finding.'}</p>`
    : table(
        'volumes-table',
        'Each grant of each volume, with the CloudTrail events that prove when it came and went',
        [
          { head: 'Volume' },
          { head: 'Cluster' },
          { head: 'Status' },
          { head: 'Findings' },
          { head: 'Granted' },
          { head: 'Ended' },
          { head: 'Decrypts, and the last' },
          { head: 'Key' },
        ],
        rows.slice(0, ROWS).map(({ volume, grant }) => row(volume, grant, findings)),
      )
}</section>
`;
}

/** Grants of no volume; nothing where there are none. */
export function otherGrantsSection(grants: readonly ReportedGrant[], findings: ReadonlySet<string>): Markup | undefined {
  if (grants.length === 0) return undefined;
  const shown = ranked(grants).slice(0, SHOWN);
  return html`<section aria-labelledby="other-grants">
<h2 id="other-grants">Other grants</h2>
${
  shown.length < grants.length
    ? html`<p class="note">${figure(shown.length)} of ${figure(grants.length)} are shown: those with findings, then open ones, the oldest first.
<code>--csv</code> and <code>--json</code> have every one.</p>`
    : undefined
}${table(
  'other-grants-table',
  'Grants that belong to no volume of a cluster, and grants whose creation was never seen',
  [
    { head: 'Grant' },
    { head: 'Key' },
    { head: 'Status' },
    { head: 'Grantee' },
    { head: 'Operations' },
    { head: 'Granted' },
    { head: 'Ended' },
    { head: 'Findings' },
  ],
  shown.map((grant) => [
    code(grant.grantId),
    keyCell(grant.keyArn),
    statusBadge(grant.status),
    grant.grantee === undefined ? undefined : code(grant.grantee),
    grant.operations?.join(', '),
    event(grant.grantedAt, grant.grantedBy, grant.grantedEventId),
    grant.status === 'open' ? undefined : event(grant.endedAt, grant.endedBy, grant.endedEventId),
    links(grant.findings, findings),
  ]),
)}</section>
`;
}

/** What matters first, the oldest of it first. */
const ranked = (grants: readonly ReportedGrant[]): ReportedGrant[] =>
  [...grants].sort((a, b) => weight(b) - weight(a) || earlier(a.grantedAt, b.grantedAt));

function chosen(volumes: readonly ReportedVolume[]): { readonly shown: readonly ReportedVolume[]; readonly note?: Markup } {
  if (volumes.length <= ALL) return { shown: volumes };
  const matters = volumes.filter((volume) => volumeWeight(volume) > 0);
  const shown = matters
    .sort((a, b) => volumeWeight(b) - volumeWeight(a) || earlier(a.grants[0]?.grantedAt, b.grants[0]?.grantedAt))
    .slice(0, SHOWN);
  const [open, found] = [matters.filter(isOpen).length, matters.filter(({ findings }) => findings.length > 0).length];
  return {
    shown,
    note: html`<p class="note">Of ${figures(volumes.length, 'volume')}, ${figure(open)} ${open === 1 ? 'has' : 'have'} an open grant and ${figure(found)} ${
      found === 1 ? 'has' : 'have'
    } findings. ${shown.length < matters.length ? `The first ${figure(shown.length)} of these are shown: those with findings, then the oldest.` : 'Only these are shown.'}
Released volumes without a finding are left out. <code>--csv</code> and <code>--json</code> have every volume and every grant.</p>`,
  };
}

const isOpen = ({ grants }: ReportedVolume): boolean => grants.some(({ status }) => status === 'open');

/** Findings before open grants. */
const volumeWeight = (volume: ReportedVolume): number => (volume.findings.length > 0 ? 2 : 0) + (isOpen(volume) ? 1 : 0);

const weight = ({ findings, status }: ReportedGrant): number => (findings.length > 0 ? 2 : 0) + (status === 'open' ? 1 : 0);

const earlier = (a: Timestamp = '', b: Timestamp = ''): number => byText(a, b);

function row(volume: ReportedVolume, grant: ReportedGrant | undefined, findings: ReadonlySet<string>): Part[] {
  return [
    code(volume.volumeId),
    clusterCell(volume.clusterAccount, volume.clusterName),
    statusBadge(grant?.status ?? volume.status),
    links(volume.findings, findings),
    grant && event(grant.grantedAt, grant.grantedBy, grant.grantedEventId),
    grant === undefined || grant.status === 'open' ? undefined : event(grant.endedAt, grant.endedBy, grant.endedEventId),
    html`${figure(volume.decrypts)}${volume.lastDecryptAt === undefined ? undefined : html`<br><small>${moment(volume.lastDecryptAt)}</small>`}`,
    keyCell(volume.keyArn),
  ];
}

const TONES: Readonly<Record<string, Tone>> = { open: 'low', revoked: 'high', gone: 'medium' };

const statusBadge = (status: string): Markup => badge(status, TONES[status] ?? 'plain');

function event(time: Timestamp | undefined, by: string | undefined, eventId: string | undefined): Markup {
  return html`${moment(time)}${by === undefined ? undefined : html`<br><small>${by}</small>`}${
    eventId === undefined ? undefined : html`<br><small>${code(eventId)}</small>`
  }`;
}

/** Findings by the beginnings of their ids, leading to those that are written out. */
function links(ids: readonly string[], shown: ReadonlySet<string>): Part {
  return ids.slice(0, 3).map((id) => {
    const name = code(id.slice(0, 8));
    return [' ', shown.has(id) ? html`<a href="#f-${id}">${name}</a>` : name];
  });
}
