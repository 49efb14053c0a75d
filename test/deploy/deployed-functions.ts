import { devNull } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, type CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import { at, isObject } from '../../src/core/json.ts';
import { type DynaliteServer, LOCAL_CREDENTIALS } from '../../src/local/dynalite-server.ts';
import { type LambdaFunction, startLambdaFunction } from '../../src/local/lambda-function.ts';
import type { AwsStandIn } from './aws-stand-in.ts';
import { codeOf, type DeployedStack } from './cloudformation-stand-in.ts';
import type { ResolvedTemplate } from './resolved-template.ts';
import { unzip } from './unzip.ts';

/** A function as it was deployed: what was uploaded, with the environment of the template. */
export interface DeployedFunction extends LambdaFunction {
  readonly arn: string;
  /** The files of its package. */
  readonly files: readonly string[];
}

/** Where the functions find the services that they call. */
export interface Endpoints {
  readonly dynamodb: string;
  readonly sns: string;
  readonly cloudwatch: string;
  readonly kms: string;
}

/** Makes every table of the template, as far as a database without backups, encryption and expiry understands it. */
export async function makeTables({ client }: DynaliteServer, { resources }: ResolvedTemplate): Promise<void> {
  for (const { type, physicalId, properties } of resources) {
    if (type !== 'AWS::DynamoDB::Table') continue;
    const { KeySchema, AttributeDefinitions, BillingMode, GlobalSecondaryIndexes } = properties;
    const input = { TableName: physicalId, KeySchema, AttributeDefinitions, BillingMode, GlobalSecondaryIndexes };
    await client.send(new CreateTableCommand(input as CreateTableCommandInput));
  }
}

/** Unpacks every function of the template from what was uploaded to S3, and readies it to run in a process of its own. */
export async function startFunctions(
  { resolved, stack }: DeployedStack,
  { s3 }: AwsStandIn,
  endpoints: Endpoints,
  runtime: string,
  folder: string,
): Promise<DeployedFunction[]> {
  const functions: DeployedFunction[] = [];
  for (const { type, logicalId, arn = '', properties } of resolved.resources) {
    if (type !== 'AWS::Lambda::Function') continue;
    const root = join(folder, logicalId);
    const files = await unzip(s3.object(...codeOf(properties)), root);
    const started = await startLambdaFunction({
      runtime,
      root,
      handler: String(properties.Handler),
      environment: { ...variablesOf(properties), ...lambdaEnvironment(stack.region, endpoints) },
      timeoutSeconds: Number(properties.Timeout),
      memoryMb: Number(properties.MemorySize),
    });
    functions.push({ ...started, arn, files });
  }
  return functions;
}

function variablesOf(properties: Readonly<Record<string, unknown>>): Record<string, string> {
  const variables = at(properties, 'Environment', 'Variables');
  return Object.fromEntries(Object.entries(isObject(variables) ? variables : {}).map(([name, value]) => [name, String(value)]));
}

/** What Lambda itself sets, and what keeps the SDK on this machine. */
function lambdaEnvironment(region: string, { dynamodb, sns, cloudwatch, kms }: Endpoints): Record<string, string> {
  return {
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ENDPOINT_URL: kms,
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb,
    AWS_ENDPOINT_URL_SNS: sns,
    AWS_ENDPOINT_URL_CLOUDWATCH: cloudwatch,
    AWS_ENDPOINT_URL_KMS: kms,
  };
}
