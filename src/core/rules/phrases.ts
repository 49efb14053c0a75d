import type { ResourceKind } from '../encryption-context.ts';
import type { Attribution, Fact, FactBase, GrantCreated } from '../fact.ts';
import type { Subject } from '../finding.ts';
import { printable } from '../text.ts';

/** A name inside a sentence: printable, at most 200 characters. */
export const name = (value: string | undefined, otherwise = 'unknown'): string => printable(value ?? otherwise, 200);

/** Why AWS refused or stopped something, in its own words: what decides often stands last. */
export const reason = (value: string): string => printable(value, 1_000);

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

const CONSEQUENCES: Readonly<Record<ResourceKind, string>> = {
  secret: 'Tasks that inject this secret cannot start.',
  parameter: 'Tasks that inject this parameter cannot start.',
  'log-group': 'Tasks that log to this group lose their logs, or wait where their log driver blocks.',
  'file-system': 'Tasks that mount this file system cannot start or lose it.',
  repository: 'Tasks cannot pull this repository’s images.',
  bucket: 'Tasks cannot read this bucket’s objects, image layers among them.',
  queue: 'Tasks cannot read or send this queue’s messages.',
  topic: 'Messages of this topic are not delivered.',
  function: 'This function cannot start.',
  table: 'Tasks cannot read or write this table.',
  'ebs-volume': 'Tasks and instances cannot attach this volume.',
  'ebs-snapshot': 'No volume can be made of this snapshot.',
};

/** What a refusal for this resource means to ECS tasks, as a sentence after the others; nothing where no resource is known. */
export const consequence = ({ resource }: Attribution): string => (resource === undefined ? '' : ` ${CONSEQUENCES[resource.kind]}`);

/** Who called, and through which service. */
export function by({ caller }: Pick<FactBase, 'caller'>): string {
  const through = caller.invokedBy === undefined || caller.invokedBy === caller.id ? '' : ` through ${name(caller.invokedBy)}`;
  return `${name(caller.id)}${through}`;
}

/** Who made a grant, and what it lets whom do. */
export function grantPhrase(fact: GrantCreated): string {
  const operations = fact.operations === undefined ? 'unnamed operations' : name(fact.operations.join(', '));
  return `${by(fact)} made grant ${name(fact.grantId)}: it lets ${name(fact.grantee)} do ${operations} with ${key(fact.keyArn)}${purpose(fact)}`;
}

/** The subject fields of the cluster a fact is attributed to. */
export function clusterFields(fact: Pick<Attribution, 'cluster'>): Subject {
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
