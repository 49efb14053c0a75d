import type { EvidenceReport } from '../evidence/model.ts';
import { SEVERITIES } from '../severity.ts';
import type { Digest } from '../text.ts';
import { clustersSection } from './clusters.ts';
import { coverageSection } from './coverage.ts';
import { findingsSection, shownFindings } from './findings.ts';
import { keysSection } from './keys.ts';
import { html, Markup } from './markup.ts';
import { code, figure, figures, moment } from './parts.ts';
import { refusalsSection } from './refusals.ts';
import { STYLE } from './style.ts';
import { verificationSection } from './verification.ts';
import { otherGrantsSection, volumesSection } from './volumes.ts';

/**
 * The report as one HTML page that needs nothing else: no network, no script, one style whose hash its policy names.
 * https://www.w3.org/TR/CSP3/
 */
export function evidencePage(report: EvidenceReport, digest: Digest): string {
  const shown = shownFindings(report.findings);
  const policy = `default-src 'none'; style-src 'sha256-${base64(digest(STYLE))}'; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>KMS evidence report</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<a class="skip" href="#main">To the report</a>
${pageHeader(report)}
<main id="main" tabindex="-1">
${coverageSection(report)}${verificationSection(report.verification)}${findingsSection(report.findings)}${keysSection(report.keys)}${clustersSection(report)}${refusalsSection(
  report.refusals,
)}${volumesSection(report.volumes, shown)}${otherGrantsSection(report.otherGrants, shown)}</main>
<footer><p>Made by kms-audit from CloudTrail records. Times are UTC. AWS does not record every refusal, and a record that
never arrived is not here; what a rule cannot see, <code>kms-audit rules</code> says.</p></footer>
</body>
</html>
`.source;
}

function pageHeader({ madeAt, source, scope, policy, coverage, findings, keys, clusters, refusals, volumes, otherGrants }: EvidenceReport) {
  const open = findings.filter((finding) => finding.open);
  const bySeverity = SEVERITIES.flatMap((severity) => {
    const count = open.filter((finding) => finding.severity === severity).length;
    return count === 0 ? [] : [`${figure(count)} ${severity}`];
  });
  const missing = (coverage.events?.rejected ?? 0) + coverage.silences.length;
  const links = [
    ['coverage', missing === 0 ? 'Coverage' : `Coverage: ${gaps(coverage)}`],
    ['findings', open.length === 0 ? `Findings: none open` : `Findings open: ${bySeverity.join(', ')}`],
    ['keys', figures(keys.length, 'key')],
    ['clusters', figures(clusters.length, 'cluster')],
    ['refusals', figures(refusals.length, 'refusal')],
    ['volumes', figures(volumes.length, 'volume')],
    ...(otherGrants.length === 0 ? [] : [['other-grants', figures(otherGrants.length, 'other grant')]]),
  ] as const;
  const { since, until, cluster, key } = scope;
  const from = since ?? coverage.span?.from;
  const to = until ?? coverage.span?.to;
  return html`<header>
<h1>KMS evidence report</h1>
<dl>
<dt>Ledger</dt><dd>${
    'table' in source
      ? html`table ${code(source.table)}`
      : html`records in ${source.records.slice(0, 10).map((path, index) => [index === 0 ? '' : ', ', code(path)])}${
          source.records.length > 10 ? ` and ${figure(source.records.length - 10)} more paths` : undefined
        }`
  }</dd>
<dt>Period</dt><dd>${from === undefined || to === undefined ? 'nothing known' : html`${moment(from)} to ${moment(to)} UTC; everything as it stood at its end`}</dd>
${cluster === undefined ? undefined : html`<dt>Cluster</dt><dd>${cluster}</dd>`}
${key === undefined ? undefined : html`<dt>Keys</dt><dd>whose ARN holds ${code(key)}</dd>`}
<dt>Judged by</dt><dd>${policy === undefined ? ('table' in source ? 'the policy of the deployment' : 'the default policy') : html`policy ${code(policy)}`}</dd>
${madeAt === undefined ? undefined : html`<dt>Read</dt><dd>${moment(madeAt)} UTC</dd>`}
</dl>
<nav aria-label="Sections"><ul>
${links.map(([id, words]) => html`<li><a href="#${id}">${words}</a></li>`)}
</ul></nav>
</header>`;
}

function gaps({ events, silences }: EvidenceReport['coverage']): string {
  const rejected = events?.rejected ?? 0;
  return [rejected === 0 ? [] : `${figure(rejected)} rejected`, silences.length === 0 ? [] : figures(silences.length, 'silence')]
    .flat()
    .join(', ');
}

/** A hexadecimal digest as CSP spells it. */
const base64 = (hex: string): string => btoa(String.fromCharCode(...[...hex.matchAll(/../g)].map(([byte]) => Number.parseInt(byte, 16))));
