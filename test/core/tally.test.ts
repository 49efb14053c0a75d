import { describe, expect, it } from 'vitest';
import type { Fact } from '../../src/core/fact.ts';
import type { Reading } from '../../src/core/reading.ts';
import { type Coverage, Tally } from '../../src/core/tally.ts';
import { eventId, instant, KEY } from '../support/fleet.ts';

const told = { eventId: eventId('one'), time: instant(0), caller: { id: 'somebody', trusted: false, awsRole: false } };
const ofKms: Fact = { ...told, kind: 'key-policy-put', operation: 'PutKeyPolicy', keyArn: KEY };
const ofAnother: Fact = { ...told, kind: 'trail-changed', operation: 'StopLogging', trailArn: 'trail', change: 'stopped', gaps: [] };
type Told = readonly [Reading, 'audited' | 'out-of-scope' | 'rejected'];

describe('of records told of twice', () => {
  it.each<[string, readonly Told[], Partial<Coverage>]>([
    ['a KMS fact counts once', [[{ kind: 'fact', fact: ofKms }, 'audited']], { audited: 1, duplicates: 1 }],
    ['a fact of another service counts each time', [[{ kind: 'fact', fact: ofAnother }, 'audited']], { audited: 2 }],
    [
      'a KMS record out of scope counts once',
      [[{ kind: 'out-of-scope', eventId: told.eventId }, 'out-of-scope']],
      { outOfScope: 1, duplicates: 1 },
    ],
    ['any other record out of scope counts each time', [[{ kind: 'out-of-scope' }, 'out-of-scope']], { outOfScope: 2 }],
    ['what was rejected counts each time', [[{ kind: 'rejected', reason: 'no record' }, 'rejected']], { rejected: 2 }],
    [
      'the copy that was audited counts, whichever came first',
      [
        [{ kind: 'out-of-scope', eventId: told.eventId }, 'out-of-scope'],
        [{ kind: 'fact', fact: ofKms }, 'audited'],
      ],
      { audited: 1, duplicates: 3 },
    ],
  ])('%s', (_, records, expected) => {
    const tally = new Tally();
    for (const [reading, outcome] of [...records, ...records]) tally.add(reading, outcome);
    expect(tally.coverage()).toEqual({ read: 2 * records.length, audited: 0, duplicates: 0, outOfScope: 0, rejected: 0, ...expected });
  });

  it('those merely counted count each time', () => {
    const tally = new Tally();
    for (const counted of [
      { outOfScope: 3, rejected: 2 },
      { outOfScope: 3, rejected: 2 },
    ])
      tally.addCounted(counted);
    expect(tally.coverage()).toEqual({ read: 10, audited: 0, duplicates: 0, outOfScope: 6, rejected: 4 });
  });
});
