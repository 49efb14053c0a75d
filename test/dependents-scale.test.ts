import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynamoDbReader } from '../src/aws/dynamodb-reader.ts';
import { SHOWN } from '../src/cli/render-dependents.ts';
import { dependentsOfKey, EVERYTHING } from '../src/dependents.ts';
import { type DynaliteServer, LOCAL_CREDENTIALS, LOCAL_REGION, startDynalite } from '../src/local/dynalite-server.ts';
import { keyArnAt, type Measures, writeLargeLedger } from './support/large-ledger.ts';

/** `npm run bench:dependents` makes the ledger that the figures are told of. */
const VOLUMES = Number(process.env.KMS_AUDIT_VOLUMES ?? 3_000);
const MEASURES: Measures = { volumes: VOLUMES, clusters: 50, keys: 5, open: VOLUMES >= 5_000 ? 1_000 : 200 };
const PROGRAM = new URL('../dist/cli/kms-audit.mjs', import.meta.url).pathname;
const TABLE = 'large';

/** The small ledger only shows that it works; the large one is held to its time. */
const [RUNS, BOUND_SECONDS] = VOLUMES >= 200_000 ? [5, 2] : [1, 30];
/** JSON asks for the last use of each volume, which is a Query each: some 1.6 s of processor time, shared between client and database. */
const JSON_BOUND_SECONDS = 2 * BOUND_SECONDS;

let database: DynaliteServer;
beforeAll(async () => {
  database = await startDynalite();
  await database.createTable(TABLE);
  const started = performance.now();
  const items = await writeLargeLedger(database.client, TABLE, MEASURES);
  console.log(`${VOLUMES} volumes, ${items} items, written in ${((performance.now() - started) / 1_000).toFixed(1)} s`);
}, 3_600_000);
afterAll(async () => database.stop());

interface Read {
  readonly commands: Map<string, number>;
  items: number;
}

/** Counts what a reader's calls are and return. */
function meteredReader(): { readonly reader: DynamoDbReader; readonly read: Read } {
  const read: Read = { commands: new Map(), items: 0 };
  database.client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        read.commands.set(commandName, (read.commands.get(commandName) ?? 0) + 1);
        const answer = await next(args);
        const output = answer.output as { Items?: unknown[]; Item?: unknown; ScannedCount?: number };
        read.items += output.ScannedCount ?? (output.Item === undefined ? 0 : 1);
        return answer;
      },
    { step: 'initialize', name: 'meter', override: true },
  );
  return { reader: new DynamoDbReader(database.client, TABLE), read };
}

/** Runs the built command against the table; what it printed, and the seconds it took. */
function kmsAudit(...args: string[]): Promise<{ readonly out: string; readonly seconds: number }> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const env = {
      PATH: process.env.PATH ?? '',
      AWS_REGION: LOCAL_REGION,
      AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
      AWS_ENDPOINT_URL: database.endpoint,
    };
    const child = spawn(process.execPath, [PROGRAM, ...args], { env });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    child.on('close', (code) =>
      code === 0 ? resolve({ out, seconds: (performance.now() - started) / 1_000 }) : reject(new Error(`exit ${code}: ${err}`)),
    );
  });
}

describe(`a ledger of ${VOLUMES} volumes over 50 clusters and 5 keys`, () => {
  it('is asked by Query, and of the sweep by one GetItem, and returns no more than the open grants and what is told of each', async () => {
    const { reader, read } = meteredReader();

    const of = await dependentsOfKey(reader, keyArnAt(0), EVERYTHING);

    const { open, clusters } = MEASURES;
    expect(of.openGrants).toBe(open);
    expect(of.volumes).toHaveLength(open);
    expect(of.volumes.every(({ lastUse }) => lastUse?.operation === 'Decrypt')).toBe(true);
    expect(of.verdict).toBe(
      `Disabling breaks new tasks in 10 clusters; ${open} volumes on 50 clusters still need it; nothing else was seen using it.`,
    );
    expect([...read.commands.keys()]).toEqual(['QueryCommand', 'GetItemCommand']);
    expect(read.commands.get('GetItemCommand')).toBe(1);
    // The open grants, each one's last use; of each cluster its entry, three settings, a rehearsal.
    expect(read.items).toBe(open + open + clusters * (1 + 3 + 1));
  });

  it('returns the uses of only those volumes that a screen shows', async () => {
    const { reader, read } = meteredReader();

    await dependentsOfKey(reader, keyArnAt(0), SHOWN);

    const { open, clusters } = MEASURES;
    expect([...read.commands.keys()]).toEqual(['QueryCommand', 'GetItemCommand']);
    expect(read.items).toBe(open + SHOWN.clusters * SHOWN.volumes + clusters * (1 + 3 + 1));
  });

  it('answers within its time, the start of the command included', async () => {
    const questions = {
      'a screen': ['dependents', keyArnAt(0)],
      JSON: ['dependents', keyArnAt(0), '--json'],
      'by a part of the id': ['dependents', '00000000-0000'],
      'timeline of a volume': ['timeline', `vol-${(7).toString(16).padStart(17, '0')}`],
    };
    const outs: string[] = [];
    for (const [what, args] of Object.entries(questions)) {
      const runs = [];
      for (let run = 0; run < RUNS; run += 1) runs.push(await kmsAudit(...args, '--table', TABLE));
      const seconds = runs.map((run) => run.seconds).sort();
      console.log(`${what}: ${seconds.map((one) => one.toFixed(2)).join(', ')} s`);
      outs.push(runs[0]?.out ?? '');
      // The quickest of several: whatever else the machine does only adds to it.
      expect(seconds[0]).toBeLessThan(what === 'JSON' ? JSON_BOUND_SECONDS : BOUND_SECONDS);
    }
    const [screen, json = '', byPart, volume] = outs;
    expect(JSON.parse(json).volumes).toHaveLength(MEASURES.open);
    expect(byPart).toBe(screen);
    expect(volume).toContain('3 facts');
  });
});
