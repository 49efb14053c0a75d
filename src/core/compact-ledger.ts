import { concerns } from './concern.ts';
import { EvidenceFold } from './evidence-fold.ts';
import { type Fact, volumeOf } from './fact.ts';
import type { Finding } from './finding.ts';
import type { GrantHead } from './grant.ts';
import type { ChangeAt } from './key-state.ts';
import type { KeyChange } from './operations.ts';
import { Column } from './packed/column.ts';
import { Lists } from './packed/lists.ts';
import { PackedGrants } from './packed/packed-grants.ts';
import { type Index, PackedStrings } from './packed/packed-strings.ts';
import { PackedVolumes } from './packed/packed-volumes.ts';
import type { Policy } from './policy.ts';
import type { Read } from './reading.ts';
import { findingsIn, type KeyReport, keyReports, type VolumeReport, volumeIds, volumeReport } from './report.ts';
import { judgeFact, judgeGrant, judgeVolume } from './rules/registry.ts';
import { LatestUses } from './snapshot.ts';
import { byText, compareIds } from './sorting.ts';
import type { Digest } from './text.ts';
import { fromSeconds, toSeconds } from './timestamp.ts';

/**
 * A ledger that only its report is read from: facts in any order and as often as they like, each judged as it comes, and
 * of each only kept what the report needs. It says what `reportOf` says of a ledger that keeps them all, in at most
 * 64 bytes for each, besides what is printed.
 */
export class CompactLedger {
  /** The ids of the events told of. */
  readonly events = new PackedStrings();
  readonly #policy: Policy;
  readonly #keys = new PackedStrings();
  readonly #volumes = new PackedVolumes(this.#keys, this.events);
  readonly #grants = new PackedGrants(this.#keys, this.#volumes, this.events);
  readonly #changes = new KeyChanges();
  readonly #uses = new LatestUses();
  readonly #evidence: EvidenceFold;

  constructor(policy: Policy, digest: Digest) {
    this.#policy = policy;
    this.#evidence = new EvidenceFold(digest);
  }

  /** Takes what a record was read as; what became of it. */
  take(reading: Read): 'audited' | 'out-of-scope' {
    if (reading.kind !== 'fact' || !concerns(reading.fact, this.#policy)) return 'out-of-scope';
    this.#add(reading.fact);
    return 'audited';
  }

  /** The findings that hold, by their ids. */
  findings(): Finding[] {
    for (const head of this.#grants.heads()) this.#evidence.add(judgeGrant(head, this.#policy));
    // Stryker disable next-line EqualityOperator: behind the last there is no grant that ended.
    for (let volume = 0; volume < this.#volumes.size; volume += 1) {
      const heads = this.#headsOf(volume);
      // Without a grant that ended nothing comes after all of them.
      // Stryker disable next-line ConditionalExpression: only faster.
      if (!heads.some(({ end }) => end !== undefined)) continue;
      for (const decrypts of batchesOf(this.#volumes.decryptsOf(volume)))
        this.#evidence.add(judgeVolume(this.#volumes.volume(volume), heads, decrypts, this.#policy));
    }
    return findingsIn(this.#evidence.evidence());
  }

  /** The keys, by their ARNs. */
  keys(): KeyReport[] {
    return keyReports({
      keyArns: Array.from({ length: this.#keys.size }, (_, key) => this.#keys.textOf(key)),
      heads: this.#grants.heads(),
      changesOf: (keyArn) => this.#changes.of(this.#keys.add(keyArn)),
      uses: this.#uses.uses(),
    });
  }

  /** The volumes, by their ids, each made when it is asked for. */
  volumes(): Iterable<VolumeReport> {
    // Stryker disable next-line ArrowFunction: namesakes are told apart by all of their ids, only slower.
    const ids = Array.from({ length: this.#volumes.size }, (_, volume) => this.#volumes.idOf(volume));
    const namesakes = (a: Index, b: Index): number => compareIds(volumeIds(this.#volumes.volume(a)), volumeIds(this.#volumes.volume(b)));
    // Stryker disable next-line StringLiteral: every volume has an id.
    const sorted = Int32Array.from(ids.keys()).sort((a, b) => byText(ids[a] ?? '', ids[b] ?? '') || namesakes(a, b));
    const report = (volume: Index): VolumeReport =>
      volumeReport(this.#volumes.volume(volume), this.#headsOf(volume), this.#volumes.countDecrypts(volume));
    return {
      *[Symbol.iterator]() {
        for (const volume of sorted) yield report(volume);
      },
    };
  }

  #add(fact: Fact): void {
    this.#evidence.add(judgeFact(fact, this.#policy));
    const { keyArn, time } = fact;
    if (keyArn === undefined) return;
    const key = this.#keys.add(keyArn);
    if (fact.kind === 'key-changed') this.#changes.add(key, fact.change, time);
    else if (fact.kind === 'grant-ended') this.#grants.addEnding(fact);
    else if (fact.kind === 'grant-created' || fact.kind === 'key-used') {
      const { resource } = fact;
      if (resource !== undefined) this.#uses.add({ keyArn, resource, lastSeen: time });
      const named = volumeOf(fact);
      const volume = named && this.#volumes.add(named);
      if (fact.kind === 'grant-created') {
        const grant = this.#grants.addCreation(fact, volume);
        if (volume !== undefined) this.#volumes.addGrant(volume, grant);
      } else if (volume !== undefined && fact.operation === 'Decrypt') this.#volumes.addDecrypt(volume, fact);
    }
  }

  /** The grants made for a volume, each once. */
  #headsOf(volume: Index): GrantHead[] {
    return Array.from(new Set(this.#volumes.grantsOf(volume)), (grant) => this.#grants.head(grant));
  }
}

/** The changes of keys' states. */
class KeyChanges {
  // Stryker disable next-line ArrayDeclaration: each has the place it was given.
  readonly #kinds: KeyChange[] = [];
  readonly #ofKey = new Lists();
  readonly #change = new Column(Uint8Array);
  readonly #seconds = new Column(Float64Array);

  add(key: Index, change: KeyChange, time: string): void {
    let kind = this.#kinds.indexOf(change);
    if (kind < 0) kind = this.#kinds.push(change) - 1;
    this.#ofKey.add(key);
    this.#change.push(kind);
    this.#seconds.push(toSeconds(time));
  }

  *of(key: Index): Generator<ChangeAt> {
    for (const change of this.#ofKey.of(key)) {
      const kind = this.#kinds[this.#change.at(change)];
      // Stryker disable next-line ConditionalExpression: what was added has a kind.
      if (kind !== undefined) yield { change: kind, time: fromSeconds(this.#seconds.at(change)) };
    }
  }
}

/** So many are judged at once: a volume may have millions. */
const BATCH = 1_000;

function* batchesOf<T>(elements: Iterable<T>): Generator<T[]> {
  // Stryker disable next-line ArrayDeclaration: what has no time comes after nothing.
  let batch: T[] = [];
  for (const element of elements) {
    batch.push(element);
    // Stryker disable next-line ConditionalExpression,EqualityOperator: however many at once, it comes to the same.
    if (batch.length < BATCH) continue;
    yield batch;
    // Stryker disable next-line ArrayDeclaration: what has no time comes after nothing.
    batch = [];
  }
  yield batch;
}
