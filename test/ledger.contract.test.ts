import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoDbLedger } from '../src/aws/dynamodb-ledger.ts';
import type { Claim } from '../src/core/alerting.ts';
import type { Fact, GrantCreated, GrantEnded, KeyUsed, Volume } from '../src/core/fact.ts';
import { orderOf } from '../src/core/fact.ts';
import type { Occurrence } from '../src/core/finding.ts';
import { readRecord } from '../src/core/read-record.ts';
import { MemoryLedger } from '../src/local/memory-ledger.ts';
import type { Candidate, Ledger } from '../src/ports.ts';
import { sha256 } from '../src/system.ts';
import { cleanLife, type LifeOptions, testKeyArn } from './support/life.ts';
import { startTestTables, type TestTables } from './support/test-tables.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTestTables();
});
afterAll(async () => tables.stop());

function factsOf(options: LifeOptions = {}): Fact[] {
  return cleanLife(options).map((record) => {
    const reading = readRecord(record, sha256);
    if (reading.kind !== 'fact') throw new Error(`expected a fact, found ${JSON.stringify(reading)}`);
    return reading.fact;
  });
}

function only<K extends Fact['kind']>(facts: readonly Fact[], kind: K): Extract<Fact, { kind: K }> {
  const found = facts.find((fact): fact is Extract<Fact, { kind: K }> => fact.kind === kind);
  if (found === undefined) throw new Error(`no ${kind}`);
  return found;
}

const created = (options?: LifeOptions): GrantCreated => only(factsOf(options), 'grant-created');
const ended = (options?: LifeOptions): GrantEnded => only(factsOf(options), 'grant-ended');
const decrypt = (options?: LifeOptions): KeyUsed => {
  const use = factsOf(options).find((fact) => fact.kind === 'key-used' && fact.operation === 'Decrypt');
  if (use?.kind !== 'key-used') throw new Error('no Decrypt');
  return use;
};
const volume: Volume = { clusterAccount: '111122223333', clusterName: 'payments', volumeId: 'vol-0a1b2c3d4e5f60718', keyArn: testKeyArn() };
const occurrence = (eventId: string, time = '2026-11-02T10:00:00Z'): Occurrence => ({
  rule: 'disabled-key-use',
  severity: 'critical',
  subject: { keyArn: testKeyArn() },
  about: {},
  group: 'group',
  eventId,
  time,
  operation: 'Decrypt',
  caller: 'fargate.amazonaws.com',
  sentence: 'It happened.',
});

describe.each([
  ['in memory', async (): Promise<Ledger> => new MemoryLedger()],
  ['in DynamoDB', async (): Promise<Ledger> => new DynamoDbLedger(tables.client, await tables.create())],
] as const)('the ledger %s', (_, make) => {
  let ledger: Ledger;
  beforeEach(async () => {
    ledger = await make();
  });

  it('keeps each kind of fact whole, and once', async () => {
    const facts = [...factsOf(), ...factsOf({ serial: 2, cluster: '%/#|💥 ‮' })];
    for (const fact of [...facts, ...facts]) {
      if (fact.kind === 'grant-created') await ledger.addCreation(fact);
      else if (fact.kind !== 'grant-ended') await ledger.addFact(fact);
    }
    const { creations, uses, rehearsals } = await ledger.snapshot();
    const byOrder = (a: Fact, b: Fact): number => (orderOf(a) < orderOf(b) ? -1 : 1);
    expect([...creations, ...uses, ...rehearsals].sort(byOrder)).toEqual(facts.filter((fact) => fact.kind !== 'grant-ended').sort(byOrder));
  });

  it('keeps a grant the same whichever of creation and ending comes first', async () => {
    await ledger.joinCreation(created());
    const inOrder = await ledger.joinEnding(ended());
    const reversed = await make();
    await reversed.joinEnding(ended());
    expect(await reversed.joinCreation(created())).toEqual(inOrder);
    expect(inOrder).toMatchObject({
      created: orderOf(created()),
      cluster: { name: 'payments' },
      end: { how: 'retired', by: 'AWS Internal' },
    });
  });

  it('lets the earliest creation and the earliest ending decide', async () => {
    const retry = { ...created(), eventId: 'retry', time: '2026-11-02T10:00:09Z' };
    const revoked: GrantEnded = { ...ended(), eventId: 'revoked', how: 'revoked', time: '2026-11-02T11:00:00Z' };
    await ledger.joinCreation(retry);
    await ledger.joinEnding(ended());
    await ledger.joinCreation(created());
    await ledger.joinEnding(revoked);
    await ledger.joinEnding(ended());
    const head = await ledger.joinCreation(retry);
    expect(head.created).toBe(orderOf(created()));
    expect(head.end).toEqual({ order: orderOf(revoked), how: 'revoked', by: 'AWS Internal' });
  });

  it('counts open grants as dependents, and never an ended one', async () => {
    await ledger.joinCreation(created());
    await ledger.joinCreation(created({ serial: 2, cluster: 'orders', volumeId: 'vol-2' }));
    await ledger.joinEnding(ended({ serial: 3 }));
    await ledger.joinCreation(created({ serial: 3 }));
    expect(await ledger.dependents(testKeyArn())).toEqual({
      openGrants: 2,
      complete: true,
      clusters: [
        { clusterAccount: '111122223333', clusterName: 'orders', openGrants: 1 },
        { clusterAccount: '111122223333', clusterName: 'payments', openGrants: 1 },
      ],
    });
    await ledger.joinEnding(ended());
    expect((await ledger.dependents(testKeyArn())).openGrants).toBe(1);
    await ledger.joinCreation(created());
    expect((await ledger.dependents(testKeyArn())).openGrants).toBe(1);
  });

  it('reads a volume’s creations, their grants, and its Decrypts since an instant', async () => {
    await ledger.addCreation(created());
    await ledger.joinCreation(created());
    await ledger.addFact(decrypt());
    await ledger.addFact({ ...decrypt(), eventId: 'later', time: '2026-11-02T12:00:00Z' });
    await ledger.addFact(decrypt({ serial: 9, volumeId: 'vol-other' }));
    expect(await ledger.creationsOf(volume)).toEqual([created()]);
    expect(await ledger.headsOf([created()])).toMatchObject([{ grantId: created().grantId, created: orderOf(created()) }]);
    expect(await ledger.headsOf([created({ serial: 77 })])).toEqual([]);
    expect((await ledger.decryptsSince(volume, '2026-11-02T10:00:05Z')).map(({ eventId }) => eventId)).toEqual([
      decrypt().eventId,
      'later',
    ]);
    expect((await ledger.decryptsSince(volume, '2026-11-02T10:00:06Z')).map(({ eventId }) => eventId)).toEqual(['later']);
    expect(await ledger.decryptsSince(volume, '')).toHaveLength(2);
  });

  it('remembers when a resource last used a key, in any order', async () => {
    const use = (time: string): KeyUsed => {
      const { cluster: _c, volumeId: _v, ...rest } = decrypt();
      return { ...rest, time, trust: 'none', resource: { kind: 'secret', id: 'arn:aws:secretsmanager:us-west-2:111122223333:secret:db' } };
    };
    for (const time of ['2026-11-02T10:00:00Z', '2026-11-04T10:00:00Z', '2026-11-03T10:00:00Z']) await ledger.addFact(use(time));
    expect((await ledger.snapshot()).resources).toMatchObject([
      { keyArn: testKeyArn(), lastSeen: '2026-11-04T10:00:00Z', resource: { kind: 'secret' } },
    ]);
  });

  it('folds evidence by event', async () => {
    for (const id of ['b', 'a', 'b']) await ledger.addEvidence('f1', occurrence(id));
    expect(await ledger.evidenceOf('f1')).toMatchObject({ count: 2, first: occurrence('a'), last: occurrence('b') });
    expect(await ledger.evidenceOf('f2')).toBeUndefined();
    expect((await ledger.snapshot()).occurrences).toHaveLength(2);
  });

  it('hands out candidates once they have stood, until they are settled', async () => {
    const candidate: Candidate = { occurrence: occurrence('a'), volume, since: 1_000 };
    await ledger.addCandidate('f1', candidate);
    await ledger.addCandidate('f1', { ...candidate, since: 5_000 });
    expect(await ledger.pendingCandidates(999)).toEqual([]);
    const [early] = await ledger.pendingCandidates(1_000);
    expect(early).toEqual({ ...candidate, findingId: 'f1', marks: 2 });
    if (early === undefined) return;
    await ledger.addCandidate('f1', candidate);
    await ledger.settleCandidate(early);
    const [marked] = await ledger.pendingCandidates(1_000);
    expect(marked, 'what was marked again meanwhile stays').toEqual({ ...early, marks: 3 });
    if (marked === undefined) return;
    await ledger.settleCandidate(marked);
    expect(await ledger.pendingCandidates(9_999)).toEqual([]);
    await ledger.addCandidate('f1', { ...candidate, since: 6_000 });
    expect(await ledger.pendingCandidates(6_000)).toMatchObject([{ since: 6_000 }]);
  });

  it('keeps the latest settlement of a finding, beside its evidence', async () => {
    const settlement = { at: '2026-11-03T10:00:00Z', reason: 'known %/#|💥 ‮', through: '2026-11-02T10:00:00Z' };
    await ledger.addEvidence('f1', occurrence('a'));
    expect((await ledger.snapshot()).settlements).toEqual(new Map());
    await ledger.settle('f1', { ...settlement, reason: 'not yet known' });
    await ledger.settle('f1', settlement);
    await ledger.settle('f1', settlement);
    const { settlements, occurrences } = await ledger.snapshot();
    expect(settlements).toEqual(new Map([['f1', settlement]]));
    expect(occurrences).toEqual([occurrence('a')]);
    expect(await ledger.evidenceOf('f1')).toMatchObject({ count: 1 });
  });

  it('gives a group’s lease to one handler, and notes only for who holds it', async () => {
    const claim = (by: string): Claim => ({
      tells: 'alert',
      by,
      until: 15,
      through: '2026-11-02T10:00:00Z',
      severity: 'high',
    });
    expect(await ledger.alertNote('g')).toEqual({});
    const outcomes = await Promise.all(['a', 'b', 'c'].map((by) => ledger.claimAlert('g', {}, claim(by))));
    expect(outcomes.filter((won) => won)).toHaveLength(1);
    const winner = ['a', 'b', 'c'][outcomes.indexOf(true)] ?? '';
    const held = await ledger.alertNote('g');
    expect(held).toEqual({ claim: claim(winner) });
    await ledger.noteAlert('g', claim('somebody else'), {});
    expect(await ledger.alertNote('g')).toEqual(held);
    expect(await ledger.claimAlert('g', held, { ...claim('next'), until: 30 })).toBe(true);
    await ledger.noteAlert('g', claim(winner), {});
    await ledger.noteAlert('g', { ...claim('next'), until: 30, through: '2026-11-02T10:05:00Z' }, { rule: 'r' });
    expect(await ledger.alertNote('g')).toEqual({
      sent: { through: '2026-11-02T10:05:00Z', severity: 'high', attributes: { rule: 'r' } },
    });
    expect(await ledger.claimAlert('g', held, claim('late'))).toBe(false);
    const other = { sent: { through: '2026-11-02T10:05:00Z', severity: 'medium' as const } };
    expect(await ledger.claimAlert('g', other, claim('late')), 'the same instant told at another severity').toBe(false);
  });
});
