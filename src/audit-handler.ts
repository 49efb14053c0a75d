import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { isObject } from './core/json.ts';
import { auditEvent, type Pipeline } from './pipeline.ts';

/**
 * Makes the audit's Lambda handler: audits one EventBridge event, or an SQS batch of events that failed before. A throw
 * asks Lambda to retry; of a batch, only the messages that met an infrastructure fault are returned to the queue.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
 */
export function auditHandler(pipeline: () => Pipeline): (event: unknown) => Promise<SQSBatchResponse | undefined> {
  return async (event) => {
    if (!isQueueBatch(event)) {
      await auditEvent(event, pipeline());
      return undefined;
    }
    const failed: string[] = [];
    for (const message of event.Records) {
      try {
        await auditEvent(message, pipeline());
      } catch (error) {
        pipeline().log('message returned to its queue', { messageId: message.messageId, error: String(error) });
        failed.push(message.messageId);
      }
    }
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

/** Every record is a message of a queue; a message without an id cannot be returned to it, so it is no batch. */
function isQueueBatch(event: unknown): event is SQSEvent {
  return (
    isObject(event) &&
    Array.isArray(event.Records) &&
    event.Records.length > 0 &&
    event.Records.every((record) => isObject(record) && record.eventSource === 'aws:sqs' && typeof record.messageId === 'string')
  );
}
