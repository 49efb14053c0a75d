import { Writable } from 'node:stream';
import { InvalidArgumentError } from 'commander';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoDbLedger } from '../src/aws/dynamodb-ledger.ts';
import { InputError } from '../src/cli/input.ts';
import { type LedgerSource, withLedger } from '../src/cli/ledger-source.ts';
import { instant, reason, ruleIds, severity } from '../src/cli/options.ts';
import { type DynaliteServer, LOCAL_CREDENTIALS, LOCAL_REGION, startDynalite } from '../src/local/dynalite-server.ts';

/** Begins a line of a terminal anew. */
const CLEARED = '\r\u001b[K';

let database: DynaliteServer;
beforeAll(async () => {
  database = await startDynalite();
  await database.createTable('ledger');
});
afterAll(async () => database.stop());

/** Reads a ledger as the command line does; what it says on stderr, and how many findings were settled. */
async function read(source: LedgerSource, live = false): Promise<{ err: string; settled: number }> {
  let err = '';
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      err += chunk;
      done();
    },
  });
  const terminal = { out: stream, err: stream, colour: false, live, width: 100 };
  const settled = await withLedger(source, undefined, terminal, async ({ snapshot }) => snapshot.settlements.size);
  return { err, settled };
}

describe('a ledger in a table', () => {
  const own = { ...process.env };
  beforeEach(() => {
    Object.assign(process.env, own, {
      AWS_REGION: LOCAL_REGION,
      AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
      AWS_ENDPOINT_URL: database.endpoint,
    });
  });
  afterEach(() => {
    for (const name of Object.keys(process.env)) if (!(name in own)) delete process.env[name];
  });

  it('is read whole, however many pages it takes; on a terminal one sees how far it is', async () => {
    const ledger = new DynamoDbLedger(database.client, 'ledger');
    const settlement = { at: '2026-11-03T10:00:00Z', reason: 'known '.repeat(20_000), through: '2026-11-02T10:00:00Z' };
    for (let index = 0; index < 30; index += 1) await ledger.settle(`f${index}`, settlement);

    const { err, settled } = await read({ table: 'ledger' }, true);

    expect(settled).toBe(30);
    const [progress = '', said = ''] = [err.slice(0, err.lastIndexOf(CLEARED)), err.slice(err.lastIndexOf(CLEARED) + CLEARED.length)];
    expect(progress.split(CLEARED).slice(1).length).toBeGreaterThan(2);
    expect(progress.endsWith(`${CLEARED}30 items read`)).toBe(true);
    expect(said).toMatch(/^ledger: 30 items read, \d{3}(\.5)? read units\n$/);
  });

  it.each([
    ['that is not there', {}, 'there is no table "nowhere" in this account and Region'],
    ['behind no Region', { AWS_REGION: '' }, 'no AWS Region is set'],
    ['behind no credentials', { AWS_ACCESS_KEY_ID: '', AWS_PROFILE: 'none' }, 'no AWS credentials'],
    ['that cannot be reached', { AWS_ENDPOINT_URL: 'http://127.0.0.1:9', AWS_MAX_ATTEMPTS: '1' }, 'table "nowhere" cannot be reached'],
  ])('%s is an error of input', async (_, changes, message) => {
    Object.assign(process.env, changes);

    const reading = read({ table: 'nowhere' });

    await expect(reading).rejects.toThrow(InputError);
    await expect(reading).rejects.toThrow(message);
  });

  it('whose name none can have says what the service says', async () => {
    await expect(read({ table: '?' })).rejects.toThrow(/^table "\?": ValidationException: /);
  });

  it('does not hide what goes wrong with whoever uses it', async () => {
    const terminal = {
      out: process.stdout,
      err: new Writable({ write: (_c, _e, done) => done() }),
      colour: false,
      live: false,
      width: 100,
    };
    const fault = Object.assign(new Error('no space'), { code: 'ENOSPC' });

    await expect(withLedger({ table: 'ledger' }, undefined, terminal, () => Promise.reject(fault))).rejects.toBe(fault);
  });
});

describe('exactly one ledger', () => {
  it.each([
    [{}, 'no ledger to read'],
    [{ table: 'ledger', from: ['events'] }, 'two ledgers'],
  ])('%o', async (source, message) => {
    await expect(read(source)).rejects.toThrow(message);
  });
});

describe('the words of options', () => {
  it('are taken as they are meant', () => {
    expect(severity('high')).toBe('high');
    expect(ruleIds('launch-blocked', ruleIds('forged-context'))).toEqual(['forged-context', 'launch-blocked']);
    expect(instant('2027-01-31')).toBe('2027-01-31T00:00:00Z');
    expect(instant('2027-01-31T09:30:00+01:00')).toBe('2027-01-31T08:30:00Z');
    expect(reason('  known ')).toBe('known');
    expect(reason('x'.repeat(1_000))).toHaveLength(1_000);
  });

  it.each([
    [() => severity('hihg'), 'did you mean "high"?'],
    [() => severity('x'), 'expected one of critical, high, medium, low'],
    [() => ruleIds('lanch-blocked'), 'did you mean "launch-blocked"?'],
    [() => ruleIds('x'), 'the rules are '],
    [() => instant('2027-02-30'), 'expected a day'],
    [() => instant('2027-01-31T09:30:00'), 'expected a day'],
    [() => reason(' '), 'say why'],
    [() => reason('x'.repeat(1_001)), 'say why'],
  ])('are refused otherwise: %#', (read, message) => {
    expect(read).toThrow(InvalidArgumentError);
    expect(read).toThrow(message);
  });
});
