import { describe, expect, it } from 'vitest';
import { eventIdsNamed, evidenceText, shellWord } from '../../src/core/evidence-text.ts';
import { type Evidence, evidenceOfOne, foldEvidence, type Occurrence } from '../../src/core/finding.ts';
import { LISTED } from '../../src/core/listed-grant.ts';
import { instant, KEY } from '../support/fleet.ts';

const occurrence = (second: number, fields: Partial<Occurrence> = {}): Occurrence => ({
  rule: 'disabled-key-use',
  severity: 'critical',
  subject: { keyArn: KEY },
  about: {},
  group: 'group',
  eventId: `event-${second}`,
  time: instant(second),
  operation: 'Decrypt',
  caller: 'somebody',
  region: 'us-east-1',
  sentence: 'A Decrypt was refused.',
  ...fields,
});

function evidenceOf(...occurrences: Occurrence[]): Evidence {
  const evidence = foldEvidence(occurrences);
  if (evidence === undefined) throw new Error('no evidence');
  return evidence;
}

const seconds = (count: number): Occurrence[] => Array.from({ length: count }, (_, second) => occurrence(second));

describe('the events that are named', () => {
  it.each([
    ['one', 1, [0]],
    ['all of a few', 3, [0, 1, 2]],
    ['the latest of many', 12, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
    ['the very latest, of so many that the evidence lists it no more', 105, [91, 92, 93, 94, 95, 96, 97, 98, 99, 104]],
  ])('are %s', (_, count, named) => {
    expect(eventIdsNamed(evidenceOf(...seconds(count)))).toEqual(named.map((second) => `event-${second}`));
  });
});

describe('how often and when', () => {
  const one = evidenceOf(occurrence(0));
  const three = evidenceOf(...seconds(3));
  it.each([
    ['once', one, false, `Seen once, at ${instant(0)}.`],
    ['often', three, false, `Seen 3 times, from ${instant(0)} to ${instant(2)}.`],
    ['as far as was counted', { ...three, complete: false }, false, `Seen at least 3 times, from ${instant(0)} to ${instant(2)}.`],
    ['since when, of a state', one, true, `It holds since ${instant(0)}.`],
    ['since when, of several states', three, true, `It holds of 3, the first since ${instant(0)}.`],
    ['of as many states as were counted', { ...three, complete: false }, true, `It holds of at least 3, the first since ${instant(0)}.`],
  ])('is told: %s', (_, evidence, standing, told) => {
    expect(evidenceText(evidence, standing)[0]).toBe(told);
  });

  it('is told as of what happened, where nobody says that it is a state', () => {
    expect(evidenceText(one)[0]).toBe(`Seen once, at ${instant(0)}.`);
  });
});

describe('where the records are', () => {
  const lookUp = (evidence: Evidence): string[] => evidenceText(evidence).slice(1);

  it('is told for the command line, the console and Logs Insights', () => {
    expect(lookUp(evidenceOf(...seconds(2)))).toEqual([
      'Find the record: aws cloudtrail lookup-events --region us-east-1 --lookup-attributes AttributeKey=EventId,AttributeValue=event-1',
      'In the console: https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/event-1',
      'In Logs Insights, on the trail’s log group: fields @timestamp, eventName, userIdentity.arn, errorCode | filter eventID in ["event-0", "event-1"] | sort @timestamp',
    ]);
  });

  it.each([
    ['us-gov-west-1', 'https://us-gov-west-1.console.amazonaws-us-gov.com/'],
    ['cn-north-1', 'https://cn-north-1.console.amazonaws.cn/'],
    ['eu-cn-1', 'https://eu-cn-1.console.aws.amazon.com/'],
  ])('is in the console of the partition of %s', (region, console) => {
    expect(lookUp(evidenceOfOne(occurrence(0, { region })))[1]).toContain(`In the console: ${console}cloudtrailv2/home?region=${region}#`);
  });

  it.each([
    ['no Region', undefined],
    ['a hostile Region', '$(reboot)'],
  ])('is told of a record with %s without naming one, nor a console', (_, region) => {
    const { region: _known, ...without } = occurrence(0);
    const lines = lookUp(evidenceOfOne(region === undefined ? without : { ...without, region }));

    expect(lines).toEqual([
      'Find the record: aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventId,AttributeValue=event-0',
      expect.stringMatching(/^In Logs Insights/),
    ]);
  });

  it('names no hostile event: the reader fills in the id, and no link nor query is made of it', () => {
    expect(lookUp(evidenceOfOne(occurrence(0, { eventId: '"; reboot' })))).toEqual([
      'Find the record: aws cloudtrail lookup-events --region us-east-1 --lookup-attributes AttributeKey=EventId,AttributeValue=<eventId>',
    ]);
  });

  it('makes no query of events of which one is hostile, and a link to the last all the same', () => {
    expect(lookUp(evidenceOf(occurrence(0, { eventId: '"; reboot' }), occurrence(1)))).toEqual([
      expect.stringMatching(/=event-1$/),
      expect.stringMatching(/^In the console: .*event-1$/),
    ]);
  });

  it.each([
    [
      'what a service told by itself',
      { operation: 'ECS Task State Change' },
      'The service sent this event itself: no trail holds a record of it.',
    ],
    ['such an event of one strange word', { operation: 'KMS-CMK' }, 'The service sent this event itself: no trail holds a record of it.'],
    [
      'a grant that the sweep found',
      { eventId: `${LISTED}grant-1` },
      'No record of its creation was seen: the sweep found the grant in KMS.',
    ],
  ])('is nowhere for %s', (_, fields, why) => {
    expect(lookUp(evidenceOfOne(occurrence(0, fields)))).toEqual([why]);
  });
});

describe('a word for a command line', () => {
  it.each([KEY, 'us-east-1', '/aws/cloudtrail', 'a', 'task_1.b', `a${'b'.repeat(255)}`])('is %s as it stands', (word) => {
    expect(shellWord(word)).toBe(word);
  });

  it.each([
    ['nothing', undefined],
    ['an empty text', ''],
    ['an option', '-rf'],
    ['a variable', '$HOME'],
    ['a command after a word', 'key;reboot'],
    ['a word after a blank', ' key'],
    ['two lines', 'key\nreboot'],
    ['what is too long', `a${'b'.repeat(256)}`],
  ])('is never %s', (_, hostile) => {
    expect(shellWord(hostile)).toBeUndefined();
  });
});
