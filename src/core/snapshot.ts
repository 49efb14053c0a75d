import type { Resource } from './encryption-context.ts';
import type { GrantCreated, KeyChanged, KeyUsed, Refused, Rehearsed } from './fact.ts';
import type { Occurrence } from './finding.ts';
import type { GrantHead } from './grant.ts';
import type { Timestamp } from './timestamp.ts';

/** A resource seen using a key, and when last. */
export interface ResourceUse {
  readonly keyArn: string;
  readonly resource: Resource;
  readonly lastSeen: Timestamp;
}

/** Everything a ledger knows, in no promised order. */
export interface Snapshot {
  readonly grants: readonly GrantHead[];
  readonly creations: readonly GrantCreated[];
  readonly uses: readonly KeyUsed[];
  readonly rehearsals: readonly Rehearsed[];
  readonly refusals: readonly Refused[];
  readonly changes: readonly KeyChanged[];
  readonly resources: readonly ResourceUse[];
  /** Evidence of the rules that judge each fact by itself; findings that join facts are folded from those. */
  readonly occurrences: readonly Occurrence[];
}
