import { type ContextFact, type Fact, type GrantCreated, hasContext } from './fact.ts';
import { readKeyArn } from './key-arn.ts';
import { DEFAULT_PROFILES, type ExactProfile, exactProfile, type GrantProfile, profileOf } from './profile.ts';
import { sortedBy } from './sorting.ts';

/** What a policy would have to say so that what was observed is expected. */
export interface Proposal {
  /** By name; each fits exactly the grants it was made from, of which there are so many. */
  readonly profiles: readonly { readonly profile: GrantProfile; readonly grants: number }[];
  /** Unexpected grants that no profile can describe, and why. */
  readonly leftOut: readonly (GrantName & { readonly because: string })[];
  /** Every account whose clusters were seen, where one of them is not the account of the key it used. */
  readonly accounts?: readonly string[];
  /** The names of the clusters that were seen in contexts that may be believed. */
  readonly clusters: readonly string[];
}

type GrantName = Pick<GrantCreated, 'keyArn' | 'grantId'>;

/** Proposes exact profiles for the grants that no default profile expects, and the accounts beyond the keys' own. In whatever order the facts come. */
export function propose(facts: readonly Fact[]): Proposal {
  return { ...profilesFor(facts.filter((fact) => fact.kind === 'grant-created')), ...clustersOf(facts.filter(hasContext)) };
}

function clustersOf(facts: readonly ContextFact[]): Pick<Proposal, 'accounts' | 'clusters'> {
  const seen = facts.flatMap(({ cluster, keyArn }) => (cluster === undefined ? [] : { ...cluster, keyArn }));
  const beyond = seen.some(({ account, keyArn }) => {
    const own = readKeyArn(keyArn)?.account;
    return own !== undefined && isAccount(account) && own !== account;
  });
  return {
    clusters: sortedSet(seen.map(({ name }) => name)),
    ...(beyond ? { accounts: sortedSet(seen.map(({ account }) => account).filter(isAccount)) } : {}),
  };
}

const isAccount = (text: string): boolean => /^\d{12}$/.test(text);
const sortedSet = (texts: readonly string[]): string[] => [...new Set(texts)].sort();
const byId = <T>(groups: ReadonlyMap<string, T>): T[] => sortedBy(groups, ([id]) => [id]).map(([, group]) => group);

function profilesFor(creations: readonly GrantCreated[]): Pick<Proposal, 'profiles' | 'leftOut'> {
  const alike = new Map<string, { readonly profile: GrantProfile; readonly grants: Set<string> }>();
  const leftOut = new Map<string, Proposal['leftOut'][number]>();
  for (const creation of creations) {
    if (profileOf(creation, DEFAULT_PROFILES) !== undefined) continue;
    const { keyArn, grantId } = creation;
    const grant = JSON.stringify([keyArn, grantId]);
    const exact = namedProfile(creation);
    if ('because' in exact) leftOut.set(grant, { keyArn, grantId, ...exact });
    else {
      const id = JSON.stringify(exact.profile);
      const known = alike.get(id) ?? { ...exact, grants: new Set() };
      alike.set(id, known);
      known.grants.add(grant);
    }
  }
  const taken = new Set<string>();
  const profiles = byId(alike).map(({ profile, grants }) => ({
    profile: { ...profile, name: freeName(profile.name, taken) },
    grants: grants.size,
  }));
  return { profiles: sortedBy(profiles, ({ profile }) => [profile.name]), leftOut: byId(leftOut) };
}

/** The grant's own profile under a name that says whose it is, its context in order, so that grants alike have one profile. */
function namedProfile(grant: GrantCreated): ExactProfile {
  const exact = exactProfile(grant);
  if ('because' in exact) return exact;
  const context = Object.fromEntries(sortedBy(Object.entries(exact.profile.context ?? {}), ([key]) => [key]));
  return { profile: { ...exact.profile, name: [grant.caller.id, ...exact.profile.grantee].map(tail).join('-to-'), context } };
}

/** The last part of an ARN or a service's name, as a word. */
function tail(principal: string): string {
  const last = principal.slice(Math.max(principal.lastIndexOf(':'), principal.lastIndexOf('/')) + 1);
  const word = last
    .replace(/\.amazonaws\.com(?:\.cn)?$/, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-');
  return word.slice(0, 40).replace(/^-|-$/g, '') || 'somebody';
}

function freeName(name: string, taken: Set<string>): string {
  let free = name;
  for (let number = 2; taken.has(free); number += 1) free = `${name}-${number}`;
  taken.add(free);
  return free;
}
