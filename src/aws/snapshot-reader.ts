import type { GrantCreated, StandingFact } from '../core/fact.ts';
import type { Occurrence } from '../core/finding.ts';
import type { GrantHead } from '../core/grant.ts';
import { type ResourceUse, type Settlement, type Snapshot, sortedFacts } from '../core/snapshot.ts';
import { decodeFact, decodeHead, decodeOccurrence, decodeResource, type Item, keyOf, textOf } from './item-codec.ts';
import { DIRECTORY, SETTLED } from './item-keys.ts';

/** Sorts a ledger's items by what they are. Candidates and alert notes are no part of what a ledger knows. */
export async function snapshotOf(items: AsyncIterable<Item>): Promise<Snapshot> {
  const grants: GrantHead[] = [];
  const creations: GrantCreated[] = [];
  const standing: StandingFact[] = [];
  const resources: ResourceUse[] = [];
  const occurrences: Occurrence[] = [];
  const settlements = new Map<string, Settlement>();
  for await (const item of items) {
    const { pk, sk } = keyOf(item);
    if (pk.startsWith('G/') && sk === '#') grants.push(decodeHead(item));
    else if (pk.startsWith('F/') && sk.startsWith('E#')) occurrences.push(decodeOccurrence(item));
    else if (pk.startsWith('F/') && sk === SETTLED) settlements.set(pk.slice(2), JSON.parse(textOf(item, 'f') ?? '{}'));
    else if (sk.startsWith('D#')) resources.push(decodeResource(item));
    else if (isFact(pk)) {
      const fact = decodeFact(item);
      if (fact.kind === 'grant-created') creations.push(fact);
      else standing.push(fact);
    }
  }
  return { grants, creations, ...sortedFacts(standing), resources, occurrences, settlements };
}

/** The directory's partition is named as those of keys are. */
const isFact = (pk: string): boolean => /^[VGKCT]\//.test(pk) && pk !== DIRECTORY;
