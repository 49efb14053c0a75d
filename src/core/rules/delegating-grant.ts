import type { FactRule } from './rule.ts';
import { judgeUnexpectedGrant } from './unexpected-grant.ts';

/** Fires when an unexpected grant lets its grantee make further grants. */
export const delegatingGrant: FactRule = {
  id: 'delegating-grant',
  severity: 'critical',
  title: 'An unexpected grant lets its grantee make further grants',
  why: 'With CreateGrant among its operations the grantee can hand the key on to others; ending this grant does not end those.',
  runbook: [
    'End it: aws kms revoke-grant --key-id <key> --grant-id <grant>',
    'Look for grants made by its grantee: aws kms list-grants --key-id <key> --grantee-principal <principal>',
    'Ask the caller why it was made.',
  ],
  limits: 'Grants that an expected profile covers may delegate: Amazon RDS and others need it.',
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
