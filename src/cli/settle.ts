import { readFile, writeFile } from 'node:fs/promises';
import type { Finding } from '../core/finding.ts';
import { field, isObject, items, text } from '../core/json.ts';
import { exceptionEntry, type PolicyEntry, profileEntry } from '../core/policy-entry.ts';
import { readPolicy } from '../core/read-policy.ts';
import { evidenceOf } from '../core/report.ts';
import type { Settlement } from '../core/snapshot.ts';
import { fromSeconds, type Timestamp } from '../core/timestamp.ts';
import { clock, sha256 } from '../system.ts';
import { findingNamed } from './findings.ts';
import { InputError } from './input.ts';
import { judgedBy, type LedgerSource, type ReadLedger, withLedger } from './ledger-source.ts';
import { readPolicyText, refusal } from './policy.ts';
import { renderSettled } from './render-settled.ts';
import { replayJson } from './replay.ts';
import { styleOf } from './style.ts';
import type { Terminal } from './terminal.ts';

/** How a finding is settled. */
export interface SettleOptions extends LedgerSource {
  readonly reason: string;
  /** The file of the policy that gains the entry; made where there is none. */
  readonly policy: string;
  /** Asks for an exception that ends then, also where a profile could be written. */
  readonly expires?: Timestamp;
  readonly json?: true;
}

/** What was done to settle a finding. */
export interface Settled {
  readonly finding: Finding;
  readonly policy: string;
  readonly entry: PolicyEntry;
  /** As the table now has it; absent for replayed records. */
  readonly settlement?: Settlement;
  /** Other findings that the entry accepts as well. */
  readonly alsoExpected: readonly Finding[];
}

/**
 * `kms-audit findings settle`: adds to a policy what expects a finding, and notes in the table that it is settled.
 * Throws an {@link InputError}, and writes nothing, where there is no such finding or no entry would expect it.
 */
export async function settle(id: string, options: SettleOptions, terminal: Terminal): Promise<void> {
  const document = await policyDocument(options.policy);
  const before = readPolicy(document);
  if ('problems' in before) throw new InputError(refusal(options.policy, before.problems));
  await withLedger(options, before.policy, terminal, async (ledger) => {
    const { findings, snapshot } = judgedBy(ledger, before.policy);
    const finding = findingNamed(id, findings, options.policy);
    const evidence = evidenceOf(snapshot, before.policy, sha256, ledger.now).get(finding.id)?.last;
    const now = fromSeconds(clock());
    const proposed =
      (options.expires === undefined ? profileEntry(evidence) : undefined) ??
      exceptionEntry(evidence, finding.lastSeen > now ? finding.lastSeen : now);
    if (proposed === undefined) throw new InputError(`finding ${finding.id}: its names cannot be written as patterns of a policy`);
    const entry = completed(proposed, options, document);
    const renewed = withEntry(document, entry);
    const { stays, alsoExpected } = judgedUnder(renewed, finding, findings, ledger, options.policy);
    if (stays) throw new InputError(`finding ${finding.id}: the entry would not expect it, last seen ${finding.lastSeen}`);
    const settlement: Settlement = { at: now, reason: options.reason, through: finding.lastSeen };
    // The table first: a finding that the policy expects already could not be settled again.
    await ledger.book.settle(finding.id, settlement);
    await write(options.policy, renewed);
    const settled: Settled = {
      finding,
      policy: options.policy,
      entry,
      ...(options.table === undefined ? {} : { settlement }),
      alsoExpected,
    };
    terminal.out.write(
      `${options.json ? replayJson(forPrograms(settled)) : renderSettled(settled, styleOf(terminal.colour), terminal.width)}\n`,
    );
  });
}

/** The document in a policy file; an empty one where there is no file. */
async function policyDocument(file: string): Promise<unknown> {
  let content: string;
  try {
    content = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw new InputError(`${file}: cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const reading = readPolicyText(content);
  if ('problems' in reading) throw new InputError(refusal(file, reading.problems));
  return JSON.parse(content);
}

async function write(file: string, document: unknown): Promise<void> {
  try {
    await writeFile(file, `${replayJson(document)}\n`);
  } catch (error) {
    throw new InputError(`${file}: cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The entry with the operator's words in it, and a name that the policy has not given yet. */
function completed(entry: PolicyEntry, { reason, expires }: SettleOptions, document: unknown): PolicyEntry {
  if ('exceptions' in entry)
    return { exceptions: entry.exceptions.map((exception) => ({ ...exception, reason, ...(expires === undefined ? {} : { expires }) })) };
  const taken = new Set(items(field(document, 'grants')).map((profile) => text(field(profile, 'name'))));
  return { grants: entry.grants.map((profile) => ({ ...profile, name: freeName(profile.name, taken) })) };
}

function freeName(name: string, taken: ReadonlySet<string | undefined>): string {
  let free = name;
  for (let number = 2; taken.has(free); number += 1) free = `${name}-${number}`;
  return free;
}

/** The document with the entry at the end of its list, everything else as it was. */
function withEntry(document: unknown, entry: PolicyEntry): unknown {
  const fields = isObject(document) ? document : {};
  if ('grants' in entry) return { ...fields, grants: [...items(fields.grants), ...entry.grants] };
  return { ...fields, exceptions: [...items(fields.exceptions), ...entry.exceptions] };
}

/** What the renewed policy makes of the findings: whether this one stays, and which others go with it. */
function judgedUnder(
  document: unknown,
  finding: Finding,
  findings: readonly Finding[],
  ledger: ReadLedger,
  file: string,
): { readonly stays: boolean; readonly alsoExpected: readonly Finding[] } {
  const after = readPolicy(document);
  if ('problems' in after) throw new InputError(refusal(`${file} with the entry`, after.problems));
  const left = new Set(judgedBy(ledger, after.policy).findings.map(({ id }) => id));
  return { stays: left.has(finding.id), alsoExpected: findings.filter(({ id }) => id !== finding.id && !left.has(id)) };
}

function forPrograms({ finding, policy, entry, settlement, alsoExpected }: Settled): object {
  return {
    id: finding.id,
    policy,
    expect: entry,
    ...(settlement === undefined ? {} : { settled: settlement }),
    alsoExpected: alsoExpected.map(({ id }) => id),
  };
}
