import type { GrantCreated } from './fact.ts';
import { readKeyArn } from './key-arn.ts';
import { matches, matchesAny, type PatternScope } from './pattern.ts';

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
  /** Patterns of `userIdentity.invokedBy`, which must be there. */
  readonly invokedBy?: readonly string[] | undefined;
  /** Patterns of the grantee, whichever field names it. */
  readonly grantee: readonly string[];
  /** Patterns of the retiring principal, or `same` where it must be the grantee. */
  readonly retiree?: readonly string[] | 'same' | undefined;
  readonly operations?: OperationsExpectation | undefined;
  /** Exactly these context keys, each value fitting its pattern. An empty object: no constraint at all. */
  readonly context?: Readonly<Record<string, string>> | undefined;
  readonly contextMatch?: 'equals' | 'subset' | undefined;
  /** No context key may begin with this. */
  readonly contextWithout?: string | undefined;
  /** Patterns of `constraints.sourceArn`; without them a source must lie in the key's account or one the policy names. */
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

/** The grants that AWS services make in ordinary operation, each as documented by its service. */
export const DEFAULT_PROFILES: readonly GrantProfile[] = [
  {
    name: 'fargate-storage',
    trusted: true,
    invokedBy: ['ec2-frontend-api.amazonaws.com'],
    grantee: ['fargate.${Region}.amazonaws.com'],
    retiree: ['ec2.${Region}.amazonaws.com'],
    operations: { exactly: ['Decrypt'] },
    context: { 'aws:ecs:clusterAccount': '**', 'aws:ecs:clusterName': '**', 'aws:ebs:id': '**' },
  },
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
export function profileOf(grant: GrantCreated, profiles: readonly GrantProfile[], accounts: readonly string[]): GrantProfile | undefined {
  const scope: PatternScope = { key: readKeyArn(grant.keyArn), accounts };
  return profiles.find((profile) => expects(profile, grant, scope));
}

/** The profile that expects exactly this grant's caller, parties, operations and constraint keys; undefined where its names cannot be written as patterns. */
export function profileFor(grant: GrantCreated): GrantProfile | undefined {
  const { caller, grantee, retiree, operations, constraint } = grant;
  const literals = [caller.id, grantee, retiree, caller.invokedBy, grant.sourceArn, ...(constraint?.context.keys() ?? [])];
  if (grantee === undefined || literals.some((literal) => literal !== undefined && /[*]|\$\{|~[0-9a-f]{16}$/.test(literal)))
    return undefined;
  return {
    name: `expected-${grant.grantId.slice(0, 8)}`,
    caller: [caller.id],
    ...(caller.invokedBy === undefined ? {} : { invokedBy: [caller.invokedBy] }),
    grantee: [grantee],
    ...(retiree === undefined ? {} : { retiree: [retiree] }),
    ...(operations === undefined ? {} : { operations: { exactly: operations } }),
    context: Object.fromEntries([...(constraint?.context.keys() ?? [])].map((key) => [key, '**'])),
    ...(grant.sourceArn === undefined ? {} : { sourceArn: [grant.sourceArn] }),
  };
}

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

function fits(patterns: readonly string[] | undefined, value: string | undefined, scope: PatternScope): boolean {
  return patterns === undefined || (value !== undefined && matchesAny(patterns, value, scope));
}

function fitsOperations(expected: OperationsExpectation | undefined, operations: readonly string[] | undefined): boolean {
  if (expected === undefined) return true;
  if (operations === undefined) return expected.optional === true;
  const { exactly, within } = expected;
  if (exactly !== undefined && (exactly.length !== operations.length || !exactly.every((one) => operations.includes(one)))) return false;
  return within === undefined || operations.every((one) => within.includes(one));
}

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
