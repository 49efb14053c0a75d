import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { SNSClient } from '@aws-sdk/client-sns';
import { findDeployment } from '../aws/deployment-parts.ts';
import { SnsAlertSink } from '../aws/sns-alert-sink.ts';
import { type Refused, refusedPublish } from '../core/refused-publish.ts';
import { testAlertMessage } from '../core/test-alert.ts';
import { printable } from '../core/text.ts';
import { sha256 } from '../system.ts';
import { noStack } from './doctor.ts';
import { requireRegion } from './region.ts';
import { styleOf } from './style.ts';
import type { Terminal } from './terminal.ts';

/**
 * `kms-audit test-alert`: publishes one marked alert the way real ones go, and says its MessageId; or what failed and the
 * command that mends it, with exit code 1. Throws an InputError where there is no such stack.
 */
export async function testAlert({ stack }: { readonly stack: string }, terminal: Terminal): Promise<void> {
  const [cloudFormation, sns] = [new CloudFormationClient({}), new SNSClient({})];
  const style = styleOf(terminal.colour);
  const fail = ({ says, mend }: Refused): void => {
    terminal.out.write(`${style.bad('✖')} ${printable(says, 1_000)}\n${mend === undefined ? '' : `    ${style.command(mend)}\n`}`);
    process.exitCode = 1;
  };
  try {
    await requireRegion(sns);
    const parts = await findDeployment(cloudFormation, stack);
    if (parts === undefined) throw noStack(stack);
    if ('failed' in parts.topics) return fail({ says: parts.topics.failed });
    const topic = parts.topics.seen.alert;
    if (topic === undefined) return fail({ says: `the stack ${stack} names no alert topic` });
    try {
      const messageId = await publish(sns, topic, stack);
      terminal.out.write(`${style.good('✔')} ${topic} took the test alert: MessageId ${messageId}\n`);
    } catch (error) {
      const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
      fail(refusedPublish({ name, message, topic, stack }));
    }
  } finally {
    cloudFormation.destroy();
    sns.destroy();
  }
}

/** Goes through the sink of real alerts, which keeps the reply to itself. */
async function publish(client: SNSClient, topic: string, stack: string): Promise<string> {
  let messageId = '';
  client.middlewareStack.add(
    (next) => async (request) => {
      const answer = await next(request);
      if ('MessageId' in answer.output) messageId = answer.output.MessageId ?? '';
      return answer;
    },
    { step: 'initialize' },
  );
  await new SnsAlertSink(client, topic).publish(testAlertMessage(stack, topic, sha256));
  return messageId;
}
