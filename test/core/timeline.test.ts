import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Caller } from '../../src/core/caller.ts';
import { type GrantCreated, type KeyChanged, orderOf } from '../../src/core/fact.ts';
import { type GrantHead, grantStatus } from '../../src/core/grant.ts';
import { keyState } from '../../src/core/key-state.ts';
import type { KeyChange } from '../../src/core/operations.ts';
import { type Subject, type TimelineEntry, timelineOf } from '../../src/core/timeline.ts';
import { instant, KEY, PROD } from '../support/fleet.ts';

const CHANGES: readonly KeyChange[] = [
  'enabled',
  'disabled',
  'deletion-scheduled',
  'deletion-cancelled',
  'deleted',
  'material-deleted',
  'material-imported',
];
const VOLUME: Subject = { kind: 'volume', clusterAccount: PROD.account, clusterName: PROD.name, volumeId: 'vol-1', keyArn: KEY };
const caller: Caller = { id: 'somebody', trusted: false, awsRole: false };

const changed = (change: KeyChange, second: number, serial: number): KeyChanged => ({
  kind: 'key-changed',
  eventId: `c${serial}`,
  time: instant(second),
  operation: change,
  caller,
  keyArn: KEY,
  change,
});

const created = (grant: number, second: number): GrantCreated => ({
  kind: 'grant-created',
  eventId: `g${grant}`,
  time: instant(second),
  operation: 'CreateGrant',
  caller,
  trust: 'trusted',
  keyArn: KEY,
  grantId: String(grant),
  cluster: PROD,
  volumeId: 'vol-1',
});

const headOf = (fact: GrantCreated, end: number | undefined): GrantHead => ({
  keyArn: KEY,
  grantId: fact.grantId,
  created: orderOf(fact),
  cluster: PROD,
  volumeId: 'vol-1',
  ...(end === undefined ? {} : { end: { order: `${instant(end)}#e${fact.grantId}`, how: 'retired', by: 'somebody' } }),
});

/** What is so after each entry, folded anew from all that came up to it. */
function foldedAnew(kind: Subject['kind'], entries: readonly TimelineEntry[], changes: readonly KeyChanged[]): string[] {
  const byOrder = new Map(changes.map((change) => [orderOf(change), change]));
  return entries.map((_, index) => {
    const past = entries.slice(0, index + 1);
    const idsOf = (wanted: string) => [...new Set(past.flatMap((entry) => (entry.kind === wanted ? (entry.grantId ?? []) : [])))];
    const ended = new Set(idsOf('grant-ended'));
    const open = idsOf('grant-created').filter((grantId) => !ended.has(grantId)).length;
    if (kind === 'volume') return idsOf('grant-created').length === 0 ? 'prepared' : open === 0 ? 'released' : 'granted';
    const state = keyState(past.flatMap((entry) => (entry.kind === 'key-changed' ? (byOrder.get(orderOf(entry)) ?? []) : [])));
    return `${state ?? 'state not seen'}, ${open} open ${open === 1 ? 'grant' : 'grants'}`;
  });
}

describe('timelineOf', () => {
  it.each<Subject>([VOLUME, { kind: 'key', keyArn: KEY }])('tells after each entry what folding anew tells: $kind', (of) => {
    const second = fc.integer({ min: 0, max: 4 });
    const change = fc.record({ change: fc.constantFrom(...CHANGES), at: second, serial: fc.nat(9) });
    const grant = fc.record({ made: second, end: fc.option(second, { nil: undefined }) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), fc.array(grant, { maxLength: 6 }), (some, lives) => {
        const changes = some.map((one, index) => changed(one.change, one.at, one.serial * 100 + index));
        const creations = lives.map(({ made }, index) => created(index, made));
        const grants = creations.map((creation, index) => headOf(creation, lives[index]?.end));
        expect(grants.filter((head) => grantStatus(head) === 'open')).toHaveLength(lives.filter(({ end }) => end === undefined).length);

        const { entries } = timelineOf({ of, facts: [...changes, ...creations], grants });

        expect(entries.map(({ status }) => status)).toEqual(foldedAnew(of.kind, entries, changes));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a second apart', (index: number) => index],
    ['within one second', () => 0],
  ])('takes time in proportion: 50,000 changes %s', (_, secondOf) => {
    const kinds = CHANGES.filter((change) => change !== 'deleted');
    const changes = Array.from({ length: 50_000 }, (_, index) => changed(kinds[index % kinds.length] ?? 'enabled', secondOf(index), index));
    const started = performance.now();
    expect(timelineOf({ of: { kind: 'key', keyArn: KEY }, facts: changes, grants: [] }).entries).toHaveLength(50_000);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('takes time in proportion: 50,000 grants of a volume', () => {
    const creations = Array.from({ length: 50_000 }, (_, index) => created(index, index));
    const grants = creations.map((creation, index) => headOf(creation, index + 1));
    const started = performance.now();
    expect(timelineOf({ of: VOLUME, facts: creations, grants }).status).toBe('released');
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
