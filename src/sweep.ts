import { deployedPipeline } from './aws/wiring.ts';
import { settleCandidates } from './pipeline.ts';
import { once } from './system.ts';

const pipeline = once(() => deployedPipeline(process.env));

/** Lambda entry on a schedule: alerts what needed to stand for a while before it was worth waking somebody. */
export async function handler(): Promise<{ readonly settled: number }> {
  return { settled: await settleCandidates(pipeline()) };
}
