import { type GrantHead, isOpenGrant } from '../core/grant.ts';
import type { KeySighting } from '../core/key-state.ts';
import { type SweepOfKey, stepOfAbsent, stepOfListed } from '../core/reconcile.ts';
import type { Verification } from '../core/verify-clusters.ts';
import type { GrantName, SweepBook, SweepProgress } from '../ports.ts';
import { MemoryAlertBook } from './memory-alert-book.ts';

/** What names a grant in a map. */
export const grantKey = ({ keyArn, grantId }: GrantName): string => JSON.stringify([keyArn, grantId]);

/** What the sweep keeps, for as long as its process lives. */
export class MemorySweepBook extends MemoryAlertBook implements SweepBook {
  protected readonly grants = new Map<string, GrantHead>();
  protected readonly sightings = new Map<string, KeySighting>();
  #progress: SweepProgress | undefined;
  #verification: Verification | undefined;

  async *openGrantsOf(keyArn: string): AsyncGenerator<GrantHead> {
    for (const head of [...this.grants.values()]) if (head.keyArn === keyArn && isOpenGrant(head)) yield head;
  }

  async noteMissing(grant: GrantName, sweep: SweepOfKey): Promise<GrantHead> {
    return this.#change(grant, (head) => {
      if (stepOfAbsent(head, { ...sweep, before: undefined }) === 'known' || (head.missing ?? '') >= sweep.started) return head;
      return { ...head, missing: sweep.started };
    });
  }

  async noteGone(grant: GrantName, sweep: SweepOfKey): Promise<GrantHead> {
    return this.#change(grant, ({ missing, ...head }) =>
      stepOfAbsent({ ...head, ...(missing && { missing }) }, sweep) === 'gone'
        ? { ...head, gone: sweep.started }
        : { ...head, ...(missing && { missing }) },
    );
  }

  async reopenGrant(grant: GrantName, sweep: SweepOfKey): Promise<GrantHead> {
    return this.#change(grant, (head) => {
      if (stepOfListed(head, sweep) !== 'reopen') return head;
      const { gone: _gone, missing: _missing, ...open } = head;
      return open;
    });
  }

  async sightingOf(keyArn: string): Promise<KeySighting | undefined> {
    return this.sightings.get(keyArn);
  }

  async seeKey(sighting: KeySighting): Promise<void> {
    const known = this.sightings.get(sighting.keyArn);
    if (known === undefined || known.seen < sighting.seen) this.sightings.set(sighting.keyArn, sighting);
  }

  async sweepProgress(): Promise<SweepProgress | undefined> {
    return this.#progress;
  }

  async noteSweep(progress: SweepProgress): Promise<void> {
    this.#progress = progress;
  }

  async verification(): Promise<Verification | undefined> {
    return this.#verification;
  }

  async noteVerification(verification: Verification): Promise<void> {
    this.#verification = verification;
  }

  #change(grant: GrantName, change: (head: GrantHead) => GrantHead): GrantHead {
    const head = this.grants.get(grantKey(grant));
    if (head === undefined) return { keyArn: grant.keyArn, grantId: grant.grantId };
    const changed = change(head);
    this.grants.set(grantKey(grant), changed);
    return changed;
  }
}
