import type { AlertMessage } from './core/alert-text.ts';
import type { AlertNote, Claim } from './core/alerting.ts';
import type { Canary } from './core/canary.ts';
import type { Dependents } from './core/dependents.ts';
import type { GrantCreated, GrantEnded, KeyChanged, KeyUsed, Refused, Rehearsed, Volume } from './core/fact.ts';
import type { Evidence, Occurrence } from './core/finding.ts';
import type { GrantHead } from './core/grant.ts';
import type { Metric } from './core/metrics.ts';
import type { Snapshot } from './core/snapshot.ts';
import type { Timestamp } from './core/timestamp.ts';

/**
 * Where facts and what follows from them are kept. Every method is safe to repeat and is one step that other handlers
 * may come between; every read sees all that was written before it began, {@link Ledger.dependents} excepted.
 * A throw is an infrastructure fault: try again.
 */
export interface Ledger {
  /** Keeps a fact that stands for itself. */
  addFact(fact: KeyUsed | Rehearsed | Refused | KeyChanged): Promise<void>;
  /** Keeps a creation in its volume's timeline; always before {@link Ledger.joinCreation}. */
  addCreation(fact: GrantCreated): Promise<void>;
  /** Tells the grant of its creation; the grant as it then stands. */
  joinCreation(fact: GrantCreated): Promise<GrantHead>;
  /** Tells the grant of an ending; the grant as it then stands. */
  joinEnding(fact: GrantEnded): Promise<GrantHead>;
  /** The creations in a volume's timeline. */
  creationsOf(volume: Volume): Promise<readonly GrantCreated[]>;
  /** The grants of these creations; one whose creation has not been joined yet counts as created. */
  headsOf(creations: readonly GrantCreated[]): Promise<readonly GrantHead[]>;
  /** A volume's successful Decrypts at or after an instant. */
  decryptsSince(volume: Volume, since: Timestamp): Promise<readonly KeyUsed[]>;
  /** Keeps one occurrence as evidence of its finding. */
  addEvidence(findingId: string, occurrence: Occurrence): Promise<void>;
  /** The evidence kept of a finding. */
  evidenceOf(findingId: string): Promise<Evidence | undefined>;
  /** Marks a finding that joins facts as one to look at again: it is folded anew by whoever reads it. */
  addCandidate(findingId: string, candidate: Candidate): Promise<void>;
  /** Candidates whose alert is still due, oldest first, of those marked before `until` (seconds since 1970). */
  pendingCandidates(until: number): Promise<readonly PendingCandidate[]>;
  /** The candidate has been dealt with; nothing when it was marked again since it was read. */
  settleCandidate(candidate: PendingCandidate): Promise<void>;
  /** Who depends on a key by an open grant, as of about now: for people, never for a judgement. */
  dependents(keyArn: string): Promise<Dependents>;
  /** What is noted of a group's alert. */
  alertNote(group: string): Promise<AlertNote>;
  /** Takes the lease on a group's alert; false when its note is no longer `seen`. */
  claimAlert(group: string, seen: AlertNote, claim: Claim): Promise<boolean>;
  /** Notes that the claimed alert went out and gives the lease back; nothing when the lease has passed to another. */
  noteAlert(group: string, claim: Claim): Promise<void>;
  /** The audit's own canary. */
  canary(): Promise<Canary>;
  /** A canary sets out, or is back; the latest of each is kept. */
  noteCanary(what: keyof Canary, seconds: number): Promise<void>;
  /** Everything. Reads the whole ledger. */
  snapshot(): Promise<Snapshot>;
}

/** A finding that joins several facts, waiting for its alert. */
export interface Candidate {
  readonly occurrence: Occurrence;
  readonly volume: Volume;
  /** When it was first marked, seconds since 1970. */
  readonly since: number;
}

/** A candidate as it was read. */
export interface PendingCandidate extends Candidate {
  readonly findingId: string;
  /** How often it had been marked by then. */
  readonly marks: number;
}

/** Where alerts go. Resolves once the channel has taken the message. */
export interface AlertSink {
  publish(message: AlertMessage): Promise<void>;
}

/** Where metrics go. Resolves once they are taken. */
export interface MetricSink {
  put(metrics: readonly Metric[]): Promise<void>;
}

/** Makes the canary's call. */
export type Probe = () => Promise<void>;

/** Seconds since 1970, now. */
export type Clock = () => number;

/** A line for the operator's log: what happened, and fields to find it by. */
export type Log = (message: string, fields: Readonly<Record<string, string | number>>) => void;
