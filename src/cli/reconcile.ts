import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ECSClient } from '@aws-sdk/client-ecs';
import { KMSClient } from '@aws-sdk/client-kms';
import { DynamoDbLedger } from '../aws/dynamodb-ledger.ts';
import { EcsInspector } from '../aws/ecs-inspector.ts';
import { KmsInspector } from '../aws/kms-inspector.ts';
import { PATIENT, turns } from '../aws/paced-calls.ts';
import { DEFAULT_POLICY } from '../core/policy.ts';
import { type ReconcileReport, reconcile } from '../reconcile.ts';
import { clock, sha256 } from '../system.ts';
import { InputError } from './input.ts';
import { counted } from './layout.ts';
import { policyIn } from './policy.ts';
import { requireRegion } from './region.ts';
import { renderReconciled } from './render-reconciled.ts';
import { replayJson } from './replay.ts';
import { styleOf } from './style.ts';
import { tableFault } from './table-fault.ts';
import type { Terminal } from './terminal.ts';

/** The options of `kms-audit reconcile`. */
export interface ReconcileOptions {
  readonly table: string;
  readonly policy?: string;
  readonly region?: string;
  readonly retentionDays: number;
  readonly dryRun?: true;
  readonly json?: true;
}

/**
 * `kms-audit reconcile`: compares KMS and ECS with the ledger of a deployment as the sweep does, alerts nobody, and says
 * what it found. The exit code is 1 where something could not be looked at.
 */
export async function reconcileCommand(options: ReconcileOptions, terminal: Terminal): Promise<void> {
  const { table, region, retentionDays, dryRun = false } = options;
  if (region === '') throw new InputError('--region is empty; leave it out, or name a Region such as us-west-2');
  const policy = options.policy === undefined ? DEFAULT_POLICY : await policyIn(options.policy);
  const where = region === undefined ? {} : { region };
  const [dynamo, kms, ecs] = [new DynamoDBClient(where), new KMSClient({ ...PATIENT, ...where }), new ECSClient({ ...PATIENT, ...where })];
  const { err, live } = terminal;
  try {
    await requireRegion(dynamo);
    const report = await reconcile({
      pipeline: { ledger: new DynamoDbLedger(dynamo, table, retentionDays), policy, digest: sha256, now: clock, log: () => {} },
      keys: new KmsInspector(kms, turns(), sha256),
      clusters: new EcsInspector(ecs, turns()),
      dryRun,
      progress: ({ keys, ofKeys, grants }) => {
        if (live) err.write(`\r\u001b[K${keys}/${ofKeys} keys, ${counted(grants, 'grant')} listed`);
      },
    });
    if (live) err.write('\r\u001b[K');
    terminal.out.write(`${shown(report, options, terminal)}\n`);
    if (report.failed.length > 0) process.exitCode = 1;
  } catch (error) {
    if (live) err.write('\r\u001b[K');
    throw tableFault(error, table) ?? error;
  } finally {
    for (const client of [dynamo, kms, ecs]) client.destroy();
  }
}

function shown(report: ReconcileReport, { json, dryRun }: ReconcileOptions, { colour, width }: Terminal): string {
  return json ? replayJson({ ...report, dryRun: dryRun === true }) : renderReconciled(report, dryRun === true, styleOf(colour), width);
}
