import { clusterOf, type EncryptionContext, namesEcs, resourceOf, volumeIdOf } from './encryption-context.ts';
import type { Attribution, GrantCreated } from './fact.ts';
import type { GrantTerms } from './grant-terms.ts';
import { readKeyArn } from './key-arn.ts';
import { isFargateStorage } from './profile.ts';
import type { Digest } from './text.ts';
import type { Timestamp } from './timestamp.ts';

/** A grant as KMS lists it: all but who made it. https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantListEntry.html */
export interface ListedGrant extends GrantTerms {
  readonly keyArn: string;
  readonly grantId: string;
  readonly createdAt?: Timestamp;
}

/** What stands in an adopted creation for the id of a record. */
export const LISTED = 'listed:';

/** True for the event id of an adopted creation: there is no such record to look up. */
export const isListed = (eventId: string): boolean => eventId.startsWith(LISTED);

/** Who made or ended a grant that is only known from a list. */
export const NOBODY = { id: 'unknown', trusted: false, awsRole: false } as const;
const NO_CONTEXT: EncryptionContext = new Map();

/**
 * The creation of a grant that KMS lists and nobody recorded, as the sweep begun at `seen` found it. Always the same
 * event for the same grant, so that finding it again changes nothing. No rule that judges creations speaks of it: they
 * judge who made a grant, and nobody knows.
 */
export function adoptedCreation(listed: ListedGrant, seen: Timestamp, digest: Digest): GrantCreated {
  const { createdAt, ...told } = listed;
  const key = readKeyArn(listed.keyArn);
  const grant: GrantCreated = {
    kind: 'grant-created',
    eventId: `${LISTED}${listed.grantId}`,
    time: createdAt ?? seen,
    operation: 'CreateGrant',
    caller: NOBODY,
    ...(key === undefined ? {} : { region: key.region, account: key.account }),
    trust: namesEcs(contextOf(listed)) ? 'unverified' : 'none',
    ...told,
    adopted: seen,
  };
  return { ...grant, ...attributed(grant, digest) };
}

const contextOf = ({ constraint }: Pick<ListedGrant, 'constraint'>): EncryptionContext => constraint?.context ?? NO_CONTEXT;

/** To a cluster and a volume only where everything that KMS tells is as Fargate has it. */
function attributed(grant: GrantCreated, digest: Digest): Partial<Attribution> {
  const context = contextOf(grant);
  const cluster = clusterOf(context, digest);
  const volumeId = volumeIdOf(context, digest);
  // Stryker disable next-line ConditionalExpression,LogicalOperator: what is as Fargate has it names both.
  if (cluster !== undefined && volumeId !== undefined && isFargateStorage(grant)) return { cluster, volumeId };
  const resource = namesEcs(context) ? undefined : resourceOf(context);
  return resource === undefined ? {} : { resource };
}
