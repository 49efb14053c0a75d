import type { Caller } from '../../src/core/caller.ts';
import type { GrantCreated, KeyChanged, KeyPolicyPut, KeyUsed, Order, Refused, Rehearsed } from '../../src/core/fact.ts';
import type { Occurrence } from '../../src/core/finding.ts';
import type { KeyChange } from '../../src/core/operations.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { instant, KEY, PROD } from './fleet.ts';

/** A ledger that knows nothing. */
export const EMPTY: Snapshot = {
  grants: [],
  creations: [],
  uses: [],
  rehearsals: [],
  refusals: [],
  changes: [],
  others: [],
  resources: [],
  sightings: [],
  occurrences: [],
  settlements: new Map(),
};

const CALLER: Caller = { id: 'somebody', trusted: false, awsRole: false };

/** Where an event of that second stands in time. */
export const order = (second: number, eventId: string): Order => `${instant(second)}#${eventId}`;

const fact = (operation: string, second: number) => ({
  eventId: `${operation}-${second}`,
  time: instant(second),
  operation,
  caller: CALLER,
});
const OF_VOLUME = { keyArn: KEY, trust: 'trusted' as const, cluster: PROD, volumeId: 'vol-1' };

/** A grant to PROD's volume `vol-1` on {@link KEY}, where `overrides` say nothing else; so are the other facts. */
export function created(grantId: string, second: number, overrides: Partial<GrantCreated> = {}): GrantCreated {
  return { kind: 'grant-created', ...fact('CreateGrant', second), ...OF_VOLUME, grantId, ...overrides };
}

export function used(second: number, overrides: Partial<KeyUsed> = {}): KeyUsed {
  return { kind: 'key-used', ...fact('Decrypt', second), ...OF_VOLUME, ...overrides };
}

export function rehearsed(second: number, overrides: Partial<Rehearsed> = {}): Rehearsed {
  return { kind: 'rehearsed', ...fact('GenerateDataKeyWithoutPlaintext', second), ...OF_VOLUME, ...overrides };
}

export function refused(second: number, overrides: Partial<Refused> = {}): Refused {
  const refusal = { reason: 'disabled' as const, code: 'DisabledException', message: 'is disabled', rehearsal: false };
  return { kind: 'refused', ...fact('Decrypt', second), ...OF_VOLUME, ...refusal, ...overrides };
}

export function changed(change: KeyChange, second: number, overrides: Partial<KeyChanged> = {}): KeyChanged {
  return { kind: 'key-changed', ...fact('DisableKey', second), keyArn: KEY, change, ...overrides };
}

export function policyPut(second: number): KeyPolicyPut {
  return { kind: 'key-policy-put', ...fact('PutKeyPolicy', second), keyArn: KEY };
}

/** Evidence of a finding about {@link KEY}. */
export function occurrence(rule: string, second: number, overrides: Partial<Occurrence> = {}): Occurrence {
  const of = { rule, severity: 'high' as const, subject: { keyArn: KEY }, about: {}, group: rule, sentence: `${rule} at ${second}` };
  return { ...of, eventId: `${rule}-${second}`, time: instant(second), operation: 'Decrypt', caller: 'somebody', ...overrides };
}
