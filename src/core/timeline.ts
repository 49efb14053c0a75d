import type { Cluster } from './encryption-context.ts';
import { eventIdOf, type Fact, hasContext, type KeyChanged, type Order, orderOf, timeOf, type Volume, volumeOf } from './fact.ts';
import { type GrantHead, grantStatus, isCurrent } from './grant.ts';
import { KeyStateFold } from './key-state.ts';
import { LISTED, NOBODY } from './listed-grant.ts';
import { grouped, sortedBy } from './sorting.ts';
import type { Timestamp } from './timestamp.ts';

/** What a timeline is of. */
export type Subject =
  | ({ readonly kind: 'volume' } & Volume)
  | { readonly kind: 'grant'; readonly keyArn: string; readonly grantId: string }
  | { readonly kind: 'key'; readonly keyArn: string }
  | { readonly kind: 'cluster'; readonly clusterAccount: string; readonly clusterName: string };

/** One fact in its place. Absent fields are what the record does not tell. */
export interface TimelineEntry {
  readonly time: Timestamp;
  readonly eventId: string;
  /** The kind of fact; `grant-ended` for the ending that decides, which a grant keeps one of. */
  readonly kind: Fact['kind'];
  readonly operation: string;
  readonly caller: string;
  readonly keyArn?: string;
  readonly grantId?: string;
  readonly clusterAccount?: string;
  readonly clusterName?: string;
  readonly volumeId?: string;
  /** What the kind and the operation do not say, in words; untrusted parts as the ledger has them. */
  readonly detail?: string;
  /** The subject after this, as far as its facts up to here tell. */
  readonly status: string;
}

/** Something that should have been seen and was not. */
export interface Gap {
  readonly gap: string;
  readonly grantId?: string;
  readonly volumeId?: string;
}

/** Every fact of a subject in order, and what is missing. */
export interface Timeline {
  readonly of: Subject;
  /** The subject as all its facts together tell. */
  readonly status: string;
  readonly entries: readonly TimelineEntry[];
  /** By what is missing, then by ids. */
  readonly gaps: readonly Gap[];
}

/** What was read of a subject. Facts of one event that are kept in several places count once. */
export interface TimelineSeen {
  readonly of: Subject;
  readonly facts: readonly Fact[];
  readonly grants: readonly GrantHead[];
}

/** Puts a subject's facts in order and folds its status along them; ties order by event id, as everywhere. */
export function timelineOf({ of, facts, grants }: TimelineSeen): Timeline {
  const heads = new Map(grants.map((head) => [JSON.stringify([head.keyArn, head.grantId]), head]));
  const isTold = (fact: Fact): boolean =>
    // Stryker disable next-line ConditionalExpression: nothing else is ever adopted.
    fact.kind !== 'grant-created' || isCurrent(fact, heads.get(JSON.stringify([fact.keyArn, fact.grantId])));
  const told = [...facts.filter(isTold).map(entryOf), ...grants.flatMap(endingOf)];
  // Stryker disable next-line StringLiteral: of one kind all have a grant, or none.
  const ordered = sortedBy(told, ({ time, eventId, kind, grantId = '' }) => [time, eventId, kind, grantId]);
  const fold = folds(of, facts);
  let status = fold.status();
  const entries = ordered.map((entry): TimelineEntry => {
    fold.take(entry);
    status = fold.status();
    return { ...entry, status };
  });
  return { of, status, entries, gaps: gapsIn({ of, facts, grants }) };
}

type Entry = Omit<TimelineEntry, 'status'>;

function entryOf(fact: Fact): Entry {
  const cluster = 'cluster' in fact ? fact.cluster : undefined;
  const detail = detailOf(fact);
  return {
    time: fact.time,
    eventId: fact.eventId,
    kind: fact.kind,
    operation: fact.operation,
    caller: fact.caller.id,
    ...(fact.keyArn === undefined ? {} : { keyArn: fact.keyArn }),
    ...('grantId' in fact ? { grantId: fact.grantId } : {}),
    ...(cluster === undefined ? {} : { clusterAccount: cluster.account, clusterName: cluster.name }),
    ...(hasContext(fact) && fact.volumeId !== undefined ? { volumeId: fact.volumeId } : {}),
    ...(detail === undefined ? {} : { detail }),
  };
}

function endingOf(head: GrantHead): Entry[] {
  const { keyArn, grantId, end, gone, cluster, volumeId } = head;
  const how = grantStatus(head);
  if (how === 'open') return [];
  return [
    {
      // Stryker disable next-line StringLiteral: what is gone has its time.
      time: end === undefined ? (gone ?? '') : timeOf(end.order),
      eventId: end === undefined ? `${LISTED}${grantId}` : eventIdOf(end.order),
      kind: 'grant-ended',
      operation: ENDINGS.get(how) ?? how,
      caller: end?.by ?? NOBODY.id,
      keyArn,
      grantId,
      ...(cluster === undefined ? {} : { clusterAccount: cluster.account, clusterName: cluster.name }),
      ...(volumeId === undefined ? {} : { volumeId }),
      detail: how,
    },
  ];
}

const ENDINGS: ReadonlyMap<string, string> = new Map([
  ['retired', 'RetireGrant'],
  ['revoked', 'RevokeGrant'],
  ['gone', 'ListGrants'],
]);

function detailOf(fact: Fact): string | undefined {
  switch (fact.kind) {
    case 'grant-created':
      return `${fact.adopted === undefined ? '' : 'listed by KMS, no record: '}to ${fact.grantee ?? 'a grantee the record does not name'} for ${fact.operations?.join(', ') ?? 'operations the record does not name'}`;
    case 'refused':
      return [fact.rehearsal ? 'a rehearsal' : undefined, fact.reason, fact.message || fact.code].filter((part) => part).join(': ');
    case 'key-changed':
      return fact.change;
    case 'cluster-configured':
      return fact.storage === undefined
        ? 'leaves the storage’s keys as they were'
        : `Fargate storage: ${fact.storage.fargate ?? 'no customer key'}; volumes: ${fact.storage.volumes ?? 'no customer key'}`;
    case 'task-stopped':
      return `${fact.taskArn}: ${fact.reason}`;
    // Stryker disable next-line ConditionalExpression: it says nothing either way.
    default:
      return undefined;
  }
}

interface Fold {
  take(entry: Entry): void;
  status(): string;
}

function folds(of: Subject, facts: readonly Fact[]): Fold {
  switch (of.kind) {
    case 'volume':
    case 'grant':
      return new GrantFold(of.kind);
    case 'key':
      return new KeyFold(facts);
    case 'cluster':
      return new ClusterFold(facts);
    // Stryker disable next-line ConditionalExpression: there is no other kind.
    default:
      return of satisfies never;
  }
}

/** Of a volume: prepared, granted, released. Of a grant: unseen, open, retired, revoked. */
class GrantFold implements Fold {
  readonly #of: 'volume' | 'grant';
  readonly #grants = new OpenGrants();
  #end: string | undefined;

  constructor(of: 'volume' | 'grant') {
    this.#of = of;
  }

  take(entry: Entry): void {
    this.#grants.take(entry);
    if (entry.kind === 'grant-ended') this.#end = entry.detail;
  }

  status(): string {
    const { made, open } = this.#grants;
    if (this.#of === 'grant') return this.#end ?? (made > 0 ? 'open' : 'unseen');
    if (made === 0) return 'prepared';
    return open === 0 ? 'released' : 'granted';
  }
}

/** A key's state, and how many of its grants are open. */
class KeyFold implements Fold {
  readonly #changes: ReadonlyMap<Order, KeyChanged>;
  readonly #state = new KeyStateFold();
  readonly #open = new OpenGrants();

  constructor(facts: readonly Fact[]) {
    this.#changes = new Map(facts.flatMap((fact) => (fact.kind === 'key-changed' ? [[orderOf(fact), fact] as const] : [])));
  }

  take(entry: Entry): void {
    this.#open.take(entry);
    const change = this.#changes.get(orderOf(entry));
    if (change !== undefined) this.#state.take(change);
  }

  status(): string {
    return `${this.#state.state() ?? 'state not seen'}, ${this.#open.text()}`;
  }
}

/** The key of a cluster's new tasks by its settings, and how many of its grants are open. */
class ClusterFold implements Fold {
  readonly #keys: ReadonlyMap<Order, string>;
  readonly #open = new OpenGrants();
  #key = 'settings not seen';

  constructor(facts: readonly Fact[]) {
    this.#keys = new Map(
      facts.flatMap((fact) =>
        // Stryker disable next-line ConditionalExpression: no other fact has storage.
        fact.kind === 'cluster-configured' && fact.storage !== undefined
          ? [[orderOf(fact), fact.storage.fargate ?? 'no customer key'] as const]
          : [],
      ),
    );
  }

  take(entry: Entry): void {
    this.#open.take(entry);
    this.#key = this.#keys.get(orderOf(entry)) ?? this.#key;
  }

  status(): string {
    return `${this.#key}, ${this.#open.text()}`;
  }
}

/** An ending may come in the second of its creation, before it in order. */
class OpenGrants {
  readonly #made = new Set<string>();
  readonly #ended = new Set<string>();
  #open = 0;

  take({ kind, keyArn, grantId }: Entry): void {
    const id = JSON.stringify([keyArn, grantId]);
    if (kind === 'grant-created' && !this.#made.has(id)) {
      this.#made.add(id);
      if (!this.#ended.has(id)) this.#open += 1;
    }
    if (kind === 'grant-ended' && !this.#ended.has(id)) {
      this.#ended.add(id);
      if (this.#made.has(id)) this.#open -= 1;
    }
  }

  get made(): number {
    return this.#made.size;
  }

  get open(): number {
    return this.#open;
  }

  text(): string {
    return `${this.#open} open ${this.#open === 1 ? 'grant' : 'grants'}`;
  }
}

/** What each volume's life and each grant's would have and has not. */
function gapsIn({ of, facts, grants }: TimelineSeen): Gap[] {
  const ofGrants = grants.flatMap((head): Gap[] =>
    head.created === undefined ? [{ gap: `${grantStatus(head)}, creation never seen`, grantId: head.grantId }] : [],
  );
  const ofSome = facts.flatMap((fact) => {
    const volume = fact.kind === 'grant-created' || fact.kind === 'key-used' ? volumeOf(fact) : undefined;
    return volume === undefined ? [] : [{ volume, fact }];
  });
  const byVolume = grouped(ofSome, ({ volume }) => JSON.stringify(Object.values(volume)));
  const ofVolumes = [...byVolume.values()].flatMap((all) => all.slice(0, 1).flatMap(({ volume }) => volumeGaps(volume, all)));
  // Stryker disable next-line StringLiteral: where the same is missing, it is of grants, of volumes, or of neither.
  return sortedBy([...ofGrants, ...ofVolumes, ...ofSubject(of, facts)], ({ gap, grantId = '', volumeId = '' }) => [gap, grantId, volumeId]);
}

function volumeGaps({ volumeId }: Volume, all: readonly { readonly fact: Fact }[]): Gap[] {
  const granted = all.some(({ fact }) => fact.kind === 'grant-created');
  const used = (operation: RegExp): boolean => all.some(({ fact }) => operation.test(fact.operation));
  return [
    ...(granted ? [] : [{ gap: 'used, no grant seen', volumeId }]),
    ...(granted && !used(/^GenerateDataKey/) ? [{ gap: 'granted, no data key seen', volumeId }] : []),
    ...(granted && !used(/^Decrypt$/) ? [{ gap: 'granted, no Decrypt seen', volumeId }] : []),
  ];
}

function ofSubject({ kind }: Subject, facts: readonly Fact[]): Gap[] {
  const seen = (wanted: Fact['kind']): boolean => facts.some((fact) => fact.kind === wanted);
  if (kind === 'key' && !seen('key-changed')) return [{ gap: 'no change of the key’s state was seen' }];
  if (kind === 'cluster' && !seen('cluster-configured')) return [{ gap: 'the cluster’s settings were never seen' }];
  return [];
}

/** True for the facts of a cluster, or of a key, in a ledger that was read whole. */
export function concernsSubject(of: Extract<Subject, { kind: 'key' | 'cluster' }>, fact: Fact): boolean {
  if (of.kind === 'key') {
    if (fact.kind !== 'cluster-configured') return fact.keyArn === of.keyArn;
    return fact.storage?.fargate === of.keyArn || fact.storage?.volumes === of.keyArn;
  }
  return 'cluster' in fact && isCluster(of, fact.cluster);
}

/** The same for grants. */
export function isGrantOf(of: Extract<Subject, { kind: 'key' | 'cluster' }>, head: GrantHead): boolean {
  return of.kind === 'key' ? head.keyArn === of.keyArn : isCluster(of, head.cluster);
}

const isCluster = (of: { readonly clusterAccount: string; readonly clusterName: string }, cluster: Cluster | undefined): boolean =>
  cluster !== undefined && cluster.account === of.clusterAccount && cluster.name === of.clusterName;
