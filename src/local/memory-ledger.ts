import type { Canary } from '../core/canary.ts';
import { countDependents, type Dependents } from '../core/dependents.ts';
import type { Resource } from '../core/encryption-context.ts';
import { stateOf } from '../core/ending.ts';
import type { Fact, GrantCreated, GrantEnded, KeyUsed, StandingFact, Volume } from '../core/fact.ts';
import { orderOf, volumeOf } from '../core/fact.ts';
import { type Evidence, foldEvidence, type Occurrence } from '../core/finding.ts';
import { type GrantHead, isCurrent, isOpenGrant, withCreation, withEnding } from '../core/grant.ts';
import { LatestUses, type Snapshot, sortedFacts } from '../core/snapshot.ts';
import type { Timestamp } from '../core/timestamp.ts';
import type { Candidate, GrantName, Ledger, PendingCandidate } from '../ports.ts';
import { grantKey, MemorySweepBook } from './memory-sweep-book.ts';

/** Facts of one kind by event: writing one twice is writing it once. */
type ByEvent<T> = Map<string, T>;

const volumeKey = ({ clusterAccount, clusterName, volumeId, keyArn }: Volume): string =>
  JSON.stringify([clusterAccount, clusterName, volumeId, keyArn]);

/** A ledger that lives as long as its process: for replay, and for whoever wants to see the rules at work without a table. */
export class MemoryLedger extends MemorySweepBook implements Ledger {
  readonly #creations: ByEvent<GrantCreated> = new Map();
  readonly #facts: ByEvent<StandingFact> = new Map();
  readonly #timelines = new Map<string, ByEvent<GrantCreated | KeyUsed>>();
  readonly #resources = new LatestUses();
  readonly #evidence = new Map<string, ByEvent<Occurrence>>();
  readonly #candidates = new Map<string, PendingCandidate & { readonly pending: boolean }>();
  #canary: Canary = {};

  async addFact(fact: StandingFact): Promise<void> {
    if (fact.kind === 'key-used' && fact.resource !== undefined) return this.#seeResource(fact.keyArn, fact.resource, fact.time);
    this.#facts.set(factKey(fact), fact);
    if (fact.kind === 'key-used') this.#addToTimeline(fact);
  }

  async changesBeside(fact: StandingFact): Promise<readonly StandingFact[]> {
    return [...this.#facts.values()].filter((other) => stateOf(other) !== undefined && stateOf(other) === stateOf(fact));
  }

  async addCreation(fact: GrantCreated): Promise<void> {
    if (fact.resource !== undefined) this.#seeResource(fact.keyArn, fact.resource, fact.time);
    this.#creations.set(JSON.stringify([grantKey(fact), volumeOf(fact), orderOf(fact)]), fact);
    this.#addToTimeline(fact);
  }

  async joinCreation(fact: GrantCreated): Promise<GrantHead> {
    const head = withCreation(this.grants.get(grantKey(fact)), fact);
    this.grants.set(grantKey(fact), head);
    return head;
  }

  async joinEnding(fact: GrantEnded): Promise<GrantHead> {
    const head = withEnding(this.grants.get(grantKey(fact)), fact);
    this.grants.set(grantKey(fact), head);
    return head;
  }

  async creationsOf(volume: Volume): Promise<readonly GrantCreated[]> {
    return this.#timeline(volume).flatMap((fact) => (fact.kind === 'grant-created' ? fact : []));
  }

  async headsOf(grants: readonly GrantName[]): Promise<readonly GrantHead[]> {
    return grants.flatMap((grant) => this.grants.get(grantKey(grant)) ?? []);
  }

  async decryptsSince(volume: Volume, since: Timestamp): Promise<readonly KeyUsed[]> {
    return this.#timeline(volume).flatMap((fact) =>
      fact.kind === 'key-used' && fact.operation === 'Decrypt' && fact.time >= since ? fact : [],
    );
  }

  async addEvidence(findingId: string, occurrence: Occurrence): Promise<void> {
    const known = this.#evidence.get(findingId) ?? new Map();
    known.set(orderOf(occurrence), occurrence);
    this.#evidence.set(findingId, known);
  }

  async evidenceOf(findingId: string): Promise<Evidence | undefined> {
    return foldEvidence(this.#evidence.get(findingId)?.values() ?? []);
  }

  async addCandidate(findingId: string, candidate: Candidate): Promise<void> {
    const known = this.#candidates.get(findingId);
    const since = known?.pending ? known.since : candidate.since;
    this.#candidates.set(findingId, { ...candidate, findingId, since, marks: (known?.marks ?? 0) + 1, pending: true });
  }

  async pendingCandidates(until: number): Promise<readonly PendingCandidate[]> {
    return [...this.#candidates.values()]
      .filter(({ pending, since }) => pending && since <= until)
      .map(({ pending: _, ...candidate }) => candidate)
      .sort((a, b) => a.since - b.since);
  }

  async settleCandidate({ findingId, marks }: PendingCandidate): Promise<void> {
    const known = this.#candidates.get(findingId);
    if (known?.marks === marks) this.#candidates.set(findingId, { ...known, pending: false });
  }

  async dependents(keyArn: string): Promise<Dependents> {
    const open = [...this.grants.values()].filter((head) => head.keyArn === keyArn && isOpenGrant(head));
    return countDependents(open.map(({ cluster }) => cluster));
  }

  async markGrant(grant: GrantName, group: string): Promise<GrantHead> {
    const head: GrantHead = this.grants.get(grantKey(grant)) ?? grant;
    const marked = { ...head, alertedIn: [...new Set([...(head.alertedIn ?? []), group])].sort() };
    this.grants.set(grantKey(grant), marked);
    return marked;
  }

  async *openGrants(): AsyncGenerator<GrantHead> {
    for (const head of this.grants.values()) if (isOpenGrant(head)) yield head;
  }

  async canary(): Promise<Canary> {
    return this.#canary;
  }

  async noteCanary(what: keyof Canary, seconds: number): Promise<void> {
    this.#canary = { ...this.#canary, [what]: Math.max(seconds, this.#canary[what] ?? 0) };
  }

  async snapshot(): Promise<Snapshot> {
    return {
      grants: [...this.grants.values()],
      creations: [...this.#creations.values()].filter((creation) => isCurrent(creation, this.grants.get(grantKey(creation)))),
      ...sortedFacts(this.#facts.values()),
      resources: [...this.#resources.uses()],
      sightings: [...this.sightings.values()],
      occurrences: [...this.#evidence.values()].flatMap((byEvent) => [...byEvent.values()]),
      settlements: new Map(this.settlements),
    };
  }

  #timeline(volume: Volume): (GrantCreated | KeyUsed)[] {
    const facts = this.#timelines.get(volumeKey(volume)) ?? new Map<string, GrantCreated | KeyUsed>();
    return [...facts.keys()].sort().flatMap((order) => facts.get(order) ?? []);
  }

  #seeResource(keyArn: string, resource: Resource, lastSeen: Timestamp): void {
    this.#resources.add({ keyArn, resource, lastSeen });
  }

  #addToTimeline(fact: GrantCreated | KeyUsed): void {
    const volume = volumeOf(fact);
    if (volume === undefined) return;
    const known = this.#timelines.get(volumeKey(volume)) ?? new Map();
    known.set(orderOf(fact), fact);
    this.#timelines.set(volumeKey(volume), known);
  }
}

/** A fact's home, as the table has it, and its place there. */
function factKey(fact: Fact): string {
  const cluster = 'cluster' in fact && fact.kind !== 'refused' && fact.kind !== 'key-used' ? fact.cluster : undefined;
  return JSON.stringify([fact.kind, fact.keyArn, stateOf(fact), volumeOf(fact), cluster, orderOf(fact)]);
}
