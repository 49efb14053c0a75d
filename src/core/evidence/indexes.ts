import { eventIdOf, type GrantCreated, orderOf, timeOf } from '../fact.ts';
import { type GrantHead, grantStatus } from '../grant.ts';
import { isListed } from '../listed-grant.ts';
import type { Snapshot } from '../snapshot.ts';
import { grouped, sortedBy } from '../sorting.ts';
import type { ReportedFinding, ReportedGrant } from './model.ts';

/** Names a grant within a report. */
export const grantName = (keyArn: string | undefined, grantId: string | undefined): string => JSON.stringify([keyArn, grantId]);

/** The grants of a ledger by name, each with its earliest creation. */
export class GrantIndex {
  readonly #heads: ReadonlyMap<string, GrantHead>;
  readonly #creations: ReadonlyMap<string, GrantCreated>;

  constructor({ grants, creations }: Snapshot) {
    this.#heads = new Map(grants.map((head) => [grantName(head.keyArn, head.grantId), head]));
    this.#creations = new Map(
      creations.flatMap((creation) => {
        const name = grantName(creation.keyArn, creation.grantId);
        return this.#heads.get(name)?.created === orderOf(creation) ? [[name, creation]] : [];
      }),
    );
  }

  reported(keyArn: string, grantId: string, about: FindingIndex): ReportedGrant[] {
    const head = this.#heads.get(grantName(keyArn, grantId));
    if (head === undefined) return [];
    const { created, end, gone, cluster } = head;
    const { caller, grantee, operations } = this.#creations.get(grantName(keyArn, grantId)) ?? {};
    return [
      {
        keyArn,
        grantId,
        status: grantStatus(head),
        ...(cluster === undefined ? {} : { clusterAccount: cluster.account, clusterName: cluster.name }),
        ...(created === undefined ? {} : { grantedAt: timeOf(created) }),
        ...(created === undefined || isListed(eventIdOf(created)) ? {} : { grantedEventId: eventIdOf(created) }),
        ...(caller === undefined ? {} : { grantedBy: caller.id }),
        ...(grantee === undefined ? {} : { grantee }),
        ...(operations === undefined ? {} : { operations }),
        ...(end === undefined ? {} : { endedAt: timeOf(end.order), endedBy: end.by, endedEventId: eventIdOf(end.order) }),
        // Nobody knows when it ended: it was not there any more by then.
        ...(end === undefined && gone !== undefined ? { endedAt: gone } : {}),
        findings: about.grant(keyArn, grantId),
      },
    ];
  }

  /** Every other grant, by name. */
  except(names: ReadonlySet<string>): GrantHead[] {
    const others = [...this.#heads].filter(([name]) => !names.has(name));
    return sortedBy(others, ([name]) => [name]).map(([, head]) => head);
  }
}

/** Ids of findings by what they are about. */
export class FindingIndex {
  readonly #byGrant: ReadonlyMap<string, readonly ReportedFinding[]>;
  readonly #byVolume: ReadonlyMap<string | undefined, readonly ReportedFinding[]>;

  constructor(findings: readonly ReportedFinding[]) {
    this.#byGrant = grouped(findings, ({ keyArn, grantId }) => grantName(keyArn, grantId));
    this.#byVolume = grouped(findings, ({ volumeId }) => volumeId);
  }

  grant(keyArn: string, grantId: string): string[] {
    return idsOf(this.#byGrant.get(grantName(keyArn, grantId)));
  }

  volume(volumeId: string): string[] {
    return idsOf(this.#byVolume.get(volumeId));
  }
}

const idsOf = (findings: readonly ReportedFinding[] = []): string[] => findings.map(({ id }) => id);
