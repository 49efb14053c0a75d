import { eventIdOf, timeOf } from '../fact.ts';
import type { Occurrence } from '../finding.ts';
import type { GrantHead } from '../grant.ts';
import { readKeyArn } from '../key-arn.ts';
import { key, name } from './phrases.ts';
import type { RuleText } from './rule.ts';

/** Holds while a cluster's grant ended first by RevokeGrant: somebody took the key from under a running task. */
export const grantRevokedInUse = {
  id: 'grant-revoked-in-use',
  severity: 'high',
  title: 'A grant was revoked under a cluster',
  why: 'Fargate retires its own grants when a task ends. This one was revoked by somebody else, and the task’s storage fails when it next needs the key.',
  runbook: [
    'Ask the caller why the grant was revoked.',
    'See the tasks of the cluster: aws ecs list-tasks --cluster <cluster>',
    'Replace the one that fails; its successor gets a grant of its own: aws ecs stop-task --cluster <cluster> --task <task>',
    'If nobody knows why, take kms:RevokeGrant away from the caller.',
  ],
  limits: 'A grant whose creation was never seen belongs to no known cluster, and raises nothing until its creation is seen.',
  ending: 'A correction follows when a record that comes late shows that the grant had been retired before.',
  attack: 'T1485',
  scenarios: { firing: 'revoke-in-use', silent: 'fargate-task-life', nearMiss: 'revoke-after-retire' },
  judge,
} as const satisfies RuleText & { judge: unknown };

/** The occurrence that this grant is, given all that is known of it: none, or the deciding RevokeGrant. */
function judge(head: GrantHead): Occurrence[] {
  const { keyArn, grantId, cluster, volumeId, end } = head;
  if (cluster === undefined || end?.how !== 'revoked') return [];
  const region = readKeyArn(keyArn)?.region;
  return [
    {
      rule: 'grant-revoked-in-use',
      severity: 'high',
      subject: { keyArn, grantId },
      about: { clusterAccount: cluster.account, clusterName: cluster.name, ...(volumeId === undefined ? {} : { volumeId }) },
      group: JSON.stringify(['grant-revoked-in-use', keyArn, end.by]),
      eventId: eventIdOf(end.order),
      time: timeOf(end.order),
      operation: 'RevokeGrant',
      caller: end.by,
      ...(region === undefined ? {} : { region }),
      sentence: `${name(end.by)} revoked grant ${name(grantId)} on ${key(keyArn)} of cluster ${name(cluster.name)}${volumeId === undefined ? '' : `, volume ${name(volumeId)}`}.`,
    },
  ];
}
