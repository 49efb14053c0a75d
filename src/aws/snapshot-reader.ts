import type { GrantCreated, KeyChanged, KeyUsed, Refused, Rehearsed } from '../core/fact.ts';
import type { Occurrence } from '../core/finding.ts';
import type { GrantHead } from '../core/grant.ts';
import type { ResourceUse, Snapshot } from '../core/snapshot.ts';
import { decodeFact, decodeHead, decodeOccurrence, type Item, keyOf, textOf } from './item-codec.ts';

/** Sorts a ledger's items by what they are. Candidates and alert notes are no part of what a ledger knows. */
export async function snapshotOf(items: AsyncIterable<Item>): Promise<Snapshot> {
  const grants: GrantHead[] = [];
  const creations: GrantCreated[] = [];
  const uses: KeyUsed[] = [];
  const rehearsals: Rehearsed[] = [];
  const refusals: Refused[] = [];
  const changes: KeyChanged[] = [];
  const resources: ResourceUse[] = [];
  const occurrences: Occurrence[] = [];
  for await (const item of items) {
    const { pk, sk } = keyOf(item);
    if (pk.startsWith('G/') && sk === '#') grants.push(decodeHead(item));
    else if (pk.startsWith('F/') && sk.startsWith('E#')) occurrences.push(decodeOccurrence(item));
    else if (sk.startsWith('D#')) resources.push(decodeResource(item));
    else if (/^[VGKC]\//.test(pk)) {
      const fact = decodeFact(item);
      if (fact.kind === 'grant-created') creations.push(fact);
      else if (fact.kind === 'key-used') uses.push(fact);
      else if (fact.kind === 'rehearsed') rehearsals.push(fact);
      else if (fact.kind === 'refused') refusals.push(fact);
      else changes.push(fact);
    }
  }
  return { grants, creations, uses, rehearsals, refusals, changes, resources, occurrences };
}

function decodeResource(item: Item): ResourceUse {
  return { ...JSON.parse(textOf(item, 'f') ?? '{}'), lastSeen: textOf(item, 'seen') ?? '' };
}
