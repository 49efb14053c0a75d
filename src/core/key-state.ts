import type { KeyChange } from './operations.ts';
import { SETTLING_SECONDS } from './reconcile.ts';
import { byText } from './sorting.ts';
import { fromSeconds, type Timestamp, toSeconds } from './timestamp.ts';

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

/** What the sweep saw of a key, and when it began. */
export interface KeySighting {
  readonly keyArn: string;
  readonly seen: Timestamp;
  /** Absent where KMS would not say, or says something that is no state of rest. */
  readonly state?: KeyState;
  readonly rotation?: KeyRotation;
  /** When the last sweep began that listed the key's grants to their end, and whose absences count. */
  readonly swept?: Timestamp;
}

/** Whether KMS makes new material by itself, https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html */
export type KeyRotation = 'on' | 'off';

/**
 * The state of a key, folded from its changes in any order; undefined when none was seen. What the sweep saw stands in
 * for the changes before it; one that came a little before it stands for itself, since KMS needs time to agree with itself.
 * Deleting imported material leaves a key that is pending deletion as it is.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_DeleteImportedKeyMaterial.html
 */
export function keyState(changes: Iterable<ChangeAt>, sighting?: Pick<KeySighting, 'seen' | 'state'>): KeyState | undefined {
  const ordered = [...changes].sort((a, b) => byText(a.time, b.time) || byUsability(a, b));
  if (sighting?.state === undefined) return ordered.reduce<KeyState | undefined>(folded, undefined);
  // No key comes back, whatever KMS still said of it.
  if (ordered.some(({ change }) => change === 'deleted')) return 'deleted';
  const since = fromSeconds(toSeconds(sighting.seen) - SETTLING_SECONDS);
  return ordered.filter(({ time }) => time >= since).reduce<KeyState | undefined>(folded, sighting.state);
}

/** The {@link keyState} after each change, told in the order of time; one costs the same however many came before. */
export class KeyStateFold {
  /** Before {@link KeyStateFold.#second}. */
  #before: KeyState | undefined;
  #second: Timestamp | undefined;
  /** Of that second, each kind once: repeating a change changes nothing. */
  readonly #now = new Map<KeyChange, ChangeAt>();

  /** One more change; none later than it was told before. */
  take({ change, time }: ChangeAt): void {
    if (time !== this.#second) {
      this.#before = this.state();
      this.#second = time;
      this.#now.clear();
    }
    this.#now.set(change, { change, time });
  }

  state(): KeyState | undefined {
    return [...this.#now.values()].sort(byUsability).reduce(folded, this.#before);
  }
}

function folded(state: KeyState | undefined, { change }: ChangeAt): KeyState | undefined {
  if (state === 'deleted') return state;
  return state === 'pending-deletion' && change === 'material-deleted' ? state : STEPS[change].state;
}

const byUsability = (a: ChangeAt, b: ChangeAt): number => STEPS[b.change].usability - STEPS[a.change].usability;
