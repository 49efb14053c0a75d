import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { listSources } from '../../src/cli/input.ts';
import { readPlaces } from '../../src/cli/read-places.ts';
import { judgedAnew } from '../../src/core/judged-anew.ts';
import { DEFAULT_POLICY, type Policy } from '../../src/core/policy.ts';
import { readPolicy } from '../../src/core/read-policy.ts';
import type { Reading } from '../../src/core/reading.ts';
import { reportOf } from '../../src/core/report.ts';
import { MemoryLedger } from '../../src/local/memory-ledger.ts';
import { auditReading } from '../../src/pipeline.ts';
import { sha256 } from '../../src/system.ts';

const EVENTS = fileURLToPath(new URL('../../events', import.meta.url));

let readings: Reading[];
let recorded: MemoryLedger;
beforeAll(async () => {
  readings = [];
  for await (const batch of readPlaces(await listSources([EVENTS]))) readings.push(...batch.readings);
  recorded = await judgedAtOnce(DEFAULT_POLICY);
});

async function judgedAtOnce(policy: Policy): Promise<MemoryLedger> {
  const ledger = new MemoryLedger();
  for (const reading of readings) await auditReading(reading, { ledger, policy, digest: sha256, now: () => 0, log: () => {} });
  return ledger;
}

function policyOf(document: unknown): Policy {
  const reading = readPolicy(document);
  if ('problems' in reading) throw new Error(reading.problems.join('; '));
  return reading.policy;
}

const known = { reason: 'known', expires: '2099-01-01' };

describe('a ledger judged anew says what it would have said, had the policy been in force', () => {
  it.each([
    ['the default policy', {}],
    ['profiles for everybody', { grants: [{ name: 'everybody', grantee: ['**'] }] }],
    ['clusters of other names', { clusters: ['checkout'] }],
    ['clusters of other accounts', { accounts: ['123456789012'] }],
    ['trails that must stay whole', { trails: ['**'] }],
    ['severities of its own', { severities: { 'launch-blocked': 'low', 'forged-context': 'critical', 'use-after-release': 'high' } }],
    ['rules that are off', { rules: { 'disabled-key-use': 'off', 'grant-revoked-in-use': 'off', 'audit-blind-spot': 'off' } }],
    ['a scope without keys', { keys: ['arn:aws:kms:us-west-2:123456789012:key/none'] }],
    ['a scope of one key', { keys: ['arn:aws:kms:us-west-2:111122223333:key/80d90e6e-1b44-4df0-8e37-51bd6933d7a9'] }],
    [
      'exceptions',
      {
        exceptions: [
          { rule: 'disabled-key-use', match: { keyArn: '**' }, ...known },
          { rule: 'key-made-unusable', match: { keyArn: '**' }, ...known, expires: '2026-11-15' },
          { rule: 'use-after-release', match: { volumeId: '**' }, ...known },
        ],
      },
    ],
  ])('%s', async (_, document) => {
    const policy = policyOf(document);

    const anew = reportOf(judgedAnew(await recorded.snapshot(), policy), policy, sha256);

    expect(anew).toEqual(reportOf(await (await judgedAtOnce(policy)).snapshot(), policy, sha256));
  });

  it('keeps what a table was told of keys that the policy covers, and never finds refusals that raised nothing', async () => {
    const without = await judgedAtOnce(policyOf({ rules: { 'disabled-key-use': 'off', 'launch-blocked': 'off' } }));

    const { findings } = reportOf(judgedAnew(await without.snapshot(), DEFAULT_POLICY), DEFAULT_POLICY, sha256);

    expect(findings.length).toBeGreaterThan(0);
    expect(findings.map(({ rule }) => rule)).not.toContain('disabled-key-use');
  });

  it('finds what is no refusal though nothing was recorded of it', async () => {
    const without = await judgedAtOnce(policyOf({ rules: { 'key-made-unusable': 'off' } }));

    const { findings } = reportOf(judgedAnew(await without.snapshot(), DEFAULT_POLICY), DEFAULT_POLICY, sha256);

    expect(findings.filter(({ rule }) => rule === 'key-made-unusable')).toEqual(
      reportOf(await recorded.snapshot(), DEFAULT_POLICY, sha256).findings.filter(({ rule }) => rule === 'key-made-unusable'),
    );
  });

  it('judges no grant whose maker is unknown', async () => {
    const snapshot = await recorded.snapshot();
    const adopted = snapshot.creations.map((creation) => ({ ...creation, adopted: creation.time }));

    const { occurrences } = judgedAnew({ ...snapshot, creations: adopted, occurrences: [] }, DEFAULT_POLICY);

    expect(occurrences.filter(({ rule }) => rule === 'unexpected-grantee')).toEqual([]);
    expect(occurrences).not.toEqual([]);
  });

  it('tells nothing of keys that the policy does not cover and the sweep alone saw', async () => {
    const covered = 'arn:aws:kms:us-west-2:111122223333:key/80d90e6e-1b44-4df0-8e37-51bd6933d7a9';
    const sightings = ['arn:aws:kms:us-west-2:123456789012:key/none', covered].map((keyArn) => ({ keyArn, seen: '2026-11-02T10:00:00Z' }));

    const anew = judgedAnew({ ...(await recorded.snapshot()), sightings }, policyOf({ keys: [covered] }));

    expect(anew.sightings.map(({ keyArn }) => keyArn)).toEqual([covered]);
  });

  it('changes nothing the second time', async () => {
    const policy = policyOf({ accounts: ['123456789012'], trails: ['**'] });

    const once = judgedAnew(await recorded.snapshot(), policy);

    expect(reportOf(judgedAnew(once, policy), policy, sha256)).toEqual(reportOf(once, policy, sha256));
  });
});
