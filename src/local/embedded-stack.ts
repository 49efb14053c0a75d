import { access } from 'node:fs/promises';
import { devNull } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Clock } from '../ports.ts';
import type { PutMetric } from './cloudwatch-wire.ts';
import { LOCAL_CREDENTIALS, LOCAL_REGION, startDynalite } from './dynalite-server.ts';
import { type Invoked, type InvokeOptions, type LambdaFunction, startLambdaFunction } from './lambda-function.ts';
import { type FaultHook, startLoopback } from './loopback.ts';
import type { PublishedAlert } from './sns-wire.ts';

/** The whole deployment on loopback: the built functions, their table, and what their topic and metrics took. */
export interface EmbeddedStack {
  /** The functions' environment: all that they know of the outside. */
  readonly environment: Readonly<Record<string, string>>;
  readonly tableName: string;
  /** A client of the table's database. */
  readonly client: DynamoDBClient;
  readonly published: readonly PublishedAlert[];
  readonly metrics: readonly PutMetric[];
  /** Runs `dist/audit.mjs` on an event. Rejects with what the handler threw: name and message. */
  invoke(event: unknown, options?: InvokeOptions): Promise<Invoked>;
  /** Runs `dist/sweep.mjs`, by default as if this were an hour from now. */
  sweep(ahead?: number): Promise<Invoked>;
  /** Readies another execution environment of the audit function, to be stopped by whoever asked for it; `added` to its environment. */
  another(added?: Readonly<Record<string, string>>): Promise<LambdaFunction>;
  /** Makes calls of SNS and CloudWatch fail from now on. */
  setFault(hook: FaultHook | undefined): void;
  /** Ends the audit function's process at once, as a crash would. */
  kill(): void;
  /** Closes the table's folder and opens it anew, while no function is at work. */
  reopen(): Promise<void>;
  stop(): Promise<void>;
}

/** Far enough for everything that has to stand for a while before it is alerted. */
const SWEEP_AHEAD_SECONDS = 3_600;
/** Both this file and the bundle made of it lie two folders below the project's. */
const DIST = new URL('../../dist/', import.meta.url);
const TOPIC_ARN = `arn:aws:sns:${LOCAL_REGION}:111122223333:kms-audit-alerts`;
const TIMEOUT_SECONDS = 10;
/** What serverless.yml gives the functions, MB. */
export const MEMORY_MB = { audit: 256, sweep: 512 };

/** Starts it: with `path`, the table is kept in that folder; metrics must be dated by `now`. Nothing leaves the machine: every endpoint is loopback, and the functions see no credentials but these. */
export async function startEmbeddedStack(options: { readonly path?: string; readonly now?: Clock } = {}): Promise<EmbeddedStack> {
  const { now, ...kept } = options;
  const runtime = await built('cli/lambda-runtime.mjs');
  await Promise.all([built('audit.mjs'), built('sweep.mjs')]);
  const [database, loopback] = await Promise.all([startDynalite(kept), startLoopback(now)]);
  const tableName = 'kms-audit-ledger';
  await database.createTable(tableName);
  const environment = {
    TABLE_NAME: tableName,
    ALERT_TOPIC_ARN: TOPIC_ARN,
    METRIC_NAMESPACE: 'KmsAudit',
    AWS_REGION: LOCAL_REGION,
    AWS_DEFAULT_REGION: LOCAL_REGION,
    AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ENDPOINT_URL_DYNAMODB: database.endpoint,
    AWS_ENDPOINT_URL_SNS: loopback.endpoint,
    AWS_ENDPOINT_URL_CLOUDWATCH: loopback.endpoint,
    AWS_ENDPOINT_URL_KMS: loopback.endpoint,
    AWS_ENDPOINT_URL_ECS: loopback.endpoint,
  };
  const common = { runtime, root: fileURLToPath(DIST), environment, timeoutSeconds: TIMEOUT_SECONDS };
  const auditSettings = { ...common, handler: 'audit.handler', memoryMb: MEMORY_MB.audit };
  const audit = await startLambdaFunction(auditSettings);
  const sweep = await startLambdaFunction({ ...common, handler: 'sweep.handler', memoryMb: MEMORY_MB.sweep });
  return {
    environment,
    tableName,
    client: database.client,
    published: loopback.published,
    metrics: loopback.metrics,
    invoke: audit.invoke,
    sweep: (ahead = SWEEP_AHEAD_SECONDS) => sweep.invoke({}, { ahead }),
    another: (added = {}) => startLambdaFunction({ ...auditSettings, environment: { ...environment, ...added } }),
    setFault: loopback.setFault,
    kill: audit.kill,
    reopen: database.reopen,
    stop: async () => {
      await Promise.all([audit.stop(), sweep.stop()]);
      await Promise.all([database.stop(), loopback.stop()]);
    },
  };
}

async function built(file: string): Promise<string> {
  const path = fileURLToPath(new URL(file, DIST));
  await access(path).catch(() => {
    throw new Error(`dist/${file} is not there: npm run build makes it`);
  });
  return path;
}
