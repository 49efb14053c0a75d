import { isDeepStrictEqual } from 'node:util';
import { decodeFact, encodeFact } from '../../src/aws/item-codec.ts';
import { factKey } from '../../src/aws/item-keys.ts';
import { readEnvelope } from '../../src/core/envelope.ts';
import { eventIdOf, type Fact, hasContext, orderOf, timeOf } from '../../src/core/fact.ts';
import { readKeyArn } from '../../src/core/key-arn.ts';
import { DEFAULT_POLICY } from '../../src/core/policy.ts';
import { readRecord } from '../../src/core/read-record.ts';
import type { Reading } from '../../src/core/reading.ts';
import { judgeFact } from '../../src/core/rules/registry.ts';
import { printable } from '../../src/core/text.ts';
import { readTimestamp } from '../../src/core/timestamp.ts';
import { sha256 } from '../../src/system.ts';
import { isRecord, type Random, withField } from './mutate.ts';

/** DynamoDB's bounds: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html */
const PARTITION_KEY_BYTES = 2048;
const SORT_KEY_BYTES = 1024;
const ITEM_BYTES = 400 * 1024;
const REASON_CHARACTERS = 400;
const SENTENCE_CHARACTERS = 2_000;
const BAR = ' | ';
/** As JSON spells it; behind an escaped backslash the same letters are letters. */
const HALF_CHARACTER = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

/** What records come in that adds nothing to them and takes nothing away. */
const ENVELOPES: readonly ((value: unknown) => unknown)[] = [
  (value) => [value],
  (value) => ({ Records: [value] }),
  (value) => ({ Events: [{ EventId: 'e', CloudTrailEvent: JSON.stringify(value) }] }),
  (value) => ({ Records: [{ messageId: 'm', eventSource: 'aws:sqs', body: JSON.stringify(value) }] }),
  (value) => ({ Messages: [{ MessageId: 'm', Body: JSON.stringify(value) }] }),
  (value) => ({ Records: [{ EventSource: 'aws:sns', Sns: { Type: 'Notification', Message: JSON.stringify(value) } }] }),
  (value) => ({ Type: 'Notification', TopicArn: 't', Message: JSON.stringify(value) }),
  (value) => ({ version: '1.0', requestContext: { condition: 'RetriesExhausted' }, requestPayload: value }),
  (value) => ({ QueryResultRows: [[{ eventID: 'e' }, { eventJson: JSON.stringify(value) }]] }),
  (value) => ({ messageType: 'DATA_MESSAGE', logEvents: [{ id: '1', message: JSON.stringify(value) }] }),
];

/** The value in one of the envelopes that records come in. */
export function enveloped(value: unknown, random: Random): unknown {
  return ENVELOPES[random(ENVELOPES.length)]?.(value);
}

/** What was read of a value, and what is wrong with that; `shape` is the same for inputs that take the same way. */
export interface Verdict {
  readonly shape: string;
  readonly wrong?: string;
}

/**
 * Reads a value as the handler does and looks whether the reader keeps what it promises: it does not throw; every reading is
 * one of the three, bounded, and fit to be kept and shown; a fact comes back from its item as it was, and can be judged;
 * only trusted facts are attributed; an envelope changes nothing; nor does a field that nobody knows. `random` chooses which
 * of the dearer promises are looked at.
 */
export function verdictOf(value: unknown, random: Random): Verdict {
  try {
    const readings = readEnvelope(value, sha256);
    const shape = shapeOfAll(readings);
    const wrong = readings.map(wrongWith).find((one) => one !== undefined) ?? wrongWithAll(value, readings, random);
    return wrong === undefined ? { shape } : { shape, wrong };
  } catch (error) {
    return { shape: 'thrown', wrong: `it threw ${error instanceof Error ? error.stack : error}` };
  }
}

function wrongWithAll(value: unknown, readings: readonly Reading[], random: Random): string | undefined {
  switch (random(8)) {
    case 0: {
      const inside = readEnvelope(enveloped(value, random), sha256);
      const tooDeep = inside.some((reading) => reading.kind === 'rejected' && reading.reason.startsWith('envelopes nested'));
      return tooDeep || isDeepStrictEqual(inside, readings) ? undefined : `an envelope changed it: ${JSON.stringify(inside)}`;
    }
    case 1: {
      if (!isRecord(value)) return undefined;
      const more = readEnvelope(withField(value, 'aFieldOfNextYear', { eventName: 'Decrypt' }), sha256);
      return isDeepStrictEqual(more, readings) ? undefined : `an unknown field changed it: ${JSON.stringify(more)}`;
    }
    case 2: {
      if (!isRecord(value)) return undefined;
      const event = { 'detail-type': 'AWS API Call via CloudTrail', source: 'aws.kms', detail: value };
      const delivered = readEnvelope(event, sha256);
      const read = [readRecord(value, sha256)];
      return isDeepStrictEqual(delivered, read) ? undefined : `EventBridge changed it: ${JSON.stringify(delivered)}`;
    }
    case 3: {
      const before = JSON.stringify(value);
      const again = readEnvelope(JSON.parse(before), sha256);
      if (before !== JSON.stringify(value)) return 'reading changed the value';
      return isDeepStrictEqual(again, readings) ? undefined : `read again it is another: ${JSON.stringify(again)}`;
    }
    default:
      return undefined;
  }
}

function wrongWith(reading: Reading): string | undefined {
  switch (reading.kind) {
    case 'rejected':
      return reading.reason !== '' && reading.reason === printable(reading.reason, REASON_CHARACTERS)
        ? undefined
        : `a reason that cannot be shown: ${JSON.stringify(reading.reason)}`;
    case 'out-of-scope':
      return reading.eventId === '' || (reading.eventId?.length ?? 0) > 64 ? `an event id out of bounds: ${reading.eventId}` : undefined;
    case 'fact':
      return wrongWithFact(reading.fact);
    default:
      return `no reading: ${JSON.stringify(reading satisfies never)}`;
  }
}

function wrongWithFact(fact: Fact): string | undefined {
  if (eventIdOf(orderOf(fact)) !== fact.eventId || timeOf(orderOf(fact)) !== fact.time) return 'its order does not say its time and id';
  if (readTimestamp(fact.time) !== fact.time) return `its time is none: ${fact.time}`;
  if (fact.keyArn !== undefined && readKeyArn(fact.keyArn)?.arn !== fact.keyArn) return `its key is none: ${fact.keyArn}`;
  if (hasContext(fact) && fact.trust !== 'trusted' && (fact.cluster ?? fact.volumeId) !== undefined) return 'attributed, and not trusted';
  if (fact.caller.id === '') return 'a caller without a name';
  return wrongAsKept(fact) ?? wrongAsJudged(fact);
}

/** A fact has to come back from the table as it went there; a grant's end is joined with its grant, and no item of its own. */
function wrongAsKept(fact: Fact): string | undefined {
  if (fact.kind === 'grant-ended') return undefined;
  const key = factKey(fact);
  const stored = encodeFact(fact, key);
  if (Buffer.byteLength(key.pk) > PARTITION_KEY_BYTES || Buffer.byteLength(key.sk) > SORT_KEY_BYTES)
    return `its key is too long: ${key.pk}`;
  if (!`${key.pk}${key.sk}`.isWellFormed() || HALF_CHARACTER.test(stored)) return 'half a character in its item';
  if (Buffer.byteLength(stored) > ITEM_BYTES / 2) return `its item has ${stored.length} characters`;
  const back = decodeFact({ pk: { S: key.pk }, sk: { S: key.sk }, f: { S: stored } });
  return isDeepStrictEqual(back, fact) ? undefined : `it comes back as ${JSON.stringify(back)} from ${JSON.stringify(fact)}`;
}

function wrongAsJudged(fact: Fact): string | undefined {
  for (const { sentence, caller, group, subject } of judgeFact(fact, DEFAULT_POLICY)) {
    if (sentence === '' || sentence !== printable(sentence, SENTENCE_CHARACTERS)) return `a sentence that cannot be shown: ${sentence}`;
    if (caller === '' || group === '' || Object.values(subject).includes('')) return `a finding about nothing: ${JSON.stringify(subject)}`;
  }
  return undefined;
}

/** Of several readings only the kinds: their ways are those of each. */
function shapeOfAll(readings: readonly Reading[]): string {
  const [first] = readings;
  if (readings.length === 1 && first !== undefined) return shapeOf(first);
  return ['several', ...new Set(readings.map(({ kind }) => kind).sort())].join(' ');
}

function shapeOf(reading: Reading): string {
  if (reading.kind === 'rejected')
    return reading.reason.replace(
      /(?<=(?:record|event|state) ).*?(?=: | without | names )|(?<=: )\S+ (?=names )|"[^"]*"|\S*[\d\\\u0080-\uffff]\S*/g,
      '…',
    );
  if (reading.kind === 'out-of-scope') return `out of scope ${Object.keys(reading).join(' ')}`;
  const { fact } = reading;
  const told: Record<string, unknown> = { ...fact };
  const kinds = ['kind', 'trust', 'reason', 'change', 'how', 'rehearsal']
    .map((name) => (fact.kind === 'task-stopped' && name === 'reason' ? '' : told[name]))
    .filter((one) => one !== undefined);
  const rules = judgeFact(fact, DEFAULT_POLICY).map(({ rule }) => rule);
  const { trusted, awsRole } = fact.caller;
  return [kinds.join(' '), Object.keys(told).sort().join(' '), `${trusted} ${awsRole}`, rules.join(' ')].join(BAR);
}

/** A shape without the fields that may be there or not: of each family one input is kept. */
export function familyOf(shape: string): string {
  const [kinds = '', , , rules = ''] = shape.split(BAR);
  return kinds + BAR + rules;
}
