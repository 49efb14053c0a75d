import type { Context } from 'aws-lambda';
import { kmsProbe } from './aws/kms-probe.ts';
import { deployedInspectors } from './aws/sweep-wiring.ts';
import { deployedPipeline } from './aws/wiring.ts';
import { flyCanary } from './pipeline.ts';
import { type ReconcileReport, reconcileWhenDue } from './reconcile.ts';
import { settleCandidates } from './releases.ts';
import { once } from './system.ts';

const pipeline = once(() => deployedPipeline(process.env));
const probe = once(kmsProbe);
const inspectors = once(deployedInspectors);

/** So much is left for what is under way when time is up: a call that is throttled waits up to a minute. */
const RESERVE_MILLISECONDS = 90_000;

/** What a run of the sweep came to. */
interface Swept {
  /** Candidates looked at. */
  readonly settled: number;
  /** Absent where reconciliation was not due. */
  readonly reconciled?: { readonly finished: boolean; readonly keys: number; readonly failed: number };
}

/**
 * Lambda entry on a schedule: alerts what needed to stand for a while before it was worth waking somebody, sends the
 * canary, and once an hour compares KMS and ECS with the ledger, over as many invocations as that takes.
 */
export async function handler(_event?: unknown, context?: Pick<Context, 'getRemainingTimeInMillis'>): Promise<Swept> {
  // Each must do its work though another fails: the canary is what tells of failures.
  const [settled, flown, reconciled] = await Promise.allSettled([
    settleCandidates(pipeline()),
    flyCanary(pipeline(), probe()),
    reconciliation(() => (context?.getRemainingTimeInMillis() ?? Number.POSITIVE_INFINITY) > RESERVE_MILLISECONDS),
  ]);
  if (settled.status === 'rejected') throw settled.reason;
  if (flown.status === 'rejected') throw flown.reason;
  if (reconciled.status === 'rejected') throw reconciled.reason;
  const report = reconciled.value;
  const told = report && { finished: report.finished, keys: report.keys.length, failed: report.failed.length };
  return { settled: settled.value, ...(told && { reconciled: told }) };
}

async function reconciliation(mayGoOn: () => boolean): Promise<ReconcileReport | undefined> {
  const report = await reconcileWhenDue({ pipeline: pipeline(), ...(await inspectors()), mayGoOn });
  for (const { keyArn, listed, adopted, reopened, missing, gone } of report?.keys ?? []) {
    if (adopted.length + reopened.length + missing.length + gone.length === 0) continue;
    const did = { adopted: adopted.length, reopened: reopened.length, missing: missing.length, gone: gone.length };
    pipeline().log('grants reconciled', { keyArn, listed, ...did });
  }
  return report;
}
