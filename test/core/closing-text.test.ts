import { describe, expect, it } from 'vitest';
import type { Sent } from '../../src/core/alerting.ts';
import {
  allClearMessage,
  correctionMessage,
  coveredAfterAll,
  lastGrantEnded,
  noneOutlives,
  retiredBefore,
} from '../../src/core/closing-text.ts';
import { findingId } from '../../src/core/finding.ts';
import { sha256 } from '../../src/system.ts';
import { instant, KEY } from '../support/fleet.ts';

const subject = { keyArn: KEY, clusterName: 'prod' };
const end = { order: `${instant(50)}#event`, how: 'retired', by: 'fargate.amazonaws.com' } as const;
const sentence = 'The key was enabled.';
const told = { through: instant(0), severity: 'critical' } as const;
const attributes = { rule: 'pending-deletion-key-use', severity: 'critical', findingId: 'of-the-alert', keyArn: KEY };
const over = { rule: 'disabled-key-use', group: 'group', subject, time: instant(60), sentence } as const;

describe('what ended an alert', () => {
  it.each([
    [
      'the last grant',
      () => lastGrantEnded('grant-1', end),
      'Grant grant-1 was retired by fargate.amazonaws.com; no other grant of this alert is open.',
    ],
    [
      'no old grant',
      () => noneOutlives(KEY),
      'No open grant on key 11111111-1111-1111-1111-111111111111 is older than the policy allows any more.',
    ],
    [
      'a grant retired before',
      () => retiredBefore('grant-1', end),
      `Grant grant-1 had been retired before, at ${instant(50)}: nobody took it from a running task.`,
    ],
    [
      'a grant told late',
      () => coveredAfterAll('vol-1', instant(50)),
      `A grant of volume vol-1 made at ${instant(50)} was delivered late: it covers the Decrypt.`,
    ],
  ])('%s', (_, says, expected) => {
    expect(says()).toBe(expected);
  });

  it('shows no hostile name as it is', () => {
    const hostile = '\u202egrant';

    expect(
      [lastGrantEnded(hostile, end), noneOutlives(hostile), retiredBefore(hostile, end), coveredAfterAll(hostile, instant(0))].filter(
        (says) => says.includes(hostile),
      ),
    ).toEqual([]);
  });
});

describe.each([
  ['an all-clear', (sent: Sent) => allClearMessage(over, sent, sha256), 'over'],
  ['a correction', (sent: Sent) => correctionMessage(over, sent, sha256), 'withdrawn'],
])('%s', (_, messageOf, suffix) => {
  it('goes to the subscribers of its alert', () => {
    const message = messageOf({ ...told, attributes });

    expect(message.attributes).toEqual(attributes);
    expect(JSON.parse(message.chat)).toMatchObject({ id: `of-the-alert-${suffix}` });
  });

  it('has attributes of its own where those of its alert were not kept, and says of what, and why', () => {
    const message = messageOf(told);
    const id = findingId('disabled-key-use', subject, sha256);

    expect(message.attributes).toEqual({ rule: 'disabled-key-use', severity: 'critical', findingId: id, ...subject });
    expect(JSON.parse(message.chat)).toMatchObject({ id: `${id}-${suffix}`, content: { nextSteps: [] } });
    expect(message.email).toContain('A disabled key is still being used: cluster prod');
    expect(message.email).toContain(sentence);
  });
});

describe('an all-clear', () => {
  it('bears the name of the rule that told, which another may have joined', () => {
    expect(allClearMessage(over, { ...told, attributes }, sha256).subject).toMatch(
      /^Over: A key about to be deleted is still being used: /,
    );
  });

  it('says when it ended', () => {
    const message = allClearMessage(over, told, sha256);

    expect(message.email).toContain(`It ended at ${instant(60)}. If it happens again, you will be told again.`);
    expect(JSON.parse(message.chat).metadata.additionalContext).toMatchObject({ endedAt: instant(60), keyArn: KEY });
  });

  it('leaves out attributes that would be empty, which SNS refuses', () => {
    expect(allClearMessage({ ...over, subject: {} }, told, sha256).attributes).toEqual({
      rule: 'disabled-key-use',
      severity: 'critical',
      findingId: findingId('disabled-key-use', {}, sha256),
    });
  });
});

describe('a correction', () => {
  it('says that the finding does not hold', () => {
    expect(JSON.parse(correctionMessage(over, told, sha256).chat).metadata.additionalContext).toMatchObject({
      status: 'withdrawn',
      keyArn: KEY,
    });
  });
});
