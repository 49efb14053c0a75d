import { askAll } from '../at-once.ts';
import type { Volume } from '../core/fact.ts';
import { readKeyArn } from '../core/key-arn.ts';
import { printable } from '../core/text.ts';
import type { Timeline } from '../core/timeline.ts';
import { MemoryReader } from '../local/memory-reader.ts';
import type { LedgerReader } from '../ports.ts';
import { timelineIn, timelineOfGrant, timelineOfVolume, volumesNamed } from '../timeline.ts';
import { InputError } from './input.ts';
import { type AskedLedger, askLedger, type LedgerSource } from './ledger-source.ts';
import { clusterNamed, isWholeCluster, keyNamed, listed } from './named.ts';
import { policyIn } from './policy.ts';
import { renderTimeline } from './render-timeline.ts';
import { replayJson } from './replay.ts';
import { styleOf } from './style.ts';
import type { Terminal } from './terminal.ts';

/** What a timeline may be of. */
export const SUBJECTS = ['volume', 'grant', 'key', 'cluster'] as const;

/** What a timeline is asked of, and how it is printed. */
export interface TimelineOptions extends LedgerSource {
  readonly policy?: string;
  /** What is named, where its name does not tell. */
  readonly as?: (typeof SUBJECTS)[number];
  /** The key of the volume or grant. */
  readonly key?: string;
  /** The cluster of the volume. */
  readonly cluster?: string;
  readonly json?: true;
}

/** Where a volume's id is looked for: each pair of a key and a cluster is a Query. */
const MOST_PAIRS = 5_000;
const KEY_ID = /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/i;

/** `kms-audit timeline`: every fact of a volume, a grant, a key or a cluster in order, and what is missing. */
export async function timeline(what: string, options: TimelineOptions, terminal: Terminal): Promise<void> {
  const policy = options.policy === undefined ? undefined : await policyIn(options.policy);
  await askLedger(options, policy, terminal, async (ledger) => {
    const of = await timelineNamed(ledger, what, options, terminal);
    const { colour, width } = terminal;
    terminal.out.write(`${options.json ? replayJson(of) : renderTimeline(of, styleOf(colour), width)}\n`);
  });
}

async function timelineNamed(ledger: AskedLedger, what: string, options: TimelineOptions, terminal: Terminal): Promise<Timeline> {
  const kind = options.as ?? kindOf(what);
  if (kind === 'volume') return ofVolume(ledger.reader, what, options);
  if (kind === 'grant') return ofGrant(ledger.reader, what, options);
  const keyArn = kind === 'key' ? await keyNamed(ledger.reader, what) : undefined;
  if (options.table !== undefined) terminal.err.write('what a key or a cluster did is kept with its volumes: this reads the whole table\n');
  const snapshot = await ledger.snapshot();
  const reader = new MemoryReader(snapshot);
  const of = keyArn === undefined ? await subjectIn(reader, what, kind) : { kind: 'key' as const, keyArn };
  const found = timelineIn(snapshot, of);
  if (found.entries.length === 0) throw new InputError(`no record in this ledger names the ${of.kind} "${printable(what, 300)}"`);
  return found;
}

/** What a name is the name of, where its shape tells. */
function kindOf(what: string): TimelineOptions['as'] {
  if (/^vol-/.test(what)) return 'volume';
  if (/^[0-9a-f]{64}$/.test(what)) return 'grant';
  if (readKeyArn(what) !== undefined || KEY_ID.test(what)) return 'key';
  return isWholeCluster(what) ? 'cluster' : undefined;
}

/** A cluster's name, or else a part of a key's ARN. */
async function subjectIn(reader: LedgerReader, what: string, kind: TimelineOptions['as']) {
  const keys = await reader.keys();
  if (kind === undefined) {
    const names = (await askAll(keys, (keyArn) => reader.clustersOf(keyArn))).flat().map(({ name }) => name);
    if (!names.includes(what) && keys.some((keyArn) => keyArn.includes(what)))
      return { kind: 'key' as const, keyArn: await keyNamed(reader, what) };
  }
  const { account, name } = await clusterNamed(reader, keys, what);
  return { kind: 'cluster' as const, clusterAccount: account, clusterName: name };
}

async function ofVolume(reader: LedgerReader, volumeId: string, options: TimelineOptions): Promise<Timeline> {
  const keys = options.key === undefined ? await reader.keys() : [await keyNamed(reader, options.key)];
  const { cluster } = options;
  const whole = cluster !== undefined && isWholeCluster(cluster) ? await clusterNamed(reader, keys, cluster) : undefined;
  const pairs = await askAll(keys, async (keyArn) => {
    const clusters = whole === undefined ? await reader.clustersOf(keyArn) : [whole];
    return clusters
      .filter(({ name }) => whole !== undefined || cluster === undefined || name === cluster)
      .map((one) => ({ keyArn, cluster: one }));
  });
  const places = pairs.flat();
  if (places.length > MOST_PAIRS)
    throw new InputError(
      `the volume may be under any of ${places.length} pairs of a key and a cluster; say its --cluster, its --key, or both`,
    );
  const [one, ...more] = await volumesNamed(reader, volumeId, places);
  const named = `volume "${printable(volumeId, 100)}"`;
  if (one === undefined)
    throw new InputError(
      `no record in this ledger names ${named} as storage of a cluster; one that is no cluster’s has no timeline, its grant and its key have`,
    );
  if (more.length > 0)
    throw new InputError(`${named} is in several places; say --cluster and --key: ${listed([one, ...more].map(placeOf))}`);
  return timelineOfVolume(reader, one);
}

const placeOf = ({ clusterAccount, clusterName, keyArn }: Volume): string => `--cluster ${clusterAccount}/${clusterName} --key ${keyArn}`;

async function ofGrant(reader: LedgerReader, grantId: string, { key }: TimelineOptions): Promise<Timeline> {
  const keys = key === undefined ? await reader.keys() : [await keyNamed(reader, key)];
  const heads = await askAll(keys, (keyArn) => reader.headsOf([{ keyArn, grantId }]));
  const [one, ...more] = heads.flat();
  const named = `grant "${printable(grantId, 128)}"`;
  if (one === undefined)
    throw new InputError(
      `no record in this ledger names ${named}; a grant is named by its whole id${key === undefined ? '' : ', and its own key'}`,
    );
  if (more.length > 0)
    throw new InputError(`${named} is of ${more.length + 1} keys; say --key: ${listed([one, ...more].map(({ keyArn }) => keyArn))}`);
  return timelineOfGrant(reader, one);
}
