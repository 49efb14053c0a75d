import type { Finding, Occurrence } from '../core/finding.ts';
import { DEFAULT_POLICY } from '../core/policy.ts';
import { exceptionEntry, type PolicyEntry, profileEntry } from '../core/policy-entry.ts';
import { evidenceOf } from '../core/report.ts';
import type { RuleId } from '../core/rules/rule-id.ts';
import { atLeast, type Severity } from '../core/severity.ts';
import { isOpen, type Standing, standings } from '../core/standing.ts';
import { printable } from '../core/text.ts';
import type { Timestamp } from '../core/timestamp.ts';
import { sha256 } from '../system.ts';
import { type Format, failOn, formatted } from './format.ts';
import { InputError } from './input.ts';
import { judgedBy, type LedgerSource, withLedger } from './ledger-source.ts';
import { policyIn } from './policy.ts';
import { renderListed } from './render-listed.ts';
import { replayJson } from './replay.ts';
import { styleOf } from './style.ts';
import type { Terminal } from './terminal.ts';

/** Which findings are listed, and how. Every filter that is given must let a finding through. */
export interface FindingsOptions extends LedgerSource {
  readonly policy?: string;
  readonly open?: true;
  readonly rule?: readonly RuleId[];
  /** At least so severe. */
  readonly severity?: Severity;
  /** A part of the key's ARN. */
  readonly key?: string;
  readonly cluster?: string;
  /** Last seen then or later. */
  readonly since?: Timestamp;
  /** Ids, or what no other id begins with. */
  readonly id?: readonly string[];
  readonly json?: true;
  readonly format?: Format;
  readonly failOn?: Severity;
}

/** A finding with what became of it and what would expect it. */
export interface ListedFinding {
  readonly finding: Finding;
  readonly standing: Standing;
  /** What happened last, in one sentence. */
  readonly sentence?: string;
  readonly entry?: PolicyEntry;
}

/** `kms-audit findings`: lists the findings of a ledger, each with what became of it and the policy entry that would expect it. */
export async function findings(options: FindingsOptions, terminal: Terminal): Promise<void> {
  const policy = options.policy === undefined ? undefined : await policyIn(options.policy);
  await withLedger(options, policy, terminal, async (ledger) => {
    const { findings: all, snapshot } = judgedBy(ledger, policy);
    const evidence = evidenceOf(snapshot, policy ?? DEFAULT_POLICY, sha256, ledger.now);
    const standingOf = standings(snapshot);
    const listed = all
      .filter(among(all, options))
      .map((finding) => listedFinding(finding, standingOf(finding), evidence.get(finding.id)?.last))
      .filter(({ finding, standing }) => options.open === undefined || isOpen(finding, standing));
    terminal.out.write(`${shown(listed, options, terminal)}\n`);
    failOn(
      options.failOn,
      listed.map(({ finding }) => finding),
    );
  });
}

/** The one of the findings whose id begins so. Throws an {@link InputError} where there is none `under` that policy, or more than one. */
export function findingNamed(prefix: string, all: readonly Finding[], under?: string): Finding {
  const [one, ...more] = all.filter(({ id }) => prefix !== '' && id.startsWith(prefix.toLowerCase()));
  const named = `"${printable(prefix, 64)}"`;
  if (one === undefined) throw new InputError(`no finding ${named} holds${under === undefined ? '' : ` under the policy ${under}`}`);
  if (more.length > 0) throw new InputError(`${named} begins the ids of ${more.length + 1} findings; say more of the id`);
  return one;
}

function among(
  all: readonly Finding[],
  { rule, severity, key, cluster, since, id, policy }: FindingsOptions,
): (finding: Finding) => boolean {
  const ids = id && new Set(id.map((prefix) => findingNamed(prefix, all, policy).id));
  return (finding) =>
    (ids === undefined || ids.has(finding.id)) &&
    (rule === undefined || rule.includes(finding.rule)) &&
    (severity === undefined || atLeast(finding.severity, severity)) &&
    (key === undefined || finding.keyArn?.includes(key) === true) &&
    (cluster === undefined || finding.clusterName === cluster) &&
    (since === undefined || finding.lastSeen >= since);
}

function listedFinding(finding: Finding, standing: Standing, evidence: Occurrence | undefined): ListedFinding {
  const entry = profileEntry(evidence) ?? exceptionEntry(evidence, finding.lastSeen);
  return {
    finding,
    standing,
    ...(evidence === undefined ? {} : { sentence: evidence.sentence }),
    ...(entry === undefined ? {} : { entry }),
  };
}

function shown(listed: readonly ListedFinding[], { json, format }: FindingsOptions, { colour, width }: Terminal): string {
  if (format !== undefined) {
    const over = new Map(listed.map((one) => [one.finding, overSince(one)]));
    return formatted([...over.keys()], format, (finding) => over.get(finding));
  }
  if (json === undefined) return renderListed(listed, styleOf(colour), width);
  return replayJson(listed.map(({ finding, standing, entry }) => ({ ...finding, ...standing, ...(entry && { expect: entry }) })));
}

/** When the finding was over or settled; undefined while it is open. */
function overSince({ finding, standing }: ListedFinding): Timestamp | undefined {
  return isOpen(finding, standing) ? undefined : (standing.endedAt ?? standing.settled?.at);
}
