import { endOfRefusedUse, judgeRefusedUse } from './refused-use.ts';
import type { FactRule } from './rule.ts';

/** Fires when KMS refuses a use because the key waits for its deletion. */
export const pendingDeletionKeyUse: FactRule = {
  id: 'pending-deletion-key-use',
  severity: 'critical',
  title: 'A key about to be deleted is still being used',
  why: 'Something still needs a key that waits for its deletion. When the waiting period is over, everything encrypted under it is lost for good.',
  runbook: [
    'Stop the deletion while that is possible: aws kms cancel-key-deletion --key-id <key>',
    'The key stays disabled after that. If its users are legitimate, switch it on: aws kms enable-key --key-id <key>',
    'See who scheduled the deletion, and ask why: aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=ScheduleKeyDeletion',
  ],
  limits: 'AWS does not log every refusal, and a key that nobody tries to use raises nothing here until it is gone.',
  ending: 'An all-clear follows when EnableKey or ImportKeyMaterial succeeds on the key. CancelKeyDeletion alone leaves it disabled.',
  tellsDependents: true,
  mayName: ['keyArn', 'account', 'clusterName', 'resource'],
  attack: 'T1485',
  scenarios: { firing: 'pending-deletion', silent: 'fargate-task-life', nearMiss: 'end-of-grants-on-disabled-key' },
  judge: (fact) => judgeRefusedUse(fact, 'pending-deletion-key-use', new Map([['pending-deletion', 'is pending deletion']])),
  endedBy: (fact) => endOfRefusedUse(fact, 'pending-deletion-key-use'),
};
