import { hasContext } from '../fact.ts';
import { by, key, keyField, name, purpose } from './phrases.ts';
import { type FactRule, NOT_APPLICABLE, SILENT } from './rule.ts';

/** Fires when somebody other than an AWS service claims, by the encryption context, to act for an ECS cluster. */
export const forgedContext: FactRule = {
  id: 'forged-context',
  severity: 'high',
  title: 'A caller pretends to act for an ECS cluster',
  why: 'AWS services alone set the aws:ecs: context of Fargate storage. Whoever else sends it passes for a cluster wherever key policies and grants are bound to one.',
  runbook: [
    'Ask the caller what the call was for.',
    'See in the record whether it succeeded (no errorCode) and on which key.',
    'If it was not meant, disable the caller’s credentials and find what lets it use the key: aws kms get-key-policy --key-id <key> --policy-name default --query Policy --output text',
  ],
  limits: 'A context passed on by a service that does not let its callers add pairs is counted as unverified and raises nothing.',
  mayName: ['keyArn'],
  attack: 'T1098',
  scenarios: { firing: 'forged-context', silent: 'fargate-task-life', nearMiss: 'decrypt-by-ec2-infrastructure' },
  judge: (fact) => {
    if (!hasContext(fact)) return NOT_APPLICABLE;
    if (fact.trust !== 'forged') return SILENT;
    const claim =
      fact.claimed === undefined ? 'an ECS context' : `cluster ${name(fact.claimed.name)} of account ${name(fact.claimed.account)}`;
    return {
      verdict: 'fires',
      subject: { ...keyField(fact), caller: fact.caller.id },
      group: ['forged-context', fact.keyArn ?? '', fact.caller.id],
      sentence: `${by(fact)} claimed ${claim} in ${fact.operation}${purpose({ trust: fact.trust, ...(fact.resource ? { resource: fact.resource } : {}) })} with ${key(fact.keyArn)}.`,
    };
  },
};
