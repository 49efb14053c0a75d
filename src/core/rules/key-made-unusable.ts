import type { KeyChange } from '../operations.ts';
import { by, key, name } from './phrases.ts';
import { endOfRefusedUse } from './refused-use.ts';
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
  why: 'Running tasks keep their storage, but new tasks that need the key cannot start, and what else it protects cannot be read. A deletion becomes final when its waiting period is over.',
  runbook: [
    'See above who depends on the key. Is any of it still needed?',
    'Scheduled for deletion: stop that: aws kms cancel-key-deletion --key-id <key>',
    'Disabled, also after a deletion was stopped: switch it on again: aws kms enable-key --key-id <key>',
    'Imported material deleted: ask for a token, then import the same material again (import-key-material): aws kms get-parameters-for-import --key-id <key> --wrapping-algorithm RSAES_OAEP_SHA_256 --wrapping-key-spec RSA_4096',
    'Key store disconnected: connect it again: aws kms connect-custom-key-store --custom-key-store-id <store>',
    'Deleted: nothing brings it back. Give what uses it another key.',
  ],
  limits:
    'A second change of the same key before a reminder is due (renotifyMinutes) raises no alert of its own. The dependents are those known when the event arrived; what never used the key since the audit began is not among them.',
  ending: 'An all-clear follows when EnableKey or ImportKeyMaterial succeeds on the key.',
  tellsDependents: true,
  attack: 'T1485',
  scenarios: { firing: 'key-disabled-with-dependents', silent: 'fargate-task-life', nearMiss: 'key-made-usable' },
  judge: (fact) => {
    if (fact.kind !== 'key-changed') return NOT_APPLICABLE;
    const state = UNUSABLE.get(fact.change);
    if (state === undefined) return SILENT;
    // Stryker disable next-line StringLiteral: the reader gives a change its key or its store
    const subject = fact.keyArn === undefined ? { keyStoreId: fact.keyStoreId ?? '' } : { keyArn: fact.keyArn };
    const what = fact.keyArn === undefined ? `key store ${name(fact.keyStoreId)}` : key(fact.keyArn);
    return {
      verdict: 'fires',
      subject,
      // Stryker disable next-line StringLiteral: the reader gives a change its key or its store
      group: ['key-made-unusable', fact.keyArn ?? fact.keyStoreId ?? ''],
      // Stryker disable next-line OptionalChaining: there is always a first letter
      sentence: `${what[0]?.toUpperCase()}${what.slice(1)} was ${state} by ${by(fact)}.`,
    };
  },
  endedBy: (fact) => {
    // Stryker disable next-line StringLiteral: the group is its own, below
    const ending = endOfRefusedUse(fact, 'key-made-unusable');
    // Who disables a key anew right after must be heard.
    // Stryker disable next-line StringLiteral: the end of a refused use has a key
    return ending && { ...ending, group: ['key-made-unusable', ending.subject.keyArn ?? ''], lagSeconds: 0 };
  },
};
