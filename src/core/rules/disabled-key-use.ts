import { endOfRefusedUse, judgeRefusedUse } from './refused-use.ts';
import type { FactRule } from './rule.ts';

/** Fires when KMS refuses a use because the key is disabled. */
export const disabledKeyUse: FactRule = {
  id: 'disabled-key-use',
  severity: 'critical',
  title: 'A disabled key is still being used',
  why: 'Something still needs a key that was switched off. Running tasks keep their storage, but new tasks cannot start, and secrets, images and logs under the key cannot be read.',
  runbook: [
    'See who switched it off (a key is off after CancelKeyDeletion as well): aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=DisableKey',
    'If that was a mistake, switch it on again: aws kms enable-key --key-id <key>',
    'If it was meant, move what still uses the key to another one, then redeploy: aws ecs update-service --cluster <cluster> --service <service> --force-new-deployment',
  ],
  limits: 'AWS does not log every refusal. A refusal to a service may lack the encryption context; the alert then names no cluster.',
  ending: 'An all-clear follows when EnableKey or ImportKeyMaterial succeeds on the key.',
  tellsDependents: true,
  mayName: ['keyArn', 'account', 'clusterName', 'resource'],
  attack: 'T1485',
  scenarios: { firing: 'disabled-key', silent: 'fargate-task-life', nearMiss: 'end-of-grants-on-disabled-key' },
  judge: (fact) => judgeRefusedUse(fact, 'disabled-key-use', new Map([['disabled', 'is disabled']])),
  endedBy: (fact) => endOfRefusedUse(fact, 'disabled-key-use'),
};
