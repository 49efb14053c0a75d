import type { ReportedFinding } from '../evidence/model.ts';
import { ruleOf } from '../rules/registry.ts';
import type { RuleId } from '../rules/rule-id.ts';
import { gravest } from '../severity.ts';
import { grouped } from '../sorting.ts';
import { html, type Markup } from './markup.ts';
import { badge, code, figure, figures, moment } from './parts.ts';

const OF_A_RULE = 50;
const IN_ALL = 300;
const EVENTS = 5;

/** The findings that are written out, by id: so many of each rule, the gravest rules first. */
export function shownFindings(findings: readonly ReportedFinding[]): ReadonlySet<string> {
  const shown = [...byRule(findings).values()].flatMap((ofRule) => ofRule.slice(0, OF_A_RULE));
  return new Set(shown.slice(0, IN_ALL).map(({ id }) => id));
}

/** Findings by rule, each with its evidence. */
export function findingsSection(findings: readonly ReportedFinding[]): Markup {
  const shown = shownFindings(findings);
  return html`<section aria-labelledby="findings">
<h2 id="findings">Findings</h2>
${findings.length === 0 ? html`<p>Nothing was found.</p>` : [...byRule(findings)].map(([id, ofRule]) => ruleGroup(id, ofRule, shown))}
</section>
`;
}

/** The findings come gravest first, and so do their rules. */
const byRule = (findings: readonly ReportedFinding[]): Map<RuleId, ReportedFinding[]> => grouped(findings, ({ rule }) => rule);

function ruleGroup(ruleId: RuleId, findings: readonly ReportedFinding[], shown: ReadonlySet<string>): Markup {
  const rule = ruleOf(ruleId);
  const severity = findings.map((finding) => finding.severity).reduce(gravest);
  const written = findings.filter(({ id }) => shown.has(id));
  const rest = findings.length - written.length;
  return html`<h3>${badge(severity, severity)} ${rule?.title ?? ruleId} <small>${ruleId}, ${figure(findings.length)}</small></h3>
${rule === undefined ? undefined : html`<p class="why">${rule.why}</p>`}
<ol class="findings">
${written.map(findingItem)}</ol>
${rest === 0 ? undefined : html`<p class="note">${figure(rest)} more of this rule are in <code>--json</code>.</p>`}
`;
}

function findingItem({
  id,
  title,
  sentence,
  severity,
  open,
  endedAt,
  settled,
  firstSeen,
  lastSeen,
  count,
  eventIds,
}: ReportedFinding): Markup {
  const became = open
    ? badge('open', severity)
    : endedAt === undefined
      ? badge('settled', 'good')
      : html`${badge('over', 'good')} since ${moment(endedAt)}`;
  const seen =
    count === 1 ? html`seen ${moment(firstSeen)}` : html`seen ${figures(count, 'time')}, ${moment(firstSeen)} to ${moment(lastSeen)}`;
  const more = count - Math.min(EVENTS, eventIds.length);
  return html`<li id="f-${id}">
<p>${sentence ?? title}</p>
<p class="meta">${became} · ${seen} · finding ${code(id.slice(0, 12))}</p>
${settled === undefined ? undefined : html`<p class="meta">Settled ${moment(settled.at)}: ${settled.reason}</p>`}
<p class="meta">${count === 1 ? 'Event' : 'Events'} ${eventIds.slice(0, EVENTS).map((eventId, index) => [index === 0 ? '' : ', ', code(eventId)])}${
    more > 0 ? ` and ${figure(more)} more` : undefined
  }</p>
</li>
`;
}
