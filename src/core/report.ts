import { type ClusterDependents, countDependents } from './dependents.ts';
import type { Cluster } from './encryption-context.ts';
import { EvidenceFold } from './evidence-fold.ts';
import { underPolicy } from './expectation.ts';
import type { Decrypt, GrantCreated, KeyUsed, Volume } from './fact.ts';
import { eventIdOf, timeOf, volumeOf } from './fact.ts';
import type { Evidence, Finding, Occurrence } from './finding.ts';
import { type GrantHead, type GrantStatus, grantStatus, isOpenGrant } from './grant.ts';
import { type ChangeAt, type KeyRotation, type KeySighting, type KeyState, keyState } from './key-state.ts';
import type { Policy } from './policy.ts';
import { judgeAge, judgeGrant, judgeVolume, ruleOf } from './rules/registry.ts';
import { LatestUses, type ResourceUse, type Snapshot } from './snapshot.ts';
import { addTo, grouped, sortedBy } from './sorting.ts';
import { type Digest, printable } from './text.ts';
import type { Timestamp } from './timestamp.ts';

/** One volume as it stands. */
export interface VolumeReport extends Volume {
  readonly status: 'prepared' | 'granted' | 'released';
  readonly grants: readonly GrantReport[];
  readonly decrypts: number;
}

/** One grant of a volume. */
export interface GrantReport {
  readonly grantId: string;
  readonly status: GrantStatus;
  readonly createdAt?: Timestamp;
  readonly endedAt?: Timestamp;
  /** No record of its creation was seen: the sweep found it in KMS's list. */
  readonly adopted?: true;
  /** Of a grant that is `gone`: it had ended by then. */
  readonly goneBy?: Timestamp;
}

/** One key as it stands, with who depends on it. */
export interface KeyReport {
  readonly keyArn: string;
  readonly state?: KeyState;
  /** As the sweep saw it last. */
  readonly rotation?: KeyRotation;
  readonly openGrants: number;
  readonly clusters: readonly ClusterDependents[];
  readonly resources: readonly { readonly kind: string; readonly id: string; readonly lastSeen: Timestamp }[];
}

/** What a ledger says: the findings that hold, the volumes and the keys, each sorted by its ids. */
export interface LedgerReport {
  readonly findings: readonly Finding[];
  readonly volumes: readonly VolumeReport[];
  readonly keys: readonly KeyReport[];
}

/**
 * Folds a ledger's facts into what they say together under a policy; the same for any order in which they came. What
 * depends on the time of day is judged only where `now` (seconds since 1970) is given.
 */
export function reportOf(snapshot: Snapshot, policy: Policy, digest: Digest, now?: number): LedgerReport {
  const timelines = timelinesOf(snapshot);
  return {
    findings: findingsOf(snapshot, timelines, { policy, digest, now }),
    volumes: timelines.map(({ volume, grants, decrypts }) =>
      volumeReport(volume, [...grants.values()], new Set(decrypts.map(({ eventId }) => eventId)).size),
    ),
    keys: keysOf(snapshot),
  };
}

/** The facts of one volume, joined. */
interface Timeline {
  readonly volume: Volume;
  readonly grants: ReadonlyMap<string, GrantHead>;
  readonly decrypts: readonly Decrypt[];
}

/** What volumes are sorted by. */
export const volumeIds = ({ volumeId, clusterAccount, clusterName, keyArn }: Volume): readonly string[] => [
  volumeId,
  clusterAccount,
  clusterName,
  keyArn,
];

interface GrowingTimeline extends Timeline {
  readonly grants: Map<string, GrantHead>;
  readonly decrypts: Decrypt[];
}

function timelinesOf({ creations, uses, grants }: Snapshot): Timeline[] {
  const heads = new Map(grants.map((head) => [JSON.stringify([head.keyArn, head.grantId]), head]));
  const timelines = new Map<string, GrowingTimeline>();
  const timelineOf = (fact: GrantCreated | KeyUsed): GrowingTimeline | undefined => {
    const volume = volumeOf(fact);
    if (volume === undefined) return undefined;
    const id = JSON.stringify(volumeIds(volume));
    const timeline = timelines.get(id) ?? { volume, grants: new Map(), decrypts: [] };
    timelines.set(id, timeline);
    return timeline;
  };
  for (const creation of creations) {
    const head = heads.get(JSON.stringify([creation.keyArn, creation.grantId]));
    if (head !== undefined) timelineOf(creation)?.grants.set(creation.grantId, head);
  }
  for (const use of uses) {
    const timeline = timelineOf(use);
    if (use.operation === 'Decrypt') timeline?.decrypts.push(use);
  }
  return sortedBy(timelines.values(), ({ volume }) => volumeIds(volume));
}

/** A volume as its grants, each once, and the number of its Decrypts have it. */
export function volumeReport(volume: Volume, grants: readonly GrantHead[], decrypts: number): VolumeReport {
  const heads = sortedBy(grants, ({ grantId }) => [grantId]);
  const ended = heads.every((head) => grantStatus(head) !== 'open');
  return {
    ...volume,
    status: heads.length === 0 ? 'prepared' : ended ? 'released' : 'granted',
    grants: heads.map(grantReport),
    decrypts,
  };
}

function grantReport(head: GrantHead): GrantReport {
  return {
    grantId: head.grantId,
    status: grantStatus(head),
    ...(head.created === undefined ? {} : { createdAt: timeOf(head.created) }),
    ...(head.end === undefined ? {} : { endedAt: timeOf(head.end.order) }),
    ...(head.adopted === undefined ? {} : { adopted: true }),
    ...(head.end === undefined && head.gone !== undefined ? { goneBy: head.gone } : {}),
  };
}

interface Judged {
  readonly policy: Policy;
  readonly digest: Digest;
  readonly now: number | undefined;
}

function findingsOf(snapshot: Snapshot, timelines: readonly Timeline[], judged: Judged): Finding[] {
  return findingsIn(evidenceIn(snapshot, timelines, judged));
}

/** The findings that this evidence makes, by their ids. */
export function findingsIn(evidence: Iterable<readonly [string, Evidence]>): Finding[] {
  const findings = Array.from(evidence, ([id, one]) => findingOf(id, one));
  return sortedBy(findings, ({ id }) => [id]);
}

/** The evidence of each finding that holds, by its id, as {@link reportOf} judges. */
export function evidenceOf(snapshot: Snapshot, policy: Policy, digest: Digest, now?: number): Map<string, Evidence> {
  return new Map(evidenceIn(snapshot, timelinesOf(snapshot), { policy, digest, now }));
}

function evidenceIn(snapshot: Snapshot, timelines: readonly Timeline[], { policy, digest, now }: Judged): Iterable<[string, Evidence]> {
  const fold = new EvidenceFold(digest);
  fold.add(snapshot.occurrences.flatMap((occurrence) => underPolicy(occurrence, policy)));
  for (const head of snapshot.grants) {
    fold.add(judgeGrant(head, policy));
    if (now !== undefined) fold.add(judgeAge(head, policy, now));
  }
  for (const { volume, grants, decrypts } of timelines) fold.add(judgeVolume(volume, [...grants.values()], decrypts, policy));
  return fold.evidence();
}

/** The finding its evidence makes: what does not identify it is told as the earliest occurrence has it, its severity as the gravest. */
function findingOf(id: string, { first, last, severity, orders, count }: Evidence): Finding {
  const { rule, subject, about, operation, caller, region } = first;
  return {
    id,
    rule,
    severity,
    status: 'holds',
    title: titleOf(first),
    ...about,
    caller,
    operation,
    ...(region === undefined ? {} : { region }),
    ...subject,
    firstSeen: first.time,
    lastSeen: last.time,
    count,
    eventIds: orders.map(eventIdOf),
  };
}

/** What an ARN says before it names its resource. */
const ARN_HEAD = /^arn:[^:]*:[^:]*:[^:]*:[^:]*:/;

/** One line: what is wrong, and with what; the cluster or resource first, because subjects are cut short. */
export function titleOf({ rule, subject, about }: Pick<Occurrence, 'rule' | 'subject' | 'about'>): string {
  const { clusterName, resource, keyArn, keyStoreId } = { ...about, ...subject };
  const key = keyArn?.split('/').at(-1) ?? keyStoreId;
  const parts = [
    clusterName === undefined ? undefined : `cluster ${clusterName}`,
    resource?.replace(ARN_HEAD, ''),
    key === undefined ? undefined : `key ${key}`,
  ];
  const named = parts.filter((part) => part !== undefined).map((part) => printable(part, 90));
  const title = ruleOf(rule)?.title ?? rule;
  return named.length === 0 ? title : `${title}: ${named.join(', ')}`;
}

function keysOf({ grants, uses, rehearsals, refusals, changes, resources, others, sightings }: Snapshot): KeyReport[] {
  const keyArns = new Set<string>();
  for (const { keyArn } of [...grants, ...uses, ...rehearsals, ...refusals, ...changes, ...resources, ...others])
    if (keyArn !== undefined) keyArns.add(keyArn);
  const latest = new LatestUses();
  for (const use of resources) latest.add(use);
  const changed = grouped(changes, ({ keyArn }) => keyArn);
  const seen = new Map(sightings.map((sighting) => [sighting.keyArn, sighting]));
  const changesOf = (keyArn: string): readonly ChangeAt[] => changed.get(keyArn) ?? [];
  return keyReports({ keyArns, heads: grants, changesOf, sightingOf: (keyArn) => seen.get(keyArn), uses: latest.uses() });
}

/** What is known of keys. */
export interface KeyFacts {
  readonly keyArns: Iterable<string>;
  readonly heads: Iterable<GrantHead>;
  readonly changesOf: (keyArn: string) => Iterable<ChangeAt>;
  readonly sightingOf?: (keyArn: string) => KeySighting | undefined;
  /** Each resource of a key once. */
  readonly uses: Iterable<ResourceUse>;
}

/** The keys as they stand, by their ARNs. */
export function keyReports({ keyArns, heads, changesOf, sightingOf, uses }: KeyFacts): KeyReport[] {
  const open = new Map<string, (Cluster | undefined)[]>();
  for (const head of heads) if (isOpenGrant(head)) addTo(open, head.keyArn, head.cluster);
  const used = grouped(uses, ({ keyArn }) => keyArn);
  return [...keyArns].sort().map((keyArn) => {
    const sighting = sightingOf?.(keyArn);
    const state = keyState(changesOf(keyArn), sighting);
    const { openGrants, clusters } = countDependents(open.get(keyArn) ?? []);
    const resources = (used.get(keyArn) ?? []).map(({ resource, lastSeen }) => ({ ...resource, lastSeen }));
    return {
      keyArn,
      ...(state === undefined ? {} : { state }),
      ...(sighting?.rotation === undefined ? {} : { rotation: sighting.rotation }),
      openGrants,
      clusters,
      resources: sortedBy(resources, ({ kind, id }) => [id, kind]),
    };
  });
}
