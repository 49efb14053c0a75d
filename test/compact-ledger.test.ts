import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonPieces, replay, replayInto, replayJson } from '../src/cli/replay.ts';
import { CompactLedger } from '../src/core/compact-ledger.ts';
import type { Fact } from '../src/core/fact.ts';
import { DEFAULT_POLICY } from '../src/core/policy.ts';
import { readRecord } from '../src/core/read-record.ts';
import { type LedgerReport, reportOf } from '../src/core/report.ts';
import { MemoryLedger } from '../src/local/memory-ledger.ts';
import { auditReading } from '../src/pipeline.ts';
import { sha256 } from '../src/system.ts';
import { fleets } from './support/fleet.ts';
import { live } from './support/retained.ts';

const RUNS = Math.ceil(Number(process.env.KMS_AUDIT_RUNS ?? 10_000) / 5);
const KEY = 'arn:aws:kms:us-west-2:111122223333:key/1';
const uuid = (of: number): string => `00000000-0000-4000-8000-${of.toString(16).padStart(12, '0')}`;
const EVENTS = new URL('../events/', import.meta.url).pathname;

async function wholeReport(facts: readonly Fact[]): Promise<LedgerReport> {
  const ledger = new MemoryLedger();
  const pipeline = { ledger, policy: DEFAULT_POLICY, digest: sha256, now: () => 0, log: () => {} };
  for (const fact of facts) await auditReading({ kind: 'fact', fact }, pipeline);
  return reportOf(await ledger.snapshot(), DEFAULT_POLICY, sha256);
}

function compactReport(facts: readonly Fact[]): LedgerReport {
  const ledger = new CompactLedger(DEFAULT_POLICY, sha256);
  for (const fact of facts) ledger.take({ kind: 'fact', fact });
  return { findings: ledger.findings(), volumes: [...ledger.volumes()], keys: ledger.keys() };
}

describe('the compact ledger', () => {
  it('says of any fleet, in any order and with repetitions, what the whole ledger says', async () => {
    await fc.assert(
      fc.asyncProperty(fleets(), fc.infiniteStream(fc.nat()), async (fleet, draws) => {
        const facts = fleet.flatMap(({ record }) => {
          const reading = readRecord(record, sha256);
          return reading.kind === 'fact' ? reading.fact : [];
        });
        const shuffled = [...facts, ...facts.slice(0, 3)]
          .map((fact) => ({ fact, at: draws.next().value ?? 0 }))
          .sort((a, b) => a.at - b.at)
          .map(({ fact }) => fact);
        expect(compactReport(shuffled)).toEqual(await wholeReport(facts));
      }),
      { numRuns: RUNS },
    );
  });

  it.each(readdirSync(EVENTS))('says of %s what the whole ledger says, to the letter', async (scenario) => {
    const paths = [join(EVENTS, scenario)];
    const ledger = new MemoryLedger();
    const coverage = await replayInto(ledger, paths, DEFAULT_POLICY, () => {});
    const whole = { ...coverage, ...reportOf(await ledger.snapshot(), DEFAULT_POLICY, sha256) };
    const { events, sources, findings, volumes, keys } = await replay(paths, DEFAULT_POLICY);
    expect([...jsonPieces({ events, sources, findings, volumes, keys })].join('')).toBe(replayJson(whole));
  });

  it('counts 200,000 Decrypts of one volume, judges them, and does not hold them', () => {
    let judging = false;
    let most = 0;
    const policy = new Proxy(DEFAULT_POLICY, {
      get(target, name) {
        if (judging) most = Math.max(most, live());
        return Reflect.get(target, name);
      },
    });
    const ledger = new CompactLedger(policy, sha256);
    const base = { operation: 'Decrypt', caller: { id: 'ec2.amazonaws.com', trusted: true, awsRole: false }, keyArn: KEY } as const;
    const volume = { trust: 'trusted', cluster: { account: '111122223333', name: 'web' }, volumeId: 'vol-1' } as const;
    const made = {
      ...base,
      ...volume,
      operation: 'CreateGrant',
      kind: 'grant-created',
      grantId: 'a',
      eventId: 'made',
      time: '2026-01-01T00:00:00Z',
    } as const;
    const ended = {
      ...base,
      operation: 'RetireGrant',
      kind: 'grant-ended',
      grantId: 'a',
      how: 'retired',
      eventId: 'end',
      time: '2026-01-01T00:01:00Z',
    } as const;
    ledger.take({ kind: 'fact', fact: made });
    ledger.take({ kind: 'fact', fact: ended });
    const take = (from: number, to: number): void => {
      for (let one = from; one < to; one += 1)
        ledger.take({
          kind: 'fact',
          fact: { ...base, ...volume, kind: 'key-used', eventId: uuid(one), time: one < 199_990 ? made.time : '2026-01-01T00:02:00Z' },
        });
    };
    take(0, 200_000);
    take(500, 600);
    const before = live();
    judging = true;
    expect(ledger.findings().find(({ rule }) => rule === 'use-after-release')).toMatchObject({ count: 10 });
    judging = false;
    expect(most).toBeGreaterThan(0);
    expect(most - before).toBeLessThan(8e6);
    expect([...ledger.volumes()]).toMatchObject([{ decrypts: 200_000, status: 'released' }]);
  });

  it('keeps an event of a year far away where it belongs', () => {
    const used = (time: string): Fact => ({
      kind: 'key-changed',
      eventId: time,
      time,
      operation: 'DisableKey',
      caller: { id: 'somebody', trusted: false, awsRole: false },
      keyArn: 'arn:aws:kms:us-west-2:111122223333:key/1',
      change: 'disabled',
    });
    const [finding] = compactReport([used('2026-01-01T00:00:00Z'), used('9999-12-31T23:59:59Z'), used('0001-01-01T00:00:00Z')]).findings;
    expect(finding).toMatchObject({ count: 3, firstSeen: '0001-01-01T00:00:00Z', lastSeen: '9999-12-31T23:59:59Z' });
  });
});
