import type { ReportedRefusal } from '../evidence/model.ts';
import type { RefusalReason } from '../outcome.ts';
import { shortened } from '../text.ts';
import { html, type Markup, type Part } from './markup.ts';
import { clusterCell, code, figure, figures, keyCell, leftOut, moment, table } from './parts.ts';

const SHOWN = 100;

/** Refusals that say something about the key come first. */
const REASONS: Readonly<Record<RefusalReason, string>> = {
  disabled: 'key is disabled',
  'pending-deletion': 'key is pending deletion',
  'pending-import': 'key waits for its material',
  unavailable: 'key is unavailable',
  missing: 'key does not exist',
  denied: 'not allowed',
  'wrong-context': 'other ciphertext, key or encryption context',
  passing: 'throttled, or a fault of KMS’s own',
  other: 'other reasons',
};
const ORDER = Object.keys(REASONS);

/** What was refused, to whom and why: like calls together. */
export function refusalsSection(refusals: readonly ReportedRefusal[]): Markup {
  const groups = groupsOf(refusals).sort((a, b) => rank(a) - rank(b) || b.times - a.times);
  const shown = groups.slice(0, SHOWN);
  return html`<section aria-labelledby="refusals">
<h2 id="refusals">Refusals</h2>
${
  refusals.length === 0
    ? html`<p>Nothing was refused.</p>`
    : table(
        'refusals-table',
        html`${figures(refusals.length, 'refused call')}, like calls together`,
        [
          { head: 'Reason' },
          { head: 'Key' },
          { head: 'Cluster' },
          { head: 'Call' },
          { head: 'By' },
          { head: 'Times', numeric: true },
          { head: 'First and last' },
          { head: 'Last event' },
        ],
        shown.map(groupRow),
      )
}${leftOut(shown.length, groups.length, 'groups of refusals')}
</section>
`;
}

/** Like calls. */
interface Group {
  readonly first: ReportedRefusal;
  readonly last: ReportedRefusal;
  readonly times: number;
}

function groupsOf(refusals: readonly ReportedRefusal[]): Group[] {
  const groups = new Map<string, Group>();
  for (const refusal of refusals) {
    const kind = kindOf(refusal);
    const { first, times } = groups.get(kind) ?? { first: refusal, times: 0 };
    groups.set(kind, { first, last: refusal, times: times + 1 });
  }
  return [...groups.values()];
}

/** What calls must share to be told together. */
function kindOf({ reason, keyArn, operation, rehearsal, clusterAccount, clusterName, resource, caller }: ReportedRefusal): string {
  return JSON.stringify([reason, keyArn, operation, rehearsal, clusterAccount, clusterName, resource, caller]);
}

const rank = ({ first }: Group): number => ORDER.indexOf(first.reason);

function groupRow({ first, last, times }: Group): Part[] {
  const { reason, keyArn, clusterAccount, clusterName, resource, operation, rehearsal, caller } = first;
  const said =
    reason === 'other' || reason === 'denied' ? html`<br><small>${last.code} ${shortened(last.message, 300)}</small>` : undefined;
  return [
    html`${REASONS[reason]}${said}`,
    keyCell(keyArn),
    clusterName === undefined && resource !== undefined ? html`${resource}` : clusterCell(clusterAccount, clusterName),
    html`${operation}${rehearsal ? html`<br><small>rehearsal</small>` : undefined}`,
    code(caller),
    figure(times),
    html`${moment(first.time)}${times > 1 ? html`<br>${moment(last.time)}` : undefined}`,
    code(last.eventId),
  ];
}
