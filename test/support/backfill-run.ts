import { type AttributeValue, type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDbCheckpoint } from '../../src/aws/dynamodb-checkpoint.ts';
import { DynamoDbHistory } from '../../src/aws/dynamodb-history.ts';
import { PacedTable } from '../../src/aws/paced-table.ts';
import { Table } from '../../src/aws/table.ts';
import { WriteRate } from '../../src/aws/write-rate.ts';
import { type BackfillReport, type BackfillWork, backfill } from '../../src/backfill.ts';
import { readEnvelope } from '../../src/core/envelope.ts';
import { DEFAULT_POLICY } from '../../src/core/policy.ts';
import type { SourceBatch } from '../../src/core/reading.ts';
import { sha256 } from '../../src/system.ts';

/** Sources by their paths, each the values its records come in. */
export type Archive = Readonly<Record<string, readonly unknown[]>>;

/** Nobody waits in a test. */
export const atOnce = async (): Promise<void> => {};

/** When the fleets' facts are a day old. */
export const NOW = Date.parse('2026-11-03T10:00:00Z') / 1_000;

/** Writes the archive into a table with a checkpoint in the same table, noting after every source and holding little. */
export async function backfillArchive(
  archive: Archive,
  table: string,
  client: DynamoDBClient,
  work: Partial<BackfillWork> = {},
): Promise<BackfillReport & { readonly writeUnits: number }> {
  const rate = new WriteRate(Number.POSITIVE_INFINITY, () => 0, atOnce);
  const paced = new PacedTable(client, table, rate, atOnce);
  const sources = Object.entries(archive).map(([path, values]) => ({ path, id: path, bytes: values.length }));
  const report = await backfill(sources, {
    history: new DynamoDbHistory(paced, 400, () => NOW),
    checkpoint: new DynamoDbCheckpoint(new Table(client, table), paced, 'test', () => NOW),
    read: readerOf(archive),
    policy: DEFAULT_POLICY,
    digest: sha256,
    now: () => NOW,
    bounds: { items: 4, gathered: 4, noteSeconds: 0 },
    ...work,
  });
  return { ...report, writeUnits: rate.spent };
}

/** Reads an archive's sources in two batches each, where there are two records. */
function readerOf(archive: Archive): BackfillWork['read'] {
  return async function* read(paths) {
    for (const path of paths) {
      const readings = (archive[path] ?? []).flatMap((value) => readEnvelope(value, sha256));
      const middle = Math.floor(readings.length / 2);
      if (middle > 0) yield batchOf(path, readings.slice(0, middle), 0, false);
      yield batchOf(path, readings.slice(middle), middle, true);
    }
  };
}

function batchOf(path: string, readings: ReturnType<typeof readEnvelope>, from: number, last: boolean): SourceBatch {
  return {
    path,
    last,
    records: readings.length,
    outOfScope: 0,
    readings: readings.flatMap((reading) => (reading.kind === 'rejected' ? [] : reading)),
    rejected: readings.flatMap((reading, index) => (reading.kind === 'rejected' ? { index: from + index, reason: reading.reason } : [])),
  };
}

/** Every item of the ledger in a table, by its key; checkpoints are none of the ledger's. */
export async function itemsOf(client: DynamoDBClient, table: string): Promise<Record<string, Record<string, AttributeValue>>> {
  const { Items = [] } = await client.send(new ScanCommand({ TableName: table, ConsistentRead: true }));
  const byKey = Items.map((item) => [`${item.pk?.S} ${item.sk?.S}`, item] as const).filter(([key]) => !key.startsWith('B/'));
  return Object.fromEntries(byKey.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Shares the records out to so many sources. */
export function archiveOf(records: readonly unknown[], sources: number): Archive {
  const archive: Record<string, unknown[]> = {};
  for (const [index, record] of records.entries()) {
    const path = `source-${String(Math.floor((index * sources) / records.length)).padStart(3, '0')}`;
    archive[path] = [...(archive[path] ?? []), record];
  }
  return archive;
}
