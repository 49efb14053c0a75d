import type { KeyChange } from '../operations.ts';
import { by, key, name } from './phrases.ts';
import { type FactRule, NOT_APPLICABLE, SILENT } from './rule.ts';

const UNUSABLE: ReadonlyMap<KeyChange, string> = new Map([
  ['disabled', 'disabled'],
  ['deletion-scheduled', 'scheduled for deletion'],
  ['deleted', 'deleted'],
  ['material-deleted', 'left without its imported material'],
  ['store-disconnected', 'disconnected'],
]);

/** Fires when a key, or the key store that holds it, is made unusable. */
export const keyMadeUnusable: FactRule = {
  id: 'key-made-unusable',
  severity: 'high',
  title: 'A key was made unusable',
  why: 'From now on tasks that need the key cannot start, and what it protects cannot be read; a deletion becomes final after its waiting period.',
  runbook: [
    'Look at what depends on it, named in this alert: what of it is still needed?',
    'Disabled: aws kms enable-key --key-id <key>',
    'Scheduled for deletion: aws kms cancel-key-deletion --key-id <key>, then enable-key: the key stays disabled.',
    'Key store disconnected: aws kms connect-custom-key-store --custom-key-store-id <store>',
  ],
  limits:
    'A second change of the same key within the reminder’s time raises no alert of its own. The dependents are those known when the event arrived; what never used the key since the audit began is not among them.',
  tellsDependents: true,
  attack: 'T1485',
  scenarios: { firing: 'key-disabled-with-dependents', silent: 'fargate-task-life', nearMiss: 'key-made-usable' },
  judge: (fact) => {
    if (fact.kind !== 'key-changed') return NOT_APPLICABLE;
    const state = UNUSABLE.get(fact.change);
    if (state === undefined) return SILENT;
    const subject = fact.keyArn === undefined ? { keyStoreId: fact.keyStoreId ?? '' } : { keyArn: fact.keyArn };
    const what = fact.keyArn === undefined ? `key store ${name(fact.keyStoreId)}` : key(fact.keyArn);
    return {
      verdict: 'fires',
      subject,
      group: ['key-made-unusable', fact.keyArn ?? fact.keyStoreId ?? ''],
      sentence: `${what[0]?.toUpperCase()}${what.slice(1)} was ${state} by ${by(fact)}.`,
    };
  },
};
