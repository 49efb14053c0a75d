import { by, key } from './phrases.ts';
import { type FactRule, NOT_APPLICABLE } from './rule.ts';

/** Fires when a key's policy is replaced. */
export const keyPolicyChanged: FactRule = {
  id: 'key-policy-changed',
  severity: 'medium',
  title: 'A key’s policy was replaced',
  why: 'The key policy decides who may use the key and who may pass it on. Fargate’s two statements live there; so would a stranger’s.',
  runbook: [
    'Read the policy as it is now: aws kms get-key-policy --key-id <key> --policy-name default --query Policy --output text',
    'Compare it with the one in your templates. Look for principals of other accounts, and for kms:CreateGrant without a condition.',
    'Put the right one back: aws kms put-key-policy --key-id <key> --policy-name default --policy file://key-policy.json',
  ],
  limits: 'The record holds the new policy alone; what changed cannot be told from it. Every replacement fires, those by templates too.',
  attack: 'T1486',
  scenarios: { firing: 'key-policy-replaced', silent: 'fargate-task-life', nearMiss: 'key-made-usable' },
  judge: (fact) => {
    if (fact.kind !== 'key-policy-put') return NOT_APPLICABLE;
    return {
      verdict: 'fires',
      subject: { keyArn: fact.keyArn },
      group: ['key-policy-changed', fact.keyArn],
      sentence: `The policy of ${key(fact.keyArn)} was replaced by ${by(fact)}.`,
    };
  },
};
