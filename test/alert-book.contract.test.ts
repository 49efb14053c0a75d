import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoDbLedger } from '../src/aws/dynamodb-ledger.ts';
import type { Claim } from '../src/core/alerting.ts';
import type { StandingFact } from '../src/core/fact.ts';
import { readRecord } from '../src/core/read-record.ts';
import { MemoryLedger } from '../src/local/memory-ledger.ts';
import type { GrantName, Ledger } from '../src/ports.ts';
import { sha256 } from '../src/system.ts';
import { createGrant, eventId, instant, KEY, type RawRecord, record, retireGrant, SECOND_KEY } from './support/fleet.ts';
import { startTestTables, type TestTables } from './support/test-tables.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTestTables();
});
afterAll(async () => tables.stop());

function factOf(second: number, raw: RawRecord) {
  const reading = readRecord({ ...raw, eventTime: instant(second), eventID: eventId(`${second}/${JSON.stringify(raw)}`) }, sha256);
  if (reading.kind !== 'fact') throw new Error(JSON.stringify(reading));
  return reading.fact;
}
function standing(second: number, raw: RawRecord): StandingFact {
  const fact = factOf(second, raw);
  if (fact.kind === 'grant-created' || fact.kind === 'grant-ended') throw new Error(fact.kind);
  return fact;
}
const service = (eventSource: string, raw: RawRecord): RawRecord => ({ ...raw, eventSource });
const trail = (name: string, trailName = 'main'): RawRecord =>
  service('cloudtrail.amazonaws.com', record(name, { requestParameters: { name: trailName } }));
const rule = (name: string): RawRecord => service('events.amazonaws.com', record(name, { requestParameters: { name: 'kms-audit-dev-R' } }));

describe.each([
  ['in memory', async (): Promise<Ledger> => new MemoryLedger()],
  ['in DynamoDB', async (): Promise<Ledger> => new DynamoDbLedger(tables.client, await tables.create())],
] as const)('what is noted of alerts %s', (_, make) => {
  let ledger: Ledger;
  beforeEach(async () => {
    ledger = await make();
  });
  const claim = (fields: Partial<Claim> = {}): Claim => ({
    tells: 'alert',
    by: 'a',
    until: 15,
    through: instant(0),
    severity: 'high',
    ...fields,
  });
  const told = { sent: { through: instant(0), severity: 'high' as const, attributes: { rule: 'r' } } };

  it('keeps the end of what was told beside it, and a claim on either notices the other', async () => {
    await ledger.claimAlert('g', {}, claim());
    await ledger.noteAlert('g', claim(), { rule: 'r' });
    const end = claim({ tells: 'over', by: 'b', until: 30, through: instant(60) });
    expect(await ledger.claimAlert('g', told, end)).toBe(true);
    expect(await ledger.alertNote('g')).toEqual({ ...told, claim: end });
    expect(await ledger.claimAlert('g', told, claim({ until: 40 })), 'held').toBe(false);
    await ledger.noteEnd('g', claim({ tells: 'over', by: 'somebody else', until: 30, through: instant(99) }), true);
    expect(await ledger.alertNote('g')).toEqual({ ...told, claim: end });
    await ledger.noteEnd('g', end, false);
    expect(await ledger.alertNote('g')).toEqual({ ...told, over: instant(60) });
    expect(await ledger.claimAlert('g', told, claim({ until: 50 })), 'over since').toBe(false);
    const again = claim({ tells: 'over', until: 50, through: instant(90) });
    expect(await ledger.claimAlert('g', { ...told, over: instant(60) }, again)).toBe(true);
    await ledger.noteEnd('g', again, true);
    const closed = { ...told, over: instant(90), closed: instant(90) };
    expect(await ledger.alertNote('g')).toEqual(closed);
    expect(await ledger.claimAlert('g', { ...told, over: instant(90) }, claim({ until: 70 })), 'closed since').toBe(false);
    const late = claim({ until: 70, through: instant(95) });
    expect(await ledger.claimAlert('g', closed, late)).toBe(true);
    await ledger.noteAlert('g', late, { rule: 'r' }, instant(99));
    expect(await ledger.alertNote('g')).toEqual({
      sent: { through: instant(95), severity: 'high', attributes: { rule: 'r' } },
      over: instant(90),
      closed: instant(99),
    });
  });

  it('gives a lease back and notes nothing', async () => {
    await ledger.claimAlert('g', {}, claim());
    await ledger.releaseAlert('g', claim({ by: 'somebody else' }));
    expect(await ledger.alertNote('g')).toEqual({ claim: claim() });
    await ledger.releaseAlert('g', claim());
    expect(await ledger.alertNote('g')).toEqual({});
    expect(await ledger.claimAlert('g', {}, claim({ until: 20 }))).toBe(true);
  });

  it('remembers what was told until it is corrected', async () => {
    expect(await ledger.wasTold('f')).toBe(false);
    await ledger.noteTold('f', instant(0));
    await ledger.noteTold('f', instant(0));
    expect([await ledger.wasTold('f'), await ledger.wasTold('other')]).toEqual([true, false]);
    await ledger.forgetTold('f');
    await ledger.forgetTold('f');
    expect(await ledger.wasTold('f')).toBe(false);
  });

  it('forgets what it told when that was wrong', async () => {
    await ledger.claimAlert('g', {}, claim());
    await ledger.noteAlert('g', claim(), { rule: 'r' });
    const end = claim({ tells: 'over', by: 'b', until: 30 });
    await ledger.claimAlert('g', told, end);
    await ledger.noteEnd('g', end, true);
    const correction = claim({ tells: 'over', by: 'c', until: 60 });
    await ledger.claimAlert('g', { ...told, over: instant(0), closed: instant(0) }, correction);
    await ledger.noteCorrection('g', claim({ by: 'somebody else' }));
    expect(await ledger.alertNote('g')).toEqual({ ...told, over: instant(0), closed: instant(0), claim: correction });
    await ledger.noteCorrection('g', correction);
    expect(await ledger.alertNote('g')).toEqual({});
  });

  it('knows what a group’s alert is about, until the last has left', async () => {
    const long = JSON.stringify(['x'.repeat(2_000)]);
    for (const member of ['a', 'b', long, 'a']) await ledger.joinGroup('group', member, instant(0));
    await ledger.joinGroup('another', 'c', instant(0));
    const without = async (group: string, member: string): Promise<string[]> => {
      await ledger.leaveGroup(group, member);
      return [...(await ledger.membersOf(group))].sort();
    };
    expect(await without('group', 'a')).toEqual([long, 'b'].sort());
    expect(await without('group', 'b')).toEqual([long]);
    expect(await without('group', long)).toEqual([]);
    expect(await without('group', long)).toEqual([]);
    expect(await without('another', 'not there')).toEqual(['c']);
    expect(await ledger.membersOf('none')).toEqual([]);
  });

  it('marks a grant with the groups that tell of it, whatever else becomes of it', async () => {
    const name: GrantName = { keyArn: KEY, grantId: 'g%/#1' };
    const creation = factOf(0, createGrant('g%/#1'));
    const ending = factOf(9, retireGrant('g%/#1'));
    if (creation.kind !== 'grant-created' || ending.kind !== 'grant-ended') throw new Error('expected a life');
    await ledger.joinCreation(creation);
    expect(await ledger.markGrant(name, 'group')).toMatchObject({ ...name, created: expect.any(String), alertedIn: ['group'] });
    expect(await ledger.markGrant(name, 'second')).toMatchObject({ alertedIn: ['group', 'second'] });
    expect(await ledger.markGrant(name, 'group')).toMatchObject({ alertedIn: ['group', 'second'] });
    expect(await ledger.joinEnding(ending)).toMatchObject({ alertedIn: ['group', 'second'], end: { how: 'retired' } });
    expect(await ledger.joinCreation(creation)).toMatchObject({ alertedIn: ['group', 'second'] });
    expect(await ledger.headsOf([name])).toMatchObject([{ alertedIn: ['group', 'second'] }]);
  });

  it('lists the grants that are open, and no others', async () => {
    for (const [grantId, ended] of [
      ['open-1', false],
      ['open-2', false],
      ['ended', true],
    ] as const) {
      const creation = factOf(0, createGrant(grantId));
      if (creation.kind === 'grant-created') await ledger.joinCreation(creation);
      const ending = factOf(1, retireGrant(grantId));
      if (ended && ending.kind === 'grant-ended') await ledger.joinEnding(ending);
    }
    const stray = factOf(1, retireGrant('never made'));
    if (stray.kind === 'grant-ended') await ledger.joinEnding(stray);
    const open: string[] = [];
    for await (const { grantId, created } of ledger.openGrants()) if (created !== undefined) open.push(grantId);
    expect(open.sort()).toEqual(['open-1', 'open-2']);
  });

  it('finds the other changes of a key, a trail and a rule, each by itself', async () => {
    const kept = [
      standing(0, record('DisableKey')),
      standing(1, record('EnableKey')),
      standing(2, { ...record('DisableKey'), resources: [{ ARN: SECOND_KEY }] }),
      standing(3, record('PutKeyPolicy')),
      standing(4, trail('StopLogging')),
      standing(5, trail('StartLogging')),
      standing(6, trail('StopLogging', 'other')),
      standing(7, rule('DisableRule')),
    ];
    for (const fact of [...kept, ...kept]) await ledger.addFact(fact);
    const beside = async (index: number): Promise<unknown[]> => {
      const fact = kept[index];
      return fact === undefined ? [] : [...(await ledger.changesBeside(fact))].sort((a, b) => (a.time < b.time ? -1 : 1));
    };
    expect(await beside(0)).toEqual(kept.slice(0, 2));
    expect(await beside(2)).toEqual(kept.slice(2, 3));
    expect(await beside(5)).toEqual(kept.slice(4, 6));
    expect(await beside(7)).toEqual(kept.slice(7));
    const { others, changes } = await ledger.snapshot();
    expect([others.length, changes.length]).toEqual([5, 3]);
  });
});
