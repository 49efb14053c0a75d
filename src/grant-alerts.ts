import { alertAll, count, tell, tellEnd, tellWithdrawn } from './alerts.ts';
import { lastGrantEnded, retiredBefore } from './core/closing-text.ts';
import { isSent } from './core/expectation.ts';
import { type Fact, timeOf } from './core/fact.ts';
import type { Occurrence } from './core/finding.ts';
import type { GrantHead } from './core/grant.ts';
import { grantRevokedInUse } from './core/rules/grant-revoked-in-use.ts';
import { judgeGrant, ruleOf } from './core/rules/registry.ts';
import type { Timestamp } from './core/timestamp.ts';
import type { Pipeline } from './pipeline.ts';
import type { GrantName } from './ports.ts';

/** Tells what a grant is by its creation, by its ending, and by the two together. */
export async function tellOfGrant(fact: Fact, head: GrantHead, own: readonly Occurrence[], pipeline: Pipeline): Promise<void> {
  const { ledger, policy } = pipeline;
  let known = head;
  for (const [group, time] of groupsEndingWith(own, pipeline)) {
    // The group first: who ends the grant in between finds no mark on it, and who marks it then finds its end.
    await ledger.joinGroup(group, memberOf(head), time);
    known = await ledger.markGrant(head, group);
  }
  // What is over already is told as such, and needs no all-clear.
  await closeGrant(known, fact.eventId, pipeline);
  await tell(own, fact.eventId, pipeline);
  const joint = judgeGrant(known, policy);
  // A joint occurrence counts with the record that is its evidence, or with the creation that makes it known.
  await count(
    joint.filter(({ eventId }) => eventId === fact.eventId || fact.kind === 'grant-created'),
    pipeline,
  );
  for (const occurrence of joint) await tellRevoked(occurrence, known, fact.eventId, pipeline);
}

/** What a grant is called among those that a group's alert is about. */
const memberOf = ({ keyArn, grantId }: GrantName): string => JSON.stringify([keyArn, grantId]);

/** Tells of a revocation, unless an earlier ending excuses it: that marks the grant, so that either sees the other. */
async function tellRevoked(occurrence: Occurrence, head: GrantHead, by: string, pipeline: Pipeline): Promise<void> {
  const { alerts, ledger, policy } = pipeline;
  if (alerts === undefined || !isSent(occurrence, policy)) return;
  await ledger.joinGroup(occurrence.group, memberOf(head), occurrence.time);
  await alertAll([occurrence], by, pipeline, {
    holds: async () => judgeGrant(await ledger.markGrant(head, occurrence.group), policy).length > 0,
  });
}

/** The alerts that will tell of a grant and are over when it ends. */
function groupsEndingWith(occurrences: readonly Occurrence[], { alerts, policy }: Pipeline): Map<string, Timestamp> {
  const ending = occurrences.filter((one) => alerts !== undefined && ruleOf(one.rule)?.endsWithGrant && isSent(one, policy));
  return new Map(ending.map(({ group, time }) => [group, time]));
}

/** What the ending of a grant ends for those who were alerted of it. */
async function closeGrant(head: GrantHead, by: string, pipeline: Pipeline): Promise<void> {
  const { ledger, policy } = pipeline;
  const { end, keyArn, grantId, alertedIn = [] } = head;
  if (pipeline.alerts === undefined || end === undefined) return;
  for (const group of alertedIn) {
    const [rule] = JSON.parse(group);
    await ledger.leaveGroup(group, memberOf(head));
    if (rule !== grantRevokedInUse.id) {
      const sentence = lastGrantEnded(head.grantId, end);
      const holds = async (): Promise<boolean> => (await ledger.membersOf(group)).length === 0;
      const over = { rule, group, subject: { keyArn, grantId }, time: timeOf(end.order), sentence, lagSeconds: 0, all: true, holds };
      if (await holds()) await tellEnd(over, by, pipeline);
    } else if (end.how !== 'revoked') {
      const sentence = retiredBefore(head.grantId, end);
      const tellOthers = async (): Promise<void> => {
        for (const other of await ledger.membersOf(group)) {
          const [otherKey, otherGrant] = JSON.parse(other);
          for (const found of await ledger.headsOf([{ keyArn: otherKey, grantId: otherGrant }]))
            for (const occurrence of judgeGrant(found, policy)) await tellRevoked(occurrence, found, by, pipeline);
        }
      };
      await tellWithdrawn({ rule, group, subject: { keyArn, grantId }, sentence, holds: async () => false, tellOthers }, by, pipeline);
    }
  }
}
