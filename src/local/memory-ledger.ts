import type { AlertNote, Claim } from '../core/alerting.ts';
import type { Canary } from '../core/canary.ts';
import { countDependents, type Dependents } from '../core/dependents.ts';
import type { Fact, GrantCreated, GrantEnded, KeyChanged, KeyUsed, Refused, Rehearsed, Volume } from '../core/fact.ts';
import { orderOf, volumeOf } from '../core/fact.ts';
import { type Evidence, foldEvidence, type Occurrence } from '../core/finding.ts';
import { type GrantHead, withCreation, withEnding } from '../core/grant.ts';
import type { ResourceUse, Snapshot } from '../core/snapshot.ts';
import type { Timestamp } from '../core/timestamp.ts';
import type { Candidate, Ledger, PendingCandidate } from '../ports.ts';

/** Facts of one kind by event: writing one twice is writing it once. */
type ByEvent<T> = Map<string, T>;

const grantKey = ({ keyArn, grantId }: Pick<GrantHead, 'keyArn' | 'grantId'>): string => JSON.stringify([keyArn, grantId]);
const volumeKey = ({ clusterAccount, clusterName, volumeId, keyArn }: Volume): string =>
  JSON.stringify([clusterAccount, clusterName, volumeId, keyArn]);

/** A ledger that lives as long as its process: for replay, and for whoever wants to see the rules at work without a table. */
export class MemoryLedger implements Ledger {
  readonly #grants = new Map<string, GrantHead>();
  readonly #creations: ByEvent<GrantCreated> = new Map();
  readonly #facts: ByEvent<KeyUsed | Rehearsed | Refused | KeyChanged> = new Map();
  readonly #timelines = new Map<string, ByEvent<GrantCreated | KeyUsed>>();
  readonly #resources = new Map<string, ResourceUse>();
  readonly #evidence = new Map<string, ByEvent<Occurrence>>();
  readonly #candidates = new Map<string, PendingCandidate & { readonly pending: boolean }>();
  readonly #notes = new Map<string, AlertNote>();
  #canary: Canary = {};

  async addFact(fact: KeyUsed | Rehearsed | Refused | KeyChanged): Promise<void> {
    if (fact.kind === 'key-used' && fact.resource !== undefined) return this.#addResourceUse(fact.keyArn, fact.resource, fact.time);
    this.#facts.set(factKey(fact), fact);
    if (fact.kind === 'key-used') this.#addToTimeline(fact);
  }

  async addCreation(fact: GrantCreated): Promise<void> {
    this.#creations.set(JSON.stringify([grantKey(fact), volumeOf(fact), orderOf(fact)]), fact);
    this.#addToTimeline(fact);
  }

  async joinCreation(fact: GrantCreated): Promise<GrantHead> {
    const head = withCreation(this.#grants.get(grantKey(fact)), fact);
    this.#grants.set(grantKey(fact), head);
    return head;
  }

  async joinEnding(fact: GrantEnded): Promise<GrantHead> {
    const head = withEnding(this.#grants.get(grantKey(fact)), fact);
    this.#grants.set(grantKey(fact), head);
    return head;
  }

  async creationsOf(volume: Volume): Promise<readonly GrantCreated[]> {
    return this.#timeline(volume).flatMap((fact) => (fact.kind === 'grant-created' ? fact : []));
  }

  async headsOf(creations: readonly GrantCreated[]): Promise<readonly GrantHead[]> {
    return creations.flatMap((creation) => this.#grants.get(grantKey(creation)) ?? []);
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
    const open = [...this.#grants.values()].filter(
      (head) => head.keyArn === keyArn && head.created !== undefined && head.end === undefined,
    );
    return countDependents(open.map(({ cluster }) => cluster));
  }

  async alertNote(group: string): Promise<AlertNote> {
    return this.#notes.get(group) ?? {};
  }

  async claimAlert(group: string, seen: AlertNote, claim: Claim): Promise<boolean> {
    const note = this.#notes.get(group) ?? {};
    if (
      note.sent?.through !== seen.sent?.through ||
      note.sent?.severity !== seen.sent?.severity ||
      note.claim?.by !== seen.claim?.by ||
      note.claim?.until !== seen.claim?.until
    )
      return false;
    this.#notes.set(group, { ...note, claim });
    return true;
  }

  async noteAlert(group: string, { by, until, through, severity }: Claim): Promise<void> {
    const { claim } = this.#notes.get(group) ?? {};
    if (claim?.by === by && claim.until === until) this.#notes.set(group, { sent: { through, severity } });
  }

  async canary(): Promise<Canary> {
    return this.#canary;
  }

  async noteCanary(what: keyof Canary, seconds: number): Promise<void> {
    this.#canary = { ...this.#canary, [what]: Math.max(seconds, this.#canary[what] ?? 0) };
  }

  async snapshot(): Promise<Snapshot> {
    const facts = [...this.#facts.values()];
    return {
      grants: [...this.#grants.values()],
      creations: [...this.#creations.values()],
      uses: facts.filter((fact) => fact.kind === 'key-used'),
      rehearsals: facts.filter((fact) => fact.kind === 'rehearsed'),
      refusals: facts.filter((fact) => fact.kind === 'refused'),
      changes: facts.filter((fact) => fact.kind === 'key-changed'),
      resources: [...this.#resources.values()],
      occurrences: [...this.#evidence.values()].flatMap((byEvent) => [...byEvent.values()]),
    };
  }

  #timeline(volume: Volume): (GrantCreated | KeyUsed)[] {
    const facts = this.#timelines.get(volumeKey(volume)) ?? new Map<string, GrantCreated | KeyUsed>();
    return [...facts.keys()].sort().flatMap((order) => facts.get(order) ?? []);
  }

  #addToTimeline(fact: GrantCreated | KeyUsed): void {
    const volume = volumeOf(fact);
    if (volume === undefined) return;
    const known = this.#timelines.get(volumeKey(volume)) ?? new Map();
    known.set(orderOf(fact), fact);
    this.#timelines.set(volumeKey(volume), known);
  }

  #addResourceUse(keyArn: string, resource: ResourceUse['resource'], time: Timestamp): void {
    const id = JSON.stringify([keyArn, resource.kind, resource.id]);
    const known = this.#resources.get(id);
    if (known === undefined || known.lastSeen < time) this.#resources.set(id, { keyArn, resource, lastSeen: time });
  }
}

/** A fact's home, as the table has it, and its place there. */
function factKey(fact: Fact): string {
  const cluster = fact.kind === 'rehearsed' ? fact.cluster : undefined;
  return JSON.stringify([fact.kind, fact.keyArn, volumeOf(fact), cluster, orderOf(fact)]);
}
