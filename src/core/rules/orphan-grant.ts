import { eventIdOf, timeOf } from '../fact.ts';
import type { Occurrence } from '../finding.ts';
import type { GrantHead } from '../grant.ts';
import { readKeyArn } from '../key-arn.ts';
import type { Policy } from '../policy.ts';
import { fromSeconds, toSeconds } from '../timestamp.ts';
import { key, name } from './phrases.ts';
import type { RuleText } from './rule.ts';

/** Holds while a grant stays open for longer than the policy allows. */
export const orphanGrant = {
  id: 'orphan-grant',
  severity: 'medium',
  title: 'A grant has outlived its use',
  why: 'An open grant lets its grantee use the key, whether or not the task it was made for still runs.',
  runbook: [
    'See whether KMS still has it: aws kms list-grants --key-id <key> --grant-id <grant>',
    'If no task needs it, end it: aws kms revoke-grant --key-id <key> --grant-id <grant>',
    'If it is meant to live so long, add the entry in this alert to the policy, or raise orphanAfterHours there.',
  ],
  limits: 'Off unless the policy sets orphanAfterHours. Judged by the sweep, not as records arrive; a replay never shows it.',
  ending: 'An all-clear follows when every grant that the alert told of is retired or revoked.',
  inSweep: true,
  endsWithGrant: true,
  excepted: true,
  attack: 'T1098',
  scenarios: { firing: 'grant-left-open', silent: 'fargate-task-life', nearMiss: 'retire-before-create' },
  groupOf,
  /** The occurrence that this grant is at `now` (seconds since 1970): one from the instant at which it became too old. */
  judge: (head: GrantHead, policy: Policy, now: number): Occurrence[] => {
    const { keyArn, grantId, cluster, volumeId, created, end } = head;
    const { orphanAfterHours } = policy;
    if (orphanAfterHours === undefined || created === undefined || end !== undefined) return [];
    const since = toSeconds(timeOf(created)) + orphanAfterHours * 60 * 60;
    if (since > now) return [];
    const region = readKeyArn(keyArn)?.region;
    const whose = cluster === undefined ? '' : ` for cluster ${name(cluster.name)}`;
    return [
      {
        rule: 'orphan-grant',
        severity: 'medium',
        subject: { keyArn, grantId },
        about: {
          ...(cluster === undefined ? {} : { clusterAccount: cluster.account, clusterName: cluster.name }),
          ...(volumeId === undefined ? {} : { volumeId }),
        },
        group: groupOf(keyArn),
        eventId: eventIdOf(created),
        time: fromSeconds(since),
        operation: 'CreateGrant',
        caller: 'unknown',
        ...(region === undefined ? {} : { region }),
        sentence: `Grant ${name(grantId)} on ${key(keyArn)}${whose}, made at ${timeOf(created)}, is still open after ${orphanAfterHours} hours.`,
      },
    ];
  },
} as const satisfies RuleText & { judge: unknown; groupOf: unknown };

/** By key. */
function groupOf(keyArn: string): string {
  return JSON.stringify(['orphan-grant', keyArn]);
}
