import { builtPolicy } from '../aws/built-policy.ts';
import { DynamoDbLedger } from '../aws/dynamodb-ledger.ts';
import type { SourceReport } from '../backfill.ts';
import type { GrantCreated } from '../core/fact.ts';
import { orderOf } from '../core/fact.ts';
import { isOpenGrant } from '../core/grant.ts';
import { isObject, text } from '../core/json.ts';
import { added, type Metric } from '../core/metrics.ts';
import { reportOf } from '../core/report.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { printable } from '../core/text.ts';
import { type EmbeddedStack, startEmbeddedStack } from '../local/embedded-stack.ts';
import { sha256 } from '../system.ts';
import { listSources, type Place, readSource } from './input.ts';
import { fitted } from './layout.ts';
import type { LocalReport } from './local-report.ts';
import { renderLocal } from './render-local.ts';
import { replayJson } from './replay.ts';
import { styleOf } from './style.ts';
import type { Terminal } from './terminal.ts';

/** Lambda's asynchronous queue tries an event three times. */
const RETRIES = 2;

/**
 * `kms-audit local`: starts the embedded stack, sends it every event under the paths, lets the sweep follow, and shows
 * who may decrypt what, what was refused, and what was told to whom. An event that the function failed on is named on
 * `err`, and the exit code is 1.
 */
export async function local(paths: readonly string[], options: { readonly json: boolean }, out: Terminal): Promise<void> {
  const places = await listSources(paths);
  const stack = await startEmbeddedStack();
  try {
    const report = await runThrough(stack, places, out);
    out.out.write(`${options.json ? replayJson(forPrograms(report)) : renderLocal(report, styleOf(out.colour), out.width)}\n`);
    if (report.events.failed > 0) process.exitCode = 1;
  } finally {
    await stack.stop();
  }
}

async function runThrough(stack: EmbeddedStack, places: readonly Place[], out: Terminal): Promise<LocalReport> {
  const sources: SourceReport[] = [];
  let sent = 0;
  let failed = 0;
  for (const [index, place] of places.entries()) {
    const path = typeof place === 'string' ? place : place.path;
    progress(out, `${index + 1}/${places.length} ${path}`);
    const { values = [], unreadable } = await readSource(place);
    const reasons = unreadable === undefined ? [] : [unreadable];
    for (const value of values) {
      if ('unreadable' in value) {
        reasons.push(value.unreadable);
        continue;
      }
      sent += 1;
      try {
        const { logs } = await stack.invoke(value.value, { retries: RETRIES });
        reasons.push(...logs.flatMap(rejectionIn));
      } catch (error) {
        failed += 1;
        progress(out, '');
        out.err.write(`${printable(`${path}: the function failed: ${error}`, 1_000)}\n`);
      }
    }
    sources.push({ path, records: values.length, rejected: reasons.map((reason, at) => ({ index: at, reason })) });
  }
  progress(out, 'the sweep, an hour later');
  await stack.sweep();
  const snapshot = await new DynamoDbLedger(stack.client, stack.tableName).snapshot();
  progress(out, '');
  const metrics = summed(stack);
  const rejected = sources.reduce((sum, source) => sum + source.rejected.length, 0);
  return {
    events: { sent, rejected, failed },
    sources,
    ...reportOf(snapshot, builtPolicy(), sha256),
    otherGrants: otherGrants(snapshot),
    refusals: [...snapshot.refusals].sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1)),
    alerts: stack.published,
    metrics,
  };
}

function otherGrants({ grants, creations }: Snapshot): GrantCreated[] {
  const made = new Map(creations.map((creation) => [`${creation.keyArn} ${creation.grantId} ${orderOf(creation)}`, creation]));
  return grants
    .filter((head) => isOpenGrant(head) && head.cluster === undefined)
    .flatMap(({ keyArn, grantId, created }) => made.get(`${keyArn} ${grantId} ${created}`) ?? [])
    .sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}

/** The reason of a rejection that the function logged. */
function rejectionIn(line: string): string | [] {
  try {
    const entry: unknown = JSON.parse(line);
    return isObject(entry) && entry.message === 'record rejected' ? (text(entry.reason) ?? []) : [];
  } catch {
    return [];
  }
}

function summed({ metrics }: EmbeddedStack): Metric[] {
  const order = ({ name, dimensions }: Metric): string => [name, ...Object.entries(dimensions).flat()].join(' ');
  return added(metrics.map(({ name, dimensions, value }) => ({ name, dimensions, value }))).sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

/** Chat notifications are JSON inside JSON; a reader of `--json` gets them opened. */
function forPrograms({ alerts, otherGrants: _, ...report }: LocalReport): object {
  return {
    ...report,
    alerts: alerts.map(({ subject, bodies, attributes }) => ({
      subject,
      attributes,
      chat: JSON.parse(bodies.default ?? 'null'),
      email: bodies.email,
    })),
  };
}

/** One line that rewrites itself, on a terminal only. */
function progress({ err, live, width }: Terminal, line: string): void {
  if (live) err.write(`\r\u001b[K${fitted(printable(line, 400), width - 1)}`);
}
