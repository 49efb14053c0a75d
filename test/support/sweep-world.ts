import { ECSClient } from '@aws-sdk/client-ecs';
import { KMSClient } from '@aws-sdk/client-kms';
import { EcsInspector } from '../../src/aws/ecs-inspector.ts';
import { KmsInspector } from '../../src/aws/kms-inspector.ts';
import { PATIENT } from '../../src/aws/paced-calls.ts';
import { DEFAULT_POLICY, type Policy } from '../../src/core/policy.ts';
import type { Pipeline } from '../../src/pipeline.ts';
import type { Ledger } from '../../src/ports.ts';
import { type ReconcileReport, type ReconcileWork, reconcile } from '../../src/reconcile.ts';
import { sha256 } from '../../src/system.ts';
import { type EcsServer, startEcs } from './ecs-server.ts';
import { type KmsServer, startKms } from './kms-server.ts';

/** KMS and ECS on loopback, asked by the real clients. */
export interface SweepWorld {
  readonly kms: KmsServer;
  readonly ecs: EcsServer;
  /** What a reconciliation of this ledger at that instant works with. */
  work(ledger: Ledger, at: string, policy?: Policy): ReconcileWork & { readonly told: string[]; readonly logged: string[] };
  /** Reconciles at that instant. */
  sweep(ledger: Ledger, at: string, options?: Partial<ReconcileWork>): Promise<ReconcileReport>;
  stop(): Promise<void>;
}

const SIGNED = { region: 'us-east-1', credentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'example' } };

/** Starts both, empty. */
export async function startSweepWorld(): Promise<SweepWorld> {
  const [kms, ecs] = await Promise.all([startKms(), startEcs()]);
  const clients = {
    kms: new KMSClient({ ...PATIENT, ...SIGNED, endpoint: kms.endpoint }),
    ecs: new ECSClient({ ...PATIENT, ...SIGNED, endpoint: ecs.endpoint }),
  };
  const turn = async (): Promise<void> => {};
  const world: SweepWorld = {
    kms,
    ecs,
    work: (ledger, at, policy = DEFAULT_POLICY) => {
      const told: string[] = [];
      const logged: string[] = [];
      const pipeline: Pipeline = {
        ledger,
        policy,
        digest: sha256,
        now: () => Date.parse(at) / 1000,
        log: (message, fields) => void logged.push(`${message} ${JSON.stringify(fields)}`),
        alerts: { publish: async ({ email }) => void told.push(email) },
      };
      const keys = new KmsInspector(clients.kms, turn, sha256);
      return { pipeline, keys, clusters: new EcsInspector(clients.ecs, turn), told, logged };
    },
    sweep: (ledger, at, options = {}) => reconcile({ ...world.work(ledger, at), ...options }),
    stop: async () => {
      clients.kms.destroy();
      clients.ecs.destroy();
      await Promise.all([kms.stop(), ecs.stop()]);
    },
  };
  return world;
}
