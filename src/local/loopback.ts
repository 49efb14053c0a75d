import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { CANARY_OPERATION } from '../core/canary.ts';
import type { Clock } from '../ports.ts';
import { clock } from '../system.ts';
import { type PutMetric, readPutMetricData } from './cloudwatch-wire.ts';
import { startLoopbackServer } from './loopback-server.ts';
import { isRefusal, type Refusal, refused } from './refusal.ts';
import { type PublishedAlert, readPublish } from './sns-wire.ts';

/** A call that arrived, before anything came of it. */
export interface WireCall {
  readonly service: 'sns' | 'cloudwatch' | 'kms';
  readonly operation: string;
}

/** A failure to show the caller: with its effect `kept` (only the reply is lost) or `lost` (nothing happened). */
export interface Fault {
  readonly effect: 'kept' | 'lost';
  /** `hang-up` closes the connection without a reply. */
  readonly reply: Refusal | 'hang-up';
}

/** Decides for each call whether it shall fail. */
export type FaultHook = (call: WireCall) => Fault | undefined;

/** SNS and CloudWatch as far as the audit calls them, and what they took, in order of arrival. */
export interface Loopback {
  readonly endpoint: string;
  readonly published: readonly PublishedAlert[];
  readonly metrics: readonly PutMetric[];
  /** Makes calls fail from now on; nothing makes them work again. */
  setFault(hook: FaultHook | undefined): void;
  stop(): Promise<void>;
}

interface Service {
  /** Does what was asked; the reply's body, or why not. */
  readonly act: () => string | Refusal;
  readonly call: WireCall;
  readonly reply: (response: ServerResponse, answer: string | Refusal) => void;
}

const NAMESPACE = 'xmlns="http://sns.amazonaws.com/doc/2010-03-31/"';
/** The one call of KMS that the functions make. */
const CANARY_TARGET = `TrentService.${CANARY_OPERATION}`;
const CLOUDWATCH_TARGET = 'GraniteServiceVersion20100801.';

/** Starts both services on one loopback port; it refuses what AWS refuses, and sends nothing anywhere. Metrics must be dated by `now`. */
export async function startLoopback(now: Clock = clock): Promise<Loopback> {
  const published: PublishedAlert[] = [];
  const metrics: PutMetric[] = [];
  let fault: FaultHook | undefined;

  const publish = (form: URLSearchParams): string | Refusal => {
    const alert = form.get('Action') === 'Publish' ? readPublish(form) : refused('InvalidAction', `no action ${form.get('Action')} here`);
    if (isRefusal(alert)) return alert;
    published.push(alert);
    return `<PublishResponse ${NAMESPACE}><PublishResult><MessageId>${randomUUID()}</MessageId></PublishResult></PublishResponse>`;
  };
  const putMetricData = (operation: string, body: Buffer): string | Refusal => {
    const read =
      operation === 'PutMetricData' ? readPutMetricData(parsed(body), now()) : refused('InvalidAction', `no action ${operation} here`);
    if (isRefusal(read)) return read;
    metrics.push(...read);
    return '{}';
  };
  const serviceOf = (request: IncomingMessage, body: Buffer): Service | undefined => {
    const target = request.headers['x-amz-target'];
    if (typeof target === 'string' && target.startsWith(CLOUDWATCH_TARGET)) {
      const operation = target.slice(CLOUDWATCH_TARGET.length);
      return { call: { service: 'cloudwatch', operation }, act: () => putMetricData(operation, body), reply: replyJson };
    }
    if (target === CANARY_TARGET) {
      return { call: { service: 'kms', operation: CANARY_OPERATION }, act: () => '{"Aliases":[],"Truncated":false}', reply: replyJson };
    }
    if (!request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) return undefined;
    const form = new URLSearchParams(body.toString('utf8'));
    return { call: { service: 'sns', operation: form.get('Action') ?? '' }, act: () => publish(form), reply: replyXml };
  };

  const server = await startLoopbackServer((request, raw, response) => {
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    const service = serviceOf(request, body);
    const failing = service && fault?.(service.call);
    if (service === undefined) response.writeHead(404).end('neither SNS, CloudWatch nor KMS');
    else if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 '))
      service.reply(response, refused('MissingAuthenticationToken', 'Request is missing Authentication Token', 403));
    else {
      const answer = failing?.effect === 'lost' ? '' : service.act();
      if (failing?.reply === 'hang-up') response.destroy();
      else service.reply(response, failing?.reply ?? answer);
    }
  });
  return {
    endpoint: server.endpoint,
    published,
    metrics,
    setFault: (hook) => {
      fault = hook;
    },
    stop: server.stop,
  };
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function replyXml(response: ServerResponse, answer: string | Refusal): void {
  const body =
    typeof answer === 'string'
      ? answer
      : `<ErrorResponse ${NAMESPACE}><Error><Type>${blamed(answer)}</Type><Code>${answer.code}</Code><Message>${xmlText(answer.message)}</Message></Error><RequestId>${randomUUID()}</RequestId></ErrorResponse>`;
  response.writeHead(typeof answer === 'string' ? 200 : answer.status, { 'content-type': 'text/xml' }).end(body);
}

/** CloudWatch names its errors as it did in the query protocol, in a header. */
function replyJson(response: ServerResponse, answer: string | Refusal): void {
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': randomUUID() };
  if (typeof answer === 'string') {
    response.writeHead(200, headers).end(answer);
    return;
  }
  const { status, code, message } = answer;
  const told = { ...headers, 'x-amzn-query-error': `${code};${blamed(answer)}` };
  response.writeHead(status, told).end(JSON.stringify({ __type: `com.amazonaws.cloudwatch#${code}Exception`, message }));
}

const blamed = ({ status }: Refusal): string => (status < 500 ? 'Sender' : 'Receiver');

function xmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
