import { setImmediate as turn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { BatchWriteItemCommand, type DynamoDBClient, ScanCommand, type WriteRequest } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { SNSClient } from '@aws-sdk/client-sns';
import { auditHandler } from '../../src/audit-handler.ts';
import { CloudWatchMetricSink } from '../../src/aws/cloudwatch-metric-sink.ts';
import { DynamoDbLedger } from '../../src/aws/dynamodb-ledger.ts';
import type { Item } from '../../src/aws/item-codec.ts';
import { kmsProbe } from '../../src/aws/kms-probe.ts';
import { SnsAlertSink } from '../../src/aws/sns-alert-sink.ts';
import { CLIENT } from '../../src/aws/wiring.ts';
import type { Policy } from '../../src/core/policy.ts';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from '../../src/local/dynalite-server.ts';
import { startLoopback } from '../../src/local/loopback.ts';
import type { Pipeline } from '../../src/pipeline.ts';
import { sweepHandler } from '../../src/sweep-handler.ts';
import { sha256 } from '../../src/system.ts';
import type { Gate } from '../support/interleaving.ts';
import { startTestTables } from '../support/test-tables.ts';
import { attach, Invocation, type Strike } from './wire.ts';

/** The role whose canary comes by. */
export const CANARY_ROLE = 'arn:aws:iam::111122223333:role/kms-audit-sweep';

/** The part of the clients' middleware that they have in common. */
type InitializeMiddleware = (
  next: (given: { input: object }) => Promise<{ response: unknown; output: object }>,
  context: { commandName?: string },
) => (given: { input: object }) => Promise<{ response: unknown; output: object }>;

interface Gateable {
  readonly middlewareStack: { add(middleware: InitializeMiddleware, options: { readonly step: 'initialize' }): void };
}

/** What a handler is run on. */
export type Work = { readonly event: unknown } | { readonly sweep: true };

/** What came of one run of a handler. */
export interface Delivered {
  /** It threw, was killed, or returned messages to their queue. */
  readonly failed: boolean;
  readonly calls: readonly string[];
  readonly struck: number;
  readonly unnoted: number;
}

/** The table's items, each as JSON by its key. */
export type Items = ReadonlyMap<string, Item>;

/** What the topic and the metrics took. */
export interface Told {
  /** Each message as its thread and what kind it is, in order. */
  readonly messages: readonly { readonly thread: string; readonly kind: string }[];
  /** How often each metric was counted. */
  readonly metrics: ReadonlyMap<string, number>;
}

/**
 * The deployed functions as they are wired, in this process: their real clients speak HTTP to dynalite and to the
 * loopback services; the clock is the test's.
 */
export class Deployment {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #loopback: Awaited<ReturnType<typeof startLoopback>>;
  readonly #stop: () => Promise<void>;
  readonly #pipeline: Omit<Pipeline, 'policy' | 'ledger'>;
  readonly #ledger: () => DynamoDbLedger;
  readonly #probe: ReturnType<typeof kmsProbe>;
  readonly #clock: { now: number };
  #gate: Gate | undefined;
  #told = { messages: 0, metrics: 0 };

  private constructor(
    tables: Awaited<ReturnType<typeof startTestTables>>,
    table: string,
    loopback: Awaited<ReturnType<typeof startLoopback>>,
    clock: { now: number },
    clients: { dynamodb: DynamoDBClient; sns: SNSClient; cloudwatch: CloudWatchClient; kms: KMSClient },
  ) {
    this.#client = tables.client;
    this.#table = table;
    this.#loopback = loopback;
    this.#clock = clock;
    const now = (): number => clock.now;
    this.#pipeline = {
      digest: sha256,
      now,
      log: () => {},
      alerts: new SnsAlertSink(clients.sns, 'arn:aws:sns:us-west-2:111122223333:kms-audit-alerts'),
      metrics: new CloudWatchMetricSink(clients.cloudwatch, 'KmsAudit', now),
      canaryRole: CANARY_ROLE,
    };
    this.#ledger = () => new DynamoDbLedger(clients.dynamodb, table);
    this.#probe = kmsProbe(clients.kms);
    const gated: InitializeMiddleware =
      (next, { commandName }) =>
      async (given) => {
        if (this.#gate === undefined) return next(given);
        let answer: Awaited<ReturnType<typeof next>> | undefined;
        await this.#gate(String(commandName), async () => {
          answer = await next(given);
        });
        if (answer === undefined) throw new Error(`${commandName} was not made`);
        return answer;
      };
    for (const client of Object.values<unknown>(clients)) (client as Gateable).middlewareStack.add(gated, { step: 'initialize' });
    this.#stop = async () => {
      for (const client of Object.values(clients)) client.destroy();
      await Promise.all([tables.stop(), loopback.stop()]);
    };
  }

  static async start(): Promise<Deployment> {
    const clock = { now: 0 };
    const [tables, loopback] = await Promise.all([startTestTables(), startLoopback(() => clock.now)]);
    const table = await tables.create();
    // Time-outs are made here, not by a busy machine.
    const { requestHandler: _waits, ...settings } = CLIENT;
    const elsewhere = { ...settings, endpoint: loopback.endpoint, region: LOCAL_REGION, credentials: LOCAL_CREDENTIALS };
    const clients = {
      dynamodb: tables.anotherClient(),
      sns: new SNSClient(elsewhere),
      cloudwatch: new CloudWatchClient(elsewhere),
      kms: new KMSClient(elsewhere),
    };
    for (const client of Object.values(clients)) await attach(client);
    return new Deployment(tables, table, loopback, clock, clients);
  }

  /** Runs the handler at this instant, seconds since 1970. */
  async deliver(work: Work, policy: Policy, now: number, strike?: Strike): Promise<Delivered> {
    this.#clock.now = now;
    // Each delivery meets a new process: the table may have been made what it was, and the ledger remembers what it has written.
    const pipeline = { ...this.#pipeline, ledger: this.#ledger(), policy };
    const audit = auditHandler(() => pipeline);
    const sweep = sweepHandler(
      () => pipeline,
      () => this.#probe,
    );
    const invocation = new Invocation(strike);
    const outcome = await invocation.run(() => ('event' in work ? audit(work.event) : sweep()));
    // Whatever a killed handler had begun comes to its standstill.
    await turn();
    const { calls, struck, unnoted } = invocation;
    return { failed: 'failed' in outcome || hasFailures(outcome.returned), calls, struck, unnoted: Math.max(0, unnoted) };
  }

  /** While `work` runs, every call of the handlers stands behind the gate. */
  async behind<T>(gate: Gate, work: () => Promise<T>): Promise<T> {
    this.#gate = gate;
    try {
      return await work();
    } finally {
      this.#gate = undefined;
    }
  }

  /** The table as it stands. */
  async items(): Promise<Items> {
    return this.#scan();
  }

  /** The entries of the index of open grants, by their items' keys. */
  async index(): Promise<Items> {
    return this.#scan('open');
  }

  /** Makes the table what it was; reads it first. */
  async restore(items: Items): Promise<void> {
    const present = await this.items();
    const writes: WriteRequest[] = [];
    for (const [id, item] of items) if (!isDeepStrictEqual(present.get(id), item)) writes.push({ PutRequest: { Item: { ...item } } });
    for (const [id, { pk, sk }] of present) if (!items.has(id) && pk && sk) writes.push({ DeleteRequest: { Key: { pk, sk } } });
    for (let from = 0; from < writes.length; from += 25)
      await this.#client.send(new BatchWriteItemCommand({ RequestItems: { [this.#table]: writes.slice(from, from + 25) } }));
    this.told();
  }

  /** What was told since this was last asked. */
  told(): Told {
    const { published, metrics } = this.#loopback;
    const messages = published.slice(this.#told.messages).map(({ subject = '', bodies }) => ({
      thread: String(JSON.parse(bodies.default ?? '{}').metadata.threadId),
      kind:
        /^(?:Over|Withdrawn|Still)(?=: )/.exec(subject)?.[0] ??
        (bodies.email?.includes('It has ended since') ? 'alert of what is over' : 'alert'),
    }));
    const counted = new Map<string, number>();
    for (const { name, dimensions, value } of metrics.slice(this.#told.metrics)) {
      const id = `${name} ${JSON.stringify(dimensions)}`;
      counted.set(id, (counted.get(id) ?? 0) + value);
    }
    this.#told = { messages: published.length, metrics: metrics.length };
    return { messages, metrics: counted };
  }

  async stop(): Promise<void> {
    await this.#stop();
  }

  async #scan(IndexName?: string): Promise<Items> {
    const items = new Map<string, Item>();
    let from: Item | undefined;
    do {
      const page = await this.#client.send(
        new ScanCommand({ TableName: this.#table, ...(IndexName && { IndexName }), ...(from && { ExclusiveStartKey: { ...from } }) }),
      );
      for (const item of page.Items ?? []) items.set(`${item.pk?.S} ${item.sk?.S}`, item);
      from = page.LastEvaluatedKey;
    } while (from !== undefined);
    return items;
  }
}

function hasFailures(returned: unknown): boolean {
  const failures: unknown = Reflect.get(Object(returned), 'batchItemFailures');
  return Array.isArray(failures) && failures.length > 0;
}
