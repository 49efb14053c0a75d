import type { Subject } from '../finding.ts';
import { isExpectedCluster } from '../policy.ts';
import { by, clusterFields, key, keyField, purpose } from './phrases.ts';
import { type FactRule, NOT_APPLICABLE, SILENT } from './rule.ts';

/** Fires when a context that may be believed names an account or a cluster outside the policy. */
export const foreignCluster: FactRule = {
  id: 'foreign-cluster',
  severity: 'high',
  title: 'A cluster outside the policy uses a key',
  why: 'The key serves an account or a cluster that nobody listed: a key shared too widely, or a cluster nobody reviewed.',
  runbook: [
    'Find out whose cluster it is and whether it should use this key.',
    'If it should, add its account to `accounts` or its name to `clusters` in the policy.',
    'If not, deny it in the key policy by the condition kms:EncryptionContext:aws:ecs:clusterName, and give the cluster a key of its own.',
  ],
  limits: 'By default only the account is judged, by the account of the key; name `clusters` in the policy to judge names.',
  scenarios: { firing: 'foreign-cluster', silent: 'fargate-task-life', nearMiss: 'forged-context' },
  judge: (fact, policy) => {
    if (fact.kind === 'grant-ended' || fact.kind === 'key-changed' || fact.cluster === undefined) return NOT_APPLICABLE;
    if (isExpectedCluster(fact.cluster, fact.keyArn, policy) !== false) return SILENT;
    const grant: Subject =
      fact.kind === 'grant-created' ? { grantId: fact.grantId, ...(fact.volumeId === undefined ? {} : { volumeId: fact.volumeId }) } : {};
    return {
      verdict: 'fires',
      subject: { ...keyField(fact), ...clusterFields(fact), ...grant },
      group: ['foreign-cluster', fact.cluster.account, fact.cluster.name],
      sentence: `${fact.operation}${purpose(fact)} with ${key(fact.keyArn)} by ${by(fact)}; the policy names no such cluster.`,
    };
  },
};
