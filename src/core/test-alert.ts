import type { AlertMessage } from './message.ts';

/** An alert that says it is none, in the shape of the real ones: chat, e-mail and the attributes subscriptions filter by. */
export function testAlertMessage(stack: string, topicArn: string): AlertMessage {
  const title = '[TEST] kms-audit: this is a test alert';
  const sentence = `Somebody ran kms-audit test-alert on the stack ${stack}. Nothing happened to any key.`;
  const told = { findingId: 'test', rule: 'test-alert', severity: 'low', stack, topic: topicArn };
  return {
    subject: title,
    chat: JSON.stringify({
      version: '1.0',
      source: 'custom',
      id: 'test',
      content: {
        textType: 'client-markdown',
        title,
        description: sentence,
        nextSteps: ['Nothing is to be done: alerts of this deployment arrive here.'],
        keywords: ['test-alert', 'low'],
      },
      metadata: { threadId: 'kms-audit-test-alert', summary: title, eventType: 'test-alert', additionalContext: told },
    }),
    email: [
      title,
      '',
      sentence,
      '',
      'What to do',
      '1. Nothing: alerts of this deployment arrive here.',
      '',
      'Finding',
      ...Object.entries(told).map(([name, value]) => `${name}: ${value}`),
    ].join('\n'),
    attributes: { rule: 'test-alert', severity: 'low', findingId: 'test' },
  };
}
