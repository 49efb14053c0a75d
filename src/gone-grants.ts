import { alertAll, count } from './alerts.ts';
import { isSent } from './core/expectation.ts';
import { foldEvidence, type Occurrence } from './core/finding.ts';
import type { GrantHead } from './core/grant.ts';
import { orphanGrant } from './core/rules/orphan-grant.ts';
import { judgeAge } from './core/rules/registry.ts';
import { fromSeconds, toSeconds } from './core/timestamp.ts';
import type { Pipeline } from './pipeline.ts';
import type { GrantName } from './ports.ts';

/** Under this name the ledger keeps the grants whose keys have yet to be told of. */
const UNTOLD = JSON.stringify([orphanGrant.id, 'gone', 'untold']);
/** So many of a key's are kept there: one of them that is gone will do, and any of them may turn out not to be. */
const KEPT = 100;

/**
 * Lets `mark` note that grants of one key are gone, and tells of those that are; who dies in between is made up for by
 * {@link tellUntold}, as is a telling that fails, which is told to `failed`: nothing else need wait for it.
 */
export async function tellGone(
  grants: readonly GrantName[],
  mark: () => Promise<readonly GrantHead[]>,
  pipeline: Pipeline,
  failed: (fault: unknown) => void,
): Promise<readonly GrantHead[]> {
  const [first] = grants;
  if (first === undefined || pipeline.alerts === undefined) return mark();
  const member = JSON.stringify([first.keyArn, ...grants.slice(0, KEPT).map(({ grantId }) => grantId)]);
  await pipeline.ledger.joinGroup(UNTOLD, member, fromSeconds(pipeline.now()));
  const marked = await mark();
  await tell(marked, pipeline).then(() => pipeline.ledger.leaveGroup(UNTOLD, member), failed);
  return marked;
}

/** Tells of what a sweep had noted as gone and could not tell; one that cannot be told keeps no other back. */
export async function tellUntold(pipeline: Pipeline): Promise<void> {
  if (pipeline.alerts === undefined) return;
  const faults: unknown[] = [];
  for (const member of await pipeline.ledger.membersOf(UNTOLD)) {
    const [keyArn, ...grantIds]: string[] = JSON.parse(member);
    if (keyArn === undefined) continue;
    const heads = await pipeline.ledger.headsOf(grantIds.map((grantId) => ({ keyArn, grantId })));
    await tell(heads, pipeline).then(
      () => pipeline.ledger.leaveGroup(UNTOLD, member),
      (fault: unknown) => faults.push(fault),
    );
  }
  if (faults.length > 0) throw faults[0];
}

/** One alert for the key, with the others as its evidence. */
async function tell(heads: readonly GrantHead[], pipeline: Pipeline): Promise<void> {
  const occurrences = heads.flatMap((head) => (head.gone === undefined ? [] : judgeAge(head, pipeline.policy, toSeconds(head.gone))));
  await count(occurrences, pipeline);
  const sent: readonly Occurrence[] = occurrences.filter((occurrence) => isSent(occurrence, pipeline.policy));
  const lead = sent.at(-1);
  if (lead !== undefined) await alertAll([lead], `sweep/${lead.eventId}`, pipeline, { evidence: foldEvidence(sent) });
}
