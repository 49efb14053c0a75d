import { describe, expect, it } from 'vitest';
import { testAlertMessage } from '../../src/core/test-alert.ts';
import { sha256 } from '../../src/system.ts';

const TOPIC = 'arn:aws:sns:us-west-2:111122223333:alerts';
const SAYS = 'Somebody ran kms-audit test-alert on the stack kms-audit-dev. Nothing happened to any key.';
const STEP = 'Nothing is to be done: alerts of this deployment arrive here.';

describe('a test alert', () => {
  const message = testAlertMessage('kms-audit-dev', TOPIC, sha256);

  it('says on every channel that it is a test, of which stack, and that there is nothing to do', () => {
    expect(message.subject).toBe('[TEST] kms-audit: this is a test alert');
    expect(message.email.split('\n')).toEqual(expect.arrayContaining([message.subject, SAYS, `1. ${STEP}`, `topic: ${TOPIC}`]));
    expect(JSON.parse(message.chat)).toMatchObject({
      content: { title: message.subject, description: SAYS, nextSteps: [STEP] },
      metadata: { additionalContext: { findingId: 'test', rule: 'test-alert', severity: 'low', stack: 'kms-audit-dev', topic: TOPIC } },
    });
  });

  it('has what subscriptions filter by', () => {
    expect(message.attributes).toEqual({ rule: 'test-alert', severity: 'low', findingId: 'test' });
  });

  it('puts no name into chat that could mark it up', () => {
    expect(testAlertMessage('<!channel>', TOPIC, sha256).chat).not.toContain('on the stack <!channel>');
  });
});
