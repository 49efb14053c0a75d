import type { Attribution, Fact, FactBase, GrantCreated } from '../fact.ts';
import type { Subject } from '../finding.ts';
import { printable } from '../text.ts';

/** A name inside a sentence: printable, at most 200 characters. */
export const name = (value: string | undefined, otherwise = 'unknown'): string => printable(value ?? otherwise, 200);

/** The key of a sentence, shortened to its id; the full ARN stands in the finding. */
export const key = (keyArn: string | undefined): string =>
  keyArn === undefined ? 'a key the record does not name' : `key ${name(keyArn.split('/').at(-1))}`;

/** The cluster or resource a call was made for. */
export function purpose(fact: Attribution): string {
  if (fact.cluster !== undefined) {
    const volume = fact.volumeId === undefined ? '' : `, volume ${name(fact.volumeId)}`;
    return ` for cluster ${name(fact.cluster.name)} of account ${name(fact.cluster.account)}${volume}`;
  }
  return fact.resource === undefined ? '' : ` for ${fact.resource.kind} ${name(fact.resource.id)}`;
}

/** Who called, and through which service. */
export function by({ caller }: Pick<FactBase, 'caller'>): string {
  const through = caller.invokedBy === undefined || caller.invokedBy === caller.id ? '' : ` through ${name(caller.invokedBy)}`;
  return `${name(caller.id)}${through}`;
}

/** What a grant lets whom do. */
export function grantPhrase(fact: GrantCreated): string {
  const operations = fact.operations === undefined ? 'unnamed operations' : name(fact.operations.join(', '));
  return `grant ${name(fact.grantId)} lets ${name(fact.grantee)} do ${operations} with ${key(fact.keyArn)}${purpose(fact)}`;
}

/** The subject fields of the cluster a fact is attributed to. */
export function clusterFields(fact: Attribution): Subject {
  return fact.cluster === undefined ? {} : { clusterAccount: fact.cluster.account, clusterName: fact.cluster.name };
}

/** The key's subject field, where the record names a key. */
export function keyField(fact: Fact): Subject {
  return fact.keyArn === undefined ? {} : { keyArn: fact.keyArn };
}

/** The cluster where there is one, else the resource: never an EBS volume, of which each retry makes a new one. */
export function clusterOrResource(fact: Attribution): Subject {
  if (fact.cluster !== undefined) return clusterFields(fact);
  const { resource } = fact;
  return resource === undefined || resource.kind === 'ebs-volume' || resource.kind === 'ebs-snapshot' ? {} : { resource: resource.id };
}
