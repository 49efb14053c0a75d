import type { Finding } from '../finding.ts';
import type { KeyChange } from '../operations.ts';
import type { RefusalReason } from '../outcome.ts';
import type { Rejection } from '../reading.ts';
import type { KeyReport, VolumeReport } from '../report.ts';
import type { Standing } from '../standing.ts';
import type { Coverage } from '../tally.ts';
import type { Timestamp } from '../timestamp.ts';
import type { Deviation } from '../verify-clusters.ts';
import type { Hearing } from './silences.ts';

/** What a report speaks of. Every filter that is given must let a thing through. */
export interface Scope {
  readonly since?: Timestamp;
  /** The last second of the period; everything is told as it stood then. */
  readonly until?: Timestamp;
  readonly cluster?: string;
  /** A part of the key's ARN. */
  readonly key?: string;
}

/** Where the ledger came from: a deployment's table, or records that were replayed. */
export type ReportSource = { readonly table: string } | { readonly records: readonly string[] };

/** One source of records: what was found in it, and what was rejected. */
export interface ReadSource {
  readonly path: string;
  readonly records: number;
  readonly rejected: readonly Rejection[];
}

/** What the report rests on. */
export interface ReportCoverage extends Hearing {
  /** What became of every record; of a table, nobody counted it again. */
  readonly events?: Coverage;
  readonly sources?: readonly ReadSource[];
  /** Resources of all keys that are left out: of a table, only their last use is known, and it was after the period. */
  readonly laterResources: number;
}

/** A grant, with the events that prove when it came and went. */
export interface ReportedGrant {
  readonly keyArn: string;
  readonly grantId: string;
  /** `open`, or how it ended. */
  readonly status: string;
  readonly clusterAccount?: string;
  readonly clusterName?: string;
  /** Absent where the creation was never seen. */
  readonly grantedAt?: Timestamp;
  readonly grantedBy?: string;
  readonly grantedEventId?: string;
  readonly grantee?: string;
  readonly operations?: readonly string[];
  readonly endedAt?: Timestamp;
  readonly endedBy?: string;
  readonly endedEventId?: string;
  /** Ids of the findings about it. */
  readonly findings: readonly string[];
}

/** A volume with its grants. */
export interface ReportedVolume extends Omit<VolumeReport, 'grants'> {
  readonly lastDecryptAt?: Timestamp;
  readonly grants: readonly ReportedGrant[];
  /** Ids of the findings about it or about one of its grants. */
  readonly findings: readonly string[];
}

/** A cluster in numbers. */
export interface ReportedCluster {
  readonly clusterAccount: string;
  readonly clusterName: string;
  readonly volumes: number;
  readonly openGrants: number;
  readonly decrypts: number;
  readonly refusals: number;
  readonly findings: number;
  /** The keys of its volumes. */
  readonly keyArns: readonly string[];
}

/** A change of a key, and who made it. */
export interface ReportedChange {
  readonly time: Timestamp;
  readonly change: KeyChange;
  readonly operation: string;
  readonly caller: string;
  readonly eventId: string;
}

/** A key with everything that depends on it, also outside the report's cluster. */
export interface ReportedKey extends KeyReport {
  /** Earliest first. */
  readonly changes: readonly ReportedChange[];
}

/** A call that was refused. */
export interface ReportedRefusal {
  readonly time: Timestamp;
  readonly eventId: string;
  readonly operation: string;
  readonly rehearsal: boolean;
  readonly reason: RefusalReason;
  readonly code: string;
  readonly message: string;
  readonly caller: string;
  readonly keyArn?: string;
  readonly clusterAccount?: string;
  readonly clusterName?: string;
  readonly volumeId?: string;
  readonly resource?: string;
}

/** A finding, with what became of it and its last evidence in one sentence. */
export interface ReportedFinding extends Finding, Standing {
  readonly open: boolean;
  readonly sentence?: string;
}

/** What ECS and KMS said when they were asked, where it differs from the ledger. */
export interface ReportedVerification {
  /** When they were asked. */
  readonly at: Timestamp;
  /** How many there were. */
  readonly clusters: number;
  readonly tasks: number;
  readonly deviations: readonly ReportedDeviation[];
  /** So many more were found than are kept. */
  readonly more: number;
  /** What could not be looked at, and why. */
  readonly failed: readonly { readonly what: string; readonly why: string }[];
}

/** One difference between the ledger and what the service said. */
export interface ReportedDeviation {
  readonly kind: Deviation['kind'];
  readonly clusterAccount?: string;
  readonly clusterName?: string;
  readonly taskArn?: string;
  readonly keyArn?: string;
  /** What differs, in one sentence. */
  readonly sentence: string;
}

/** The whole report; every list in it is complete. */
export interface EvidenceReport {
  /** When the ledger was read; absent for records, so that the same records make the same report. */
  readonly madeAt?: Timestamp;
  readonly source: ReportSource;
  readonly scope: Scope;
  /** The file of the policy it was judged by; absent for the deployment's own, or the default. */
  readonly policy?: string;
  readonly coverage: ReportCoverage;
  /** Absent where nobody asked. */
  readonly verification?: ReportedVerification;
  readonly findings: readonly ReportedFinding[];
  readonly keys: readonly ReportedKey[];
  readonly clusters: readonly ReportedCluster[];
  readonly refusals: readonly ReportedRefusal[];
  readonly volumes: readonly ReportedVolume[];
  /** Grants that belong to no volume of a cluster, and those of which only the end was seen. */
  readonly otherGrants: readonly ReportedGrant[];
}
