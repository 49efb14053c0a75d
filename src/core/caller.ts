import { type EncryptionContext, namesEcs, namesOtherService } from './encryption-context.ts';
import { at, field, firstText, text } from './json.ts';
import { bounded, type Digest } from './text.ts';

/** Who made a call, https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html */
export interface Caller {
  /** Stable across sessions: a role's ARN rather than its session's, a service principal where there is no ARN. */
  readonly id: string;
  /** The session's own ARN, where it says more than `id`. */
  readonly session?: string;
  readonly type?: string;
  readonly invokedBy?: string;
  /** An AWS service known to run ECS storage, or a session of a role that only AWS can make. */
  readonly trusted: boolean;
  /** A session of a role whose name begins with `aws:`. */
  readonly awsRole: boolean;
}

/**
 * What a record's ECS context is worth. `trusted`: it attributes. `forged`: the caller wrote it. `unverified`: a
 * service passed it on and we cannot tell. `none`: no ECS context, no trusted caller.
 */
export type Trust = 'trusted' | 'forged' | 'unverified' | 'none';

/** The principals under which Fargate and EBS work on a cluster's behalf, global or of the record's own Region. */
const STORAGE_SERVICE = /^(?:ec2-frontend-api|(?:fargate|ecs|ec2)(?:\.([a-z0-9-]+))?)\.amazonaws\.com(?:\.cn)?$/;
const CALLER_LIMIT = 512;

function isStorageService(invokedBy: string | undefined, region: string | undefined): boolean {
  // Stryker disable next-line StringLiteral: neither is a service.
  const match = STORAGE_SERVICE.exec(invokedBy ?? '');
  return match !== null && (match[1] === undefined || match[1] === region);
}

/** Reads `userIdentity`; service records have only `type` and `invokedBy`, service events not even `type`. */
export function readCaller(userIdentity: unknown, region: string | undefined, digest: Digest): Caller {
  const type = text(field(userIdentity, 'type'));
  const invokedBy = text(field(userIdentity, 'invokedBy'));
  const issuer = at(userIdentity, 'sessionContext', 'sessionIssuer');
  const awsRole = text(field(issuer, 'userName'))?.startsWith('aws:') ?? false;
  const arn = text(field(userIdentity, 'arn'));
  const roleOfSession = arn?.replace(/^(arn:[^:]*:sts::[^:]*:assumed-role\/[^/]+)\/.*$/s, '$1');
  const id = bounded(
    firstText(
      field(issuer, 'arn'),
      roleOfSession,
      type === 'AWSService' ? invokedBy : undefined,
      field(userIdentity, 'userName'),
      field(userIdentity, 'principalId'),
      field(userIdentity, 'accountId'),
      invokedBy,
      type,
    ) ?? 'unknown',
    CALLER_LIMIT,
    digest,
  );
  return {
    id,
    ...(arn !== undefined && arn !== id ? { session: bounded(arn, CALLER_LIMIT, digest) } : {}),
    ...(type === undefined ? {} : { type: bounded(type, 64, digest) }),
    ...(invokedBy === undefined ? {} : { invokedBy: bounded(invokedBy, 128, digest) }),
    trusted: awsRole || (type === 'AWSService' && isStorageService(invokedBy, region)),
    awsRole,
  };
}

/** Judges how far a context may be believed, given who sent it. */
export function trustIn(caller: Caller, context: EncryptionContext): Trust {
  const foreign = namesOtherService(context);
  if (caller.trusted && !foreign) return 'trusted';
  if (!namesEcs(context)) return 'none';
  return foreign || (caller.invokedBy === undefined && !caller.awsRole) ? 'forged' : 'unverified';
}
