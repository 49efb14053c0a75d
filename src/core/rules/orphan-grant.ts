import { eventIdOf, timeOf } from '../fact.ts';
import type { Occurrence } from '../finding.ts';
import type { GrantHead } from '../grant.ts';
import { readKeyArn } from '../key-arn.ts';
import type { Policy } from '../policy.ts';
import { fromSeconds, toSeconds } from '../timestamp.ts';
import { key, name } from './phrases.ts';
import type { RuleText } from './rule.ts';

/** Holds while a grant stays open for longer than the policy allows, or is gone in KMS and no record says how it ended. */
export const orphanGrant = {
  id: 'orphan-grant',
  severity: 'medium',
  title: 'A grant has outlived its use',
  why: 'An open grant lets its grantee use the key, whether or not the task it was made for still runs. One that is gone without a record means that records are missing.',
  runbook: [
    'See whether KMS still has it: aws kms list-grants --key-id <key> --grant-id <grant>',
    'If no task needs it, end it: aws kms revoke-grant --key-id <key> --grant-id <grant>',
    'If KMS no longer has it, a record is missing; kms-audit doctor says whether the audit is blind.',
    'If it is meant to live so long, add the entry in this alert to the policy, or raise orphanAfterHours there.',
  ],
  limits:
    'Age is judged only where the policy sets orphanAfterHours. Judged by the sweep, not as records arrive; a replay never shows it. A grant is gone once two sweeps in a row did not find it in KMS.',
  ending: 'An all-clear follows when no grant of the key is too old any more; none follows for a grant that is gone.',
  inSweep: true,
  endsWithGrant: true,
  excepted: true,
  attack: 'T1098',
  scenarios: { firing: 'grant-left-open', silent: 'fargate-task-life', nearMiss: 'retire-before-create' },
  groupOf,
  judge,
} as const satisfies RuleText & { judge: unknown; groupOf: unknown };

/** The occurrence that this grant is at `now` (seconds since 1970): one from the instant at which it became too old, or was found gone. */
function judge(head: GrantHead, policy: Policy, now: number): Occurrence[] {
  const { keyArn, grantId, cluster, volumeId, created, end, gone } = head;
  const { orphanAfterHours } = policy;
  if (created === undefined || end !== undefined) return [];
  const whose = cluster === undefined ? '' : ` for cluster ${name(cluster.name)}`;
  const made = `Grant ${name(grantId)} on ${key(keyArn)}${whose}, made at ${timeOf(created)},`;
  const region = readKeyArn(keyArn)?.region;
  const occurrence = {
    rule: 'orphan-grant',
    severity: 'medium',
    subject: { keyArn, grantId },
    about: {
      ...(cluster === undefined ? {} : { clusterAccount: cluster.account, clusterName: cluster.name }),
      ...(volumeId === undefined ? {} : { volumeId }),
    },
    eventId: eventIdOf(created),
    operation: 'CreateGrant',
    caller: 'unknown',
    ...(region === undefined ? {} : { region }),
  } as const;
  if (gone !== undefined) {
    const sentence = `${made} was gone from KMS by ${gone}, and no record says how it ended.`;
    return [{ ...occurrence, group: goneGroupOf(keyArn), time: gone, sentence }];
  }
  if (orphanAfterHours === undefined) return [];
  const since = toSeconds(timeOf(created)) + orphanAfterHours * 60 * 60;
  if (since > now) return [];
  const sentence = `${made} is still open after ${orphanAfterHours} hours.`;
  return [{ ...occurrence, group: groupOf(keyArn), time: fromSeconds(since), sentence }];
}

/** By key. */
function groupOf(keyArn: string): string {
  return JSON.stringify(['orphan-grant', keyArn]);
}

/** By key as well, and apart: what is gone needs no all-clear. */
function goneGroupOf(keyArn: string): string {
  return JSON.stringify(['orphan-grant', keyArn, 'gone']);
}
