import type { GrantCreated, GrantEnded, StandingFact } from '../core/fact.ts';
import type { Occurrence } from '../core/finding.ts';
import type { GrantHead } from '../core/grant.ts';
import type { Timestamp } from '../core/timestamp.ts';
import type { GrantName } from '../ports.ts';
import { MemoryLedger } from './memory-ledger.ts';

/** A ledger in memory that hears of nothing after `until`, its last second: so that a last use is the last until then. */
export class LedgerUntil extends MemoryLedger {
  readonly #until: Timestamp;

  constructor(until: Timestamp) {
    super();
    this.#until = until;
  }

  override async addFact(fact: StandingFact): Promise<void> {
    if (!this.#isLater(fact)) await super.addFact(fact);
  }

  override async addCreation(fact: GrantCreated): Promise<void> {
    if (!this.#isLater(fact)) await super.addCreation(fact);
  }

  override async joinCreation(fact: GrantCreated): Promise<GrantHead> {
    return this.#isLater(fact) ? this.#known(fact) : super.joinCreation(fact);
  }

  override async joinEnding(fact: GrantEnded): Promise<GrantHead> {
    return this.#isLater(fact) ? this.#known(fact) : super.joinEnding(fact);
  }

  override async addEvidence(findingId: string, occurrence: Occurrence): Promise<void> {
    if (!this.#isLater(occurrence)) await super.addEvidence(findingId, occurrence);
  }

  #isLater({ time }: { readonly time: Timestamp }): boolean {
    return time > this.#until;
  }

  /** The grant as it was, which what came later does not change. */
  #known({ keyArn, grantId }: GrantName): GrantHead {
    return { keyArn, grantId };
  }
}
