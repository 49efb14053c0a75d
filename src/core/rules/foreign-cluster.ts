import { hasContext } from '../fact.ts';
import type { Subject } from '../finding.ts';
import { isExpectedCluster } from '../policy.ts';
import { by, clusterFields, key, keyField, purpose } from './phrases.ts';
import { type FactRule, NOT_APPLICABLE, SILENT } from './rule.ts';

/** Fires when a context that may be believed names an account or a cluster outside the policy. */
export const foreignCluster: FactRule = {
  id: 'foreign-cluster',
  severity: 'high',
  title: 'A cluster outside the policy uses a key',
  why: 'The key serves an account or a cluster that nobody listed: the key is shared too widely, or nobody has reviewed the cluster.',
  runbook: [
    'Find out whose cluster it is and whether it should use this key.',
    'If it should, add its account (accounts) or its name (clusters) to the policy.',
    'If not, give the cluster a key of its own and deny it this one, in the key policy, by the condition kms:EncryptionContext:aws:ecs:clusterName. The policy as it is: aws kms get-key-policy --key-id <key> --policy-name default --query Policy --output text',
  ],
  limits: 'By default the account alone is judged, against the account of the key. To judge names too, list clusters in the policy.',
  mayName: ['keyArn', 'grantId', 'volumeId'],
  scenarios: { firing: 'foreign-cluster', silent: 'fargate-task-life', nearMiss: 'forged-context' },
  judge: (fact, policy) => {
    if (!hasContext(fact) || fact.cluster === undefined) return NOT_APPLICABLE;
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
