import type { AlertAttributes, AlertNote, Claim } from './core/alerting.ts';
import type { Canary } from './core/canary.ts';
import type { Dependents } from './core/dependents.ts';
import type { Cluster } from './core/encryption-context.ts';
import type {
  ClusterConfigured,
  GrantCreated,
  GrantEnded,
  KeyChanged,
  KeyUsed,
  Refused,
  Rehearsed,
  StandingFact,
  Volume,
} from './core/fact.ts';
import type { Evidence, Occurrence } from './core/finding.ts';
import type { GrantHead } from './core/grant.ts';
import type { KeySighting } from './core/key-state.ts';
import type { ListedGrant } from './core/listed-grant.ts';
import type { AlertMessage } from './core/message.ts';
import type { Metric } from './core/metrics.ts';
import type { SweepOfKey } from './core/reconcile.ts';
import type { ResourceUse, Settlement, Snapshot } from './core/snapshot.ts';
import type { Timestamp } from './core/timestamp.ts';
import type { ClusterSeen, TaskSeen, Verification } from './core/verify-clusters.ts';

/**
 * Where facts and what follows from them are kept. Every method is safe to repeat and is one step that other handlers
 * may come between; every read sees all that was written before it began, those of the index of open grants excepted.
 * A throw is an infrastructure fault: try again.
 */
export interface Ledger extends AlertBook, SweepBook {
  /** Keeps a fact that stands for itself. */
  addFact(fact: StandingFact): Promise<void>;
  /** The changes of state that are kept where this one is: of its key, its trail, its rule. */
  changesBeside(fact: StandingFact): Promise<readonly StandingFact[]>;
  /** Keeps a creation in its volume's timeline; always before {@link Ledger.joinCreation}. */
  addCreation(fact: GrantCreated): Promise<void>;
  /** Tells the grant of its creation; the grant as it then stands. */
  joinCreation(fact: GrantCreated): Promise<GrantHead>;
  /** Tells the grant of an ending; the grant as it then stands. */
  joinEnding(fact: GrantEnded): Promise<GrantHead>;
  /** The creations in a volume's timeline. */
  creationsOf(volume: Volume): Promise<readonly GrantCreated[]>;
  /** These grants as they stand; none for one of which nothing was joined yet. */
  headsOf(grants: readonly GrantName[]): Promise<readonly GrantHead[]>;
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
  /** The open grants of every key, by the index: each to be read again before it is judged. */
  openGrants(): AsyncIterable<GrantHead>;
  /** Notes on a grant that `group` tells of it; the grant as it then stands. */
  markGrant(grant: GrantName, group: string): Promise<GrantHead>;
  /** The audit's own canary. */
  canary(): Promise<Canary>;
  /** A canary sets out, or is back; the latest of each is kept. */
  noteCanary(what: keyof Canary, seconds: number): Promise<void>;
  /** Everything. Reads the whole ledger. */
  snapshot(): Promise<Snapshot>;
}

/**
 * What people ask of a ledger, each answer without reading the whole of it; as of all that was written before, open grants
 * and what is known of clusters as of about now. Answers come in the same order from every implementation.
 */
export interface LedgerReader {
  /** The ARNs of the keys that the ledger tells something of. */
  keys(): Promise<readonly string[]>;
  /** True for one of {@link LedgerReader.keys}. */
  knowsKey(keyArn: string): Promise<boolean>;
  /** The clusters that had to do with a key: used it, were refused it, were set to use it. */
  clustersOf(keyArn: string): Promise<readonly Cluster[]>;
  /** The open grants of a key, or of one cluster under it. */
  openGrantsOf(keyArn: string, cluster?: Cluster): Promise<readonly GrantHead[]>;
  /** What made the key usable or unusable. */
  changesOf(keyArn: string): Promise<readonly KeyChanged[]>;
  /** What the sweep saw last of the key. */
  sightingOf(keyArn: string): Promise<KeySighting | undefined>;
  /** What is protected by the key, outside clusters' storage, and when it was last seen using it. */
  resourcesOf(keyArn: string): Promise<readonly ResourceUse[]>;
  /** The latest refusals, the latest first. */
  lastRefusals(keyArn: string, most: number): Promise<readonly Refused[]>;
  /** The latest uses that name neither a cluster's volume nor a resource, the latest first. */
  lastOtherUses(keyArn: string, most: number): Promise<readonly KeyUsed[]>;
  /** The latest change of a cluster that says what keys its storage has. */
  lastSettings(cluster: Cluster): Promise<ClusterConfigured | undefined>;
  /** The latest rehearsal of a launch in a cluster. */
  lastRehearsal(cluster: Cluster): Promise<Rehearsed | undefined>;
  /** The latest use of a volume's key for it. */
  lastUse(volume: Volume): Promise<KeyUsed | undefined>;
  /** Everything in a volume's timeline, the earliest first. */
  factsOf(volume: Volume): Promise<readonly (GrantCreated | KeyUsed)[]>;
  /** The creations of a grant, the earliest first. */
  creationsOf(head: GrantHead): Promise<readonly GrantCreated[]>;
  /** These grants as they stand; none for one of which nothing is known. */
  headsOf(grants: readonly GrantName[]): Promise<readonly GrantHead[]>;
}

/** What is noted of alerts, so that each goes out once. The same promises as {@link Ledger}'s. */
export interface AlertBook {
  /** What is noted of a group's alert. */
  alertNote(group: string): Promise<AlertNote>;
  /** Takes the lease on a group's alert; false when its note is no longer `seen`. */
  claimAlert(group: string, seen: AlertNote, claim: Claim): Promise<boolean>;
  /** Notes that the claimed alert went out, and until when it told of what is over already; gives the lease back, or does nothing when it has passed to another. */
  noteAlert(group: string, claim: Claim, attributes: AlertAttributes, closed?: Timestamp): Promise<void>;
  /** Notes that what happened up to the claim's `through` is over, and whether that was told; gives the lease back, or does nothing when it has passed to another. */
  noteEnd(group: string, claim: Claim, told: boolean): Promise<void>;
  /** Notes that what the group told was wrong, as if it had never been told, and gives the lease back; nothing when it has passed to another. */
  noteCorrection(group: string, claim: Claim): Promise<void>;
  /** Gives the lease back: there was nothing to send after all. */
  releaseAlert(group: string, claim: Claim): Promise<void>;
  /** Keeps that a group's alert is about this grant or volume too; `time` says how long to remember it. */
  joinGroup(group: string, member: string, time: Timestamp): Promise<void>;
  /** The member is over, or never was one. */
  leaveGroup(group: string, member: string): Promise<void>;
  /** What the group's alert is about and is not over, up to a hundred. */
  membersOf(group: string): Promise<readonly string[]>;
  /** Keeps that a finding which may yet be withdrawn was told; `time` says how long to remember it. */
  noteTold(findingId: string, time: Timestamp): Promise<void>;
  /** The finding was corrected. */
  forgetTold(findingId: string): Promise<void>;
  /** True when the finding was told and not corrected since. */
  wasTold(findingId: string): Promise<boolean>;
  /** Keeps that an operator has settled a finding, in place of an earlier settlement. Only the command line does. */
  settle(findingId: string, settlement: Settlement): Promise<void>;
}

/**
 * What the sweep keeps. The same promises as {@link Ledger}'s; every observation bears the time at which its sweep began,
 * and gives way to what a record says, whichever came first.
 */
export interface SweepBook {
  /** A key's open grants, by the index: each to be read again before anything is made of it. */
  openGrantsOf(keyArn: string): AsyncIterable<GrantHead>;
  /** KMS does not list this grant; the grant as it then stands. */
  noteMissing(grant: GrantName, sweep: SweepOfKey): Promise<GrantHead>;
  /** KMS does not list this grant, and did not in the sweep before; the grant as it then stands. */
  noteGone(grant: GrantName, sweep: SweepOfKey): Promise<GrantHead>;
  /** KMS lists this grant, which was gone; the grant as it then stands. */
  reopenGrant(grant: GrantName, sweep: SweepOfKey): Promise<GrantHead>;
  /** What the sweep saw last of a key. */
  sightingOf(keyArn: string): Promise<KeySighting | undefined>;
  /** Keeps what a sweep saw of a key; the latest is kept. */
  seeKey(sighting: KeySighting): Promise<void>;
  /** How far the sweep has come. */
  sweepProgress(): Promise<SweepProgress | undefined>;
  /** Notes how far the sweep has come, in place of what was noted before. */
  noteSweep(progress: SweepProgress): Promise<void>;
  /** What the verification against ECS found last. */
  verification(): Promise<Verification | undefined>;
  /** Keeps what a verification found, in place of what was kept before. */
  noteVerification(verification: Verification): Promise<void>;
}

/** How far a sweep has come, so that the next invocation of the function goes on from there. */
export interface SweepProgress {
  readonly started: Timestamp;
  readonly finished?: true;
  /** Keys up to this one, by their ARNs, are done. */
  readonly done?: string;
  /** The key that is being swept. */
  readonly key?: KeyProgress;
}

/** How far a list of grants was read. */
export interface KeyProgress {
  readonly keyArn: string;
  /** Where KMS goes on. */
  readonly marker: string;
  /** The grants listed before: of each the first 16 hexadecimal digits of its id's digest. */
  readonly seen: readonly string[];
}

/** Where KMS is asked what it knows. Paced and retried by whoever implements it; a throw is a fault or a refusal. */
export interface KeyInspector {
  /** The ARNs of the keys of this account and Region. */
  keys(): AsyncIterable<string>;
  /** A page of a key's grants; undefined when KMS no longer knows the marker. */
  grants(keyArn: string, marker?: string): Promise<GrantPage | undefined>;
  /** State and rotation of a key, as far as KMS will say. */
  key(keyArn: string): Promise<Pick<KeySighting, 'state' | 'rotation'>>;
}

/** A page of KMS's list of a key's grants. */
export interface GrantPage {
  readonly grants: readonly ListedGrant[];
  /** Where the next page begins; absent on the last. */
  readonly next?: string;
}

/** Where ECS is asked what it runs. The same promises as {@link KeyInspector}'s. */
export interface ClusterInspector {
  /** The clusters of this account and Region. */
  clusters(): AsyncIterable<ClusterSeen>;
  /** The Fargate tasks of a cluster. */
  tasks(cluster: ClusterSeen): AsyncIterable<TaskSeen>;
}

/** What names a grant. */
export type GrantName = Pick<GrantHead, 'keyArn' | 'grantId'>;

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

/**
 * Where history is written, much of it at a time, while live traffic may write to the same ledger. Every method is safe
 * to repeat, and all is written when it resolves. A throw is an infrastructure fault.
 */
export interface History {
  /** Keeps facts and evidence, in any order. */
  keep(items: readonly HistoryItem[]): Promise<void>;
  /** Tells grants what is known of them; a grant's creations are kept before. */
  joinGrants(heads: readonly GrantHead[]): Promise<void>;
  /** Tells resources when they were last seen using a key. */
  seeResources(uses: readonly ResourceUse[]): Promise<void>;
}

/** A fact that is kept as it came, or a piece of a finding's evidence. */
export type HistoryItem = { readonly fact: GrantCreated | StandingFact } | { readonly findingId: string; readonly occurrence: Occurrence };

/** Remembers which sources a backfill has covered, so that it can be killed and started again. */
export interface Checkpoint {
  /** Tells what was noted of a source by then, given its identity. */
  read(): Promise<(source: string) => Covered | undefined>;
  /** Notes that these sources are covered so far. What is `whole` stays so. */
  note(sources: readonly string[], covered: Covered): Promise<void>;
}

/** How far a source is covered: its facts and their evidence are `kept`, or the `whole` of it is written, grants and resources as well. */
export type Covered = 'kept' | 'whole';

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

/** What the sweep asks KMS and ECS through. */
export interface Inspectors {
  readonly keys: KeyInspector;
  readonly clusters: ClusterInspector;
}
