import type { Cluster } from './core/encryption-context.ts';
import { timeOf } from './core/fact.ts';
import type { GrantHead } from './core/grant.ts';
import type { KeySighting } from './core/key-state.ts';
import { adoptedCreation, type ListedGrant } from './core/listed-grant.ts';
import { isKeyInScope } from './core/policy.ts';
import { countsAbsences, type SweepOfKey, stepOfAbsent, stepOfListed, youngest } from './core/reconcile.ts';
import { printable } from './core/text.ts';
import { fromSeconds, type Timestamp } from './core/timestamp.ts';
import type { Verification } from './core/verify-clusters.ts';
import { tellGone, tellUntold } from './gone-grants.ts';
import type { Pipeline } from './pipeline.ts';
import type { ClusterInspector, KeyInspector, KeyProgress } from './ports.ts';
import { type Fail, type Failure, verifyClusters } from './verify-clusters.ts';

/** What a reconciliation works with. */
export interface ReconcileWork {
  readonly pipeline: Pipeline;
  readonly keys: KeyInspector;
  /** Absent: ECS is not asked. */
  readonly clusters?: ClusterInspector;
  /** Says what would be done, and writes nothing. */
  readonly dryRun?: boolean;
  /** False when time is up: how far it has come is noted, for the next invocation to go on from there. */
  readonly mayGoOn?: () => boolean;
  /** Goes on with what an earlier invocation began, and notes how far it comes. */
  readonly resumable?: boolean;
  readonly progress?: (progress: ReconcileProgress) => void;
}

/** How far a reconciliation has come. */
export interface ReconcileProgress {
  readonly keys: number;
  readonly ofKeys: number;
  /** Grants listed so far. */
  readonly grants: number;
}

/** What a reconciliation came to. */
export interface ReconcileReport {
  readonly started: Timestamp;
  /** False when time was up before everything was looked at. */
  readonly finished: boolean;
  /** The keys looked at, by ARN. */
  readonly keys: readonly ReconciledKey[];
  /** What could not be looked at, and why. */
  readonly failed: readonly Failure[];
  readonly verification?: Verification;
}

/** What a reconciliation did to the grants of one key. */
export interface ReconciledKey extends Pick<KeySighting, 'keyArn' | 'state' | 'rotation'> {
  /** How many grants KMS lists. */
  readonly listed: number;
  /** In KMS, and new to the ledger. */
  readonly adopted: readonly ReconciledGrant[];
  /** In KMS, and held to be gone until now. */
  readonly reopened: readonly ReconciledGrant[];
  /** Not in KMS for the first time. */
  readonly missing: readonly ReconciledGrant[];
  /** Not in KMS again: no longer open. */
  readonly gone: readonly ReconciledGrant[];
}

/** A grant and whose it is, where that is known. */
export interface ReconciledGrant {
  readonly grantId: string;
  readonly createdAt?: Timestamp;
  readonly cluster?: Cluster;
  readonly volumeId?: string;
}

/** A sweep is due an hour after the one before began; schedules are not exact to the second. */
const INTERVAL_SECONDS = 60 * 60 - 60;
/** Grants that are read or written at once. */
const AT_ONCE = 25;
const SEEN_DIGITS = 16;

/** Reconciles when it is due, or was left unfinished; undefined when neither. */
export async function reconcileWhenDue(work: ReconcileWork): Promise<ReconcileReport | undefined> {
  const before = await work.pipeline.ledger.sweepProgress();
  const since = before === undefined ? undefined : youngestStart(work);
  if (before?.finished && since !== undefined && before.started > since) {
    await tellUntold(work.pipeline);
    return undefined;
  }
  return reconcile({ ...work, resumable: true });
}

const youngestStart = ({ pipeline }: ReconcileWork): Timestamp => fromSeconds(pipeline.now() - INTERVAL_SECONDS);

/**
 * Compares, key by key, the grants that KMS lists with those the ledger holds: adopts what nobody recorded, and lets go
 * what KMS no longer has. Every write is conditional, so that live traffic and other sweeps may come between any two
 * of them; a key that KMS refuses keeps no other waiting. Then compares ECS with the ledger. A throw is a fault of the
 * ledger, or of the alerts or metrics, which comes when all else is done.
 */
export async function reconcile(work: ReconcileWork): Promise<ReconcileReport> {
  const untold: unknown[] = [];
  const failed = (fault: unknown): void => void untold.push(fault);
  if (!work.dryRun) await tellUntold(work.pipeline).catch(failed);
  const report = await sweepAll(work, failed);
  if (untold.length > 0) throw untold[0];
  return report;
}

async function sweepAll(work: ReconcileWork, untold: (fault: unknown) => void): Promise<ReconcileReport> {
  const { pipeline, mayGoOn = () => true } = work;
  const { ledger, now } = pipeline;
  const noted = work.resumable ? await ledger.sweepProgress() : undefined;
  const resumed = noted !== undefined && !noted.finished ? noted : undefined;
  const started = resumed?.started ?? fromSeconds(now());
  const failed: Failure[] = [];
  const fail: Fail = (what, error) => {
    const why = printable(error instanceof Error ? `${error.name}: ${error.message}` : String(error), 500);
    failed.push({ what, why });
    pipeline.log('the sweep could not look at something', { what, why });
  };
  const keyArns = await keysToSweep(work, fail);
  const left = keyArns.filter((keyArn) => resumed?.done === undefined || keyArn > resumed.done);
  const keys: ReconciledKey[] = [];
  let grants = 0;
  let done = resumed?.done;
  const note = async (key?: KeyProgress): Promise<void> => {
    if (work.resumable && !work.dryRun) await ledger.noteSweep({ started, ...(done && { done }), ...(key && { key }) });
  };
  for (const [index, keyArn] of left.entries()) {
    const from = resumed?.key?.keyArn === keyArn ? resumed.key : undefined;
    if (!mayGoOn()) {
      await note(from);
      return { started, finished: false, keys, failed };
    }
    const tell = (listed: number): void => {
      work.progress?.({ keys: keyArns.length - left.length + index, ofKeys: keyArns.length, grants: grants + listed });
    };
    const before = (await ledger.sightingOf(keyArn))?.swept;
    const sweep = new KeySweep({ ...work, mayGoOn, tell, fail, untold }, keyArn, { started, before });
    try {
      const interrupted = await sweep.run(from);
      if (interrupted !== undefined) {
        await note(interrupted);
        return { started, finished: false, keys: [...keys, sweep.report()], failed };
      }
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      if (!(await sweep.isDeleted())) fail(keyArn, error.cause);
    }
    const report = sweep.report();
    if (!failed.some(({ what }) => what === keyArn) || report.listed > 0) keys.push(report);
    grants += report.listed;
    done = keyArn;
  }
  if (!mayGoOn()) {
    await note();
    return { started, finished: false, keys, failed };
  }
  const verification = await verifyClusters(work, started, fail);
  if (verification !== undefined && !work.dryRun) await ledger.noteVerification(verification);
  if (work.resumable && !work.dryRun) await ledger.noteSweep({ started, finished: true });
  return { started, finished: true, keys, failed, ...(verification === undefined ? {} : { verification }) };
}

/** KMS would not answer. */
class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

const asked = async <T>(answer: Promise<T>): Promise<T> =>
  answer.catch((cause: unknown) => {
    throw new RefusedError('KMS would not answer', { cause });
  });

/** The account's keys in the Region, and other accounts' keys that have open grants here; those that the policy covers. */
async function keysToSweep({ pipeline, keys }: ReconcileWork, fail: Fail): Promise<string[]> {
  const found = new Set<string>();
  for await (const { keyArn } of pipeline.ledger.openGrants()) found.add(keyArn);
  try {
    for await (const keyArn of keys.keys()) found.add(keyArn);
  } catch (error) {
    fail('the list of keys', error);
  }
  return [...found].filter((keyArn) => isKeyInScope(keyArn, pipeline.policy)).sort();
}

interface KeyWork extends ReconcileWork {
  readonly mayGoOn: () => boolean;
  /** Told how many grants were listed so far. */
  readonly tell: (listed: number) => void;
  readonly fail: Fail;
  /** Told why nobody could be told that grants are gone. */
  readonly untold: (fault: unknown) => void;
}

/** The sweep of one key. */
class KeySweep {
  readonly #work: KeyWork;
  readonly #keyArn: string;
  readonly #sweep: SweepOfKey;
  #listed = 0;
  #sighting: Pick<KeySighting, 'state' | 'rotation'> = {};
  readonly #did: Record<'adopt' | 'reopen' | 'missing' | 'gone', ReconciledGrant[]> = { adopt: [], reopen: [], missing: [], gone: [] };

  constructor(work: KeyWork, keyArn: string, sweep: SweepOfKey) {
    this.#work = work;
    this.#keyArn = keyArn;
    this.#sweep = sweep;
  }

  /** Goes through KMS's list to its end; where it was interrupted if time was up before. */
  async run(from: KeyProgress | undefined): Promise<KeyProgress | undefined> {
    const { keys, pipeline, mayGoOn, tell } = this.#work;
    const seen = new Set(from?.seen);
    // Read before the list: what is made in between is in the list, or too young to be missed.
    const open = new Map<string, GrantHead>();
    for await (const head of pipeline.ledger.openGrantsOf(this.#keyArn)) open.set(head.grantId, head);
    let marker = from?.marker;
    let mayBeForgotten = marker !== undefined;
    for (;;) {
      tell(this.#listed);
      const page = await asked(keys.grants(this.#keyArn, marker));
      if (page === undefined) {
        // KMS has forgotten the marker of an earlier invocation: from the beginning, once, which repeats reads alone.
        if (!mayBeForgotten) throw new RefusedError('', { cause: new Error('KMS will not go on with its list of grants') });
        marker = undefined;
        mayBeForgotten = false;
        continue;
      }
      await this.#takeListed(page.grants.filter(({ grantId }) => !open.has(grantId)));
      for (const { grantId } of page.grants) {
        open.delete(grantId);
        seen.add(this.#digest(grantId));
      }
      this.#listed += page.grants.length;
      if (page.next === undefined) break;
      marker = page.next;
      if (!mayGoOn()) return { keyArn: this.#keyArn, marker, seen: [...seen] };
    }
    await this.#takeAbsent([...open.values()].filter(({ grantId }) => !seen.has(this.#digest(grantId))));
    await this.#seeKey();
    return undefined;
  }

  /** Whether the key was refused because it is no more; if so, that is noted. Its grants went with it, and stay as they were. */
  async isDeleted(): Promise<boolean> {
    const { keys, pipeline, dryRun } = this.#work;
    const { state } = await keys.key(this.#keyArn).catch(() => ({ state: undefined }));
    if (state !== 'deleted') return false;
    this.#sighting = { state };
    if (!dryRun) await pipeline.ledger.seeKey({ keyArn: this.#keyArn, seen: this.#sweep.started, state });
    return true;
  }

  report(): ReconciledKey {
    const { adopt, reopen, missing, gone } = this.#did;
    return { keyArn: this.#keyArn, ...this.#sighting, listed: this.#listed, adopted: adopt, reopened: reopen, missing, gone };
  }

  /** What KMS lists and the index does not hold: known after all, or to be adopted or opened again. */
  async #takeListed(listed: readonly ListedGrant[]): Promise<void> {
    const { ledger, digest } = this.#work.pipeline;
    const heads = new Map((await ledger.headsOf(listed)).map((head) => [head.grantId, head]));
    await eachOf(listed, async (grant) => {
      const step = stepOfListed(heads.get(grant.grantId), this.#sweep);
      if (step === 'known') return;
      const creation = adoptedCreation(grant, this.#sweep.started, digest);
      if (step === 'reopen') {
        if (!this.#work.dryRun) await ledger.reopenGrant(grant, this.#sweep);
        this.#did.reopen.push(grantOf(heads.get(grant.grantId) ?? grant));
        return;
      }
      if (!this.#work.dryRun) {
        await ledger.addCreation(creation);
        await ledger.joinCreation(creation);
      }
      const { cluster, volumeId, time } = creation;
      const whose = { ...(cluster === undefined ? {} : { cluster }), ...(volumeId === undefined ? {} : { volumeId }) };
      this.#did.adopt.push({ grantId: grant.grantId, createdAt: time, ...whose });
    });
  }

  /** What the index holds and KMS does not list. */
  async #takeAbsent(absent: readonly GrantHead[]): Promise<void> {
    const { pipeline, dryRun, untold } = this.#work;
    const { ledger } = pipeline;
    const young = youngest(this.#sweep.started);
    const old = absent.filter(({ created }) => created !== undefined && timeOf(created) < young);
    const steps = (await ledger.headsOf(old)).map((head) => ({ head, step: stepOfAbsent(head, this.#sweep) }));
    const of = (wanted: 'missing' | 'gone'): GrantHead[] => steps.flatMap(({ head, step }) => (step === wanted ? head : []));
    const [missing, gone] = [of('missing'), of('gone')];
    if (!dryRun) await eachOf(missing, (head) => ledger.noteMissing(head, this.#sweep));
    this.#did.missing.push(...missing.map(grantOf));
    const marked = dryRun
      ? gone
      : await tellGone(
          gone,
          async () => {
            const after: GrantHead[] = [];
            await eachOf(gone, async (head) => void after.push(await ledger.noteGone(head, this.#sweep)));
            return after.filter((head) => head.gone !== undefined);
          },
          pipeline,
          untold,
        );
    this.#did.gone.push(...marked.map(grantOf));
  }

  /** Last: that the key was swept means that all of the above is written. */
  async #seeKey(): Promise<void> {
    const { keys, pipeline, dryRun, fail } = this.#work;
    const { started, before } = this.#sweep;
    this.#sighting = await keys.key(this.#keyArn).catch((error: unknown) => {
      fail(`the state of ${this.#keyArn}`, error);
      return {};
    });
    const swept = countsAbsences(this.#sweep) ? started : before;
    if (!dryRun) await pipeline.ledger.seeKey({ keyArn: this.#keyArn, seen: started, ...this.#sighting, ...(swept && { swept }) });
  }

  #digest(grantId: string): string {
    return this.#work.pipeline.digest(grantId).slice(0, SEEN_DIGITS);
  }
}

function grantOf({ grantId, created, cluster, volumeId }: { grantId: string } & Partial<GrantHead>): ReconciledGrant {
  return {
    grantId,
    ...(created === undefined ? {} : { createdAt: timeOf(created) }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(volumeId === undefined ? {} : { volumeId }),
  };
}

async function eachOf<T>(elements: readonly T[], act: (element: T) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < elements.length; from += AT_ONCE) await Promise.all(elements.slice(from, from + AT_ONCE).map(act));
}
