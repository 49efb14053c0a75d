import type { FactRule } from './rule.ts';
import { judgeUnexpectedGrant } from './unexpected-grant.ts';

/** Fires when a new grant fits none of the expected profiles, default or the operator's. */
export const unexpectedGrantee: FactRule = {
  id: 'unexpected-grantee',
  severity: 'high',
  title: 'A grant was made that no profile expects',
  why: 'A grant opens a key to a principal without touching the key policy. Nobody reviews it, and it stays until somebody ends it.',
  runbook: [
    'Ask the caller why the grant was made.',
    'If nobody knows, end it: aws kms revoke-grant --key-id <key> --grant-id <grant>',
    'If it is wanted, add the entry in this alert to the policy, so that the next such grant stays quiet.',
  ],
  limits: 'Judged from the CreateGrant record alone. A grant made before the audit began has no record here.',
  ending: 'An all-clear follows when every grant that the alert told of is retired or revoked.',
  endsWithGrant: true,
  excepted: true,
  attack: 'T1098',
  scenarios: { firing: 'foreign-grantee', silent: 'ordinary-ebs-grant', nearMiss: 'ordinary-mq-grant' },
  judge: (fact, policy) => judgeUnexpectedGrant(fact, policy, () => true, 'no profile expects such a grant'),
};
