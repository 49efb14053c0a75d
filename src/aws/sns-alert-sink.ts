import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { AlertMessage } from '../core/message.ts';
import type { AlertSink } from '../ports.ts';

/**
 * Publishes alerts to one topic: the chat notification for every protocol, plain text for e-mail.
 * https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
 */
export class SnsAlertSink implements AlertSink {
  readonly #client: SNSClient;
  readonly #topicArn: string;

  constructor(client: SNSClient, topicArn: string) {
    this.#client = client;
    this.#topicArn = topicArn;
  }

  async publish({ subject, chat, email, attributes }: AlertMessage): Promise<void> {
    // SNS refuses the whole message for one attribute without a value.
    const filled = Object.entries(attributes).filter(([, value]) => value !== '');
    await this.#client.send(
      new PublishCommand({
        TopicArn: this.#topicArn,
        Subject: subject,
        MessageStructure: 'json',
        Message: JSON.stringify({ default: chat, email }),
        MessageAttributes: Object.fromEntries(filled.map(([name, value]) => [name, { DataType: 'String', StringValue: value }])),
      }),
    );
  }
}
