import { auditHandler } from './audit-handler.ts';
import { deployedPipeline } from './aws/wiring.ts';
import { once } from './system.ts';

/** Lambda entry for events. */
export const handler = auditHandler(once(() => deployedPipeline(process.env)));
