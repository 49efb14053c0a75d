import type { ClusterConfigured, Order, Rehearsed } from './fact.ts';
import { orderOf, timeOf } from './fact.ts';
import type { GrantHead } from './grant.ts';
import type { Timestamp } from './timestamp.ts';

/** Which key a cluster's new tasks get for their storage, as far as records tell. */
export interface Launch {
  /** Absent: the cluster was left without a customer key. */
  readonly keyArn?: string;
  /** When the record that tells so was made. */
  readonly asOf: Timestamp;
  /** What tells so: the cluster's settings, a rehearsed launch, a refusal, or, where there is none of these, a grant. */
  readonly by: 'settings' | 'rehearsal' | 'refusal' | 'grant';
}

/** What may tell which key new tasks get. */
export interface LaunchTraces {
  readonly settings: ClusterConfigured | undefined;
  readonly rehearsal: Rehearsed | undefined;
  /** The latest refusal of the cluster under the key in question. */
  readonly refusal?: { readonly keyArn: string; readonly order: Order } | undefined;
  /** The cluster's open grants that are known. */
  readonly grants: readonly GrantHead[];
}

/**
 * The later of the settings and the last rehearsed launch decides, since either may have been missed; refusals and
 * grants tell only of clusters of which neither is known. Undefined where nothing tells.
 */
export function launchOf({ settings, rehearsal, refusal, grants }: LaunchTraces): Launch | undefined {
  const setTo = settings?.storage?.fargate;
  const told: { readonly order: Order; readonly by: Launch['by']; readonly keyArn: string | undefined }[] = [
    ...(settings?.storage === undefined ? [] : [{ order: orderOf(settings), by: 'settings' as const, keyArn: setTo }]),
    ...(rehearsal?.keyArn === undefined ? [] : [{ order: orderOf(rehearsal), by: 'rehearsal' as const, keyArn: rehearsal.keyArn }]),
  ];
  if (told.length === 0) {
    if (refusal !== undefined) told.push({ ...refusal, by: 'refusal' });
    for (const { keyArn, created } of grants) if (created !== undefined) told.push({ order: created, by: 'grant', keyArn });
  }
  // Stryker disable next-line EqualityOperator: no two events have one place in time.
  const last = told.reduce<(typeof told)[number] | undefined>((a, b) => (a === undefined || a.order < b.order ? b : a), undefined);
  if (last === undefined) return undefined;
  return { ...(last.keyArn === undefined ? {} : { keyArn: last.keyArn }), asOf: timeOf(last.order), by: last.by };
}
