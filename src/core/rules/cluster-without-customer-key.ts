import type { StorageKeys } from '../fact.ts';
import { readKeyArn } from '../key-arn.ts';
import { isKeyInScope, type Policy } from '../policy.ts';
import { by, clusterFields, key, name } from './phrases.ts';
import { type FactRule, NOT_APPLICABLE, SILENT } from './rule.ts';

/** Fires when a cluster is left without a customer key for its Fargate storage, or with a key outside the policy. */
export const clusterWithoutCustomerKey: FactRule = {
  id: 'cluster-without-customer-key',
  severity: 'high',
  title: 'A cluster’s storage is not under a key of yours',
  why: 'New tasks keep their ephemeral storage under a key that AWS owns, or one that the policy does not name. Nobody here can audit that key, disable it or prove who used it.',
  runbook: [
    'Give the cluster its key, for new tasks: aws ecs update-cluster --cluster <cluster> --configuration managedStorageConfiguration={fargateEphemeralStorageKmsKeyId=<key>}',
    'Move the running tasks over: aws ecs update-service --cluster <cluster> --service <service> --force-new-deployment',
    'Keep it from happening again: deny ecs:CreateCluster and ecs:UpdateCluster unless the condition key ecs:fargate-ephemeral-storage-kms-key names your key.',
  ],
  limits:
    'A cluster that runs no Fargate tasks fires as well; except it in the policy. An alias for attached volumes cannot be resolved from the record and passes.',
  excepted: true,
  scenarios: {
    firing: 'cluster-without-customer-key',
    silent: 'cluster-with-customer-key',
    nearMiss: 'cluster-settings-updated',
  },
  judge: (fact, policy) => {
    if (fact.kind !== 'cluster-configured') return NOT_APPLICABLE;
    const fault = fact.storage === undefined ? undefined : faultOf(fact.storage, policy);
    if (fault === undefined) return SILENT;
    return {
      verdict: 'fires',
      subject: clusterFields(fact),
      group: ['cluster-without-customer-key', fact.cluster.account, fact.cluster.name],
      sentence: `${fact.operation} by ${by(fact)} left cluster ${name(fact.cluster.name)} of account ${name(fact.cluster.account)} with ${fault}.`,
    };
  },
};

function faultOf({ fargate, volumes }: StorageKeys, policy: Policy): string | undefined {
  if (fargate === undefined)
    return `no customer key for Fargate’s ephemeral storage${volumes === undefined ? '' : '; kmsKeyId covers attached EBS volumes alone'}`;
  if (isForeign(fargate, policy)) return `${key(fargate)} for Fargate’s ephemeral storage, which the policy does not name`;
  // Stryker disable next-line ConditionalExpression: what is not named is never foreign
  if (volumes !== undefined && isForeign(volumes, policy))
    return `${key(volumes)} for attached EBS volumes, which the policy does not name`;
  return undefined;
}

/** AWS's own keys go by an alias that customers cannot make. */
const isForeign = (named: string, policy: Policy): boolean =>
  /(?:^|:)alias\/aws\//.test(named) || (readKeyArn(named) !== undefined && !isKeyInScope(named, policy));
