import { describe, expect, it } from 'vitest';
import type { StandingFact } from '../../src/core/fact.ts';
import { LatestUses, type ResourceUse, sortedFacts } from '../../src/core/snapshot.ts';
import { eventId, instant, KEY, SECOND_KEY } from '../support/fleet.ts';

const told = { eventId: eventId('one'), time: instant(0), operation: 'any', caller: { id: 'somebody', trusted: false, awsRole: false } };
const used: StandingFact = { ...told, kind: 'key-used', trust: 'none', keyArn: KEY };
const rehearsed: StandingFact = { ...told, kind: 'rehearsed', trust: 'none', keyArn: KEY };
const refused: StandingFact = {
  ...rehearsed,
  kind: 'refused',
  reason: 'denied',
  code: 'AccessDenied',
  message: '',
  rehearsal: false,
};
const changed: StandingFact = { ...told, kind: 'key-changed', keyArn: KEY, change: 'disabled' };
const put: StandingFact = { ...told, kind: 'key-policy-put', keyArn: KEY };

describe('the facts of a ledger', () => {
  it('are sorted by what they are, each once', () => {
    const all = { uses: [used], rehearsals: [rehearsed], refusals: [refused], changes: [changed], others: [put] };
    expect(sortedFacts([put, changed, refused, rehearsed, used])).toEqual(all);
    expect(sortedFacts([])).toEqual({ uses: [], rehearsals: [], refusals: [], changes: [], others: [] });
  });
});

describe('the uses of resources', () => {
  it('are the latest of each key and resource, whichever came first', () => {
    const use = (id: string, second: number, keyArn = KEY): ResourceUse => ({
      keyArn,
      resource: { kind: 'secret', id },
      lastSeen: instant(second),
    });
    const latest = new LatestUses();
    for (const one of [use('a', 1), use('a', 2), use('b', 4), use('b', 3), use('a', 0, SECOND_KEY)]) latest.add(one);
    expect([...latest.uses()]).toEqual([use('a', 2), use('b', 4), use('a', 0, SECOND_KEY)]);
  });
});
