import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { type AlertParts, alertMessage } from '../../src/core/alert-text.ts';
import { evidenceOfOne, foldEvidence, type Occurrence } from '../../src/core/finding.ts';
import type { AlertMessage } from '../../src/core/message.ts';
import { RULES } from '../../src/core/rules/registry.ts';
import { SEVERITIES } from '../../src/core/severity.ts';
import { sha256 } from '../../src/system.ts';
import { ACCOUNT, eventId, instant, KEY } from '../support/fleet.ts';

const SNS_MESSAGE_LIMIT_BYTES = 262_144;

/** https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html */
const chatSchema = v.strictObject({
  version: v.literal('1.0'),
  source: v.literal('custom'),
  id: v.pipe(v.string(), v.nonEmpty()),
  content: v.strictObject({
    textType: v.literal('client-markdown'),
    title: v.pipe(v.string(), v.nonEmpty()),
    description: v.pipe(v.string(), v.nonEmpty()),
    nextSteps: v.array(v.pipe(v.string(), v.nonEmpty())),
    keywords: v.array(v.pipe(v.string(), v.nonEmpty())),
  }),
  metadata: v.strictObject({
    threadId: v.pipe(v.string(), v.nonEmpty()),
    summary: v.pipe(v.string(), v.nonEmpty()),
    eventType: v.pipe(v.string(), v.nonEmpty()),
    additionalContext: v.record(v.string(), v.pipe(v.string(), v.nonEmpty())),
  }),
});

const occurrence = (fields: Partial<Occurrence> = {}): Occurrence => ({
  rule: 'disabled-key-use',
  severity: 'critical',
  subject: { keyArn: KEY, clusterAccount: ACCOUNT, clusterName: 'prod' },
  about: {},
  group: JSON.stringify(['disabled-key-use', KEY]),
  eventId: eventId('one'),
  time: instant(0),
  operation: 'Decrypt',
  caller: 'fargate.amazonaws.com',
  region: 'us-east-1',
  sentence: 'Decrypt for cluster prod was refused.',
  ...fields,
});

function message(lead: Occurrence, parts: Partial<AlertParts> = {}): AlertMessage {
  const evidence = evidenceOfOne(lead);
  return alertMessage({ lead, others: [], evidence, reminder: false, ...parts }, sha256);
}

const chatOf = (one: AlertMessage): v.InferOutput<typeof chatSchema> => v.parse(chatSchema, JSON.parse(one.chat));

/** The same hostile text in every field that may come from outside. */
function hostile(text: string): Occurrence {
  const every = {
    keyArn: text,
    keyStoreId: text,
    grantId: text,
    clusterAccount: text,
    clusterName: text,
    volumeId: text,
    resource: text,
    caller: text,
    account: text,
  };
  return occurrence({ subject: every, about: every, eventId: text, operation: text, caller: text, region: text, advice: text });
}

describe('alertMessage', () => {
  it('says what happened, to whom, what to do and how to find the record', () => {
    const one = message(occurrence());
    const chat = chatOf(one);

    expect(one.subject).toMatch(/^\[CRITICAL\] A disabled key is still being used: cluster prod, key 1{8}-/);
    expect(one.attributes).toEqual({
      rule: 'disabled-key-use',
      severity: 'critical',
      findingId: expect.stringMatching(/^[0-9a-f]{32}$/),
      keyArn: KEY,
      clusterName: 'prod',
    });
    expect(chat.metadata).toMatchObject({
      threadId: sha256(JSON.stringify(['disabled-key-use', KEY])).slice(0, 32),
      eventType: 'disabled-key-use',
      additionalContext: {
        findingId: one.attributes.findingId,
        rule: 'disabled-key-use',
        severity: 'critical',
        keyArn: KEY,
        clusterName: 'prod',
        caller: 'fargate.amazonaws.com',
        operation: 'Decrypt',
        firstSeen: instant(0),
        lastSeen: instant(0),
        count: '1',
        eventIds: eventId('one'),
      },
    });
    for (const body of [one.email, chat.content.description]) {
      expect(body).toContain('Decrypt for cluster prod was refused.');
      expect(body).toContain(`AttributeKey=EventId,AttributeValue=${eventId('one')}`);
    }
    expect(one.email).toContain(`aws kms enable-key --region us-east-1 --key-id ${KEY}`);
  });

  it('counts what was seen, and lists the latest ten events', () => {
    const all = Array.from({ length: 12 }, (_, index) => occurrence({ eventId: eventId(`${index}`), time: instant(index) }));
    const evidence = foldEvidence(all);
    if (evidence === undefined) throw new Error('no evidence');

    const one = message(occurrence(), { evidence, reminder: true });

    expect(one.subject).toMatch(/^Still: \[CRITICAL\]/);
    expect(one.email).toContain(`Seen 12 times, from ${instant(0)} to ${instant(11)}.`);
    expect(chatOf(one).metadata.additionalContext).toMatchObject({ count: '12' });
    expect(chatOf(one).metadata.additionalContext.eventIds?.split(' ')).toEqual(all.slice(-10).map((occurred) => occurred.eventId));
  });

  it('tells the others of the record once each', () => {
    const one = message(occurrence(), {
      others: [occurrence({ rule: 'launch-blocked' }), occurrence({ rule: 'launch-blocked' })],
    });

    expect(one.email.split('Also launch-blocked: Tasks cannot start')).toHaveLength(2);
  });

  it.each([
    [
      { openGrants: 0, clusters: [], complete: true },
      'No open grant on the key is known to the audit. Secrets, images, logs and buckets use a key without one.',
    ],
    [{ openGrants: 1, clusters: [], complete: true }, 'Depending on the key now: 1 open grant.'],
    [
      {
        openGrants: 3,
        clusters: [
          { clusterAccount: ACCOUNT, clusterName: 'a', openGrants: 1 },
          { clusterAccount: ACCOUNT, clusterName: 'b', openGrants: 2 },
        ],
        complete: false,
      },
      'Depending on the key now: at least 3 open grants. By cluster: b (2), a (1).',
    ],
    [
      {
        openGrants: 12,
        clusters: Array.from({ length: 12 }, (_, index) => ({ clusterAccount: ACCOUNT, clusterName: `c${index}`, openGrants: 1 })),
        complete: true,
      },
      'Depending on the key now: 12 open grants. By cluster: c0 (1), c1 (1), c2 (1), c3 (1), c4 (1), c5 (1), c6 (1), c7 (1), c8 (1), c9 (1) and 2 more.',
    ],
  ])('says who depends on the key: %j', (dependents, expected) => {
    expect(message(occurrence(), { dependents }).email.split('\n')).toContain(expected);
  });

  it('offers the policy entry that would expect this, unless it is too long', () => {
    expect(message(occurrence({ advice: '{"grants":[]}' })).email).toContain('add to the policy: {"grants":[]}');
    expect(message(occurrence({ advice: 'x'.repeat(2000) })).email).toContain('add to the policy: xxx');
    expect(message(occurrence({ advice: 'x'.repeat(2001) })).email).not.toContain('add to the policy');
  });

  it('offers advice that is JSON still, whatever its text holds', () => {
    const advice = JSON.stringify({ grants: [{ grantee: ['a\u202eb\u200b'] }] });

    const [, offered = ''] = /add to the policy: (.*)/.exec(message(occurrence({ advice })).email) ?? [];

    expect(JSON.parse(offered)).toEqual(JSON.parse(advice));
  });

  it.each(RULES.map(({ id }) => id))('is whole for %s', (rule) => {
    const one = message(occurrence({ rule }));

    expect(chatOf(one).content.nextSteps.length).toBeGreaterThan(0);
    expect(one.email).not.toContain('undefined');
  });

  it('is whole for a rule of another version', () => {
    const one = message(occurrence({ rule: 'of-tomorrow' }), { others: [occurrence({ rule: 'of-next-week' })] });
    const { title, nextSteps } = chatOf(one).content;

    expect(title).toContain('of-tomorrow');
    expect(nextSteps).toEqual([]);
    expect(one.email.split('\n\n')[1]).toBe('Decrypt for cluster prod was refused.\nAlso of-next-week: of-next-week.');
  });

  it.each(SEVERITIES)('is marked as %s', (severity) => {
    expect(message(occurrence({ severity })).subject.startsWith(`[${severity.toUpperCase()}] `)).toBe(true);
  });

  it('names no Region in its commands where the record has none', () => {
    const { region: _region, ...nowhere } = occurrence();

    expect(message(nowhere).email).toContain(`aws kms enable-key --key-id ${KEY}`);
  });

  it('leaves out attributes that would be empty, which SNS refuses', () => {
    expect(message(occurrence({ subject: { keyArn: '', clusterName: '' } })).attributes).not.toMatchObject({ clusterName: '' });
    expect(Object.values(message(occurrence({ subject: {} })).attributes)).toHaveLength(3);
  });

  it.each([
    ['a shell command', 'prod; rm -rf /'],
    ['a substitution', '$(id)'],
    ['a space', 'a b'],
    ['an option', '--endpoint-url'],
  ])('puts no name into a command line that is %s', (_what, clusterName) => {
    const { email } = message(occurrence({ rule: 'grant-revoked-in-use', subject: { keyArn: KEY, clusterName } }));

    expect(email).toContain('--cluster <cluster>');
  });
});

describe('hostile text in every field', () => {
  const table: readonly [string, string][] = [
    ['10 kB of one letter', 'n'.repeat(10_240)],
    ['10 kB of three-byte letters', '漢'.repeat(10_240)],
    ['10 kB of emoji', '😀'.repeat(5_120)],
    ['10 kB of controls', '\u0000'.repeat(10_240)],
    ['terminal escapes', '\u001b[2J\u001b]8;;http://example.com\u0007x'],
    ['line breaks', 'a\r\nSubject: b\n\nc'],
    ['HTML', '<script>alert(1)</script><img src=x>'],
    ['entities', '&lt;b&gt;&amp;'],
    ['Markdown links', '[click](http://example.com) ![x](http://example.com/x.png)'],
    ['Markdown code', '```\ncode\n``` `x`'],
    ['mentions', '<!channel> <@U123> <http://example.com|x>'],
    ['right-to-left marks', '\u202egnp.exe\u202c \u2066x\u2069'],
    ['zero-width characters', 'p\u200br\u200co\u200dd\ufeff'],
    ['separators', 'a\u2028b\u2029c'],
    ['formulas', '=HYPERLINK("http://example.com")'],
    ['replacement patterns', '$& $1 $` <key> <cluster>'],
    ['quotes and backslashes', '"\\"\\u0000'],
    ['tag characters', 'a\u{e0041}\u{e0042}'],
  ];
  const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

  it.each(table)('is harmless: %s', (_what, text) => {
    const lead = hostile(text);
    const one = message(lead, {
      others: [],
      dependents: {
        openGrants: 20,
        clusters: Array.from({ length: 20 }, () => ({ clusterAccount: text, clusterName: text, openGrants: 1 })),
        complete: true,
      },
      reminder: true,
    });
    const chat = chatOf(one);
    const { title, description, nextSteps, keywords } = chat.content;
    const markedUp = [title, description, chat.metadata.summary, ...nextSteps];

    expect(one.subject).toMatch(/^[\x20-\x7e]{1,99}$/);
    expect(one.email.split('\n').filter((line) => UNSEEN.test(line))).toEqual([]);
    expect(one.email.split('\n').filter((line) => line.startsWith('Subject:') || line === 'c')).toEqual([]);
    expect([...markedUp, ...keywords].filter((body) => body.split('\n').some((line) => UNSEEN.test(line)))).toEqual([]);
    expect(markedUp.filter((body) => /[<>`]|\]\(/.test(body))).toEqual([]);
    expect(Object.values(chat.metadata.additionalContext).filter((value) => UNSEEN.test(value) || value.length > 500)).toEqual([]);
    expect(Object.values(one.attributes).filter((value) => value === '' || UNSEEN.test(value) || value.length > 500)).toEqual([]);
    expect(Buffer.byteLength(JSON.stringify({ default: one.chat, email: one.email }))).toBeLessThan(SNS_MESSAGE_LIMIT_BYTES / 2);
  });
});
