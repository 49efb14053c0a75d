import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { type BackfillWork, boundsAt, type HistorySource } from '../backfill.ts';
import { field, items, text } from '../core/json.ts';
import { printable } from '../core/text.ts';
import type { Log } from '../ports.ts';
import { scanRemote } from '../scan/scan-remote.ts';
import { clock, sha256 } from '../system.ts';
import { builtPolicy } from './built-policy.ts';
import { DynamoDbCheckpoint } from './dynamodb-checkpoint.ts';
import { DynamoDbHistory } from './dynamodb-history.ts';
import { PacedTable } from './paced-table.ts';
import type { S3Object } from './s3-objects.ts';
import { identityOf, objectSource, pathOf } from './s3-source.ts';
import { Table } from './table.ts';
import { type Sleep, WriteRate } from './write-rate.ts';

/** The environment, or what the function was invoked with, is not what the deployment's state machine sees to. */
class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** What a batch is worked on with. */
export interface PreparedBatch {
  readonly sources: readonly HistorySource[];
  readonly work: BackfillWork;
  readonly history: DynamoDbHistory;
  readonly rate: WriteRate;
}

/** The deployed function's way to its batches. */
export interface DeployedBackfill {
  readonly prepare: (objects: readonly S3Object[]) => PreparedBatch;
  readonly log: Log;
}

const ATTEMPTS = 10;
const SILENCE_MILLISECONDS = 30_000;
const RETENTION_DAYS = 400;

const sleep: Sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

const log: Log = (message, fields) => {
  const told = Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? printable(value, 1_000) : value]);
  console.log(JSON.stringify({ message, ...Object.fromEntries(told) }));
};

/**
 * The backfill of the deployed function, from its environment: TABLE_NAME, RETENTION_DAYS, OWN_KEY_ARNS, OWN_RULE_PREFIX;
 * WRITE_RATE, write units per second of all batches together, and CONCURRENCY, how many there are at once.
 */
export function deployedBackfill(environment: NodeJS.ProcessEnv): DeployedBackfill {
  const table = environment.TABLE_NAME?.trim();
  if (!table) throw new ConfigurationError('environment variable TABLE_NAME is not set');
  const number = (name: string, otherwise?: number): number => {
    const value = environment[name]?.trim() ? Number(environment[name]) : otherwise;
    if (value === undefined || !(value > 0)) throw new ConfigurationError(`environment variable ${name}: expected a number more than 0`);
    return value;
  };
  const perSecond = number('WRITE_RATE') / number('CONCURRENCY');
  const retentionDays = number('RETENTION_DAYS', RETENTION_DAYS);
  const policy = builtPolicy();
  const ownKeys = (environment.OWN_KEY_ARNS ?? '').split(/[\s,]+/).filter((arn) => arn !== '');
  const dynamo = new DynamoDBClient({ maxAttempts: 3 });
  const s3 = new S3Client({
    maxAttempts: ATTEMPTS,
    followRegionRedirects: true,
    requestHandler: { connectionTimeout: 5_000, socketTimeout: SILENCE_MILLISECONDS },
  });
  const prepare = (objects: readonly S3Object[]): PreparedBatch => {
    const rate = new WriteRate(perSecond, () => performance.now(), sleep);
    const paced = new PacedTable(dynamo, table, rate, sleep);
    const history = new DynamoDbHistory(paced, retentionDays, clock);
    const byPath = new Map(objects.map((object) => [pathOf(object), object]));
    const sources = new Map(objects.map((object) => [pathOf(object), objectSource(s3, object, sleep)]));
    // Its own scope: a batch that is repeated finds what it has covered, and reads nobody else's notes.
    const scope = JSON.stringify([policy, retentionDays, ownKeys, [...byPath.values()].map(identityOf)]);
    return {
      sources: [...byPath].map(([path, object]) => ({ path, id: identityOf(object), bytes: object.size ?? 0 })),
      history,
      rate,
      work: {
        history,
        checkpoint: new DynamoDbCheckpoint(new Table(dynamo, table), paced, scope, clock),
        read: (paths) => scanRemote(paths.flatMap((path) => sources.get(path) ?? [])),
        policy,
        digest: sha256,
        now: clock,
        ownKeys: new Set(ownKeys),
        ...(environment.OWN_RULE_PREFIX ? { ownRules: environment.OWN_RULE_PREFIX } : {}),
        bounds: boundsAt(perSecond),
      },
    };
  };
  return { prepare, log };
}

/** The objects of a batch as Distributed Map hands them out, from a listing or an inventory. Folders that consoles draw are none. */
export function readBatch(event: unknown): S3Object[] {
  const bucket = text(field(field(event, 'BatchInput'), 'bucket'));
  const list = field(event, 'Items');
  if (bucket === undefined || !Array.isArray(list))
    throw new ConfigurationError('expected a batch of S3 objects: Items, and BatchInput with a bucket');
  return items(list).flatMap((item) => {
    const key = text(field(item, 'Key'));
    if (key === undefined) throw new ConfigurationError('expected every item of the batch to have a Key');
    const size = Number(field(item, 'Size') ?? Number.NaN);
    const etag = text(field(item, 'Etag')) ?? text(field(item, 'ETag'));
    if (key.endsWith('/') && size === 0) return [];
    return { bucket, key, ...(Number.isNaN(size) ? {} : { size }), ...(etag === undefined ? {} : { etag: quoted(etag) }) };
  });
}

/** Inventories leave the quotes away. */
const quoted = (etag: string): string => (etag.startsWith('"') ? etag : `"${etag}"`);
