import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AlertMessage } from '../src/core/message.ts';
import type { Policy } from '../src/core/policy.ts';
import { RULES } from '../src/core/rules/registry.ts';
import { eventsOf, policyOf, sentAt, Watch } from './support/scenario-alerts.ts';

/** https://docs.aws.amazon.com/general/latest/gr/sns.html, and what is kept free of it. */
const SNS_MESSAGE_BYTES = 262_144;
const OWN_BOUND_BYTES = 64 * 1024;
/** With raw message delivery SNS discards messages of more. https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html */
const SNS_ATTRIBUTES = 10;
const RUNS = Math.ceil(Number(process.env.KMS_AUDIT_RUNS ?? 10_000) / 200);

/** Names that are as long as a record can carry, and names that would do something where they are shown. */
const HOSTILE: readonly (readonly [string, string])[] = [
  ['10 kB of letters', 'n'.repeat(10_240)],
  ['10 kB of three-byte letters', '漢'.repeat(10_240)],
  ['10 kB of emoji', '😀'.repeat(5_120)],
  ['10 kB of controls', '\u0000\u0007'.repeat(5_120)],
  ['10 kB of quotes and backslashes', '"\\'.repeat(5_120)],
  ['10 kB of ampersands', '&<'.repeat(5_120)],
  ['terminal escapes', '\u001b[2J\u001b]8;;http://example.com\u0007x'],
  ['line breaks', 'a\r\nINJECTED b\n\nINJECTED c\u2028INJECTED d'],
  ['HTML', '<script>alert(1)</script><img src=x onerror=y>'],
  ['Markdown', '[click](http://example.com) ```x``` **b** <!channel> <@U123>'],
  ['right-to-left marks', '\u202egnp.exe\u202c \u2066x\u2069'],
  ['a shell command', '$(id); rm -rf / | `id` && x'],
  ['another command', 'x: aws kms schedule-key-deletion --key-id all'],
  ['replacement patterns', '$& $1 <key> <cluster>'],
  ['half a character', '\ud800'],
];
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** What decides how a record is read at all; everything else in it may be anything. */
const STRUCTURE: ReadonlySet<string> = new Set([
  'eventTime',
  'eventSource',
  'eventName',
  'time',
  'source',
  'detail-type',
  'version',
  'type',
]);

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** The texts of an event that are not its structure, each once. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => (STRUCTURE.has(name) ? [] : textsIn(member)));
}

/** The event with other texts in place of its own: the same for the same, so that what belongs together still does. */
function withTexts(value: unknown, texts: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return texts.get(value) ?? value;
  if (Array.isArray(value)) return value.map((member) => withTexts(member, texts));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, STRUCTURE.has(name) ? member : withTexts(member, texts)]));
}

/** Some of `texts` replaced, or with something hostile before or after them. */
function hostileTexts(texts: readonly string[]): fc.Arbitrary<ReadonlyMap<string, string>> {
  const change = fc
    .record({ hostile: fc.constantFrom(...HOSTILE.map(([, text]) => text)), where: fc.constantFrom('instead', 'before', 'after') })
    .map(
      ({ hostile, where }) =>
        (text: string) =>
          where === 'instead' ? hostile : where === 'before' ? hostile + text : text + hostile,
    );
  return fc
    .array(fc.tuple(fc.constantFrom(...texts), change), { minLength: 1, maxLength: 6 })
    .map((changes) => new Map(changes.map(([text, changed]) => [text, changed(text)])));
}

function expectBounded({ subject, chat, email, attributes }: AlertMessage): void {
  const bytes = Buffer.byteLength(JSON.stringify({ default: chat, email }));
  const attributeBytes = Object.entries(attributes).reduce((sum, [name, value]) => sum + Buffer.byteLength(name + value), 0);
  expect(bytes).toBeLessThan(OWN_BOUND_BYTES);
  expect(bytes + attributeBytes).toBeLessThan(SNS_MESSAGE_BYTES);
  expect(subject).toMatch(/^[\x20-\x7e]{1,99}$/);
  expect(Object.keys(attributes).length).toBeLessThanOrEqual(SNS_ATTRIBUTES);
  for (const value of Object.values(attributes)) {
    expect(typeof value).toBe('string');
    expect(value).not.toBe('');
    expect(value).not.toMatch(UNSEEN);
  }
}

function expectHarmless({ chat, email }: AlertMessage): void {
  const lines = email.split('\n');
  expect(lines.filter((line) => UNSEEN.test(line) || line.startsWith('INJECTED'))).toEqual([]);
  // A command to copy is a command of the runbook, with nothing in it that a shell would act upon.
  expect(lines.filter((line) => line.startsWith('   ') && !/^ {3}(?:aws|npx) [A-Za-z0-9 <>{}=,.:/_-]+$/.test(line))).toEqual([]);
  const content: unknown = Reflect.get(Object(JSON.parse(chat)), 'content');
  const shown = textsIn(content);
  expect(shown.length).toBeGreaterThan(3);
  expect(shown.filter((text) => /[<>`]|\]\(/.test(text) || text.split('\n').some((line) => UNSEEN.test(line)))).toEqual([]);
}

/** What goes out when `events` arrive and the sweep has come by. */
async function alertsAfter(events: readonly unknown[], policy: Policy): Promise<readonly AlertMessage[]> {
  const watch = new Watch(policy);
  await watch.see(events);
  await watch.sweep();
  return watch.alerts;
}

describe.each(RULES.map(({ id, scenarios }) => [id, scenarios.firing] as const))('%s', (id, scenario) => {
  const events = eventsOf(scenario);
  const policy = policyOf(scenario);
  const texts = [...new Set(events.flatMap((event) => textsIn(Reflect.get(Object(event), 'detail'))))];

  it('stays within its bounds whatever its records say', async () => {
    let told = 0;
    await fc.assert(
      fc.asyncProperty(hostileTexts(texts), async (changes) => {
        for (const alert of await alertsAfter(
          events.map((event) => withTexts(event, changes)),
          policy,
        )) {
          expectBounded(alert);
          expectHarmless(alert);
          if (alert.email.includes(id)) told += 1;
        }
      }),
      { numRuns: RUNS },
    );
    expect(told).toBeGreaterThan(RUNS / 4);
  });

  it.each(HOSTILE)('stays within its bounds with %s in any one field', async (_what, hostile) => {
    for (const text of texts) {
      for (const changed of [hostile, `${hostile} ${text}`, `${text}${hostile}`]) {
        for (const alert of await alertsAfter(
          events.map((event) => withTexts(event, new Map([[text, changed]]))),
          policy,
        )) {
          expectBounded(alert);
          expectHarmless(alert);
        }
      }
    }
  });
});

it('times are kept as they were', () => {
  const [event] = eventsOf('disabled-key');

  expect(sentAt(withTexts(event, new Map()))).toBe(sentAt(event));
});
