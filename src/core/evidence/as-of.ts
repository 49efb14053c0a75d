import { timeOf } from '../fact.ts';
import type { GrantHead } from '../grant.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Timestamp } from '../timestamp.ts';

/**
 * The ledger as it stood at the end of `until`, its last second included: what happened later is left out, so that a
 * grant which has ended since is open in it. A resource last seen later is left out as well: whether it was seen before,
 * nobody knows. What operators have settled is kept as it is.
 */
export function asOf(snapshot: Snapshot, until: Timestamp): Snapshot {
  const happened = <T extends { readonly time: Timestamp }>(facts: readonly T[]): T[] => facts.filter(({ time }) => time <= until);
  return {
    grants: snapshot.grants.flatMap((head) => headAsOf(head, until)),
    creations: happened(snapshot.creations),
    uses: happened(snapshot.uses),
    rehearsals: happened(snapshot.rehearsals),
    refusals: happened(snapshot.refusals),
    changes: happened(snapshot.changes),
    others: happened(snapshot.others),
    resources: snapshot.resources.filter(({ lastSeen }) => lastSeen <= until),
    sightings: snapshot.sightings.filter(({ seen }) => seen <= until),
    occurrences: happened(snapshot.occurrences),
    settlements: snapshot.settlements,
  };
}

function headAsOf(head: GrantHead, until: Timestamp): GrantHead[] {
  const { created, cluster, volumeId, end, missing, gone, ...rest } = head;
  const isCreated = created !== undefined && timeOf(created) <= until;
  const isEnded = end !== undefined && timeOf(end.order) <= until;
  if (!isCreated && !isEnded) return [];
  return [
    {
      ...rest,
      // Whose grant it is, its creation tells.
      ...(isCreated ? { created } : {}),
      ...(isCreated && cluster !== undefined ? { cluster } : {}),
      ...(isCreated && volumeId !== undefined ? { volumeId } : {}),
      ...(isEnded ? { end } : {}),
      // Stryker disable next-line ConditionalExpression: undefined is not before anything.
      ...(missing !== undefined && missing <= until ? { missing } : {}),
      // Stryker disable next-line ConditionalExpression: undefined is not before anything.
      ...(gone !== undefined && gone <= until ? { gone } : {}),
    },
  ];
}
