import { askAll } from '../at-once.ts';
import type { Cluster } from '../core/encryption-context.ts';
import { readKeyArn } from '../core/key-arn.ts';
import { nearest } from '../core/nearest.ts';
import { printable } from '../core/text.ts';
import type { LedgerReader } from '../ports.ts';
import { InputError } from './input.ts';

const CANDIDATES_LISTED = 10;
const CLUSTER_ARN = /^arn:aws[a-z-]*:ecs:[a-z0-9-]+:([0-9]{12}):cluster\/(.{1,255})$/s;
const ACCOUNT_AND_NAME = /^([0-9]{12})\/(.{1,255})$/s;

/**
 * The ARN of the key that is named by its ARN, its id or a part of the ARN that no other key's holds. A whole ARN is
 * taken as it is. Throws an {@link InputError} with the candidates, or the nearest there is.
 */
export async function keyNamed(reader: LedgerReader, given: string): Promise<string> {
  const arn = readKeyArn(given)?.arn;
  if (arn !== undefined) return arn;
  const all = await reader.keys();
  const exact = all.filter((known) => readKeyArn(known)?.keyId === given);
  const [one, ...more] = exact.length > 0 ? exact : all.filter((known) => given !== '' && known.includes(given));
  if (one === undefined) throw unknownKey(given, all);
  if (more.length > 0) throw new InputError(`"${printable(given, 200)}" names ${more.length + 1} keys: ${listed([one, ...more])}`);
  return one;
}

/** Throws an {@link InputError} unless the ledger tells something of the key: a misspelt ARN would have no dependents. */
export async function requireKnown(reader: LedgerReader, keyArn: string): Promise<void> {
  if (!(await reader.knowsKey(keyArn))) throw unknownKey(keyArn, await reader.keys());
}

function unknownKey(given: string, all: readonly string[]): InputError {
  const what = `no record in this ledger names a key "${printable(given, 300)}"`;
  if (given.includes('alias/'))
    return new InputError(`${what}: records name no aliases; aws kms describe-key --key-id ${printable(given, 300)} says the ARN`);
  const id = readKeyArn(given)?.keyId ?? given;
  const near = nearest(
    id,
    all.map((arn) => readKeyArn(arn)?.keyId ?? arn),
  );
  if (near !== undefined && near !== id) return new InputError(`${what}; did you mean ${near}?`);
  return new InputError(all.length === 0 ? `${what}, nor any other` : `${what}; it knows ${listed(all)}`);
}

/**
 * The cluster that is named by its ARN, as `ACCOUNT/NAME` or by its name. A name alone is looked up among the clusters
 * that had to do with `keys`. Throws an {@link InputError} with the candidates, or the nearest there is.
 */
export async function clusterNamed(reader: LedgerReader, keys: readonly string[], given: string): Promise<Cluster> {
  const [, account, name] = CLUSTER_ARN.exec(given) ?? ACCOUNT_AND_NAME.exec(given) ?? [];
  if (account !== undefined && name !== undefined) return { account, name };
  return oneCluster(given, (await askAll(keys, (keyArn) => reader.clustersOf(keyArn))).flat());
}

/** The error that no record names a cluster that was named whole, with the nearest there is: a misspelt one would sit on no key. */
export async function unknownCluster(reader: LedgerReader, keys: readonly string[], { account, name }: Cluster): Promise<InputError> {
  const known = (await askAll(keys, (keyArn) => reader.clustersOf(keyArn))).flat();
  const ids = [...new Set(known.map((cluster) => `${cluster.account}/${cluster.name}`))].sort();
  const given = `${account}/${name}`;
  const what = `no record in this ledger names a cluster "${printable(given, 300)}"`;
  return withNearest(what, given, ids);
}

function withNearest(what: string, given: string, ids: readonly string[], names = ids): InputError {
  const near = nearest(given, names);
  if (near !== undefined) return new InputError(`${what}; did you mean "${printable(near, 300)}"?`);
  return new InputError(ids.length === 0 ? `${what}, nor any other with a key` : `${what}; it knows ${listed(ids)}`);
}

/** True for a cluster's ARN and for `ACCOUNT/NAME`. */
export const isWholeCluster = (given: string): boolean => CLUSTER_ARN.test(given) || ACCOUNT_AND_NAME.test(given);

/** The one of these clusters that is named so. Throws as {@link clusterNamed} does. */
function oneCluster(given: string, clusters: readonly Cluster[]): Cluster {
  const all = new Map(clusters.map((cluster) => [`${cluster.account}/${cluster.name}`, cluster]));
  const named = [...all].filter(([id, cluster]) => cluster.name === given || id === given);
  const [one, ...more] = named;
  if (one === undefined) {
    const what = `no record in this ledger names a cluster "${printable(given, 300)}" with a key`;
    throw withNearest(what, given, [...all.keys()].sort(), [...new Set(clusters.map((cluster) => cluster.name))]);
  }
  if (more.length > 0)
    throw new InputError(
      `"${printable(given, 300)}" is the name of ${named.length} clusters; say ACCOUNT/NAME: ${listed(named.map(([id]) => id))}`,
    );
  return one[1];
}

/** The first of many, and how many more there are. */
export function listed(all: readonly string[]): string {
  const shown = all.slice(0, CANDIDATES_LISTED).map((one) => printable(one, 300));
  return [...shown, ...(all.length > shown.length ? [`and ${all.length - shown.length} more`] : [])].join(', ');
}
