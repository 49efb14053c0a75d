import { randomUUID } from 'node:crypto';
import { at, field, items } from '../../src/core/json.ts';
import { matchesPattern } from '../support/event-pattern.ts';
import type { DeployedFunction } from './deployed-functions.ts';
import type { Made, ResolvedTemplate } from './resolved-template.ts';

/** EventBridge, Lambda's asynchronous queue and SQS, wired as a template says and in the order of calls: nothing runs by itself. */
export interface EventDelivery {
  /** Delivers an event once for each rule that matches it; the logical ids of those rules. */
  deliver(event: unknown, ahead?: number): Promise<string[]>;
  /** Runs every schedule once, as if this were so many seconds from now; the logical ids of their rules. */
  runSchedules(ahead: number): Promise<string[]>;
  /** Hands what waits in the queues to their functions, once, when it becomes visible; how many messages that were. */
  receive(): Promise<number>;
  /** The bodies of the messages that wait, by queue. */
  waiting(queue: string): readonly unknown[];
}

interface Message {
  readonly messageId: string;
  readonly body: string;
}

/** Wires the functions. What a rule may not call goes to its target's dead-letter queue, what fails to the failure destination. */
export function startDelivery({ resources }: ResolvedTemplate, functions: readonly DeployedFunction[]): EventDelivery {
  const ofType = (type: string): Made[] => resources.filter((made) => made.type === type);
  const queues = new Map(ofType('AWS::SQS::Queue').map(({ arn = '' }): [string, Message[]] => [arn, []]));
  const send = (queue: unknown, body: unknown): void => {
    const messages = queues.get(String(queue));
    if (messages === undefined) throw new Error(`no queue ${queue}`);
    messages.push({ messageId: randomUUID(), body: JSON.stringify(body) });
  };
  const functionOf = (arn: unknown): DeployedFunction => {
    const found = functions.find((one) => one.arn === arn || one.arn.endsWith(`:function:${arn}`));
    if (found === undefined) throw new Error(`no function ${arn}`);
    return found;
  };
  const mayCall = (rule: Made, target: DeployedFunction): boolean =>
    ofType('AWS::Lambda::Permission').some(
      ({ properties: { Action, Principal, SourceArn, FunctionName } }) =>
        Action === 'lambda:InvokeFunction' &&
        Principal === 'events.amazonaws.com' &&
        SourceArn === rule.arn &&
        functionOf(FunctionName) === target,
    );
  const invoke = async (target: DeployedFunction, event: unknown, ahead: number): Promise<void> => {
    const settings = ofType('AWS::Lambda::EventInvokeConfig').find(({ properties }) => functionOf(properties.FunctionName) === target);
    const destination = at(settings?.properties, 'DestinationConfig', 'OnFailure', 'Destination');
    // Lambda tries twice more unless it is told otherwise.
    const retries = Number(settings?.properties.MaximumRetryAttempts ?? 2);
    try {
      await target.invoke(event, { ahead, retries });
    } catch (error) {
      if (destination === undefined) throw error;
      send(destination, failureNotice(target.arn, event, retries + 1, error));
    }
  };
  const callTargets = async (rule: Made, event: unknown, ahead: number): Promise<void> => {
    for (const entry of items(rule.properties.Targets)) {
      const target = functionOf(field(entry, 'Arn'));
      if (mayCall(rule, target)) await invoke(target, event, ahead);
      else send(at(entry, 'DeadLetterConfig', 'Arn'), event);
    }
  };
  const callRules = async (rules: readonly Made[], event: unknown, ahead: number): Promise<string[]> => {
    for (const rule of rules) await callTargets(rule, event, ahead);
    return rules.map(({ logicalId }) => logicalId);
  };
  const rules = ofType('AWS::Events::Rule');

  return {
    deliver: (event, ahead = 0) =>
      callRules(
        rules.filter(
          ({ properties: { State, EventPattern } }) =>
            EventPattern !== undefined && lets(State, event) && matchesPattern(EventPattern, event),
        ),
        event,
        ahead,
      ),
    runSchedules: (ahead) =>
      callRules(
        rules.filter(({ properties: { State, ScheduleExpression } }) => ScheduleExpression !== undefined && State !== 'DISABLED'),
        { 'detail-type': 'Scheduled Event', source: 'aws.events', detail: {} },
        ahead,
      ),
    receive: async () => {
      let received = 0;
      for (const { properties } of ofType('AWS::Lambda::EventSourceMapping')) {
        const arn = String(properties.EventSourceArn);
        const queue = ofType('AWS::SQS::Queue').find((made) => made.arn === arn);
        const batch = queues.get(arn)?.splice(0, Number(properties.BatchSize)) ?? [];
        if (batch.length === 0) continue;
        received += batch.length;
        const ahead = Number(queue?.properties.DelaySeconds ?? 0);
        const { response } = await functionOf(properties.FunctionName).invoke({ Records: batch.map((one) => record(one, arn)) }, { ahead });
        // Without this setting Lambda would not look at the answer.
        const partial = items(properties.FunctionResponseTypes).includes('ReportBatchItemFailures');
        const failed = partial ? items(field(response, 'batchItemFailures')).map((one) => field(one, 'itemIdentifier')) : [];
        queues.get(arn)?.push(...batch.filter(({ messageId }) => failed.includes(messageId)));
      }
      return received;
    },
    waiting: (id) => {
      const { arn = '' } = ofType('AWS::SQS::Queue').find(({ logicalId }) => logicalId === id) ?? {};
      return (queues.get(arn) ?? []).map(({ body }): unknown => JSON.parse(body));
    },
  };
}

/** Plain ENABLED leaves read-only management events out. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html */
function lets(state: unknown, event: unknown): boolean {
  return state === 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS' || (state !== 'DISABLED' && at(event, 'detail', 'readOnly') !== true);
}

/** https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
function failureNotice(arn: string, requestPayload: unknown, approximateInvokeCount: number, error: unknown): object {
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
  return {
    version: '1.0',
    timestamp: new Date().toISOString(),
    requestContext: { requestId: randomUUID(), functionArn: `${arn}:$LATEST`, condition: 'RetriesExhausted', approximateInvokeCount },
    requestPayload,
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload: { errorType: name, errorMessage: message },
  };
}

function record({ messageId, body }: Message, eventSourceARN: string): object {
  const attributes = { ApproximateReceiveCount: '1', SentTimestamp: String(Date.now()) };
  return { messageId, receiptHandle: messageId, body, attributes, messageAttributes: {}, eventSource: 'aws:sqs', eventSourceARN };
}
