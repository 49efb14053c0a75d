import { by, clusterFields, key, keyField, name, purpose } from './phrases.ts';
import { type FactRule, NOT_APPLICABLE, SILENT } from './rule.ts';

/** The calls without which no encrypted volume comes to be. */
const LAUNCH_CALLS: ReadonlySet<string> = new Set(['GenerateDataKeyWithoutPlaintext', 'CreateGrant']);

/** Fires when an AWS service was refused what it needs to make a task's encrypted storage. */
export const launchBlocked: FactRule = {
  id: 'launch-blocked',
  severity: 'high',
  title: 'Tasks cannot start: their storage key refuses',
  why: 'Fargate makes these two calls, first as a rehearsal, before each task; refused, the task fails and deployments and scaling stop.',
  runbook: [
    'See the state of the key: aws kms describe-key --key-id <key>',
    'Denied: check that the key policy holds the two Fargate statements (GenerateDataKeyWithoutPlaintext and CreateGrant).',
    'See what ECS says: aws ecs describe-tasks --cluster <cluster> --tasks <task>, field stoppedReason.',
  ],
  limits: 'A denial across accounts may never reach this account’s trail; throttling passes by itself and raises nothing.',
  foldedInto: ['disabled-key-use', 'pending-deletion-key-use', 'unusable-key-use'],
  scenarios: { firing: 'launch-denied', silent: 'fargate-task-life', nearMiss: 'refused-for-other-reasons' },
  judge: (fact) => {
    if (fact.kind !== 'refused' || !LAUNCH_CALLS.has(fact.operation)) return NOT_APPLICABLE;
    if (!fact.caller.trusted || fact.trust !== 'trusted' || fact.reason === 'throttled') return SILENT;
    const subject = { ...keyField(fact), ...clusterFields(fact) };
    const where = fact.keyArn === undefined && fact.account !== undefined ? { account: fact.account } : {};
    return {
      verdict: 'fires',
      subject: { ...subject, ...where },
      group: ['launch-blocked', fact.keyArn ?? '', fact.cluster?.account ?? '', fact.cluster?.name ?? ''],
      sentence: `${fact.rehearsal ? 'A rehearsal of ' : ''}${fact.operation}${purpose(fact)} by ${by(fact)} with ${key(fact.keyArn)} was refused: ${name(fact.message, fact.code)}`,
    };
  },
};
