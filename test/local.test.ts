import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynamoDbLedger } from '../src/aws/dynamodb-ledger.ts';
import { listSources } from '../src/cli/input.ts';
import { local } from '../src/cli/local.ts';
import type { Terminal } from '../src/cli/terminal.ts';
import { type EmbeddedStack, startEmbeddedStack } from '../src/local/embedded-stack.ts';
import { FunctionError } from '../src/local/runtime-api.ts';
import { cleanLife, testKeyArn } from './support/life.ts';

const EVENTS = new URL('../events/', import.meta.url).pathname;

/** Fargate's Decrypt of a volume, refused because the key is disabled. */
function refusal(eventID: string, keyId = '5a3c1c8e-4b3a-4c8e-9d0e-2f6b7c8d9e01'): Record<string, unknown> {
  return {
    ...cleanLife({ keyId })[4],
    eventID,
    errorCode: 'DisabledException',
    errorMessage: `${testKeyArn({ keyId })} is disabled.`,
  };
}

describe('the embedded stack', () => {
  let stack: EmbeddedStack;
  beforeAll(async () => {
    stack = await startEmbeddedStack();
  });
  afterAll(async () => stack.stop());

  it('runs the built function: an alert and metrics for a use of a disabled key', async () => {
    const { response } = await stack.invoke(refusal('00000000-0000-4000-8000-000000000001'));
    expect(response).toBeNull();
    expect(stack.published).toHaveLength(1);
    expect(stack.published[0]).toMatchObject({
      topicArn: stack.environment.ALERT_TOPIC_ARN,
      attributes: { rule: 'disabled-key-use', severity: 'critical', clusterName: 'payments', keyArn: testKeyArn() },
    });
    expect(JSON.parse(stack.published[0]?.bodies.default ?? '')).toMatchObject({ source: 'custom', version: '1.0' });
    expect(stack.published[0]?.bodies.email).toContain('aws kms enable-key');
    expect(stack.metrics).toContainEqual(
      expect.objectContaining({ namespace: 'KmsAudit', name: 'DisabledKeyUse', dimensions: { ClusterName: 'payments' }, value: 1 }),
    );
  });

  it('keeps its process warm, takes events one at a time, and writes to the table', async () => {
    const invoked = await Promise.all(cleanLife({ serial: 7 }).map((record) => stack.invoke(record)));
    expect(new Set(invoked.map(({ processId }) => processId)).size).toBe(1);
    expect(invoked[0]?.processId).not.toBe(process.pid);
    const { grants } = await new DynamoDbLedger(stack.client, stack.tableName).snapshot();
    expect(grants).toMatchObject([{ keyArn: testKeyArn(), end: { how: 'retired' } }]);
    expect((await stack.client.send(new ListTablesCommand({}))).TableNames).toEqual([stack.tableName]);
  });

  it('hands back what the function logged', async () => {
    const { logs } = await stack.invoke({ eventSource: 'kms.amazonaws.com', eventName: 'Decrypt' });
    expect(logs.map((line) => JSON.parse(line))).toEqual([{ message: 'record rejected', reason: expect.stringContaining('eventID') }]);
    expect(stack.metrics.at(-1)).toMatchObject({ name: 'RejectedRecords' });
  });

  it('rejects with what the handler threw; the queue’s retries mend it, and the alert goes out once', async () => {
    const keyId = '6b4d2d9f-5c4b-4d9f-8e1f-3a7c8d9e0f12';
    const event = refusal('00000000-0000-4000-8000-000000000002', keyId);
    const of = ({ attributes }: { attributes: Readonly<Record<string, string>> }): boolean => attributes.keyArn === testKeyArn({ keyId });
    stack.setFault(({ service }) =>
      service === 'sns' ? { effect: 'lost', reply: { status: 400, code: 'AuthorizationError', message: 'not today' } } : undefined,
    );
    await expect(stack.invoke(event)).rejects.toMatchObject({ name: expect.stringContaining('AuthorizationError'), message: 'not today' });
    expect(stack.published.filter(of)).toEqual([]);
    stack.setFault(undefined);
    await stack.invoke(event, { retries: 2 });
    expect(stack.published.filter(of)).toHaveLength(1);
  });

  it('ends like Lambda when the process dies, and starts another for the next event', async () => {
    const first = await stack.invoke({ eventSource: 's3.amazonaws.com', eventID: 'x' });
    stack.setFault(() => {
      stack.kill();
      return { effect: 'kept', reply: 'hang-up' };
    });
    const died = stack.invoke(refusal('00000000-0000-4000-8000-000000000003', '7c5e3ea0-6d5c-4ea0-9f20-4b8d9eaf1023'));
    await expect(died).rejects.toBeInstanceOf(FunctionError);
    await expect(died).rejects.toMatchObject({ name: 'Runtime.ExitError' });
    stack.setFault(undefined);
    expect((await stack.invoke({ eventSource: 's3.amazonaws.com', eventID: 'x' })).processId).not.toBe(first.processId);
  });

  it('sweeps as if time had passed: a use after release is alerted', async () => {
    const life = cleanLife({ serial: 9, volumeId: 'vol-0fedcba9876543210', cluster: 'late' });
    const late = { ...life[4], eventID: '00000000-0000-4000-8000-000000000009', eventTime: '2026-11-02T11:30:01Z' };
    for (const record of [...life, late]) await stack.invoke(record);
    const isLate = ({ attributes }: { attributes: Readonly<Record<string, string>> }): boolean => attributes.rule === 'use-after-release';
    expect((await stack.sweep(0)).response).toMatchObject({ settled: 0 });
    expect(stack.published.filter(isLate)).toEqual([]);
    expect((await stack.sweep()).response).toMatchObject({ settled: 1 });
    expect(stack.published.filter(isLate)).toHaveLength(1);
  });
});

function terminal(): Terminal & { readonly text: () => string; readonly errors: () => string } {
  const [outChunks, errChunks]: [string[], string[]] = [[], []];
  const to = (chunks: string[]): Writable =>
    new Writable({
      write: (chunk, _, done) => {
        chunks.push(String(chunk));
        done();
      },
    });
  return {
    out: to(outChunks),
    err: to(errChunks),
    colour: false,
    live: false,
    width: 100,
    text: () => outChunks.join(''),
    errors: () => errChunks.join(''),
  };
}

describe('kms-audit local', () => {
  it('shows who may decrypt, what was refused, what was sent', async () => {
    const seen = terminal();
    const paths = ['disabled-key', 'fargate-task-life', 'foreign-grantee'].map((scenario) => EVENTS + scenario);
    const { length } = await listSources(paths);
    await local(paths, { json: false }, seen);
    expect(seen.errors()).toBe('');
    const text = seen.text();
    const order = ['Who may decrypt', 'What was refused', 'Alerts sent', 'Metrics sent'].map((title) => text.indexOf(title));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order[0]).toBe(0);
    expect(text).toMatch(/ {2}released {2}2026-11-02 09:14:05 ●────■ 10:44:20 retired +1 decrypt\n/);
    expect(text).toContain(' is disabled (us-west-2 111122223333)\n');
    expect(text).toMatch(/\n CRITICAL {2}A disabled key is still being used: /);
    expect(text).toContain('arn:aws:iam::123456789012:role/data-export may Decrypt, DescribeKey');
    expect(text).toMatch(/\nDisabledKeyUse +\d+\n/);
    expect(text.trimEnd().split('\n').at(-1)).toMatch(
      new RegExp(`^${length} events sent, 0 records rejected\\. Findings: \\d+ critical, \\d+ high\\. \\d+ alerts sent\\.$`),
    );
  });

  it('prints one JSON object and nothing else', async () => {
    const seen = terminal();
    const paths = ['key-disabled-with-dependents', 'malformed-records'].map((scenario) => EVENTS + scenario);
    await local(paths, { json: true }, seen);
    expect(seen.errors()).toBe('');
    const report = JSON.parse(seen.text());
    expect(Object.keys(report).sort()).toEqual(['alerts', 'events', 'findings', 'keys', 'metrics', 'refusals', 'sources', 'volumes']);
    expect(report.events).toEqual({ sent: (await listSources(paths)).length, rejected: 13, failed: 0 });
    expect(report.metrics).toContainEqual({ name: 'RejectedRecords', dimensions: {}, value: 13 });
    expect(report.alerts).toContainEqual(
      expect.objectContaining({
        attributes: expect.objectContaining({ rule: 'key-made-unusable' }),
        chat: expect.objectContaining({ content: expect.objectContaining({ title: expect.stringContaining('made unusable') }) }),
        email: expect.stringContaining('By cluster'),
      }),
    );
  });

  it('counts what is no JSON as rejected, sends the rest, and draws its progress on stderr of a terminal only', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kms-audit-local-'));
    const lines = [...cleanLife().map((record) => JSON.stringify(record)), '{"half'];
    await writeFile(join(folder, 'lines'), lines.join('\n'));
    await writeFile(join(folder, 'empty'), '');
    const seen = { ...terminal(), live: true };
    await local([folder], { json: true }, seen);
    await rm(folder, { recursive: true });
    const { events, sources, volumes } = JSON.parse(seen.text());
    expect(events).toEqual({ sent: 6, rejected: 2, failed: 0 });
    expect(sources.map((source: { rejected: { reason: string }[] }) => source.rejected[0]?.reason)).toEqual([
      'expected JSON, found an empty file',
      'line 7 is no JSON',
    ]);
    expect(volumes).toMatchObject([{ status: 'released', decrypts: 1 }]);
    expect(seen.errors()).toMatch(/^\r\S+1\/2 [^\r]+\r\S+2\/2 [^\r]+\r[^\r]+the sweep[^\r]+\r\S+$/);
  });

  it('says which path is not there', async () => {
    await expect(local(['/nonexistent/events'], { json: false }, terminal())).rejects.toThrow('/nonexistent/events: no such file');
  });
});
