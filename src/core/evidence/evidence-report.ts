import { deviationSentence } from '../deviation-text.ts';
import { orderOf, type Refused, type Volume, volumeOf } from '../fact.ts';
import type { Evidence } from '../finding.ts';
import type { LedgerReport } from '../report.ts';
import { SEVERITIES } from '../severity.ts';
import type { Snapshot } from '../snapshot.ts';
import { byText, grouped, sortedBy } from '../sorting.ts';
import { isOpen, standings } from '../standing.ts';
import { fromSeconds, type Timestamp } from '../timestamp.ts';
import type { Verification } from '../verify-clusters.ts';
import { clustersOf } from './clusters.ts';
import { FindingIndex, GrantIndex, grantName } from './indexes.ts';
import type {
  EvidenceReport,
  ReportCoverage,
  ReportedFinding,
  ReportedGrant,
  ReportedKey,
  ReportedRefusal,
  ReportedVerification,
  ReportedVolume,
  ReportSource,
  Scope,
} from './model.ts';
import { hearingOf, periodEnd } from './silences.ts';

/** What a report is made of. */
export interface EvidenceInput {
  readonly source: ReportSource;
  readonly scope: Scope;
  /** The file of the policy, where one was given. */
  readonly policy?: string;
  /** The ledger as it stood at the end of the period, before a policy judged it. */
  readonly seen: Snapshot;
  /** The same as judged, and what it says. */
  readonly judged: LedgerReport & { readonly snapshot: Snapshot };
  /** The evidence of each finding, by its id. */
  readonly evidence: ReadonlyMap<string, Evidence>;
  /** What became of the records, where they were read. */
  readonly read?: Pick<ReportCoverage, 'events' | 'sources'>;
  /** So many resources are left out: the ledger knows only that they were used after the period. */
  readonly laterResources: number;
  /** Seconds since 1970, of a ledger that lives. */
  readonly now?: number;
  /** What the sweep found last when it asked ECS. */
  readonly verification?: Verification;
}

/** Joins what a ledger says with the events that prove it, for a period and, where the scope names them, a cluster or key. */
export function evidenceReport({
  source,
  scope,
  policy,
  seen,
  judged,
  evidence,
  read,
  laterResources,
  now,
  verification,
}: EvidenceInput): EvidenceReport {
  const { snapshot } = judged;
  const isMeant = withinScope(scope);
  const grants = new GrantIndex(snapshot);
  const standingOf = standings(snapshot);
  const findings = judged.findings
    .map((finding): ReportedFinding => {
      const standing = standingOf(finding);
      const sentence = evidence.get(finding.id)?.last.sentence;
      return { ...finding, ...standing, open: isOpen(finding, standing), ...(sentence === undefined ? {} : { sentence }) };
    })
    .filter((finding) => isMeant(finding) && (finding.open || isSince(scope, finding.lastSeen)))
    .sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || byText(b.lastSeen, a.lastSeen));
  const about = new FindingIndex(findings);
  const uses = lastUses(snapshot);
  const volumes = judged.volumes
    .filter((volume) => isMeant(volume))
    .map((volume): ReportedVolume => {
      const own = volume.grants.flatMap(({ grantId }) => grants.reported(volume.keyArn, grantId, about));
      const lastDecryptAt = uses.decrypts.get(volumeName(volume));
      const ids = new Set([...about.volume(volume.volumeId), ...own.flatMap((grant) => grant.findings)]);
      return {
        ...volume,
        ...(lastDecryptAt === undefined ? {} : { lastDecryptAt }),
        grants: own.filter((grant) => isAlive(scope, grant)),
        findings: [...ids].sort(),
      };
    })
    .filter((volume) => volume.grants.length > 0 || isSince(scope, uses.any.get(volumeName(volume))));
  const attributed = new Set(judged.volumes.flatMap(({ keyArn, grants: own }) => own.map(({ grantId }) => grantName(keyArn, grantId))));
  const otherGrants = grants
    .except(attributed)
    .flatMap(({ keyArn, grantId }) => grants.reported(keyArn, grantId, about))
    .filter((grant) => isMeant(grant) && isAlive(scope, grant));
  const refusals = sortedBy(snapshot.refusals, (refusal) => [orderOf(refusal)])
    .map(reportedRefusal)
    .filter((refusal) => isMeant(refusal) && isSince(scope, refusal.time));
  const named = new Set([...volumes, ...otherGrants, ...refusals, ...findings].map(({ keyArn }) => keyArn));
  return {
    ...(now === undefined ? {} : { madeAt: fromSeconds(now) }),
    source,
    scope,
    ...(policy === undefined ? {} : { policy }),
    coverage: { ...read, laterResources, ...hearingOf(seen, scope.since, periodEnd(scope.until, now)) },
    ...(verification === undefined || !isWithin(scope, verification.at)
      ? {}
      : { verification: reportedVerification(verification, isMeant) }),
    findings,
    keys: keysOf(judged).filter(({ keyArn }) => isMeant({ keyArn, clusterName: scope.cluster }) && (!scope.cluster || named.has(keyArn))),
    clusters: clustersOf(volumes, refusals, findings),
    refusals,
    volumes,
    otherGrants,
  };
}

/** The names of every cluster that the ledger has heard of, in order. */
export function clusterNames({ findings, volumes, snapshot }: EvidenceInput['judged']): string[] {
  const attributed = [...snapshot.grants, ...snapshot.refusals, ...snapshot.rehearsals].map(({ cluster }) => cluster?.name);
  const names = [...attributed, ...findings.map(({ clusterName }) => clusterName), ...volumes.map(({ clusterName }) => clusterName)];
  return [...new Set(names.flatMap((name) => name ?? []))].sort();
}

interface Named {
  readonly keyArn?: string | undefined;
  readonly clusterName?: string | undefined;
}

const withinScope =
  ({ cluster, key }: Scope) =>
  ({ keyArn, clusterName }: Named): boolean =>
    (cluster === undefined || clusterName === cluster) && (key === undefined || keyArn?.includes(key) === true);

function reportedVerification(
  { at, clusters, tasks, deviations, more, failed }: Verification,
  isMeant: (named: Named) => boolean,
): ReportedVerification {
  const told = deviations.map((deviation) => {
    const { account: clusterAccount, name: clusterName } = deviation.cluster;
    const keyArn = 'keyArn' in deviation ? deviation.keyArn : undefined;
    return {
      kind: deviation.kind,
      clusterAccount,
      clusterName,
      ...('taskArn' in deviation ? { taskArn: deviation.taskArn } : {}),
      ...(keyArn === undefined ? {} : { keyArn }),
      sentence: deviationSentence(deviation),
    };
  });
  return { at, clusters, tasks, deviations: told.filter(isMeant), more, failed };
}

/** True for an instant in the period: what was found at another time says nothing of it. */
const isWithin = (scope: Scope, time: Timestamp): boolean => isSince(scope, time) && (scope.until === undefined || time <= scope.until);

const isSince = ({ since }: Scope, time: Timestamp | undefined): boolean => since === undefined || (time ?? '') >= since;

/** True for a grant that was open at some time of the period; its later end is unknown to a ledger of that time. */
const isAlive = (scope: Scope, { endedAt }: ReportedGrant): boolean => endedAt === undefined || isSince(scope, endedAt);

const volumeName = ({ volumeId, clusterAccount, clusterName, keyArn }: Volume): string =>
  JSON.stringify([volumeId, clusterAccount, clusterName, keyArn]);

/** When each volume was last decrypted, and last used at all. */
function lastUses({ uses }: Snapshot): { readonly decrypts: Map<string, Timestamp>; readonly any: Map<string, Timestamp> } {
  const decrypts = new Map<string, Timestamp>();
  const any = new Map<string, Timestamp>();
  const keep = (times: Map<string, Timestamp>, name: string, time: Timestamp): void => {
    // Stryker disable next-line EqualityOperator: the same instant is the same.
    if ((times.get(name) ?? '') < time) times.set(name, time);
  };
  for (const use of uses) {
    const volume = volumeOf(use);
    if (volume === undefined) continue;
    keep(any, volumeName(volume), use.time);
    if (use.operation === 'Decrypt') keep(decrypts, volumeName(volume), use.time);
  }
  return { decrypts, any };
}

function reportedRefusal(refusal: Refused): ReportedRefusal {
  const { time, eventId, operation, rehearsal, reason, code, message, caller, keyArn, cluster, volumeId, resource } = refusal;
  return {
    time,
    eventId,
    operation,
    rehearsal,
    reason,
    code,
    message,
    caller: caller.id,
    ...(keyArn === undefined ? {} : { keyArn }),
    ...(cluster === undefined ? {} : { clusterAccount: cluster.account, clusterName: cluster.name }),
    ...(volumeId === undefined ? {} : { volumeId }),
    ...(resource === undefined ? {} : { resource: `${resource.kind} ${resource.id}` }),
  };
}

function keysOf({ keys, snapshot }: EvidenceInput['judged']): ReportedKey[] {
  const changes = grouped(snapshot.changes, ({ keyArn }) => keyArn);
  return keys.map((key) => ({
    ...key,
    changes: sortedBy(changes.get(key.keyArn) ?? [], (change) => [orderOf(change)]).map(({ time, change, operation, caller, eventId }) => ({
      time,
      change,
      operation,
      caller: caller.id,
      eventId,
    })),
  }));
}
