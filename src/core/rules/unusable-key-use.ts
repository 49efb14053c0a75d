import type { RefusalReason } from '../outcome.ts';
import { endOfRefusedUse, judgeRefusedUse } from './refused-use.ts';
import type { FactRule } from './rule.ts';

const UNUSABLE = new Map<RefusalReason, string>([
  ['pending-import', 'waits for imported key material'],
  ['unavailable', 'is unavailable'],
  ['missing', 'does not exist'],
]);

/** Fires when KMS refuses a use because the key has no material, is unavailable, or is gone. */
export const unusableKeyUse: FactRule = {
  id: 'unusable-key-use',
  severity: 'high',
  title: 'A key that cannot be used is still being used',
  why: 'The key waits for its imported material, or its key store is out of reach, or it no longer exists. What depends on it fails.',
  runbook: [
    'See the state of the key (KeyState): aws kms describe-key --key-id <key>',
    'PendingImport: ask for a wrapping key and a token: aws kms get-parameters-for-import --key-id <key> --wrapping-algorithm RSAES_OAEP_SHA_256 --wrapping-key-spec RSA_4096',
    'Then import the same material again: aws kms import-key-material --key-id <key> --import-token fileb://token.bin --encrypted-key-material fileb://material.bin --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE',
    'Unavailable: connect its key store again (CustomKeyStoreId in the answer to step 1): aws kms connect-custom-key-store --custom-key-store-id <store>',
    'Gone: what was encrypted under it cannot be recovered. Give what uses it another key.',
  ],
  limits: 'A missing alias or a mistyped key id names no key and raises nothing.',
  ending: 'An all-clear follows when EnableKey or ImportKeyMaterial succeeds on the key.',
  tellsDependents: true,
  mayName: ['keyArn', 'account', 'clusterName', 'resource'],
  attack: 'T1485',
  scenarios: { firing: 'unusable-key', silent: 'fargate-task-life', nearMiss: 'refused-for-other-reasons' },
  judge: (fact) => judgeRefusedUse(fact, 'unusable-key-use', UNUSABLE),
  endedBy: (fact) => endOfRefusedUse(fact, 'unusable-key-use'),
};
