import { writeFile } from 'node:fs/promises';
import { asOf } from '../core/evidence/as-of.ts';
import { evidenceCsv } from '../core/evidence/evidence-csv.ts';
import { clusterNames, type EvidenceInput, evidenceReport } from '../core/evidence/evidence-report.ts';
import type { EvidenceReport, ReportSource, Scope } from '../core/evidence/model.ts';
import { evidencePage } from '../core/html/page.ts';
import { nearest } from '../core/nearest.ts';
import { DEFAULT_POLICY } from '../core/policy.ts';
import { evidenceOf } from '../core/report.ts';
import type { Severity } from '../core/severity.ts';
import { printable } from '../core/text.ts';
import { type Timestamp, toSeconds } from '../core/timestamp.ts';
import { sha256 } from '../system.ts';
import { failOn } from './format.ts';
import { InputError } from './input.ts';
import { judgedBy, type LedgerSource, type ReadLedger, withLedger } from './ledger-source.ts';
import { policyIn } from './policy.ts';
import { replayJson } from './replay.ts';
import type { Terminal } from './terminal.ts';

/** What a report speaks of, and in which forms it is written: to a file, or to stdout where that is `true` or `-`. */
export interface ReportOptions extends LedgerSource {
  readonly html?: string | true;
  readonly csv?: string | true;
  readonly json?: true;
  readonly since?: Timestamp;
  /** The last second of the period. */
  readonly until?: Timestamp;
  readonly cluster?: string;
  /** A part of the key's ARN. */
  readonly key?: string;
  readonly policy?: string;
  readonly failOn?: Severity;
}

/** `kms-audit report`: writes what a ledger proves of a period, in every form asked for from one reading. */
export async function report(options: ReportOptions, terminal: Terminal): Promise<void> {
  const outputs = outputsOf(options);
  const { since, until } = options;
  if (since !== undefined && until !== undefined && until < since)
    throw new InputError(`the period ends before it begins: --since ${since}, --until ${until}`);
  const policy = options.policy === undefined ? undefined : await policyIn(options.policy);
  const made = async (ledger: ReadLedger): Promise<void> => {
    const then = asOfEnd(ledger, until);
    const judged = judgedBy(then, policy);
    refuseUnknown(options, judged);
    const evidence = evidenceReport({
      source: sourceOf(options),
      scope: scopeOf(options),
      ...(options.policy === undefined ? {} : { policy: options.policy }),
      seen: then.snapshot,
      judged,
      evidence: evidenceOf(judged.snapshot, policy ?? DEFAULT_POLICY, sha256, then.now),
      ...(ledger.coverage === undefined ? {} : { read: ledger.coverage }),
      laterResources: ledger.snapshot.resources.length - then.snapshot.resources.length,
      ...(ledger.now === undefined ? {} : { now: ledger.now }),
      ...(ledger.verification === undefined ? {} : { verification: ledger.verification }),
    });
    for (const { file, render } of outputs) await write(file, render(evidence), terminal);
    failOn(
      options.failOn,
      evidence.findings.filter(({ open }) => open),
    );
  };
  await withLedger(options, policy, terminal, made, until);
}

interface Output {
  /** Undefined for stdout. */
  readonly file: string | undefined;
  readonly render: (report: EvidenceReport) => string;
}

/** Throws an {@link InputError} where stdout would get two forms at once. */
function outputsOf({ html, csv, json }: ReportOptions): Output[] {
  const page = html ?? (csv === undefined && json === undefined ? true : undefined);
  const outputs: Output[] = [
    ...(page === undefined ? [] : [{ file: fileIn(page), render: (report: EvidenceReport) => evidencePage(report, sha256) }]),
    ...(csv === undefined ? [] : [{ file: fileIn(csv), render: evidenceCsv }]),
    ...(json === undefined ? [] : [{ file: undefined, render: (report: EvidenceReport) => `${replayJson(report)}\n` }]),
  ];
  if (outputs.filter(({ file }) => file === undefined).length > 1)
    throw new InputError('only one of --html, --csv and --json can go to stdout; give the others a file');
  const [first, second] = outputs.map(({ file }) => file);
  if (first !== undefined && first === second) throw new InputError(`--html and --csv both name ${first}; give each a file of its own`);
  return outputs;
}

const fileIn = (output: string | true): string | undefined => (output === true || output === '-' ? undefined : output);

async function write(file: string | undefined, content: string, { out, err }: Terminal): Promise<void> {
  if (file === undefined) {
    out.write(content);
    return;
  }
  try {
    await writeFile(file, content);
  } catch (error) {
    throw new InputError(`${file}: cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
  err.write(`${file}: ${Math.ceil(content.length / 1_000)} kB written\n`);
}

/** The ledger as it stood at the end of the period, and the time of day it was then. */
function asOfEnd(ledger: ReadLedger, until: Timestamp | undefined): ReadLedger {
  if (until === undefined) return ledger;
  const now = ledger.now === undefined ? {} : { now: Math.min(ledger.now, toSeconds(until)) };
  return { ...ledger, ...now, snapshot: asOf(ledger.snapshot, until) };
}

/** A report about nothing would look like a clean one. */
function refuseUnknown({ cluster, key }: ReportOptions, judged: EvidenceInput['judged']): void {
  const names = cluster === undefined ? [] : clusterNames(judged);
  if (cluster !== undefined && !names.includes(cluster)) {
    const near = nearest(cluster, names);
    throw new InputError(
      `the ledger knows no cluster "${printable(cluster, 255)}"${near === undefined ? '' : `; did you mean "${printable(near, 255)}"?`}`,
    );
  }
  if (key !== undefined && !judged.keys.some(({ keyArn }) => keyArn.includes(key)))
    throw new InputError(`the ledger knows no key whose ARN holds "${printable(key, 255)}"`);
}

function sourceOf({ table, from = [] }: ReportOptions): ReportSource {
  return table === undefined ? { records: from } : { table };
}

function scopeOf({ since, until, cluster, key }: ReportOptions): Scope {
  return {
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(key === undefined ? {} : { key }),
  };
}
