import { readdirSync } from 'node:fs';
import { DEFAULT_POLICY } from '../../src/core/policy.ts';
import { eventBridge, record } from '../support/fleet.ts';
import { eventsOf, policyOf } from '../support/scenario-alerts.ts';
import { CANARY_ROLE } from './deployment.ts';
import type { Scenario } from './prover.ts';

const SWEEPS = [{ sweep: true }, { sweep: true }] as const;

/** The canary's record, as its trail delivers it. */
const canaryRecord = eventBridge(
  record('ListAliases', {
    eventTime: '2026-11-20T01:00:01Z',
    userIdentity: {
      type: 'AssumedRole',
      arn: `${CANARY_ROLE.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/sweep`,
      sessionContext: { sessionIssuer: { type: 'Role', arn: CANARY_ROLE, userName: 'kms-audit-sweep' } },
    },
    resources: null,
  }),
);

/** Every folder of `events/`, its events in order and two sweeps after them; and the canary, there and back. */
export function scenarios(): Scenario[] {
  const folders = readdirSync(new URL('../../events/', import.meta.url)).sort();
  const ofFolders = folders.map((name) => ({
    name,
    policy: policyOf(name),
    steps: [...eventsOf(name).map((event) => ({ event })), ...SWEEPS],
  }));
  return [...ofFolders, { name: 'the canary', policy: DEFAULT_POLICY, steps: [{ sweep: true }, { event: canaryRecord }, { sweep: true }] }];
}
