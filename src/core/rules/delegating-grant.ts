import type { FactRule } from './rule.ts';
import { judgeUnexpectedGrant } from './unexpected-grant.ts';

/** Fires when an unexpected grant lets its grantee make further grants. */
export const delegatingGrant: FactRule = {
  id: 'delegating-grant',
  severity: 'critical',
  title: 'An unexpected grant lets its grantee make further grants',
  why: 'With CreateGrant among its operations, the grantee can hand the key on to others. Ending this grant does not end theirs.',
  runbook: [
    'End it: aws kms revoke-grant --key-id <key> --grant-id <grant>',
    'Look for grants that its grantee has made meanwhile, and end them too: aws kms list-grants --key-id <key>',
    'Ask the caller why it was made.',
  ],
  limits: 'Grants that an expected profile covers may delegate: Amazon RDS and others need it.',
  ending: 'An all-clear follows when every grant that the alert told of is retired or revoked.',
  endsWithGrant: true,
  excepted: true,
  attack: 'T1098',
  scenarios: { firing: 'delegating-grant', silent: 'fargate-task-life', nearMiss: 'ordinary-rds-grant' },
  judge: (fact, policy) =>
    judgeUnexpectedGrant(
      fact,
      policy,
      ({ operations }) => operations?.includes('CreateGrant') ?? false,
      'it may make further grants, and no profile expects it',
    ),
};
