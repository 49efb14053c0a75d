import type { GrantCreated } from './fact.ts';
import { GRANT_OPERATIONS } from './grant-operations.ts';
import { readKeyArn } from './key-arn.ts';
import { isLiteral, matches, matchesAny, type PatternScope } from './pattern.ts';

/**
 * A grant that is expected: every field given here must fit. Patterns are those of `matches`.
 */
export interface GrantProfile {
  readonly name: string;
  /** Only where the ECS context may be believed. */
  readonly trusted?: true | undefined;
  readonly callerType?: string | undefined;
  /** Patterns of the calling identity's ARN. */
  readonly caller?: readonly string[] | undefined;
  /** Patterns of `userIdentity.invokedBy`, which must be there; of an empty list, must not. */
  readonly invokedBy?: readonly string[] | undefined;
  /** Patterns of the grantee, whichever field names it. */
  readonly grantee: readonly string[];
  /** Patterns of the retiring principal, or `same` where it must be the grantee; an empty list: there must be none. */
  readonly retiree?: readonly string[] | 'same' | undefined;
  readonly operations?: OperationsExpectation | undefined;
  /** Exactly these context keys, each value fitting its pattern. An empty object: no constraint at all. */
  readonly context?: Readonly<Record<string, string>> | undefined;
  readonly contextMatch?: 'equals' | 'subset' | undefined;
  /** No context key may begin with this. */
  readonly contextWithout?: string | undefined;
  /** Patterns of `constraints.sourceArn`; an empty list: there must be none; without a list a source must lie in the key's account or one the policy names. */
  readonly sourceArn?: readonly string[] | undefined;
}

/** `exactly` this set, or some of `within`; `optional` lets a record name no operations. */
export interface OperationsExpectation {
  readonly exactly?: readonly string[] | undefined;
  readonly within?: readonly string[] | undefined;
  readonly optional?: true | undefined;
}

const INFRASTRUCTURE = (account: string): readonly string[] => [
  `arn:\${Partition}:sts::${account}:assumed-role/aws:ec2-infrastructure/i-*`,
  `${account}:aws:ec2-infrastructure:i-*`,
];
const LINKED_ROLE = (account: string): readonly string[] => [
  `arn:\${Partition}:iam::${account}:role/aws-service-role/*.amazonaws.com/AWSServiceRoleFor*`,
];
const EBS = {
  invokedBy: ['**'],
  context: { 'aws:ebs:id': '*' },
  operations: { exactly: ['Decrypt'], optional: true as const },
};

/** What a grant for Fargate storage is, whoever made it. */
const FARGATE_STORAGE = {
  name: 'fargate-storage',
  grantee: ['fargate.${Region}.amazonaws.com'],
  retiree: ['ec2.${Region}.amazonaws.com'],
  operations: { exactly: ['Decrypt'] },
  context: { 'aws:ecs:clusterAccount': '**', 'aws:ecs:clusterName': '**', 'aws:ebs:id': '**' },
} as const satisfies GrantProfile;

/** The grants that AWS services make in ordinary operation, each as documented by its service. */
export const DEFAULT_PROFILES: readonly GrantProfile[] = [
  { ...FARGATE_STORAGE, trusted: true, invokedBy: ['ec2-frontend-api.amazonaws.com'] },
  { name: 'ebs', ...EBS, grantee: INFRASTRUCTURE('${Accounts}') },
  { name: 'ebs-by-service', ...EBS, callerType: 'AWSService', grantee: INFRASTRUCTURE('*') },
  {
    name: 'lambda',
    invokedBy: ['lambda.amazonaws.com'],
    grantee: ['arn:${Partition}:sts::${Account}:assumed-role/*/*'],
    retiree: 'same',
    operations: { within: ['Decrypt', 'Encrypt', 'GenerateDataKey', 'DescribeKey', 'RetireGrant'] },
    context: { 'aws:lambda:FunctionArn': '**' },
    contextMatch: 'equals',
  },
  { name: 'aws-service', invokedBy: ['**'], grantee: ['AWS Internal', '${ServicePrincipal}'], contextWithout: 'aws:ecs:' },
  { name: 'service-linked-role', grantee: LINKED_ROLE('${Accounts}') },
  { name: 'service-linked-role-by-service', callerType: 'AWSService', grantee: LINKED_ROLE('*') },
];

/** The first of `profiles` that expects this grant. */
export function profileOf(grant: GrantCreated, profiles: readonly GrantProfile[], accounts?: readonly string[]): GrantProfile | undefined {
  const scope: PatternScope = { key: readKeyArn(grant.keyArn), accounts };
  return profiles.find((profile) => expects(profile, grant, scope));
}

/** True for a grant that is one for Fargate storage in everything that KMS lists of it: all but who made it. */
export function isFargateStorage(grant: GrantCreated): boolean {
  return expects(FARGATE_STORAGE, grant, { key: readKeyArn(grant.keyArn) });
}

/** The profile that expects exactly this grant, or why none can be written. */
export type ExactProfile = { readonly profile: GrantProfile } | { readonly because: string };

/**
 * The profile that expects this grant and those alike in caller, parties, operations, constraint and source, what is
 * absent included; of any volume, because each has an id of its own.
 */
export function exactProfile(grant: GrantCreated): ExactProfile {
  const { caller, grantee, retiree, operations, constraint, sourceArn } = grant;
  if (grantee === undefined) return { because: 'it names no grantee' };
  const named = { invokedBy: listed(caller.invokedBy), retiree: listed(retiree), sourceArn: listed(sourceArn) };
  if (![caller.id, grantee, ...Object.values(named).flat()].every(isLiteral)) return { because: 'its names cannot be written as patterns' };
  const unknown = operations?.filter((one) => !KNOWN_OPERATIONS.has(one)) ?? [];
  if (unknown.length > 0) return { because: `a policy knows no such operation: ${unknown.join(', ')}` };
  const pairs = [...(constraint?.context ?? [])];
  if (pairs.some(([, value]) => value === '')) return { because: 'its encryption context cannot be read' };
  if (!pairs.every(([key, value]) => isLiteral(key) && key !== '__proto__' && isLiteral(value)))
    return { because: 'its encryption context cannot be written as patterns' };
  return {
    profile: {
      name: `expected-${grant.grantId.slice(0, 8)}`,
      caller: [caller.id],
      invokedBy: named.invokedBy,
      grantee: [grantee],
      retiree: named.retiree,
      operations: operations === undefined ? { exactly: [], optional: true } : { exactly: operations },
      context: Object.fromEntries(pairs.map(([key, value]) => [key, key === 'aws:ebs:id' && !/[:/]/.test(value) ? '*' : value])),
      ...(constraint === undefined ? {} : { contextMatch: constraint.match }),
      sourceArn: named.sourceArn,
    },
  };
}

/** The {@link exactProfile}, where one can be written. */
export function profileFor(grant: GrantCreated): GrantProfile | undefined {
  const exact = exactProfile(grant);
  return 'profile' in exact ? exact.profile : undefined;
}

const KNOWN_OPERATIONS: ReadonlySet<string> = new Set(GRANT_OPERATIONS);
const listed = (name: string | undefined): readonly string[] => (name === undefined ? [] : [name]);

function expects(profile: GrantProfile, grant: GrantCreated, scope: PatternScope): boolean {
  const { caller, grantee, retiree } = grant;
  if (profile.trusted && grant.trust !== 'trusted') return false;
  if (profile.callerType !== undefined && profile.callerType !== caller.type) return false;
  if (!fits(profile.invokedBy, caller.invokedBy, scope)) return false;
  if (!fits(profile.caller, caller.id, scope)) return false;
  if (grantee === undefined || !matchesAny(profile.grantee, grantee, scope)) return false;
  if (profile.retiree === 'same' ? retiree !== grantee : !fits(profile.retiree, retiree, scope)) return false;
  return fitsOperations(profile.operations, grant.operations) && fitsContext(profile, grant, scope) && fitsSource(profile, grant, scope);
}

/** No patterns, no condition; an empty list of them, no value. */
function fits(patterns: readonly string[] | undefined, value: string | undefined, scope: PatternScope): boolean {
  if (patterns === undefined) return true;
  return value === undefined ? patterns.length === 0 : matchesAny(patterns, value, scope);
}

function fitsOperations(expected: OperationsExpectation | undefined, operations: readonly string[] | undefined): boolean {
  if (expected === undefined) return true;
  if (operations === undefined) return expected.optional === true;
  const { exactly, within } = expected;
  if (exactly !== undefined && !(isWithin(exactly, operations) && isWithin(operations, exactly))) return false;
  return within === undefined || isWithin(operations, within);
}

const isWithin = (some: readonly string[], all: readonly string[]): boolean => some.every((one) => all.includes(one));

function fitsContext(profile: GrantProfile, { constraint }: GrantCreated, scope: PatternScope): boolean {
  const context = constraint?.context ?? new Map<string, string>();
  const { contextWithout } = profile;
  if (contextWithout !== undefined && [...context.keys()].some((key) => key.startsWith(contextWithout))) return false;
  if (profile.contextMatch !== undefined && profile.contextMatch !== constraint?.match) return false;
  if (profile.context === undefined) return true;
  const expected = Object.entries(profile.context);
  return (
    expected.length === context.size &&
    expected.every(([key, pattern]) => {
      const value = context.get(key.toLowerCase());
      return value !== undefined && matches(pattern, value, scope);
    })
  );
}

function fitsSource(profile: GrantProfile, { sourceArn }: GrantCreated, scope: PatternScope): boolean {
  if (profile.sourceArn !== undefined) return fits(profile.sourceArn, sourceArn, scope);
  const account = sourceArn?.split(':')[4];
  return sourceArn === undefined || (account !== undefined && matches('${Accounts}', account, scope));
}
