import { judgeRefusedUse } from './refused-use.ts';
import type { FactRule } from './rule.ts';

/** Fires when KMS refuses a use because the key is disabled. */
export const disabledKeyUse: FactRule = {
  id: 'disabled-key-use',
  severity: 'critical',
  title: 'A disabled key is still being used',
  why: 'Something depends on a key that somebody switched off: running tasks go on until they need the key again, new tasks and restarts fail.',
  runbook: [
    'Find out whether the key was meant to be off: look for DisableKey and CancelKeyDeletion on it in CloudTrail.',
    'If not, switch it on again: aws kms enable-key --key-id <key>',
    'If so, move what still uses it to another key and redeploy: aws ecs update-service --cluster <cluster> --service <service> --force-new-deployment',
  ],
  limits: 'AWS does not log every refusal, and a refusal to a service may lack the encryption context: the cluster may then be missing.',
  tellsDependents: true,
  attack: 'T1485',
  scenarios: { firing: 'disabled-key', silent: 'fargate-task-life', nearMiss: 'end-of-grants-on-disabled-key' },
  judge: (fact) => judgeRefusedUse(fact, 'disabled-key-use', new Map([['disabled', 'is disabled']])),
};
