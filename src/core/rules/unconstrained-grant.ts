import type { FactRule } from './rule.ts';
import { judgeUnexpectedGrant } from './unexpected-grant.ts';

/** Fires when an unexpected grant is not bound to an encryption context. */
export const unconstrainedGrant: FactRule = {
  id: 'unconstrained-grant',
  severity: 'high',
  title: 'An unexpected grant is bound to no encryption context',
  why: 'Without a constraint the grantee may use the key for everything encrypted under it, not for one volume or one function alone.',
  runbook: [
    'End it: aws kms revoke-grant --key-id <key> --grant-id <grant>',
    'If the grantee is legitimate, have the grant made again with an encryption context (constraint EncryptionContextSubset or EncryptionContextEquals).',
  ],
  limits: 'A grant bound by its source ARN alone counts as unconstrained: it binds who asks, not what is decrypted.',
  ending: 'An all-clear follows when every grant that the alert told of is retired or revoked.',
  endsWithGrant: true,
  excepted: true,
  attack: 'T1098',
  scenarios: { firing: 'unconstrained-grant', silent: 'fargate-task-life', nearMiss: 'ordinary-service-linked-role-grant' },
  judge: (fact, policy) =>
    judgeUnexpectedGrant(
      fact,
      policy,
      ({ constraint }) => constraint === undefined,
      'it is bound to no encryption context, and no profile expects it',
    ),
};
