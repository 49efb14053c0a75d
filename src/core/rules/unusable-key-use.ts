import type { RefusalReason } from '../outcome.ts';
import { judgeRefusedUse } from './refused-use.ts';
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
  why: 'The key waits for imported material, its key store is unreachable, or it no longer exists; what depends on it fails.',
  runbook: [
    'See the state of the key: aws kms describe-key --key-id <key>',
    'PendingImport: import the same material again: aws kms import-key-material --key-id <key> …',
    'Unavailable: reconnect its store: aws kms connect-custom-key-store --custom-key-store-id <store>',
    'Gone: data under it cannot be recovered; give what uses it another key.',
  ],
  limits: 'A missing alias or a mistyped key id names no key and raises nothing.',
  tellsDependents: true,
  attack: 'T1485',
  scenarios: { firing: 'unusable-key', silent: 'fargate-task-life', nearMiss: 'refused-for-other-reasons' },
  judge: (fact) => judgeRefusedUse(fact, 'unusable-key-use', UNUSABLE),
};
