import type { Fact } from '../core/fact.ts';
import type { Finding } from '../core/finding.ts';
import { DEFAULT_POLICY, type Policy } from '../core/policy.ts';
import { type PolicyDifference, policyDifference } from '../core/policy-difference.ts';
import { reportOf } from '../core/report.ts';
import type { Severity } from '../core/severity.ts';
import { toSeconds } from '../core/timestamp.ts';
import { MemoryLedger } from '../local/memory-ledger.ts';
import { auditReading, type Pipeline } from '../pipeline.ts';
import { settleCandidates } from '../releases.ts';
import { sha256 } from '../system.ts';
import { factsUnder } from './facts-under.ts';
import { failOn } from './format.ts';
import { policyIn } from './policy.ts';
import type { ReadingOptions } from './reading-options.ts';
import { renderDifference } from './render-difference.ts';
import { replayJson } from './replay.ts';
import { styleOf } from './style.ts';
import type { Terminal } from './terminal.ts';

/** Two policies, and how their difference is shown. */
export interface DifferenceOptions extends ReadingOptions {
  /** The file of the new policy; absent for the default one. */
  readonly policy?: string;
  /** The file of the old policy, or the word `default`. */
  readonly against: string;
  readonly json?: true;
  readonly failOn?: Severity;
}

/** A {@link PolicyDifference} with how many messages each policy would have sent. */
export interface Difference extends PolicyDifference {
  readonly alerts: { readonly old: number; readonly new: number };
}

const DEFAULT = 'default';
/** How often a deployment's sweep runs, and how long a joint finding must have stood for it. */
const SWEEP_SECONDS = 15 * 60;

/** `kms-audit replay --against`: what a change of policy would have changed about the alerts on past records. */
export async function replayDifference(paths: readonly string[], options: DifferenceOptions, terminal: Terminal): Promise<void> {
  const { policy = DEFAULT, against, json } = options;
  const [old, renewed] = [await policyNamed(against), await policyNamed(policy)];
  const facts = await factsUnder(paths, options, terminal);
  const [before, after] = [await alerting(facts, old), await alerting(facts, renewed)];
  const difference: Difference = {
    ...policyDifference({ policy: old, findings: before.findings }, { policy: renewed, findings: after.findings }),
    alerts: { old: before.alerts, new: after.alerts },
  };
  const { colour, width } = terminal;
  const text = json ? replayJson(difference) : renderDifference(difference, { old: against, new: policy }, styleOf(colour), width);
  terminal.out.write(`${text}\n`);
  failOn(options.failOn, difference.added);
}

async function policyNamed(file: string): Promise<Policy> {
  return file === DEFAULT ? DEFAULT_POLICY : policyIn(file);
}

/** What a deployment with this policy would have found, and how many messages it would have sent, with the clock at each event's time. */
async function alerting(
  facts: readonly Fact[],
  policy: Policy,
): Promise<{ readonly findings: readonly Finding[]; readonly alerts: number }> {
  const ledger = new MemoryLedger();
  let alerts = 0;
  let now = 0;
  const publish = async (): Promise<void> => {
    alerts += 1;
  };
  const pipeline: Pipeline = { ledger, policy, digest: sha256, now: () => now, log: () => {}, alerts: { publish } };
  let sweep = Number.POSITIVE_INFINITY;
  /** Two sweeps after an event look at everything it marked; later ones have nothing to do. */
  const sweepUntil = async (time: number): Promise<void> => {
    for (let sweeps = 0; sweeps < 2 && sweep <= time; sweeps += 1) {
      now = sweep;
      sweep += SWEEP_SECONDS;
      await settleCandidates(pipeline);
    }
  };
  for (const fact of facts) {
    const time = toSeconds(fact.time);
    await sweepUntil(time);
    now = time;
    if (!(sweep > time && sweep <= time + SWEEP_SECONDS)) sweep = time + SWEEP_SECONDS;
    await auditReading({ kind: 'fact', fact }, pipeline);
  }
  await sweepUntil(Number.POSITIVE_INFINITY);
  return { findings: reportOf(await ledger.snapshot(), policy, sha256).findings, alerts };
}
