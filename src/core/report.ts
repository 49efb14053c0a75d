import { type ClusterDependents, countDependents } from './dependents.ts';
import { underPolicy } from './expectation.ts';
import type { GrantCreated, KeyUsed, Volume } from './fact.ts';
import { eventIdOf, timeOf, volumeOf } from './fact.ts';
import { type Evidence, type Finding, findingId, foldEvidence, type Occurrence } from './finding.ts';
import { type GrantHead, type GrantStatus, grantStatus, isOpenGrant } from './grant.ts';
import { type KeyRotation, type KeyState, keyState } from './key-state.ts';
import type { Policy } from './policy.ts';
import { judgeAge, judgeGrant, judgeVolume, ruleOf } from './rules/registry.ts';
import type { Snapshot } from './snapshot.ts';
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
    volumes: timelines.map(volumeReport),
    keys: keysOf(snapshot),
  };
}

/** The facts of one volume, joined. */
interface Timeline {
  readonly volume: Volume;
  readonly grants: Map<string, GrantHead>;
  readonly decrypts: KeyUsed[];
}

const byText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

/** Sorts by the ids of each element, the first that differs deciding. */
function sortedBy<T>(elements: Iterable<T>, ids: (element: T) => readonly string[]): T[] {
  const byIds = (a: readonly string[], b: readonly string[]): number =>
    a.reduce((decided, id, index) => decided || byText(id, b[index] ?? ''), 0);
  return [...elements]
    .map((element) => ({ element, ids: ids(element) }))
    .sort((a, b) => byIds(a.ids, b.ids))
    .map(({ element }) => element);
}

function grouped<T, K>(elements: Iterable<T>, id: (element: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const element of elements) {
    const group = groups.get(id(element));
    if (group === undefined) groups.set(id(element), [element]);
    else group.push(element);
  }
  return groups;
}

const volumeIds = ({ volumeId, clusterAccount, clusterName, keyArn }: Volume): readonly string[] => [
  volumeId,
  clusterAccount,
  clusterName,
  keyArn,
];

function timelinesOf({ creations, uses, grants }: Snapshot): Timeline[] {
  const heads = new Map(grants.map((head) => [JSON.stringify([head.keyArn, head.grantId]), head]));
  const timelines = new Map<string, Timeline>();
  const timelineOf = (fact: GrantCreated | KeyUsed): Timeline | undefined => {
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

function volumeReport({ volume, grants, decrypts }: Timeline): VolumeReport {
  const heads = sortedBy(grants.values(), ({ grantId }) => [grantId]);
  const ended = heads.every((head) => grantStatus(head) !== 'open');
  return {
    ...volume,
    status: heads.length === 0 ? 'prepared' : ended ? 'released' : 'granted',
    grants: heads.map(grantReport),
    decrypts: new Set(decrypts.map(({ eventId }) => eventId)).size,
  };
}

function grantReport(head: GrantHead): GrantReport {
  return {
    grantId: head.grantId,
    status: grantStatus(head),
    ...(head.created === undefined ? {} : { createdAt: timeOf(head.created) }),
    ...(head.end === undefined ? {} : { endedAt: timeOf(head.end.order) }),
    ...(head.adopted === undefined ? {} : { adopted: true }),
    ...(grantStatus(head) === 'gone' && head.gone !== undefined ? { goneBy: head.gone } : {}),
  };
}

interface Judged {
  readonly policy: Policy;
  readonly digest: Digest;
  readonly now: number | undefined;
}

function findingsOf(snapshot: Snapshot, timelines: readonly Timeline[], judged: Judged): Finding[] {
  const findings = [...evidenceIn(snapshot, timelines, judged)].map(([id, evidence]) => findingOf(id, evidence));
  return sortedBy(findings, ({ id }) => [id]);
}

/** The evidence of each finding that holds, by its id, as {@link reportOf} judges. */
export function evidenceOf(snapshot: Snapshot, policy: Policy, digest: Digest, now?: number): Map<string, Evidence> {
  return evidenceIn(snapshot, timelinesOf(snapshot), { policy, digest, now });
}

function evidenceIn(snapshot: Snapshot, timelines: readonly Timeline[], { policy, digest, now }: Judged): Map<string, Evidence> {
  const occurrences = [
    ...snapshot.occurrences.flatMap((occurrence) => underPolicy(occurrence, policy)),
    ...snapshot.grants.flatMap((head) => judgeGrant(head, policy)),
    ...timelines.flatMap(({ volume, grants, decrypts }) => judgeVolume(volume, [...grants.values()], decrypts, policy)),
    ...(now === undefined ? [] : snapshot.grants.flatMap((head) => judgeAge(head, policy, now))),
  ];
  const byId = grouped(occurrences, ({ rule, subject }) => findingId(rule, subject, digest));
  return new Map(
    [...byId].flatMap(([id, all]) => {
      const evidence = foldEvidence(all);
      return evidence === undefined ? [] : [[id, evidence] as const];
    }),
  );
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

function keysOf({ grants, creations, uses, rehearsals, refusals, changes, resources, others, sightings }: Snapshot): KeyReport[] {
  const open = grouped(grants.filter(isOpenGrant), ({ keyArn }) => keyArn);
  const seen = new Map(sightings.map((sighting) => [sighting.keyArn, sighting]));
  const changed = grouped(changes, ({ keyArn }) => keyArn);
  const used = new Map<string, Map<string, KeyReport['resources'][number]>>();
  const keyArns = new Set<string>();
  for (const { keyArn } of [...grants, ...uses, ...rehearsals, ...refusals, ...changes, ...resources, ...others]) {
    if (keyArn !== undefined) keyArns.add(keyArn);
  }
  const grantedTo = creations.flatMap(({ keyArn, resource, time }) => (resource === undefined ? [] : { keyArn, resource, lastSeen: time }));
  for (const { keyArn, resource, lastSeen } of [...resources, ...grantedTo]) {
    const ofKey = used.get(keyArn) ?? new Map();
    used.set(keyArn, ofKey);
    const id = JSON.stringify([resource.kind, resource.id]);
    const known = ofKey.get(id);
    if (known === undefined || known.lastSeen < lastSeen) ofKey.set(id, { ...resource, lastSeen });
  }
  return [...keyArns].sort().map((keyArn) => {
    const sighting = seen.get(keyArn);
    const state = keyState(changed.get(keyArn) ?? [], sighting);
    const { openGrants, clusters } = countDependents((open.get(keyArn) ?? []).map(({ cluster }) => cluster));
    return {
      keyArn,
      ...(state === undefined ? {} : { state }),
      ...(sighting?.rotation === undefined ? {} : { rotation: sighting.rotation }),
      openGrants,
      clusters,
      resources: sortedBy(used.get(keyArn)?.values() ?? [], ({ kind, id }) => [id, kind]),
    };
  });
}
