import { KMSClient } from '@aws-sdk/client-kms';
import type { Inspectors } from '../ports.ts';
import { sha256 } from '../system.ts';
import { KmsInspector } from './kms-inspector.ts';
import { PATIENT, turns } from './paced-calls.ts';

/** The inspectors of the deployed function. The client of ECS is loaded when the sweep first needs it. */
export async function deployedInspectors(): Promise<Inspectors> {
  const [{ ECSClient }, { EcsInspector }] = await Promise.all([import('@aws-sdk/client-ecs'), import('./ecs-inspector.ts')]);
  return {
    keys: new KmsInspector(new KMSClient(PATIENT), turns(), sha256),
    clusters: new EcsInspector(new ECSClient(PATIENT), turns()),
  };
}
