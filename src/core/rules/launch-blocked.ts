import type { Refused, TaskStopped } from '../fact.ts';
import type { Subject } from '../finding.ts';
import { by, clusterFields, key, keyField, name, purpose, reason } from './phrases.ts';
import { type FactRule, NOT_APPLICABLE, SILENT, type Verdict } from './rule.ts';

/** The calls without which no encrypted volume comes to be. */
const LAUNCH_CALLS: ReadonlySet<string> = new Set(['GenerateDataKeyWithoutPlaintext', 'CreateGrant']);

/** Fires when an AWS service was refused what it needs to make a task's encrypted storage, or ECS says that a task stopped over its key. */
export const launchBlocked: FactRule = {
  id: 'launch-blocked',
  severity: 'high',
  title: 'Tasks cannot start because KMS refuses their key',
  why: 'A new task needs KMS for its storage, and for secrets and images that are encrypted. Where KMS refuses, the task fails, and deployments and scaling stop.',
  runbook: [
    'See the state of the key (KeyState): aws kms describe-key --key-id <key>',
    'Not authorized: look in the key policy for the two Fargate statements (GenerateDataKeyWithoutPlaintext and CreateGrant): aws kms get-key-policy --key-id <key> --policy-name default --query Policy --output text',
    'See what ECS says of a stopped task (stoppedReason): aws ecs describe-tasks --cluster <cluster> --tasks <task>',
  ],
  limits:
    'A denial across accounts may never reach this account’s trail. ECS’s own event of the stopped task, which fires this rule as well, is then all there is, and it may name no key. Throttling and faults of KMS pass by themselves and raise nothing.',
  foldedInto: ['disabled-key-use', 'pending-deletion-key-use', 'unusable-key-use'],
  mayName: ['keyArn', 'account', 'clusterName'],
  scenarios: { firing: 'launch-denied', silent: 'fargate-task-life', nearMiss: 'refused-for-other-reasons' },
  judge: (fact) => {
    if (fact.kind === 'task-stopped') return judgeTask(fact);
    if (fact.kind !== 'refused' || !LAUNCH_CALLS.has(fact.operation)) return NOT_APPLICABLE;
    if (!fact.caller.trusted || fact.trust !== 'trusted' || fact.reason === 'passing') return SILENT;
    return {
      verdict: 'fires',
      subject: { ...keyOrAccount(fact), ...clusterFields(fact) },
      group: groupOf(fact),
      sentence: `${fact.rehearsal ? 'A rehearsal of ' : ''}${fact.operation}${purpose(fact)} by ${by(fact)} with ${key(fact.keyArn)} was refused: ${reason(fact.message || fact.code)}`,
    };
  },
};

function judgeTask(fact: TaskStopped): Verdict {
  return {
    verdict: 'fires',
    subject: { ...keyOrAccount(fact), ...clusterFields(fact) },
    about: { taskArn: fact.taskArn },
    group: groupOf(fact),
    sentence: `A task of cluster ${name(fact.cluster.name)} of account ${name(fact.cluster.account)} stopped over ${key(fact.keyArn)}: ${reason(fact.reason)}`,
  };
}

const keyOrAccount = (fact: Refused | TaskStopped): Subject =>
  fact.keyArn === undefined && fact.account !== undefined ? { account: fact.account } : keyField(fact);

/** By key: one broken key policy blocks every cluster, and is one alert. */
const groupOf = ({ keyArn, account }: Refused | TaskStopped): readonly string[] => ['launch-blocked', keyArn ?? account ?? ''];
