import { kmsProbe } from './aws/kms-probe.ts';
import { deployedPipeline } from './aws/wiring.ts';
import { flyCanary } from './pipeline.ts';
import { settleCandidates } from './releases.ts';
import { once } from './system.ts';

const pipeline = once(() => deployedPipeline(process.env));
const probe = once(kmsProbe);

/** Lambda entry on a schedule: alerts what needed to stand for a while before it was worth waking somebody, and sends the canary. */
export async function handler(): Promise<{ readonly settled: number }> {
  // Each must do its work though the other fails: the canary is what tells of failures.
  const [settled, flown] = await Promise.allSettled([settleCandidates(pipeline()), flyCanary(pipeline(), probe())]);
  if (settled.status === 'rejected') throw settled.reason;
  if (flown.status === 'rejected') throw flown.reason;
  return { settled: settled.value };
}
