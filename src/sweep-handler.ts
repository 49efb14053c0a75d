import type { Context } from 'aws-lambda';
import { flyCanary, type Pipeline } from './pipeline.ts';
import type { Inspectors, Probe } from './ports.ts';
import { type ReconcileReport, reconcileWhenDue } from './reconcile.ts';
import { settleCandidates } from './releases.ts';

/** So much is left for what is under way when time is up: a call that is throttled waits up to a minute. */
const RESERVE_MILLISECONDS = 90_000;

/** What a run of the sweep came to. */
interface Swept {
  /** Candidates looked at. */
  readonly settled: number;
  /** Absent where reconciliation was not due. */
  readonly reconciled?: { readonly finished: boolean; readonly keys: number; readonly failed: number };
}

type Remaining = Pick<Context, 'getRemainingTimeInMillis'>;

/**
 * Makes the sweep's Lambda handler: alerts what needed to stand for a while before it was worth waking somebody, sends
 * the canary, and once an hour compares KMS and ECS with the ledger, over as many invocations as that takes; the last
 * only where there is something to ask them with.
 */
export function sweepHandler(
  pipeline: () => Pipeline,
  probe: () => Probe,
  inspectors?: () => Promise<Inspectors>,
): (event?: unknown, context?: Remaining) => Promise<Swept> {
  return async (_event, context) => {
    const mayGoOn = (): boolean => (context?.getRemainingTimeInMillis() ?? Number.POSITIVE_INFINITY) > RESERVE_MILLISECONDS;
    // Each must do its work though another fails: the canary is what tells of failures.
    const [settled, flown, reconciled] = await Promise.allSettled([
      settleCandidates(pipeline()),
      flyCanary(pipeline(), probe()),
      inspectors === undefined ? undefined : reconciliation(pipeline(), inspectors, mayGoOn),
    ]);
    if (settled.status === 'rejected') throw settled.reason;
    if (flown.status === 'rejected') throw flown.reason;
    if (reconciled.status === 'rejected') throw reconciled.reason;
    const report = reconciled.value;
    const told = report && { finished: report.finished, keys: report.keys.length, failed: report.failed.length };
    return { settled: settled.value, ...(told && { reconciled: told }) };
  };
}

async function reconciliation(
  pipeline: Pipeline,
  inspectors: () => Promise<Inspectors>,
  mayGoOn: () => boolean,
): Promise<ReconcileReport | undefined> {
  const report = await reconcileWhenDue({ pipeline, ...(await inspectors()), mayGoOn });
  for (const { keyArn, listed, adopted, reopened, missing, gone } of report?.keys ?? []) {
    if (adopted.length + reopened.length + missing.length + gone.length === 0) continue;
    const did = { adopted: adopted.length, reopened: reopened.length, missing: missing.length, gone: gone.length };
    pipeline.log('grants reconciled', { keyArn, listed, ...did });
  }
  return report;
}
