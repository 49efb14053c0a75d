import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynamoDbLedger } from '../src/aws/dynamodb-ledger.ts';
import { listSources, readSource } from '../src/cli/input.ts';
import { findingId, type Occurrence } from '../src/core/finding.ts';
import type { AlertMessage } from '../src/core/message.ts';
import type { Metric } from '../src/core/metrics.ts';
import { DEFAULT_POLICY } from '../src/core/policy.ts';
import { reportOf } from '../src/core/report.ts';
import { MemoryLedger } from '../src/local/memory-ledger.ts';
import { auditEvent, type Pipeline } from '../src/pipeline.ts';
import type { Ledger } from '../src/ports.ts';
import { settleCandidates } from '../src/releases.ts';
import { sha256 } from '../src/system.ts';
import {
  createGrant,
  decrypt,
  ecsContext,
  eventId,
  instant,
  PROD,
  type RawRecord,
  record,
  retireGrant,
  revokeGrant,
} from './support/fleet.ts';
import { startTestTables, type TestTables } from './support/test-tables.ts';

const NOW = Date.parse(instant(10 * 24 * 3600)) / 1000;

interface Bench {
  readonly pipeline: Pipeline;
  readonly sent: AlertMessage[];
  readonly counted: Metric[];
  clock: { now: number };
  /** Publishing what this holds of fails. */
  refuses: (message: AlertMessage) => boolean;
}

function bench(ledger: Ledger = new MemoryLedger()): Bench {
  const sent: AlertMessage[] = [];
  const counted: Metric[] = [];
  const clock = { now: NOW };
  const made: Bench = {
    sent,
    counted,
    clock,
    refuses: () => false,
    pipeline: {
      ledger,
      policy: DEFAULT_POLICY,
      digest: sha256,
      now: () => clock.now,
      log: () => {},
      metrics: { put: async (metrics) => void counted.push(...metrics) },
      alerts: {
        publish: async (message) => {
          if (made.refuses(message)) throw new Error('refused');
          sent.push(message);
        },
      },
    },
  };
  return made;
}

const at = (second: number, raw: RawRecord): RawRecord => ({
  ...raw,
  eventTime: instant(second),
  eventID: eventId(`${second}/${JSON.stringify(raw)}`),
});

/** A volume created, retired and decrypted after it. */
const lateDecrypt = (volume: string): RawRecord[] => {
  const context = ecsContext(PROD, volume);
  const constraints = { encryptionContextSubset: context };
  return [at(1, createGrant(`grant-${volume}`, { constraints })), at(2, retireGrant(`grant-${volume}`)), at(5, decrypt(context))];
};

const total = (metrics: readonly Metric[], rule: string): number =>
  metrics.filter(({ name, dimensions }) => name === 'Findings' && dimensions.Rule === rule).reduce((sum, { value }) => sum + value, 0);

describe('the sweep', () => {
  it('alerts the others when one alert cannot be sent, and that one when it can', async () => {
    const one = bench();
    const other = { account: PROD.account, name: 'other' };
    const context = ecsContext(other, 'vol-2');
    await auditEvent(lateDecrypt('vol-1'), one.pipeline);
    await auditEvent(
      [at(1, createGrant('g2', { constraints: { encryptionContextSubset: context } })), at(2, retireGrant('g2')), at(5, decrypt(context))],
      one.pipeline,
    );
    one.clock.now += 3_600;
    one.refuses = ({ attributes }) => attributes.clusterName === PROD.name;
    await expect(settleCandidates(one.pipeline)).rejects.toThrow('refused');
    expect(one.sent.map(({ attributes }) => attributes.clusterName)).toEqual(['other']);
    one.refuses = () => false;
    one.clock.now += 3_600;
    await settleCandidates(one.pipeline);
    expect(one.sent.map(({ attributes }) => attributes.clusterName)).toEqual(['other', PROD.name]);
    expect(total(one.counted, 'use-after-release')).toBe(2);
  });

  it('alerts nothing of a history that was recorded in silence', async () => {
    const one = bench();
    const { alerts: _, metrics: __, ...silent } = one.pipeline;
    await auditEvent(lateDecrypt('vol-1'), silent);
    one.clock.now += 3_600;
    await settleCandidates(one.pipeline);
    expect(one.sent).toEqual([]);
    expect(reportOf(await one.pipeline.ledger.snapshot(), DEFAULT_POLICY, sha256).findings).toMatchObject([{ rule: 'use-after-release' }]);
  });
});

describe('alerts', () => {
  it('are not silenced for good by an event dated in the future', async () => {
    const one = bench();
    await auditEvent({ ...at(1, record('DisableKey')), eventTime: '9998-01-01T00:00:00Z' }, one.pipeline);
    expect(one.sent).toHaveLength(1);
    one.clock.now += 7_200;
    const soon = new Date(one.clock.now * 1000).toISOString();
    await auditEvent({ ...at(2, record('DisableKey')), eventTime: soon }, one.pipeline);
    expect(one.sent).toHaveLength(2);
  });

  it('of refusals that name no key are told apart by account', async () => {
    const one = bench();
    const refusal = (account: string): RawRecord =>
      at(
        1,
        record('Decrypt', {
          errorCode: 'DisabledException',
          resources: [],
          requestParameters: null,
          responseElements: null,
          recipientAccountId: account,
        }),
      );
    await auditEvent([refusal('111122223333'), refusal('123456789012')], one.pipeline);
    expect(one.sent).toHaveLength(2);
  });

  it('count a revocation once, whatever else is told of its grant', async () => {
    const one = bench();
    await auditEvent([at(1, createGrant('g')), at(2, revokeGrant('g', 'operator')), at(3, retireGrant('g'))], one.pipeline);
    expect(total(one.counted, 'grant-revoked-in-use')).toBe(1);
    expect(one.sent).toHaveLength(1);
  });
});

describe('the database', () => {
  let tables: TestTables;
  beforeAll(async () => {
    tables = await startTestTables();
  });
  afterAll(async () => tables.stop());

  it('loads the ends of a storm’s evidence and counts the rest', async () => {
    const ledger = new DynamoDbLedger(tables.client, await tables.create());
    const subject = { keyArn: 'k' };
    const id = findingId('disabled-key-use', subject, sha256);
    const occurrence = (second: number): Occurrence => ({
      rule: 'disabled-key-use',
      severity: 'critical',
      subject,
      about: {},
      group: 'g',
      eventId: eventId(`${second}`),
      time: instant(second),
      operation: 'Decrypt',
      caller: 'c',
      sentence: 's',
    });
    await Promise.all(Array.from({ length: 250 }, (_, second) => ledger.addEvidence(id, occurrence(second))));
    const evidence = await ledger.evidenceOf(id);
    expect(evidence).toMatchObject({ count: 250, complete: true, first: occurrence(0), last: occurrence(249) });
    expect(evidence?.orders).toHaveLength(100);
  });

  it('and memory agree on two records that share an id, and on names with line breaks', async () => {
    const odd = (name: string, volume: string): RawRecord => ({
      ...at(1, decrypt(ecsContext({ account: PROD.account, name }, volume))),
      eventID: eventId('shared'),
    });
    const records = [odd('a', 'vol-1'), odd('b', 'vol-1'), odd('b\nc', 'v'), odd('c', 'v\nb')];
    const reports = [];
    for (const order of [records, [...records].reverse()]) {
      for (const ledger of [new MemoryLedger(), new DynamoDbLedger(tables.client, await tables.create())]) {
        await auditEvent(order, bench(ledger).pipeline);
        reports.push(reportOf(await ledger.snapshot(), DEFAULT_POLICY, sha256));
      }
    }
    expect(reports[0]?.volumes).toHaveLength(4);
    for (const report of reports) expect(report).toEqual(reports[0]);
  });
});

describe('what cannot be read', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kms-audit-'));
  });
  afterAll(async () => rm(folder, { recursive: true, force: true }));

  it('among files is a source that says so, and its neighbours are read', async () => {
    await writeFile(join(folder, 'good.json'), '[]');
    await mkdir(join(folder, 'locked'));
    await chmod(join(folder, 'locked'), 0o000);
    const places = await listSources([folder]);
    await chmod(join(folder, 'locked'), 0o700);
    // The superuser may list any folder; everybody else is told.
    const locked =
      process.getuid?.() === 0 ? [] : [{ path: join(folder, 'locked'), unreadable: expect.stringContaining('cannot be listed') }];
    expect(places).toEqual([join(folder, 'good.json'), ...locked]);
    expect(await readSource(join(folder, 'good.json'))).toEqual({ path: join(folder, 'good.json'), values: [{ value: [] }] });
  });
});
