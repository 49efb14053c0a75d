import { deviationSentence } from '../core/deviation-text.ts';
import type { Cluster } from '../core/encryption-context.ts';
import { printable } from '../core/text.ts';
import type { ReconciledGrant, ReconciledKey, ReconcileReport } from '../reconcile.ts';
import { counted, hanging } from './layout.ts';
import { instant } from './render-text.ts';
import type { Style } from './style.ts';

/** Grants of a kind that are named; the rest are counted. */
const NAMED = 10;

/** What a reconciliation did, or would do, key by key; then what ECS has otherwise than expected. */
export function renderReconciled(report: ReconcileReport, dryRun: boolean, style: Style, width: number): string {
  const { keys, failed, verification } = report;
  const changed = keys.flatMap((key) => keyLines(key, dryRun, style, width));
  const grants = keys.reduce((sum, { listed }) => sum + listed, 0);
  return [
    `${counted(keys.length, 'key')}, ${counted(grants, 'grant')} in KMS${dryRun ? '; a dry run: nothing was written' : ''}`,
    ...changed,
    ...(changed.length === 0 && failed.length === 0 ? ['The ledger and KMS agree.'] : []),
    ...(verification === undefined ? [] : ['', ...verificationLines(verification, style, width)]),
    ...failed.flatMap(({ what, why }) => hanging('  ', `not looked at: ${printable(what, 300)}: ${why}`, width).map(style.bad)),
  ].join('\n');
}

function keyLines(
  { keyArn, state, adopted, reopened, missing, gone }: ReconciledKey,
  dryRun: boolean,
  style: Style,
  width: number,
): string[] {
  const would = dryRun ? 'would be ' : '';
  const lines = [
    ...grantLines(`${would}adopted: in KMS, and no record of their creation`, adopted, width),
    ...grantLines(`${would}opened again: in KMS after all`, reopened, width),
    ...grantLines('not in KMS, for the first time', missing, width),
    ...grantLines(`${would}let go: gone from KMS, and no record of their end`, gone, width),
  ];
  if (lines.length === 0) return [];
  return [style.strong(`key ${printable(keyArn, 300)}${state === undefined ? '' : `, ${state}`}`), ...lines];
}

function grantLines(what: string, grants: readonly ReconciledGrant[], width: number): string[] {
  if (grants.length === 0) return [];
  const more = grants.length - NAMED;
  return [
    `  ${counted(grants.length, 'grant')} ${what}`,
    ...grants.slice(0, NAMED).flatMap((grant) => hanging('    ', grantText(grant), width)),
    ...(more > 0 ? [`    and ${more} more`] : []),
  ];
}

function grantText({ grantId, createdAt, cluster, volumeId }: ReconciledGrant): string {
  const made = createdAt === undefined ? '' : `, made ${instant(createdAt)}`;
  const whose = cluster === undefined ? '' : ` for ${clusterText(cluster)}${volumeId === undefined ? '' : ` ${printable(volumeId, 48)}`}`;
  return `${printable(grantId, 64)}${whose}${made}`;
}

const clusterText = ({ account, name }: Cluster): string => `cluster ${printable(name, 255)} of ${printable(account, 32)}`;

function verificationLines(verification: NonNullable<ReconcileReport['verification']>, style: Style, width: number): string[] {
  const { clusters, tasks, deviations, more } = verification;
  return [
    style.strong(`ECS: ${counted(clusters, 'cluster')}, ${counted(tasks, 'Fargate task')}`),
    ...(deviations.length === 0 ? ['  Nothing deviates.'] : deviations.flatMap((one) => hanging('  ', deviationSentence(one), width))),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}
