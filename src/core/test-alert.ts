import { type AlertMessage, messageOf } from './message.ts';
import type { Digest } from './text.ts';

/** An alert that says it is none, written as the real ones are, with the attributes subscriptions filter by. */
export function testAlertMessage(stack: string, topicArn: string, digest: Digest): AlertMessage {
  const [id, rule, severity] = ['test', 'test-alert', 'low'] as const;
  return messageOf(
    {
      id,
      title: '[TEST] kms-audit: this is a test alert',
      paragraphs: [`Somebody ran kms-audit test-alert on the stack ${stack}. Nothing happened to any key.`],
      steps: ['Nothing is to be done: alerts of this deployment arrive here.'],
      group: rule,
      rule,
      severity,
      fields: { findingId: id, rule, severity, stack, topic: topicArn },
      attributes: { rule, severity, findingId: id },
    },
    digest,
  );
}
