import type { KeyChange } from './operations.ts';
import type { Timestamp } from './timestamp.ts';

/** What a key can do, as far as its events tell. */
export type KeyState = 'enabled' | 'disabled' | 'pending-deletion' | 'deleted' | 'unavailable' | 'pending-import';

interface Step {
  readonly state: KeyState;
  /** Within one second the less usable state wins. */
  readonly usability: number;
}

const STEPS: Readonly<Record<KeyChange, Step>> = {
  enabled: { state: 'enabled', usability: 6 },
  'material-imported': { state: 'enabled', usability: 6 },
  'store-connected': { state: 'enabled', usability: 6 },
  disabled: { state: 'disabled', usability: 5 },
  'deletion-cancelled': { state: 'disabled', usability: 5 },
  'store-disconnected': { state: 'unavailable', usability: 4 },
  'material-deleted': { state: 'pending-import', usability: 3 },
  'deletion-scheduled': { state: 'pending-deletion', usability: 2 },
  deleted: { state: 'deleted', usability: 1 },
};

/** One change of a key and when it came. */
export interface ChangeAt {
  readonly change: KeyChange;
  readonly time: Timestamp;
}

/**
 * The state of a key, folded from its changes in any order; undefined when none was seen.
 * Deleting imported material leaves a key that is pending deletion as it is.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_DeleteImportedKeyMaterial.html
 */
export function keyState(changes: Iterable<ChangeAt>): KeyState | undefined {
  const ordered = [...changes].sort((a, b) => compare(a.time, b.time) || STEPS[b.change].usability - STEPS[a.change].usability);
  return ordered.reduce<KeyState | undefined>((state, { change }) => {
    if (state === 'deleted') return state;
    return state === 'pending-deletion' && change === 'material-deleted' ? state : STEPS[change].state;
  }, undefined);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
