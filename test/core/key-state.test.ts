import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChangeAt, type KeySighting, KeyStateFold, keyState } from '../../src/core/key-state.ts';
import type { KeyChange } from '../../src/core/operations.ts';
import { instant } from '../support/fleet.ts';

const CHANGES: readonly KeyChange[] = [
  'enabled',
  'disabled',
  'deletion-scheduled',
  'deletion-cancelled',
  'deleted',
  'material-deleted',
  'material-imported',
  'store-disconnected',
  'store-connected',
];
const folded = (...changes: (readonly [number, KeyChange])[]): string | undefined =>
  keyState(changes.map(([second, change]) => ({ change, time: instant(second) })));

const history = fc.array(fc.record({ change: fc.constantFrom(...CHANGES), time: fc.integer({ min: 0, max: 3 }).map(instant) }), {
  maxLength: 8,
});

describe('keyState', () => {
  it('is unknown when no change was seen', () => {
    expect(keyState([])).toBeUndefined();
  });

  it.each([
    ['enabled', 'enabled'],
    ['disabled', 'disabled'],
    ['deletion-scheduled', 'pending-deletion'],
    ['deletion-cancelled', 'disabled'],
    ['deleted', 'deleted'],
    ['material-deleted', 'pending-import'],
    ['material-imported', 'enabled'],
    ['store-disconnected', 'unavailable'],
    ['store-connected', 'enabled'],
  ] as const)('after %s alone is %s', (change, state) => {
    expect(folded([0, change])).toBe(state);
  });

  it.each([
    [
      'enabling again',
      [
        [0, 'disabled'],
        [1, 'enabled'],
      ],
      'enabled',
    ],
    [
      'disabling at last',
      [
        [0, 'enabled'],
        [1, 'disabled'],
      ],
      'disabled',
    ],
    [
      'a deletion cancelled',
      [
        [0, 'deletion-scheduled'],
        [1, 'deletion-cancelled'],
      ],
      'disabled',
    ],
    [
      'a deletion cancelled and enabled',
      [
        [0, 'deletion-scheduled'],
        [1, 'deletion-cancelled'],
        [2, 'enabled'],
      ],
      'enabled',
    ],
    [
      'material imported again',
      [
        [0, 'material-deleted'],
        [1, 'material-imported'],
      ],
      'enabled',
    ],
    [
      'material deleted while deletion is pending',
      [
        [0, 'deletion-scheduled'],
        [1, 'material-deleted'],
      ],
      'pending-deletion',
    ],
    [
      'the same second: disabled and enabled',
      [
        [0, 'enabled'],
        [0, 'disabled'],
      ],
      'disabled',
    ],
    [
      'the same second: scheduled and cancelled',
      [
        [0, 'deletion-cancelled'],
        [0, 'deletion-scheduled'],
      ],
      'pending-deletion',
    ],
    [
      'the same second: scheduled and disabled',
      [
        [0, 'deletion-scheduled'],
        [0, 'disabled'],
      ],
      'pending-deletion',
    ],
    [
      'the same second: material deleted and imported',
      [
        [0, 'material-deleted'],
        [0, 'material-imported'],
      ],
      'pending-import',
    ],
    [
      'the same second: deleted and everything',
      [
        [0, 'deleted'],
        [0, 'enabled'],
        [0, 'deletion-scheduled'],
      ],
      'deleted',
    ],
    [
      'a deletion, and what is told of later',
      [
        [0, 'deleted'],
        [1, 'enabled'],
      ],
      'deleted',
    ],
  ] as const)('after %s', (_what, changes, state) => {
    expect(folded(...changes)).toBe(state);
    expect(folded(...[...changes].reverse())).toBe(state);
  });

  it('is the same in any order, with any repetition', () => {
    fc.assert(
      fc.property(
        history.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 }))),
        ([all, shuffled]) => {
          expect(keyState(shuffled)).toBe(keyState(all));
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('keyState with what the sweep saw', () => {
  const SEEN = 3_600;
  const SETTLED = SEEN - 15 * 60;

  it.each<[string, KeySighting['state'], readonly (readonly [number, KeyChange])[], string | undefined]>([
    ['nothing else is known', 'disabled', [], 'disabled'],
    ['it stands for what came before it', 'enabled', [[SETTLED - 1, 'disabled']], 'enabled'],
    ['what came a little before it stands for itself', 'enabled', [[SETTLED, 'disabled']], 'disabled'],
    ['what came after it decides', 'enabled', [[SEEN + 1, 'deletion-scheduled']], 'pending-deletion'],
    ['what came after it goes on from there', 'pending-deletion', [[SEEN + 1, 'material-deleted']], 'pending-deletion'],
    ['what was deleted stays so', 'pending-deletion', [[0, 'deleted']], 'deleted'],
    [
      'what was deleted stays so, whatever came since',
      'enabled',
      [
        [0, 'deleted'],
        [SEEN + 1, 'enabled'],
      ],
      'deleted',
    ],
    ['KMS would not say', undefined, [[0, 'disabled']], 'disabled'],
    ['KMS would not say, and nothing came', undefined, [], undefined],
  ])('%s', (_, state, changes, expected) => {
    const sighting = { seen: instant(SEEN), ...(state === undefined ? {} : { state }) };

    expect(
      keyState(
        changes.map(([second, change]) => ({ change, time: instant(second) })),
        sighting,
      ),
    ).toBe(expected);
  });
});

describe('KeyStateFold', () => {
  it('comes after each change to the state of all until then', () => {
    fc.assert(
      fc.property(history, (changes) => {
        const inTime = changes.toSorted((a, b) => a.time.localeCompare(b.time));
        const fold = new KeyStateFold();
        const told: ChangeAt[] = [];
        expect(fold.state()).toBeUndefined();
        for (const change of inTime) {
          fold.take(change);
          told.push(change);
          expect(fold.state()).toBe(keyState(told));
        }
      }),
    );
  });
});
