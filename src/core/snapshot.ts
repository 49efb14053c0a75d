import type { Resource } from './encryption-context.ts';
import type { GrantCreated, KeyChanged, KeyUsed, Refused, Rehearsed, StandingFact } from './fact.ts';
import type { Occurrence } from './finding.ts';
import type { GrantHead } from './grant.ts';
import type { KeySighting } from './key-state.ts';
import type { Timestamp } from './timestamp.ts';

/** A resource seen using a key, and when last. */
export interface ResourceUse {
  readonly keyArn: string;
  readonly resource: Resource;
  readonly lastSeen: Timestamp;
}

/** Resources and when each was last seen using a key, as they are told of in any order. */
export class LatestUses {
  readonly #uses = new Map<string, ResourceUse>();

  add(use: ResourceUse): void {
    const id = JSON.stringify([use.keyArn, use.resource.kind, use.resource.id]);
    const known = this.#uses.get(id);
    // Stryker disable next-line EqualityOperator: of two equal uses either may stay.
    if (known === undefined || known.lastSeen < use.lastSeen) this.#uses.set(id, use);
  }

  /** Each resource once. */
  uses(): Iterable<ResourceUse> {
    return this.#uses.values();
  }
}

/** A fact of what surrounds the keys. */
export type OtherFact = Exclude<StandingFact, KeyUsed | Rehearsed | Refused | KeyChanged>;

/** That an operator has dealt with a finding, and why. */
export interface Settlement {
  /** When it was settled. */
  readonly at: Timestamp;
  readonly reason: string;
  /** The latest evidence that was settled; what comes later is news. */
  readonly through: Timestamp;
}

/** Everything a ledger knows, in no promised order. */
export interface Snapshot {
  readonly grants: readonly GrantHead[];
  readonly creations: readonly GrantCreated[];
  readonly uses: readonly KeyUsed[];
  readonly rehearsals: readonly Rehearsed[];
  readonly refusals: readonly Refused[];
  readonly changes: readonly KeyChanged[];
  /** What was seen around the keys: policies, clusters, tasks, trails, rules. */
  readonly others: readonly OtherFact[];
  readonly resources: readonly ResourceUse[];
  /** What the sweep saw of keys. */
  readonly sightings: readonly KeySighting[];
  /** Evidence of the rules that judge each fact by itself; findings that join facts are folded from those. */
  readonly occurrences: readonly Occurrence[];
  /** What operators have settled, by the finding's id. */
  readonly settlements: ReadonlyMap<string, Settlement>;
}

/** Sorts a ledger's facts by what they are. */
export function sortedFacts(facts: Iterable<StandingFact>): Pick<Snapshot, 'uses' | 'rehearsals' | 'refusals' | 'changes' | 'others'> {
  const uses: KeyUsed[] = [];
  const rehearsals: Rehearsed[] = [];
  const refusals: Refused[] = [];
  const changes: KeyChanged[] = [];
  const others: OtherFact[] = [];
  for (const fact of facts) {
    if (fact.kind === 'key-used') uses.push(fact);
    else if (fact.kind === 'rehearsed') rehearsals.push(fact);
    else if (fact.kind === 'refused') refusals.push(fact);
    else if (fact.kind === 'key-changed') changes.push(fact);
    else others.push(fact);
  }
  return { uses, rehearsals, refusals, changes, others };
}
