import { judgeRefusedUse } from './refused-use.ts';
import type { FactRule } from './rule.ts';

/** Fires when KMS refuses a use because the key waits for its deletion. */
export const pendingDeletionKeyUse: FactRule = {
  id: 'pending-deletion-key-use',
  severity: 'critical',
  title: 'A key about to be deleted is still being used',
  why: 'When the waiting period ends, everything encrypted under the key is lost for good.',
  runbook: [
    'Stop the deletion while that is possible: aws kms cancel-key-deletion --key-id <key>',
    'The key stays disabled after that; if its users are legitimate: aws kms enable-key --key-id <key>',
    'Ask who scheduled the deletion: look for ScheduleKeyDeletion on the key in CloudTrail.',
  ],
  limits: 'AWS does not log every refusal; a key nobody tries to use until its deletion raises nothing here.',
  tellsDependents: true,
  attack: 'T1485',
  scenarios: { firing: 'pending-deletion', silent: 'fargate-task-life', nearMiss: 'end-of-grants-on-disabled-key' },
  judge: (fact) => judgeRefusedUse(fact, 'pending-deletion-key-use', new Map([['pending-deletion', 'is pending deletion']])),
};
