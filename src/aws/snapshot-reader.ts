import type { GrantCreated, StandingFact } from '../core/fact.ts';
import type { Occurrence } from '../core/finding.ts';
import { type GrantHead, isCurrent } from '../core/grant.ts';
import type { KeySighting } from '../core/key-state.ts';
import { type ResourceUse, type Settlement, type Snapshot, sortedFacts } from '../core/snapshot.ts';
import { decodeFact, decodeHead, decodeOccurrence, decodeResource, decodeSighting, type Item, keyOf, textOf } from './item-codec.ts';
import { DIRECTORY, SETTLED, SIGHTING } from './item-keys.ts';

/** Sorts a ledger's items by what they are. Candidates and alert notes are no part of what a ledger knows. */
export async function snapshotOf(items: AsyncIterable<Item>): Promise<Snapshot> {
  const grants: GrantHead[] = [];
  const creations: GrantCreated[] = [];
  const standing: StandingFact[] = [];
  const resources: ResourceUse[] = [];
  const sightings: KeySighting[] = [];
  const occurrences: Occurrence[] = [];
  const settlements = new Map<string, Settlement>();
  for await (const item of items) {
    const { pk, sk } = keyOf(item);
    if (pk.startsWith('G/') && sk === '#') grants.push(decodeHead(item));
    else if (pk.startsWith('F/') && sk.startsWith('E#')) occurrences.push(decodeOccurrence(item));
    else if (pk.startsWith('F/') && sk === SETTLED) settlements.set(pk.slice(2), JSON.parse(textOf(item, 'f') ?? '{}'));
    else if (sk.startsWith('D#')) resources.push(decodeResource(item));
    else if (sk === SIGHTING) sightings.push(decodeSighting(item));
    else if (isFact(pk)) {
      const fact = decodeFact(item);
      if (fact.kind === 'grant-created') creations.push(fact);
      else standing.push(fact);
    }
  }
  const heads = new Map(grants.map((head) => [JSON.stringify([head.keyArn, head.grantId]), head]));
  const current = creations.filter((creation) => isCurrent(creation, heads.get(JSON.stringify([creation.keyArn, creation.grantId]))));
  return { grants, creations: current, ...sortedFacts(standing), resources, sightings, occurrences, settlements };
}

/** The directory's partition is named as those of keys are. */
const isFact = (pk: string): boolean => /^[VGKCT]\//.test(pk) && pk !== DIRECTORY;
