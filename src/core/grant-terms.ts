import { readContext } from './encryption-context.ts';
import type { GrantConstraint } from './fact.ts';
import { at, field, firstText, text } from './json.ts';
import { bounded, type Digest } from './text.ts';

const LIMITS = { grantId: 128, principal: 512, operation: 64, grantOperations: 32 };

/** What a grant says: whom it lets do what, on which condition, and who may end it. */
export interface GrantTerms {
  /** `granteePrincipal` or `granteeServicePrincipal`, trimmed. */
  readonly grantee?: string;
  readonly retiree?: string;
  /** Sorted; absent where none are named. */
  readonly operations?: readonly string[];
  readonly constraint?: GrantConstraint;
  readonly sourceArn?: string;
}

/** A grant's id, bounded. */
export const boundedGrantId = (grantId: string, digest: Digest): string => bounded(grantId, LIMITS.grantId, digest);

/** Reads the terms of a grant from the parameters of CreateGrant. */
export function readGrantTerms(parameters: unknown, digest: Digest): GrantTerms {
  const grantee = firstText(field(parameters, 'granteePrincipal'), field(parameters, 'granteeServicePrincipal'));
  const retiree = firstText(field(parameters, 'retiringPrincipal'), field(parameters, 'retiringServicePrincipal'));
  const operations = operationsOf(parameters, digest);
  const constraint = constraintOf(parameters, digest);
  const sourceArn = text(at(parameters, 'constraints', 'sourceArn'));
  return {
    ...(grantee === undefined ? {} : { grantee: bounded(grantee, LIMITS.principal, digest) }),
    ...(retiree === undefined ? {} : { retiree: bounded(retiree, LIMITS.principal, digest) }),
    ...(operations === undefined ? {} : { operations }),
    ...(constraint === undefined ? {} : { constraint }),
    ...(sourceArn === undefined ? {} : { sourceArn: bounded(sourceArn, LIMITS.principal, digest) }),
  };
}

function operationsOf(parameters: unknown, digest: Digest): readonly string[] | undefined {
  const raw = field(parameters, 'operations');
  if (raw === undefined || raw === null) return undefined;
  // What cannot be read fits no profile.
  if (!Array.isArray(raw)) return ['?'];
  const operations = new Set(raw.map((operation) => bounded(text(operation) ?? '?', LIMITS.operation, digest)));
  return [...operations].sort().slice(0, LIMITS.grantOperations);
}

/** The encryption-context condition among a grant's parameters. */
export function constraintOf(parameters: unknown, digest: Digest): GrantConstraint | undefined {
  const constraints = field(parameters, 'constraints');
  for (const [match, name] of [
    ['equals', 'encryptionContextEquals'],
    ['subset', 'encryptionContextSubset'],
  ] as const) {
    const context = readContext(field(constraints, name), digest);
    if (context.size > 0) return { match, context };
  }
  return undefined;
}
