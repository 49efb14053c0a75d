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

/** Lets `mark` note that grants of one key are gone, and tells of those that are; who dies in between is made up for by {@link tellUntold}. */
export async function tellGone(
  grants: readonly GrantName[],
  mark: () => Promise<readonly GrantHead[]>,
  pipeline: Pipeline,
): Promise<readonly GrantHead[]> {
  const [first] = grants;
  if (first === undefined || pipeline.alerts === undefined) return mark();
  const member = JSON.stringify([first.keyArn, first.grantId]);
  await pipeline.ledger.joinGroup(UNTOLD, member, fromSeconds(pipeline.now()));
  const marked = await mark();
  await tell(marked, pipeline);
  await pipeline.ledger.leaveGroup(UNTOLD, member);
  return marked;
}

/** Tells of what an interrupted sweep had noted as gone. */
export async function tellUntold(pipeline: Pipeline): Promise<void> {
  if (pipeline.alerts === undefined) return;
  for (const member of await pipeline.ledger.membersOf(UNTOLD)) {
    const [keyArn, grantId] = JSON.parse(member);
    await tell(await pipeline.ledger.headsOf([{ keyArn, grantId }]), pipeline);
    await pipeline.ledger.leaveGroup(UNTOLD, member);
  }
}

/** One alert for the key, with the others as its evidence. */
async function tell(heads: readonly GrantHead[], pipeline: Pipeline): Promise<void> {
  const occurrences = heads.flatMap((head) => (head.gone === undefined ? [] : judgeAge(head, pipeline.policy, toSeconds(head.gone))));
  await count(occurrences, pipeline);
  const sent: readonly Occurrence[] = occurrences.filter((occurrence) => isSent(occurrence, pipeline.policy));
  const lead = sent.at(-1);
  if (lead !== undefined) await alertAll([lead], `sweep/${lead.eventId}`, pipeline, { evidence: foldEvidence(sent) });
}
