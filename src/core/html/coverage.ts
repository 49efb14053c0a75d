import type { EvidenceReport, ReadSource } from '../evidence/model.ts';
import type { Interval } from '../evidence/silences.ts';
import { toSeconds } from '../timestamp.ts';
import { html, type Markup } from './markup.ts';
import { code, figure, figures, leftOut, moment, table } from './parts.ts';

const SOURCES = 10;
const REJECTIONS = 50;
const SILENCES = 20;

/** What the report rests on: what was read, what was not, and when nothing was heard. */
export function coverageSection({ source, scope, coverage, verification }: EvidenceReport): Markup {
  const { events, sources = [], facts, first, last, silences, silentAfterSeconds, laterResources } = coverage;
  const known =
    first === undefined
      ? html`<p>No KMS event of the period is known.</p>`
      : html`<p>${figures(facts, 'KMS event')} of the period kept, from ${moment(first)} to ${moment(last)}.
Of what a service does with a key for a resource other than a volume, only the last use is kept.</p>`;
  const fromTable =
    'table' in source
      ? html`<p>Read from the ledger of a deployment. The ledger keeps what could be read; how many records could not is the
metric <code>RejectedRecords</code> of the deployment.</p>`
      : undefined;
  const later =
    laterResources === 0
      ? undefined
      : html`<p class="note">${figures(laterResources, 'resource')} last used after the period ${laterResources === 1 ? 'is' : 'are'} left out: this ledger does not
know whether ${laterResources === 1 ? 'it was' : 'they were'} used before. A report from the records themselves (<code>--from</code>) does.</p>`;
  const counted =
    events === undefined || scope.until === undefined
      ? undefined
      : html`<p class="note">Records of what happened after the period are counted, and tell nothing here.</p>`;
  return html`<section aria-labelledby="coverage">
<h2 id="coverage">Coverage</h2>
${fromTable}${events === undefined ? undefined : countsTable(events)}${counted}${known}${later}
${rejectionsTable(sources)}${silencesTable(silences, silentAfterSeconds)}${sourcesTable(sources)}
${verification === undefined ? html`<p class="note">ECS was not asked whether it agrees with this ledger.</p>` : undefined}
</section>
`;
}

function countsTable({ read, audited, duplicates, outOfScope, rejected }: NonNullable<EvidenceReport['coverage']['events']>): Markup {
  return table(
    'coverage-records',
    'Every record is accounted for: read = audited + duplicates + out of scope + rejected',
    ['Records', 'Read', 'Audited', 'Duplicates', 'Out of scope', 'Rejected'].map((head, index) => ({
      head,
      ...(index > 0 ? { numeric: true } : {}),
    })),
    [['all sources', ...[read, audited, duplicates, outOfScope, rejected].map(figure)]],
  );
}

function rejectionsTable(sources: readonly ReadSource[]): Markup | undefined {
  const all = sources.flatMap(({ path, rejected }) => rejected.map((rejection) => ({ path, ...rejection })));
  if (all.length === 0) return sources.length === 0 ? undefined : html`<p>No record was rejected.</p>`;
  const shown = all.slice(0, REJECTIONS);
  return html`${table(
    'coverage-rejected',
    html`${figures(all.length, 'record')} rejected: what they would have told is not in this report`,
    [{ head: 'Source' }, { head: 'Record', numeric: true }, { head: 'Reason' }],
    shown.map(({ path, index, reason }) => [code(path), figure(index), reason]),
  )}${leftOut(shown.length, all.length, 'rejections')}`;
}

function silencesTable(silences: readonly Interval[], silentAfterSeconds: number): Markup {
  const bar = duration(silentAfterSeconds);
  if (silences.length === 0) return html`<p>No silence of more than ${bar}.</p>`;
  const longest = [...silences].sort((a, b) => lengthOf(b) - lengthOf(a)).slice(0, SILENCES);
  const shown = silences.filter((silence) => longest.includes(silence));
  return html`${table(
    'coverage-silences',
    html`${figures(silences.length, 'silence')}: more than ${bar} without any KMS event, on any key. Quiet, or a trail that was off;
nothing in this report can tell which`,
    [{ head: 'From' }, { head: 'To' }, { head: 'Lasted' }],
    shown.map(({ from, to }) => [moment(from), moment(to), duration(lengthOf({ from, to }))]),
  )}${leftOut(shown.length, silences.length, 'silences, the longest,')}`;
}

const lengthOf = ({ from, to }: Interval): number => toSeconds(to) - toSeconds(from);

function sourcesTable(sources: readonly ReadSource[]): Markup | undefined {
  if (sources.length === 0) return undefined;
  const shown = [...sources].sort((a, b) => b.rejected.length - a.rejected.length).slice(0, SOURCES);
  return html`${table(
    'coverage-sources',
    html`${figures(sources.length, 'source')}${shown.length < sources.length ? ', those with rejected records first' : undefined}`,
    [{ head: 'Source' }, { head: 'Records', numeric: true }, { head: 'Rejected', numeric: true }],
    shown.map(({ path, records, rejected }) => [code(path), figure(records), figure(rejected.length)]),
  )}${leftOut(shown.length, sources.length, 'sources')}`;
}

/** A length of time in its two largest units. */
function duration(seconds: number): string {
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (days > 0) return hours === 0 ? figures(days, 'day') : `${figures(days, 'day')} ${hours} h`;
  return minutes === 0 ? `${hours} h` : `${hours} h ${minutes} min`;
}
