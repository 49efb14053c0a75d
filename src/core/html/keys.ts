import type { ReportedKey } from '../evidence/model.ts';
import { byText } from '../sorting.ts';
import { html, type Markup } from './markup.ts';
import { badge, code, figure, figures, keyCell, leftOut, moment, type Tone, table } from './parts.ts';

const KEYS = 100;
const CHANGES = 100;
const CLUSTERS = 12;
const RESOURCES = 8;

/** Keys, with their state and everything that depends on them. */
export function keysSection(keys: readonly ReportedKey[]): Markup {
  const shown = [...keys].sort((a, b) => urgency(b) - urgency(a) || b.openGrants - a.openGrants).slice(0, KEYS);
  return html`<section aria-labelledby="keys">
<h2 id="keys">Keys and what depends on them</h2>
${
  keys.length === 0
    ? html`<p>No key was seen.</p>`
    : table(
        'keys-table',
        'An open grant depends on its key, whatever the cluster of this report; a resource was seen using it',
        [{ head: 'Key' }, { head: 'State' }, { head: 'Open grants', numeric: true }, { head: 'Of clusters' }, { head: 'Seen using it' }],
        shown.map((key) => [keyCell(key.keyArn), stateBadge(key), figure(key.openGrants), clusterList(key), resourceList(key)]),
      )
}${leftOut(shown.length, keys.length, 'keys')}
${changesTable(keys)}</section>
`;
}

/** Keys that cannot be used come first, and of them those with the most open grants. */
const urgency = ({ state }: ReportedKey): number => (state === undefined || state === 'enabled' ? 0 : 1);

function stateBadge({ state, openGrants }: ReportedKey): Markup {
  const tone: Tone = state === 'enabled' ? 'good' : openGrants > 0 ? 'critical' : 'medium';
  return state === undefined ? html`<span class="faint">no change seen</span>` : badge(state, tone);
}

function clusterList({ clusters, openGrants }: ReportedKey): Markup {
  const attributed = clusters.reduce((sum, cluster) => sum + cluster.openGrants, 0);
  const shown = clusters.slice(0, CLUSTERS);
  return html`<ul>
${shown.map((cluster) => html`<li>${cluster.clusterName} <small>${cluster.clusterAccount}</small>: ${figure(cluster.openGrants)}</li>`)}
${clusters.length > shown.length ? html`<li>${figures(clusters.length - shown.length, 'more cluster')}</li>` : undefined}
${openGrants > attributed ? html`<li class="faint">no cluster: ${figure(openGrants - attributed)}</li>` : undefined}
</ul>`;
}

function resourceList({ resources }: ReportedKey): Markup {
  const shown = [...resources].sort((a, b) => byText(b.lastSeen, a.lastSeen)).slice(0, RESOURCES);
  return html`<ul>
${shown.map(({ kind, id, lastSeen }) => html`<li>${kind} ${code(id)} <small>${moment(lastSeen)}</small></li>`)}
${resources.length > shown.length ? html`<li>${figures(resources.length - shown.length, 'more resource')}</li>` : undefined}
</ul>`;
}

function changesTable(keys: readonly ReportedKey[]): Markup | undefined {
  const all = keys.flatMap(({ keyArn, changes }) => changes.map((change) => ({ keyArn, ...change })));
  if (all.length === 0) return undefined;
  const shown = all.sort((a, b) => byText(b.time, a.time)).slice(0, CHANGES);
  return html`${table(
    'keys-changes',
    'What made keys usable or unusable, latest first',
    [{ head: 'Time' }, { head: 'Key' }, { head: 'Call' }, { head: 'By' }, { head: 'Event' }],
    shown.map(({ time, keyArn, operation, caller, eventId }) => [moment(time), keyCell(keyArn), operation, code(caller), code(eventId)]),
  )}${leftOut(shown.length, all.length, 'changes')}`;
}
