import type { IncomingMessage, ServerResponse } from 'node:http';
import { startLoopbackServer } from '../../src/local/loopback-server.ts';
import { type CloudFormationStandIn, cloudFormationStandIn, StackError } from './cloudformation-stand-in.ts';
import { type S3StandIn, s3StandIn } from './s3-stand-in.ts';
import { type XmlValue, xml } from './xml.ts';

/** STS, CloudFormation, S3, Lambda, KMS and ECS on one loopback port, as far as a deployment and its canary call them. */
export interface AwsStandIn {
  readonly endpoint: string;
  readonly cloudFormation: CloudFormationStandIn;
  readonly s3: S3StandIn;
  /** What was called, in order: `service operation`. */
  readonly calls: readonly string[];
  /** The calls among them that no stand-in knows. */
  readonly unknown: readonly string[];
  stop(): Promise<void>;
}

/** The service that a request is signed for. */
const SIGNED_FOR = /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/[a-z0-9-]+\/([a-z0-9-]+)\/aws4_request/;
const IDENTITY = {
  Arn: 'arn:aws:sts::111122223333:assumed-role/deployer/rehearsal',
  UserId: 'AROAEXAMPLE:rehearsal',
  Account: '111122223333',
};

/** KMS lists no grants and knows every key. */
const KMS_ANSWERS: Readonly<Record<string, object>> = {
  ListAliases: { Aliases: [], Truncated: false },
  ListKeys: { Keys: [], Truncated: false },
  ListGrants: { Grants: [], Truncated: false },
  DescribeKey: { KeyMetadata: { KeyId: 'known', KeyState: 'Enabled', KeyManager: 'AWS' } },
};

/** Starts it; nothing is deployed yet. */
export async function startAwsStandIn(region: string): Promise<AwsStandIn> {
  const calls: string[] = [];
  const unknown: string[] = [];
  const s3 = s3StandIn();
  const cloudFormation = cloudFormationStandIn(s3, region);

  const lambda = (request: IncomingMessage, response: ServerResponse): boolean => {
    const name = /^\/2015-03-31\/functions\/([^/?]+)$/.exec(request.url ?? '')?.[1];
    if (request.method !== 'GET' || name === undefined) return false;
    const stack = cloudFormation.deployed();
    const found = stack?.resolved.resources.find(({ type, physicalId }) => type === 'AWS::Lambda::Function' && physicalId === name);
    if (stack === undefined || found === undefined) {
      const headers = { 'content-type': 'application/json', 'x-amzn-errortype': 'ResourceNotFoundException' };
      response.writeHead(404, headers).end(JSON.stringify({ Type: 'User', Message: `Function not found: ${name}` }));
    } else answerJson(response, { Configuration: { FunctionName: name, LastModified: stack.updated.toISOString() } });
    return true;
  };
  const query = (service: string, body: Buffer, response: ServerResponse): boolean => {
    const form = new URLSearchParams(body.toString('utf8'));
    const action = form.get('Action') ?? '';
    try {
      const result = service === 'cloudformation' ? cloudFormation.act(form) : action === 'GetCallerIdentity' ? IDENTITY : undefined;
      if (result !== undefined) answerXml(response, 200, { [`${action}Response`]: { [`${action}Result`]: result } });
      return result !== undefined;
    } catch (error) {
      if (!(error instanceof StackError)) throw error;
      answerXml(response, 400, { ErrorResponse: { Error: { Type: 'Sender', Code: 'ValidationError', Message: error.message } } });
      return true;
    }
  };
  const kms = (request: IncomingMessage, response: ServerResponse): boolean => {
    const answer = KMS_ANSWERS[String(request.headers['x-amz-target']).replace('TrentService.', '')];
    if (answer !== undefined) answerJson(response, answer);
    return answer !== undefined;
  };
  const ecs = (request: IncomingMessage, response: ServerResponse): boolean => {
    if (request.headers['x-amz-target'] !== 'AmazonEC2ContainerServiceV20141113.ListClusters') return false;
    answerJson(response, { clusterArns: [] });
    return true;
  };

  const server = await startLoopbackServer((request, body, response) => {
    const service = SIGNED_FOR.exec(request.headers.authorization ?? '')?.[1] ?? 'unsigned';
    const call = nameOf(service, request, body);
    calls.push(call);
    const answered =
      service === 's3'
        ? s3.answer(request, body, response)
        : service === 'lambda'
          ? lambda(request, response)
          : service === 'kms'
            ? kms(request, response)
            : service === 'ecs'
              ? ecs(request, response)
              : (service === 'sts' || service === 'cloudformation') && query(service, body, response);
    if (answered) return;
    unknown.push(call);
    response.writeHead(400).end('this rehearsal does not know that call');
  });
  return { endpoint: server.endpoint, cloudFormation, s3, calls, unknown, stop: server.stop };
}

function nameOf(service: string, request: IncomingMessage, body: Buffer): string {
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') return `${service} ${target.slice(target.indexOf('.') + 1)}`;
  const action = request.method === 'POST' ? new URLSearchParams(body.toString('utf8')).get('Action') : null;
  return `${service} ${action ?? `${request.method} ${request.url}`}`;
}

function answerJson(response: ServerResponse, value: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function answerXml(response: ServerResponse, status: number, value: XmlValue): void {
  response.writeHead(status, { 'content-type': 'text/xml' }).end(xml(value));
}
