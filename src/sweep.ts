import { kmsProbe } from './aws/kms-probe.ts';
import { deployedInspectors } from './aws/sweep-wiring.ts';
import { deployedPipeline } from './aws/wiring.ts';
import { sweepHandler } from './sweep-handler.ts';
import { once } from './system.ts';

/** Lambda entry on a schedule. */
export const handler = sweepHandler(
  once(() => deployedPipeline(process.env)),
  once(() => kmsProbe()),
  once(deployedInspectors),
);
