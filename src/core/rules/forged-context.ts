import { by, key, keyField, name, purpose } from './phrases.ts';
import { type FactRule, NOT_APPLICABLE, SILENT } from './rule.ts';

/** Fires when somebody other than an AWS service claims, by the encryption context, to act for an ECS cluster. */
export const forgedContext: FactRule = {
  id: 'forged-context',
  severity: 'high',
  title: 'A caller pretends to act for an ECS cluster',
  why: 'Only AWS services set the aws:ecs: context of Fargate storage. Somebody who sends it satisfies key policies and grants that are bound to a cluster.',
  runbook: [
    'Ask the caller what the call was for.',
    'Check what the call reached: whether it succeeded, and on which key.',
    'If it was not meant, withdraw the caller’s permission on the key and its credentials.',
  ],
  limits: 'A context passed on by a service that does not let callers add pairs is counted as unverified and raises nothing.',
  attack: 'T1098',
  scenarios: { firing: 'forged-context', silent: 'fargate-task-life', nearMiss: 'decrypt-by-ec2-infrastructure' },
  judge: (fact) => {
    if (fact.kind === 'grant-ended' || fact.kind === 'key-changed') return NOT_APPLICABLE;
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
