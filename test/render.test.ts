import { describe, expect, it } from 'vitest';
import { columnsOf, commandLines, fitted, hanging, wrapped } from '../src/cli/layout.ts';
import type { LocalReport } from '../src/cli/local-report.ts';
import { renderReplay, renderRule, styleOf } from '../src/cli/render.ts';
import { renderLocal } from '../src/cli/render-local.ts';
import type { ReplayReport } from '../src/cli/replay.ts';
import type { Caller } from '../src/core/caller.ts';
import type { Refused } from '../src/core/fact.ts';
import type { Finding } from '../src/core/finding.ts';
import { RULES } from '../src/core/rules/registry.ts';
import type { SEVERITIES } from '../src/core/severity.ts';

const ESCAPE = String.fromCharCode(27);
/** A code, its text, and the code that undoes it. */
const STYLED = new RegExp(`${ESCAPE}\\[[\\d;]+m([^${ESCAPE}]+)${ESCAPE}\\[0m`, 'g');
const PLAIN = styleOf(false);
const COLOUR = styleOf(true);
/** Clears the screen, turns the text around, hides, breaks the line; and takes two columns a character. */
const HOSTILE = 'pay\u001b[2J\u202ements\u200b\r\n鍵鍵🔑<b>`'.repeat(8);
const KEY = 'arn:aws:kms:us-west-2:111122223333:key/5a3c1c8e-4b3a-4c8e-9d0e-2f6b7c8d9e01';
const AT = '2026-11-02T10:00:00Z';
const caller: Caller = { id: HOSTILE, trusted: false, awsRole: false };

const volume = (volumeId: string, status: 'prepared' | 'granted' | 'released', clusterName = 'payments') => ({
  volumeId,
  clusterAccount: '111122223333',
  clusterName,
  keyArn: KEY,
  status,
  grants:
    status === 'prepared'
      ? []
      : [
          {
            grantId: 'g',
            status: 'open' as const,
            createdAt: AT,
            ...(status === 'released' ? { status: 'retired' as const, endedAt: '2026-11-03T09:00:00Z' } : {}),
          },
        ],
  decrypts: 3,
});

const finding = (severity: (typeof SEVERITIES)[number], id: string, changes: Partial<Finding> = {}): Finding => ({
  id,
  rule: 'disabled-key-use',
  severity,
  status: 'holds',
  title: 'A disabled key is still being used',
  caller: HOSTILE,
  operation: 'Decrypt',
  firstSeen: AT,
  lastSeen: AT,
  count: 1,
  eventIds: ['e'],
  ...changes,
});

const report: ReplayReport = {
  events: { read: 5, audited: 2, duplicates: 1, outOfScope: 1, rejected: 1 },
  sources: [{ path: `logs/${HOSTILE}.json`, records: 5, rejected: [{ index: 2, reason: HOSTILE }] }],
  findings: [
    finding('medium', 'm'),
    finding('critical', 'c', { title: HOSTILE, count: 2, lastSeen: '2026-11-02T11:00:00Z' }),
    finding('high', 'h'),
  ],
  volumes: [volume('vol-2', 'released'), volume('vol-1', 'granted'), volume(HOSTILE, 'prepared', HOSTILE)],
  keys: [
    { keyArn: HOSTILE, openGrants: 0, clusters: [], resources: [{ kind: 'secret', id: HOSTILE, lastSeen: AT }] },
    {
      keyArn: KEY,
      state: 'pending-deletion',
      openGrants: 2,
      clusters: [{ clusterAccount: '111122223333', clusterName: 'payments', openGrants: 1 }],
      resources: [],
    },
    { keyArn: `${KEY}f`, openGrants: 0, clusters: [], resources: [] },
  ],
};

const refusal = (reason: Refused['reason'], changes: Partial<Refused> = {}): Refused => ({
  kind: 'refused',
  eventId: 'e',
  time: AT,
  operation: 'Decrypt',
  caller,
  trust: 'none',
  keyArn: `${KEY}f`,
  reason,
  code: 'X',
  message: HOSTILE,
  rehearsal: false,
  ...changes,
});

const localReport: LocalReport = {
  ...report,
  volumes: [...report.volumes],
  events: { sent: 5, rejected: 1, failed: 1 },
  refusals: [
    refusal('denied', { rehearsal: true, resource: { kind: 'secret', id: HOSTILE } }),
    refusal('disabled', { cluster: { account: '111122223333', name: HOSTILE }, volumeId: 'vol-1', operation: HOSTILE }),
  ],
  otherGrants: [
    {
      kind: 'grant-created',
      eventId: 'e',
      time: AT,
      operation: 'CreateGrant',
      caller,
      trust: 'none',
      keyArn: KEY,
      grantId: 'g',
      grantee: HOSTILE,
    },
  ],
  alerts: [
    {
      topicArn: 'arn:aws:sns:us-west-2:111122223333:alerts',
      subject: 'x',
      attributes: { severity: 'critical' },
      bodies: {
        default: JSON.stringify({
          content: {
            title: `[CRITICAL] &lt;b&gt; &amp;amp; ${HOSTILE}`,
            description: `${HOSTILE}\nSeen once.`,
            nextSteps: ['Switch it on: aws kms enable-key --key-id arn', `Say ${HOSTILE}`],
          },
        }),
      },
    },
    { topicArn: 'arn', attributes: {}, bodies: { default: `no JSON ${HOSTILE}` } },
  ],
  metrics: [{ name: 'DisabledKeyUse', dimensions: { ClusterName: HOSTILE }, value: 2 }],
};

const rendered = (width: number, style = PLAIN): readonly (readonly [string, string])[] => [
  ['replay', renderReplay(report, style, width)],
  ['local', renderLocal(localReport, style, width)],
  ...RULES.map((rule) => [rule.id, renderRule(rule, style, width)] as const),
];

describe('what people read', () => {
  it.each(rendered(100))('%s has no codes without a terminal, and nothing that cannot be seen', (_, text) => {
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });

  it.each(rendered(100, COLOUR))('%s has no codes but its own on a terminal, each undone on its line', (_, text) => {
    for (const line of text.split('\n')) {
      const bare = line.replaceAll(STYLED, '');
      expect(bare).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });

  it('says the same with colours as without', () => {
    for (const [index, [, text]] of rendered(100, COLOUR).entries()) expect(text.replaceAll(STYLED, '$1')).toBe(rendered(100)[index]?.[1]);
  });

  it.each([60, 80, 100, 140])('keeps within %i columns, commands to copy excepted', (width) => {
    for (const [, text] of rendered(width))
      for (const line of text.split('\n')) if (!/^ *(?:aws |--)/.test(line)) expect(columnsOf(line), line).toBeLessThanOrEqual(width);
  });
});

describe('a replay', () => {
  const lines = renderReplay(report, PLAIN, 100).split('\n');
  const at = (pattern: RegExp): number => {
    const index = lines.findIndex((line) => pattern.test(line));
    expect(index, String(pattern)).toBeGreaterThanOrEqual(0);
    return index;
  };

  it('puts the key that cannot be used and is needed first, with who needs it', () => {
    expect(lines[2]).toMatch(/^key 5a3c1c8e-4b3a-4c8e-9d0e-2f6b7c8d9e01 {2}us-west-2 111122223333 +PENDING DELETION, 2 open grants$/);
    expect(lines.slice(3, 6)).toEqual([
      '  cluster payments of 111122223333',
      expect.stringMatching(/^ {4}vol-1 {2}granted {3}2026-11-02 10:00:00 ●────▶ open +3 decrypts$/),
      expect.stringMatching(/^ {4}vol-2 {2}released {2}2026-11-02 10:00:00 ●────■ 2026-11-03 09:00:00 retired +3 decrypts$/),
    ]);
    expect(at(/^ {2}1 grant outside any cluster$/)).toBeLessThan(at(/last seen using it/));
    at(/^1 other key in the records, with nothing known to depend on it\.$/);
  });

  it('orders findings by severity and counts everything at its end', () => {
    expect(at(/^ CRITICAL /)).toBeLessThan(at(/^ HIGH /));
    expect(at(/^ HIGH /)).toBeLessThan(at(/^ MEDIUM /));
    at(/2 times, 2026-11-02 10:00:00 to 11:00:00/);
    expect(lines.slice(-2)).toEqual([
      '5 records read: 2 audited, 1 duplicate, 1 out of scope, 1 rejected.',
      'Findings: 1 critical, 1 high, 1 medium.',
    ]);
    expect(renderReplay(report, PLAIN, 140)).toMatch(/\n5 records read: .* Findings: 1 critical, 1 high, 1 medium\.$/);
  });

  it('names each rejected record and why', () => {
    expect(lines[at(/^Not readable/) + 2]).toMatch(/^logs\/pay\\u\{1b\}\[2J/);
    at(/^ {2}record 3: pay\\u\{1b\}/);
  });

  it('says so when there is nothing', () => {
    const empty = { read: 0, audited: 0, duplicates: 0, outOfScope: 0, rejected: 0 };
    const text = renderReplay({ events: empty, sources: [], findings: [], volumes: [], keys: [] }, PLAIN, 100);
    expect(text).toContain('No key was seen.');
    expect(text).toContain('No finding holds.');
    expect(text).toMatch(/Findings: none\.$/);
    const quiet = {
      ...localReport,
      refusals: [],
      alerts: [],
      metrics: [],
      keys: [],
      findings: [],
      sources: [],
      events: { sent: 0, rejected: 0, failed: 0 },
    };
    const told = renderLocal(quiet, PLAIN, 100);
    for (const sentence of ['Nothing was refused.', 'Nobody was alerted.', 'None.']) expect(told).toContain(sentence);
    expect(told).toMatch(/0 events sent, 0 records rejected\. Findings: none\. 0 alerts sent\.$/);
  });

  it('bounds what is over: eight released volumes of a cluster, twelve resources of a key, twenty rejections of a source', () => {
    const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));
    const text = renderReplay(
      {
        ...report,
        volumes: [
          ...many(20, (index) => volume(`vol-${index}`, 'released')),
          ...many(20, (index) => volume(`vol-live-${index}`, 'granted')),
        ],
        keys: [
          {
            keyArn: KEY,
            openGrants: 20,
            clusters: [],
            resources: many(15, (index) => ({ kind: 'secret', id: `secret-${index}`, lastSeen: AT })),
          },
        ],
        sources: [{ path: 'x', records: 25, rejected: many(25, (index) => ({ index, reason: 'bad' })) }],
      },
      PLAIN,
      100,
    );
    expect(text.match(/vol-live-/g)).toHaveLength(20);
    for (const rest of ['and 12 more released', 'and 3 more', 'and 5 more']) expect(text).toContain(rest);
  });
});

describe('a local run', () => {
  const text = renderLocal(localReport, PLAIN, 100);

  it('shows a key that was refused though nobody saw it change', () => {
    expect(text).toMatch(/^key \S+f {2}us-west-2 111122223333 +REFUSED AS DISABLED$/m);
  });

  it('shows an alert as its reader would: entities undone, the command on a line of its own', () => {
    expect(text).toMatch(/^ CRITICAL {2}<b> &amp;\s+pay\\u\{1b\}/m);
    expect(text).toContain('   1. Switch it on:\n      aws kms enable-key --key-id arn\n');
    expect(text).toContain('no JSON pay');
  });

  it('shows no refusal of a key that has worked since', () => {
    const key = { keyArn: KEY, openGrants: 0, clusters: [], resources: [{ kind: 'secret', id: 's', lastSeen: '2026-11-02T10:00:01Z' }] };
    const shown = (time: string): string =>
      renderLocal(
        { ...localReport, keys: [key], volumes: [], otherGrants: [], refusals: [refusal('disabled', { keyArn: KEY, time })] },
        PLAIN,
        100,
      );
    expect(shown('2026-11-02T10:00:00Z')).not.toContain('REFUSED AS');
    expect(shown('2026-11-02T10:00:01Z')).toContain('REFUSED AS DISABLED');
  });

  it('tells refusals that say something about the key before others, with the reason', () => {
    expect(text.indexOf(' is disabled (')).toBeGreaterThan(0);
    expect(text.indexOf(' is disabled (')).toBeLessThan(text.indexOf(': not allowed ('));
    expect(text).toContain('Decrypt (rehearsal) for secret');
  });

  it('bounds refusals of one kind to the latest twelve', () => {
    const refusals = Array.from({ length: 30 }, (_, index) =>
      refusal('passing', { eventId: String(index).padStart(2, '0'), operation: `Encrypt${index}` }),
    );
    const shown = renderLocal({ ...localReport, refusals }, PLAIN, 100);
    expect(shown).toContain('18 earlier ones, then');
    expect(shown).not.toContain('Encrypt17 ');
    expect(shown).toContain('Encrypt29 ');
  });
});

describe('layout', () => {
  it('counts columns as a terminal draws them', () => {
    expect([columnsOf('abc'), columnsOf('鍵🔑'), columnsOf('e\u0301'), columnsOf('●─')]).toEqual([3, 4, 1, 2]);
    expect(fitted('鍵鍵鍵', 4)).toBe('鍵…');
  });

  it('breaks JSON between members and an ARN at a slash', () => {
    const lines = wrapped('{"grants":[{"name":"expected","caller":["arn:aws:iam::111122223333:role/a"]}]}', 40);
    expect(JSON.parse(lines.join('\n'))).toMatchObject({ grants: [{ name: 'expected' }] });
    expect(lines.length).toBeGreaterThan(1);
    expect(wrapped('arn:aws:iam::111122223333:role/folder/name', 40)).toEqual(['arn:aws:iam::111122223333:role/folder/', 'name']);
  });

  it('hangs further lines under the first', () => {
    expect(hanging('1. ', 'one two three four five six', 23)).toEqual(['1. one two three four', '   five six']);
  });

  it('continues a command so that it can be pasted', () => {
    expect(commandLines('aws ecs stop-task --cluster web --task one --reason tested', 2, 35)).toEqual([
      '  aws ecs stop-task --cluster web \\',
      '    --task one --reason tested',
    ]);
  });
});
