import type { SourceReport } from '../backfill.ts';
import type { GrantCreated, Refused } from '../core/fact.ts';
import type { Metric } from '../core/metrics.ts';
import type { LedgerReport } from '../core/report.ts';
import type { PublishedAlert } from '../local/sns-wire.ts';

/** What the embedded stack made of the events sent to it. */
export interface LocalReport extends LedgerReport {
  readonly events: { readonly sent: number; readonly rejected: number; readonly failed: number };
  readonly sources: readonly SourceReport[];
  readonly refusals: readonly Refused[];
  /** The open grants that no cluster accounts for, as they were made. */
  readonly otherGrants: readonly GrantCreated[];
  readonly alerts: readonly PublishedAlert[];
  readonly metrics: readonly Metric[];
}
