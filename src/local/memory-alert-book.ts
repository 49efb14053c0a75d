import type { AlertAttributes, AlertNote, Claim } from '../core/alerting.ts';
import type { Settlement } from '../core/snapshot.ts';
import type { Timestamp } from '../core/timestamp.ts';
import type { AlertBook } from '../ports.ts';

/** What is noted of alerts, for as long as its process lives. */
export class MemoryAlertBook implements AlertBook {
  readonly #notes = new Map<string, AlertNote>();
  readonly #members = new Map<string, Set<string>>();
  readonly #told = new Set<string>();
  protected readonly settlements = new Map<string, Settlement>();

  async alertNote(group: string): Promise<AlertNote> {
    return this.#notes.get(group) ?? {};
  }

  async claimAlert(group: string, seen: AlertNote, claim: Claim): Promise<boolean> {
    const note = this.#notes.get(group) ?? {};
    if (
      note.sent?.through !== seen.sent?.through ||
      note.sent?.severity !== seen.sent?.severity ||
      note.over !== seen.over ||
      note.closed !== seen.closed ||
      note.claim?.by !== seen.claim?.by ||
      note.claim?.until !== seen.claim?.until
    )
      return false;
    this.#notes.set(group, { ...note, claim });
    return true;
  }

  async noteAlert(group: string, claim: Claim, attributes: AlertAttributes, closed?: Timestamp): Promise<void> {
    const { through, severity } = claim;
    this.#giveBack(group, claim, (note) => ({ ...note, sent: { through, severity, attributes }, ...(closed && { closed }) }));
  }

  async noteEnd(group: string, claim: Claim, told: boolean): Promise<void> {
    this.#giveBack(group, claim, (note) => ({ ...note, over: claim.through, ...(told && { closed: claim.through }) }));
  }

  async noteCorrection(group: string, claim: Claim): Promise<void> {
    this.#giveBack(group, claim, () => ({}));
  }

  async releaseAlert(group: string, claim: Claim): Promise<void> {
    this.#giveBack(group, claim, (note) => note);
  }

  async joinGroup(group: string, member: string): Promise<void> {
    this.#members.set(group, (this.#members.get(group) ?? new Set()).add(member));
  }

  async leaveGroup(group: string, member: string): Promise<void> {
    this.#members.get(group)?.delete(member);
  }

  async membersOf(group: string): Promise<readonly string[]> {
    return [...(this.#members.get(group) ?? [])].slice(0, 100);
  }

  async noteTold(findingId: string): Promise<void> {
    this.#told.add(findingId);
  }

  async forgetTold(findingId: string): Promise<void> {
    this.#told.delete(findingId);
  }

  async wasTold(findingId: string): Promise<boolean> {
    return this.#told.has(findingId);
  }

  async settle(findingId: string, settlement: Settlement): Promise<void> {
    this.settlements.set(findingId, settlement);
  }

  /** Lets `noted` take the place of what was noted; nothing when the lease has passed to another. */
  #giveBack(group: string, { by, until }: Claim, noted: (note: Omit<AlertNote, 'claim'>) => AlertNote): void {
    const { claim, ...note } = this.#notes.get(group) ?? {};
    if (claim?.by === by && claim.until === until) this.#notes.set(group, noted(note));
  }
}
