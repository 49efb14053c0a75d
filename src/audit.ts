import { deployedPipeline } from './aws/wiring.ts';
import { auditHandler } from './handlers.ts';
import { once } from './system.ts';

/** Lambda entry for events. */
export const handler = auditHandler(once(() => deployedPipeline(process.env)));
