import { underPolicy } from './expectation.ts';
import { orderOf } from './fact.ts';
import { DEFAULT_POLICY, isKeyInScope, type Policy } from './policy.ts';
import { judgeFact } from './rules/registry.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * The ledger as if this policy had judged its facts when they came. What it cannot judge again, because the fact itself
 * is not kept, stays as it was recorded, less what the policy accepts. A refusal of which nothing was recorded though the
 * default policy finds something stays silent: it may be one on a key of the deployment's own.
 */
export function judgedAnew(snapshot: Snapshot, policy: Policy): Snapshot {
  const known = new Set(factsOf(snapshot).map(orderOf));
  const told = new Set(snapshot.occurrences.map(orderOf));
  const scoped = inScope(snapshot, policy);
  const judged = factsOf(scoped).filter(
    (fact) => fact.kind !== 'refused' || told.has(orderOf(fact)) || judgeFact(fact, DEFAULT_POLICY).length === 0,
  );
  const recorded = scoped.occurrences.filter((occurrence) => !known.has(orderOf(occurrence)));
  return {
    ...scoped,
    occurrences: [
      ...judged.flatMap((fact) => judgeFact(fact, policy)),
      ...recorded.flatMap((occurrence) => underPolicy(occurrence, policy)),
    ],
  };
}

const factsOf = ({ creations, uses, rehearsals, refusals, changes, others }: Snapshot) => [
  // Who made an adopted grant is unknown, and that is what rules judge.
  ...creations.filter(({ adopted }) => adopted === undefined),
  ...uses,
  ...rehearsals,
  ...refusals,
  ...changes,
  ...others,
];

/** What is about a key that the policy covers, or about none. */
function inScope(snapshot: Snapshot, policy: Policy): Snapshot {
  const covered = ({ keyArn }: { readonly keyArn?: string }): boolean => keyArn === undefined || isKeyInScope(keyArn, policy);
  return {
    grants: snapshot.grants.filter(covered),
    creations: snapshot.creations.filter(covered),
    uses: snapshot.uses.filter(covered),
    rehearsals: snapshot.rehearsals.filter(covered),
    refusals: snapshot.refusals.filter(covered),
    changes: snapshot.changes.filter(covered),
    others: snapshot.others.filter(covered),
    resources: snapshot.resources.filter(covered),
    sightings: snapshot.sightings.filter(covered),
    occurrences: snapshot.occurrences.filter(({ subject }) => covered(subject)),
    settlements: snapshot.settlements,
  };
}
