import { describe, expect, it } from 'vitest';
import { EvidenceFold } from '../../src/core/evidence-fold.ts';
import { orderOf } from '../../src/core/fact.ts';
import { EVENT_IDS_LISTED, type Evidence, foldEvidence, type Occurrence } from '../../src/core/finding.ts';
import { sha256 } from '../../src/system.ts';
import { instant, KEY } from '../support/fleet.ts';

function occurrence(second: number, eventId = `event ${second}`, keyArn = KEY): Occurrence {
  const severity = second === 3 ? 'high' : 'medium';
  const told = { eventId, time: instant(second), operation: 'Decrypt', caller: 'somebody', sentence: '' };
  return { rule: 'use-after-release', severity, subject: { keyArn }, about: {}, group: '', ...told };
}

function folded(occurrences: readonly Occurrence[]): Evidence[] {
  const fold = new EvidenceFold(sha256);
  fold.add(occurrences);
  return Array.from(fold.evidence(), ([, evidence]) => evidence);
}

const MANY = EVENT_IDS_LISTED + 20;
const inOrder = Array.from({ length: MANY }, (_, second) => occurrence(second));

describe('evidence folded as it comes', () => {
  it.each([
    ['in order', inOrder],
    ['latest first', inOrder.toReversed()],
    ['from the middle', [...inOrder.slice(60), ...inOrder.slice(0, 60).toReversed()]],
    ['told of twice', [...inOrder, ...inOrder.toReversed()]],
    ['as many as are listed', inOrder.slice(20)],
    ['of one second', Array.from({ length: MANY }, (_, of) => occurrence(0, `${(of * 7) % MANY}`))],
    ['one alone', [occurrence(3)]],
  ])('is what it is when it is folded at once: %s', (_, occurrences) => {
    expect(folded(occurrences)).toEqual([foldEvidence(occurrences)]);
  });

  it('lists the earliest events, and counts them all', () => {
    const [evidence] = folded(inOrder.toReversed());
    expect(evidence).toMatchObject({ first: inOrder[0], last: inOrder.at(-1), severity: 'high', count: MANY, complete: true });
    expect(evidence?.orders).toEqual(inOrder.slice(0, EVENT_IDS_LISTED).map(orderOf));
  });

  it('tells one event id apart by finding and by second, however far from each other', () => {
    const far = 2 ** 32;
    const all = [
      occurrence(0, 'one'),
      occurrence(far, 'one'),
      occurrence(-far, 'one'),
      occurrence(0, 'two', 'another key'),
      occurrence(0, 'one', 'another key'),
    ];
    expect(folded([...all, ...all]).map(({ count }) => count)).toEqual([3, 2]);
  });
});
