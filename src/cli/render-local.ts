import type { Metric } from '../core/metrics.ts';
import { printable } from '../core/text.ts';
import { columnsOf, counted, fitted, padded } from './layout.ts';
import type { LocalReport } from './local-report.ts';
import { sourceLines } from './render.ts';
import { renderAlerts } from './render-alerts.ts';
import { severityCounts } from './render-findings.ts';
import { renderKeys } from './render-keys.ts';
import { renderRefusals } from './render-refusals.ts';
import { closingLines, heading } from './render-text.ts';
import type { Style } from './style.ts';

/** What the embedded stack did with the events, for people: what matters most stands last, where a terminal stops. */
export function renderLocal(report: LocalReport, style: Style, width: number): string {
  const { keys, volumes, refusals, otherGrants, alerts, metrics, sources } = report;
  const rejecting = sources.filter(({ rejected }) => rejected.length > 0);
  return [
    ...heading('Who may decrypt what now (times are UTC)', style, width).slice(1),
    ...renderKeys({ keys, volumes, refusals, grants: otherGrants }, style, width),
    ...heading('What was refused, and why', style, width),
    ...renderRefusals(refusals, style, width),
    ...(rejecting.length === 0
      ? []
      : [...heading('Not readable as records', style, width), ...rejecting.flatMap((source) => sourceLines(source, style, width))]),
    ...heading('Alerts sent, as a channel shows them', style, width),
    ...renderAlerts(alerts, style, width),
    ...heading('Metrics sent', style, width),
    ...metricLines(metrics, style, width),
    '',
    ...closingLines((painted) => closing(report, painted), style, width),
  ].join('\n');
}

function metricLines(metrics: readonly Metric[], style: Style, width: number): string[] {
  if (metrics.length === 0) return [style.faint('None.')];
  const names = metrics.map(({ name, dimensions }) => {
    const by = Object.entries(dimensions).map(([dimension, value]) => `${dimension}=${value}`);
    return printable([name, ...by].join(' '), 400);
  });
  const room = Math.min(Math.max(...names.map(columnsOf)), width - 10);
  return metrics.map(({ value }, index) => `${padded(fitted(names[index] ?? '', room), room)}  ${String(value).padStart(6)}`);
}

function closing({ events, findings, alerts }: LocalReport, style: Style): string[] {
  const failed = events.failed === 0 ? '' : `, ${style.bad(`${events.failed} failed`)}`;
  return [
    `${counted(events.sent, 'event')} sent, ${counted(events.rejected, 'record')} rejected${failed}.`,
    `Findings: ${severityCounts(findings, style)}.`,
    `${counted(alerts.length, 'alert')} sent.`,
  ];
}
