import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/core/finding.ts';
import { DEFAULT_POLICY } from '../../src/core/policy.ts';
import { reportOf } from '../../src/core/report.ts';
import type { Settlement } from '../../src/core/snapshot.ts';
import { isOpen, type Standing, standings } from '../../src/core/standing.ts';
import { MemoryLedger } from '../../src/local/memory-ledger.ts';
import { auditEvent } from '../../src/pipeline.ts';
import { sha256 } from '../../src/system.ts';
import {
  createGrant,
  decrypt,
  ecsContext,
  eventId,
  instant,
  KEY,
  PROD,
  type RawRecord,
  record,
  retireGrant,
  user,
} from '../support/fleet.ts';

const SECOND_TRAIL = 'arn:aws:cloudtrail:us-east-1:111122223333:trail/other';
const TRAIL = 'arn:aws:cloudtrail:us-east-1:111122223333:trail/evidence';
const RULE = 'kms-audit-dev-kms';

const at = (second: number, seed = ''): RawRecord => ({ eventTime: instant(second), eventID: eventId(`${second}${seed}`) });
const change = (eventName: string, second: number): RawRecord =>
  record(eventName, { userIdentity: user('operator'), requestParameters: { keyId: KEY }, ...at(second, eventName) });
const refused = (second: number, overrides: RawRecord = {}): RawRecord =>
  decrypt(ecsContext(PROD, 'vol-0000000000000000a'), {
    errorCode: 'DisabledException',
    errorMessage: `${KEY} is disabled.`,
    ...at(second, 'refused'),
    ...overrides,
  });
const trail = (eventName: string, name: string, second: number): RawRecord =>
  record(eventName, {
    eventSource: 'cloudtrail.amazonaws.com',
    userIdentity: user('operator'),
    requestParameters: { name },
    resources: undefined,
    ...at(second, eventName),
  });
const rule = (eventName: string, second: number, overrides: RawRecord = {}): RawRecord =>
  record(eventName, {
    eventSource: 'events.amazonaws.com',
    userIdentity: user('operator'),
    requestParameters: { name: RULE },
    resources: undefined,
    ...at(second, eventName),
    ...overrides,
  });
const strangersGrant = (grantId: string, second: number): RawRecord =>
  createGrant(
    grantId,
    { granteePrincipal: 'arn:aws:iam::123456789012:role/export' },
    { userIdentity: user('operator'), ...at(second, grantId) },
  );

interface Told {
  readonly finding: Finding;
  readonly standing: Standing;
}

async function stand(records: readonly RawRecord[], settlement?: Settlement): Promise<(ruleId: string) => Told> {
  const ledger = new MemoryLedger();
  for (const one of records) await auditEvent(one, { ledger, policy: DEFAULT_POLICY, digest: sha256, now: () => 0, log: () => {} });
  const { findings } = reportOf(await ledger.snapshot(), DEFAULT_POLICY, sha256);
  if (settlement !== undefined) for (const { id } of findings) await ledger.settle(id, settlement);
  const standingOf = standings(await ledger.snapshot());
  return (ruleId) => {
    const finding = findings.find((one) => one.rule === ruleId);
    if (finding === undefined) throw new Error(`no ${ruleId} among ${findings.map((one) => one.rule).join(', ')}`);
    return { finding, standing: standingOf(finding) };
  };
}

describe('a finding about a key', () => {
  it.each([
    ['goes on while nobody mends the key', [change('DisableKey', 0), refused(10)], undefined],
    ['is over once the key works', [change('DisableKey', 0), refused(10), change('EnableKey', 20)], 20],
    [
      'is over from the first mending after it',
      [change('DisableKey', 0), refused(10), change('EnableKey', 20), change('EnableKey', 90)],
      20,
    ],
    [
      'is over from the first mending after it, in whatever order the records came',
      [change('EnableKey', 90), change('EnableKey', 20), change('DisableKey', 0), refused(10)],
      20,
    ],
    ['counts a straggler within the minute to what ended', [change('DisableKey', 0), change('EnableKey', 20), refused(80)], 20],
    ['goes on with later evidence', [change('DisableKey', 0), change('EnableKey', 20), refused(81)], undefined],
    ['goes on where the key was mended and broken anew', [refused(10), change('EnableKey', 20), change('DisableKey', 30)], undefined],
    ['goes on where the mending leaves the key disabled', [refused(10), change('CancelKeyDeletion', 20)], undefined],
  ] as const)('%s', async (_, records, over) => {
    const { finding, standing } = (await stand(records))('disabled-key-use');

    expect(standing).toStrictEqual(over === undefined ? {} : { endedAt: instant(over) });
    expect(isOpen(finding, standing)).toBe(over === undefined);
  });

  it('allows no stragglers to a second disabling', async () => {
    const told = await stand([change('DisableKey', 0), change('EnableKey', 20), change('DisableKey', 20)]);

    expect(told('key-made-unusable').standing).toStrictEqual({});
  });

  it('says nothing of what no change of the key ends', async () => {
    const told = await stand([refused(10, { userIdentity: user('operator') }), change('EnableKey', 20)]);

    expect(told('forged-context').standing).toStrictEqual({});
  });
});

describe('a finding about the audit itself', () => {
  it('is over for the trail that logs again, and for no other', async () => {
    const again = await stand([trail('StopLogging', TRAIL, 0), trail('StartLogging', TRAIL, 10)]);
    const another = await stand([trail('StopLogging', TRAIL, 0), trail('StartLogging', SECOND_TRAIL, 10)]);

    expect(again('audit-blind-spot').standing).toStrictEqual({ endedAt: instant(10) });
    expect(another('audit-blind-spot').standing).toStrictEqual({});
  });

  it('is over for a rule that is on again, and whole', async () => {
    const whole = await stand([rule('DisableRule', 0), rule('EnableRule', 10)]);
    const half = await stand([
      rule('RemoveTargets', 0, { requestParameters: { rule: RULE, ids: ['audit'] } }),
      rule('DisableRule', 1),
      rule('EnableRule', 10),
    ]);

    expect(whole('audit-blind-spot').standing).toStrictEqual({ endedAt: instant(10) });
    expect(half('audit-blind-spot').standing).toStrictEqual({});
  });
});

describe('a finding about a grant', () => {
  it('is over with its grant, not with another', async () => {
    const ended = await stand([strangersGrant('one', 0), retireGrant('one', at(50))]);
    const open = await stand([strangersGrant('one', 0), retireGrant('two', at(50))]);

    expect(ended('unexpected-grantee').standing).toStrictEqual({ endedAt: instant(50) });
    expect(open('unexpected-grantee').standing).toStrictEqual({});
  });

  it('is over with a grant that ended in the second of the evidence', async () => {
    const told = await stand([strangersGrant('one', 50), retireGrant('one', at(50))]);

    expect(told('unexpected-grantee').standing).toStrictEqual({ endedAt: instant(50) });
  });

  it('goes on where the end is older than the evidence', async () => {
    const told = await stand([strangersGrant('one', 60), retireGrant('one', at(50))]);

    expect(told('unexpected-grantee').standing).toStrictEqual({});
  });
});

describe('a finding of a rule that this version does not know', () => {
  it('goes on, since nothing could tell its end', async () => {
    const { finding } = (await stand([change('DisableKey', 0)]))('key-made-unusable');

    const standingOf = standings(await new MemoryLedger().snapshot());

    expect(standingOf({ ...finding, rule: 'of-tomorrow' })).toStrictEqual({});
  });
});

describe('a settled finding', () => {
  const settlement = (through: number): Settlement => ({ at: instant(1_000), reason: 'known', through: instant(through) });

  it('is closed as far as it was settled, and open with evidence since', async () => {
    const settled = (await stand([refused(10)], settlement(10)))('disabled-key-use');
    const since = (await stand([refused(10), refused(11)], settlement(10)))('disabled-key-use');

    expect(settled.standing).toStrictEqual({ settled: settlement(10) });
    expect(isOpen(settled.finding, settled.standing)).toBe(false);
    expect(since.standing).toStrictEqual({ settled: settlement(10) });
    expect(isOpen(since.finding, since.standing)).toBe(true);
  });

  it('stays closed where it is over, whatever came since', async () => {
    const told = (await stand([refused(10), refused(11), change('EnableKey', 20)], settlement(10)))('disabled-key-use');

    expect(isOpen(told.finding, told.standing)).toBe(false);
  });
});
