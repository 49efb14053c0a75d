import { concerns } from './core/concern.ts';
import type { Fact } from './core/fact.ts';
import { findingId } from './core/finding.ts';
import { Gathered, type Harvest } from './core/gathered.ts';
import type { Policy } from './core/policy.ts';
import type { Read, Rejection, SourceBatch } from './core/reading.ts';
import { judgeFact } from './core/rules/registry.ts';
import { type Coverage, Tally } from './core/tally.ts';
import type { Digest } from './core/text.ts';
import type { Checkpoint, Clock, Covered, History, HistoryItem } from './ports.ts';

/** A source of history. */
export interface HistorySource {
  readonly path: string;
  /** What names its content, so that it is covered once; without it, it is read every time. */
  readonly id?: string;
  readonly bytes: number;
}

/** Reads sources; the batches of one come in its order, sources in any. A throw is an infrastructure fault. */
export type SourceReader = (paths: readonly string[]) => AsyncIterable<SourceBatch>;

/** What a backfill works with. */
export interface BackfillWork {
  readonly history: History;
  readonly read: SourceReader;
  readonly policy: Policy;
  readonly digest: Digest;
  readonly now: Clock;
  readonly checkpoint?: Checkpoint;
  /** As in the pipeline: refusals on these keys are no finding. */
  readonly ownKeys?: ReadonlySet<string>;
  /** As in the pipeline: what the names of the deployment's own EventBridge rules begin with. */
  readonly ownRules?: string;
  /** Told often how far it has come. */
  readonly progress?: (progress: BackfillProgress) => void;
  /** False when time is up: what was done is noted, and a {@link BackfillUnfinishedError} thrown. */
  readonly mayGoOn?: () => boolean;
  readonly bounds?: Partial<Bounds>;
}

/** How much is held before it is written. */
export interface Bounds {
  /** Facts and evidence. */
  readonly items: number;
  /** Grants whose other end was not seen yet, and resources, each: held so that they are written once. */
  readonly gathered: number;
  /** Seconds between two notes of how far the sources are covered. */
  readonly noteSeconds: number;
}

/** Held items are written within so many seconds: a kill loses no more. */
const HELD_SECONDS = 2;
/** What one call can write. */
const FEWEST_ITEMS = 25;
const MOST_ITEMS = 1_000;

/** How much to hold where so many units a second may be written. */
export function boundsAt(unitsPerSecond: number): Pick<Bounds, 'items'> {
  return { items: Math.min(MOST_ITEMS, Math.max(FEWEST_ITEMS, Math.floor(unitsPerSecond * HELD_SECONDS))) };
}

const BOUNDS: Bounds = { items: MOST_ITEMS, gathered: 50_000, noteSeconds: HELD_SECONDS };

/** How far a backfill has come. */
export interface BackfillProgress {
  readonly sources: number;
  readonly ofSources: number;
  readonly bytes: number;
  readonly ofBytes: number;
  readonly records: number;
}

/** What a backfill came to. */
export interface BackfillReport {
  readonly events: Coverage;
  /** How many sources there are; of these, how many were covered whole by an earlier run and not read again. */
  readonly covered: { readonly sources: number; readonly before: number };
  /** The sources that were read, by path. */
  readonly sources: readonly SourceReport[];
  readonly written: Written;
}

/** What was found in one source. */
export interface SourceReport {
  readonly path: string;
  readonly records: number;
  readonly rejected: readonly Rejection[];
}

/** What was written, before repetitions were found to change nothing. */
export interface Written {
  readonly facts: number;
  readonly evidence: number;
  readonly grants: number;
  readonly resources: number;
}

/** Time was up before every source was covered. What was covered is noted: the same again goes on from there. */
export class BackfillUnfinishedError extends Error {
  override readonly name = 'BackfillUnfinishedError';
}

/**
 * Writes history into a ledger as the live pipeline would have, and tells nobody: no alert, no metric, no mark. Facts
 * and evidence are written as they come; what meets in a grant or a resource is gathered first and written once. A
 * source is noted as covered when all that it says is written, so that a run which was killed is simply started again;
 * a source with rejections never is: whoever runs it again hears of them again.
 */
export async function backfill(sources: readonly HistorySource[], work: BackfillWork): Promise<BackfillReport> {
  const before = (await work.checkpoint?.read()) ?? (() => undefined);
  const isNew = ({ id }: HistorySource): boolean => id === undefined || before(id) !== 'whole';
  const ours = new Map(sources.map((source) => [source.path, source]));
  const left = [...ours.values()].filter(isNew);
  const run = new Run(work, before, [...ours.values()]);
  for await (const batch of work.read(left.map(({ path }) => path))) await run.take(batch);
  await run.finish();
  return run.report();
}

/** A source that is being read. */
interface Open {
  readonly source: HistorySource;
  records: number;
  readonly rejected: Rejection[];
}

class Run {
  readonly #work: BackfillWork;
  readonly #bounds: Bounds;
  readonly #before: (id: string) => Covered | undefined;
  readonly #sources: ReadonlyMap<string, HistorySource>;
  readonly #gathered = new Gathered();
  readonly #tally = new Tally();
  readonly #open = new Map<string, Open>();
  readonly #read: Open[] = [];
  #items: HistoryItem[] = [];
  readonly #written = { facts: 0, evidence: 0, grants: 0, resources: 0 };
  /** Rises with every note; what is gathered in one is not written before those before it. */
  #epoch = 0;
  /** Sources read to their end and not noted as whole: in which epoch they ended, and whether they are noted as kept. */
  #ended: { readonly id: string; readonly epoch: number; kept: boolean }[] = [];
  #noted: number;
  /** How many sources an earlier run has covered. */
  #skipped = 0;
  #bytes = 0;
  readonly #ofBytes: number;

  constructor(work: BackfillWork, before: (id: string) => Covered | undefined, sources: readonly HistorySource[]) {
    this.#work = work;
    this.#bounds = { ...BOUNDS, ...work.bounds };
    this.#before = before;
    this.#sources = new Map(sources.map((source) => [source.path, source]));
    this.#noted = work.now();
    this.#ofBytes = sources.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const source of sources.filter((one) => this.#coveredBefore(one) === 'whole')) {
      this.#skipped += 1;
      this.#bytes += source.bytes;
    }
  }

  async take(batch: SourceBatch): Promise<void> {
    const open = this.#openSource(batch.path);
    const kept = this.#coveredBefore(open.source) === 'kept';
    for (const reading of batch.readings) this.#tally.add(reading, this.#takeReading(reading, kept));
    this.#tally.addCounted({ outOfScope: batch.outOfScope, rejected: batch.rejected.length });
    open.records += batch.records;
    open.rejected.push(...batch.rejected);
    if (batch.last) this.#close(open);
    if (this.#items.length >= this.#bounds.items) await this.#keep();
    const timeIsUp = this.#work.mayGoOn?.() === false;
    if (timeIsUp || this.#work.now() - this.#noted >= this.#bounds.noteSeconds) await this.#note();
    this.#tellProgress();
    if (timeIsUp) throw new BackfillUnfinishedError(`time is up after ${this.#read.length} sources; the same again goes on from there`);
  }

  /** Writes what is still held, and notes every source. */
  async finish(): Promise<void> {
    for (let left = this.#gathered.size; left > 0; left -= this.#bounds.items) {
      await this.#note(left);
      this.#tellProgress();
    }
    await this.#note(0);
    this.#tellProgress();
  }

  report(): BackfillReport {
    const sources = this.#read.map(({ source: { path }, records, rejected }) => ({ path, records, rejected }));
    return {
      events: this.#tally.coverage(),
      covered: { sources: this.#sources.size, before: this.#skipped },
      sources: sources.sort((a, b) => (a.path < b.path ? -1 : 1)),
      written: { ...this.#written },
    };
  }

  #coveredBefore({ id }: HistorySource): Covered | undefined {
    return id === undefined ? undefined : this.#before(id);
  }

  #openSource(path: string): Open {
    const known = this.#open.get(path);
    if (known !== undefined) return known;
    const opened: Open = { source: this.#sources.get(path) ?? { path, bytes: 0 }, records: 0, rejected: [] };
    this.#open.set(path, opened);
    return opened;
  }

  #close(open: Open): void {
    const { path, id, bytes } = open.source;
    this.#open.delete(path);
    this.#read.push(open);
    this.#bytes += bytes;
    if (id !== undefined && open.rejected.length === 0) this.#ended.push({ id, epoch: this.#epoch, kept: this.#before(id) === 'kept' });
  }

  /** `kept`: an earlier run has written the facts and evidence of this source; what meets in grants and resources it had not. */
  #takeReading(reading: Read, kept: boolean): 'audited' | 'out-of-scope' {
    if (reading.kind === 'out-of-scope') return 'out-of-scope';
    const { policy, digest, ownRules, ownKeys } = this.#work;
    const { fact } = reading;
    if (!concerns(fact, policy, ownRules)) return 'out-of-scope';
    if (this.#gather(fact) && !kept) this.#hold({ fact });
    const isOwn = fact.kind === 'refused' && fact.keyArn !== undefined && ownKeys?.has(fact.keyArn);
    if (kept || isOwn) return 'audited';
    for (const occurrence of judgeFact(fact, policy))
      this.#hold({ findingId: findingId(occurrence.rule, occurrence.subject, digest), occurrence });
    return 'audited';
  }

  /** True for a fact that is kept by itself as well. */
  #gather(fact: Fact): fact is Exclude<Fact, { kind: 'grant-ended' }> {
    switch (fact.kind) {
      case 'grant-created':
        this.#gathered.addCreation(fact, this.#epoch);
        if (fact.resource !== undefined)
          this.#gathered.addUse({ keyArn: fact.keyArn, resource: fact.resource, lastSeen: fact.time }, this.#epoch);
        return true;
      case 'grant-ended':
        this.#gathered.addEnding(fact, this.#epoch);
        return false;
      case 'key-used': {
        const { keyArn, resource, time } = fact;
        if (resource === undefined) return true;
        this.#gathered.addUse({ keyArn, resource, lastSeen: time }, this.#epoch);
        return false;
      }
      default:
        return true;
    }
  }

  #hold(item: HistoryItem): void {
    this.#items.push(item);
    if ('fact' in item) this.#written.facts += 1;
    else this.#written.evidence += 1;
  }

  /** Facts first, then the grants of which all is known: who finds a grant ended finds its creation. */
  async #keep(): Promise<void> {
    const items = this.#items;
    this.#items = [];
    if (items.length > 0) await this.#work.history.keep(items);
    await this.#write({ heads: this.#gathered.takeWhole(), uses: [] });
  }

  /** Writes what is held, of grants and resources that are not whole all but the `left` latest of each, and notes what is covered by that. */
  async #note(left = this.#patience()): Promise<void> {
    await this.#keep();
    await this.#write(this.#gathered.takeOldest(left));
    const { oldest } = this.#gathered;
    const whole = this.#ended.filter(({ epoch }) => epoch < oldest);
    this.#ended = this.#ended.filter(({ epoch }) => epoch >= oldest);
    const kept = this.#ended.filter((ended) => !ended.kept);
    for (const [sources, covered] of [[kept, 'kept'] as const, [whole, 'whole'] as const]) {
      if (sources.length > 0) await this.#work.checkpoint?.note([...new Set(sources.map(({ id }) => id))], covered);
    }
    for (const ended of kept) ended.kept = true;
    this.#epoch += 1;
    this.#noted = this.#work.now();
  }

  /** How many may wait on. When there are too many, half of them: what has waited longest is least likely to become whole. */
  #patience(): number {
    const { gathered } = this.#bounds;
    return this.#gathered.size > gathered ? Math.floor(gathered / 2) : gathered;
  }

  async #write({ heads, uses }: Harvest): Promise<void> {
    if (heads.length > 0) await this.#work.history.joinGrants(heads);
    if (uses.length > 0) await this.#work.history.seeResources(uses);
    this.#written.grants += heads.length;
    this.#written.resources += uses.length;
  }

  #tellProgress(): void {
    const sources = this.#skipped + this.#read.length;
    const ofSources = this.#sources.size;
    this.#work.progress?.({ sources, ofSources, bytes: this.#bytes, ofBytes: this.#ofBytes, records: this.#tally.read });
  }
}
