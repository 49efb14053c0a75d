import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDbLedger } from '../aws/dynamodb-ledger.ts';
import { DynamoDbReader } from '../aws/dynamodb-reader.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { printable } from '../core/text.ts';
import type { Ledger } from '../ports.ts';
import { counted } from './layout.ts';
import type { AskedLedger } from './ledger-source.ts';
import { requireRegion } from './region.ts';
import { tableFault } from './table-fault.ts';
import type { Terminal } from './terminal.ts';

/**
 * Reads the whole ledger in a table, with the SDK's own settings, says on `err` what that took, and hands it to `use`.
 * Throws an {@link InputError} where there is no such table, or no way to it.
 */
export async function withTable<T>(table: string, terminal: Terminal, use: (snapshot: Snapshot, ledger: Ledger) => Promise<T>): Promise<T> {
  return withClient(table, async (client) => {
    const ledger = new DynamoDbLedger(client, table);
    return use(await scanned(client, table, ledger, terminal), ledger);
  });
}

/** Hands `use` the ledger in a table, to ask of it what it likes. Throws as {@link withTable} does. */
export async function askTable<T>(table: string, terminal: Terminal, use: (ledger: AskedLedger) => Promise<T>): Promise<T> {
  return withClient(table, (client) =>
    use({
      reader: new DynamoDbReader(client, table),
      snapshot: () => scanned(client, table, new DynamoDbLedger(client, table), terminal),
    }),
  );
}

async function withClient<T>(table: string, use: (client: DynamoDBClient) => Promise<T>): Promise<T> {
  const client = new DynamoDBClient({});
  try {
    await requireRegion(client);
    return await use(client);
  } catch (error) {
    throw tableFault(error, table) ?? error;
  } finally {
    client.destroy();
  }
}

async function scanned(client: DynamoDBClient, table: string, ledger: Ledger, terminal: Terminal): Promise<Snapshot> {
  const scan = meterScan(client, terminal);
  const snapshot = await ledger.snapshot().finally(scan.end);
  terminal.err.write(`${printable(table, 255)}: ${counted(scan.items, 'item')} read, ${counted(scan.units, 'read unit')}\n`);
  return snapshot;
}

interface ScanMeter {
  items: number;
  units: number;
  /** Takes the line of progress away. */
  readonly end: () => void;
}

/** Counts what the client's Scans return and take; on a terminal, as they come. */
function meterScan(client: DynamoDBClient, { err, live }: Terminal): ScanMeter {
  const meter: ScanMeter = { items: 0, units: 0, end: () => live && err.write('\r\u001b[K') };
  client.middlewareStack.add(
    (next) => async (request) => {
      const answer = await next(request);
      if ('ScannedCount' in answer.output) {
        meter.items += answer.output.Count ?? 0;
        const { ConsumedCapacity } = answer.output;
        if (ConsumedCapacity !== undefined && 'CapacityUnits' in ConsumedCapacity) meter.units += ConsumedCapacity.CapacityUnits ?? 0;
        if (live) err.write(`\r\u001b[K${counted(meter.items, 'item')} read`);
      }
      return answer;
    },
    { step: 'initialize' },
  );
  return meter;
}
