import { alertAll, count, tellEnd } from './alerts.ts';
import { noneOutlives } from './core/closing-text.ts';
import { orderOf } from './core/fact.ts';
import { EVENT_IDS_LISTED, type Evidence, type Occurrence } from './core/finding.ts';
import { orphanGrant } from './core/rules/orphan-grant.ts';
import { judgeAge } from './core/rules/registry.ts';
import { fromSeconds } from './core/timestamp.ts';
import type { Pipeline } from './pipeline.ts';
import type { GrantName } from './ports.ts';

/** Under this name the ledger keeps the keys whose old grants were told. */
const TOLD_KEYS = JSON.stringify([orphanGrant.id]);
/** So many of the newest are read again before one of them is told: the index may be behind. */
const READ_AGAIN = 25;

/** What a pass over the index found of one key. */
interface OldGrants {
  count: number;
  first: Occurrence;
  /** The newest, newest last. */
  readonly newest: { readonly occurrence: Occurrence; readonly grant: GrantName }[];
}

/**
 * Alerts, key by key, the grants that have been open for longer than the policy allows, and says when a key has none
 * left; how many there are. One pass over the index of open grants, whatever their number. Counts those that grew too
 * old after `since` (seconds since 1970), the last pass.
 */
export async function judgeAges(pipeline: Pipeline, since = 0): Promise<number> {
  const { ledger, policy, now } = pipeline;
  if (policy.orphanAfterHours === undefined) return 0;
  const keys = new Map<string, OldGrants>();
  const fresh: Occurrence[] = [];
  for await (const grant of ledger.openGrants()) {
    for (const occurrence of judgeAge(grant, policy, now())) {
      const old = keys.get(grant.keyArn) ?? { count: 0, first: occurrence, newest: [] };
      keys.set(grant.keyArn, old);
      remember(old, occurrence, grant);
      if (occurrence.time > fromSeconds(since)) fresh.push(occurrence);
    }
  }
  const faults: unknown[] = [];
  for (const [keyArn, old] of keys) await tellOld(keyArn, old, pipeline).catch((fault: unknown) => faults.push(fault));
  for (const keyArn of await ledger.membersOf(TOLD_KEYS))
    if (!keys.has(keyArn)) await tellNone(keyArn, pipeline).catch((fault: unknown) => faults.push(fault));
  await count(fresh, pipeline);
  if (faults.length > 0) throw faults[0];
  return [...keys.values()].reduce((sum, old) => sum + old.count, 0);
}

function remember(old: OldGrants, occurrence: Occurrence, grant: GrantName): void {
  old.count += 1;
  if (orderOf(occurrence) < orderOf(old.first)) old.first = occurrence;
  old.newest.push({ occurrence, grant });
  if (old.newest.length < 2 * EVENT_IDS_LISTED) return;
  sort(old);
  old.newest.splice(0, old.newest.length - EVENT_IDS_LISTED);
}

const sort = ({ newest }: OldGrants): unknown => newest.sort((a, b) => (orderOf(a.occurrence) < orderOf(b.occurrence) ? -1 : 1));

/** Tells the newest that is still open, with what is known of the others. */
async function tellOld(keyArn: string, old: OldGrants, pipeline: Pipeline): Promise<void> {
  sort(old);
  for (const { grant } of old.newest.slice(-READ_AGAIN).reverse()) {
    const [head] = await pipeline.ledger.headsOf([grant]);
    const [lead] = head === undefined ? [] : judgeAge(head, pipeline.policy, pipeline.now());
    if (lead === undefined) continue;
    await pipeline.ledger.joinGroup(TOLD_KEYS, keyArn, lead.time);
    return alertAll([lead], `sweep/${lead.eventId}`, pipeline, { evidence: evidenceOf(old, lead) });
  }
}

function evidenceOf({ count: counted, first, newest }: OldGrants, lead: Occurrence): Evidence {
  const listed = newest.map(({ occurrence }) => occurrence).slice(-EVENT_IDS_LISTED);
  return { first, last: lead, severity: lead.severity, orders: listed.map(orderOf), count: counted, complete: true };
}

async function tellNone(keyArn: string, pipeline: Pipeline): Promise<void> {
  const { ledger, now } = pipeline;
  const group = orphanGrant.groupOf(keyArn);
  const time = fromSeconds(now());
  const end = { rule: orphanGrant.id, group, subject: { keyArn }, time, sentence: noneOutlives(keyArn), lagSeconds: 0, all: true };
  await tellEnd({ ...end, holds: async () => true }, `sweep/${group}`, pipeline);
  await ledger.leaveGroup(TOLD_KEYS, keyArn);
}
