import bundledPolicy from '#policy' with { type: 'json' };
import type { Policy } from '../core/policy.ts';
import { readPolicy } from '../core/read-policy.ts';

/** The policy that was bundled at build. In the functions the build puts what was read in this module's place: reading it again would cost each start. */
export function builtPolicy(): Policy {
  const reading = readPolicy(bundledPolicy);
  if ('problems' in reading) throw new Error(`the bundled policy is not valid: ${reading.problems.join('; ')}`);
  return reading.policy;
}
