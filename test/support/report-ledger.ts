import type { Caller } from '../../src/core/caller.ts';
import { evidenceReport } from '../../src/core/evidence/evidence-report.ts';
import type { EvidenceReport } from '../../src/core/evidence/model.ts';
import { type GrantCreated, type KeyUsed, orderOf, type Refused } from '../../src/core/fact.ts';
import type { GrantHead } from '../../src/core/grant.ts';
import { DEFAULT_POLICY } from '../../src/core/policy.ts';
import { evidenceOf, reportOf } from '../../src/core/report.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { fromSeconds } from '../../src/core/timestamp.ts';
import { sha256 } from '../../src/system.ts';
import { EMPTY } from './facts.ts';
import { ACCOUNT } from './fleet.ts';

const DAY = 86_400;
const START = Date.UTC(2026, 10, 2) / 1000;
const LENGTH = 28 * DAY;
const SERVICE: Caller = {
  id: 'ec2-frontend-api.amazonaws.com',
  type: 'AWSService',
  invokedBy: 'ec2-frontend-api.amazonaws.com',
  trusted: true,
  awsRole: false,
};

/** The instants of a made ledger: four weeks, with a silence of a day in the third. */
const SILENCE = { from: START + 16 * DAY, to: START + 17 * DAY };

const hex = (seed: string, length: number): string => sha256(seed).slice(0, length);
const uuid = (seed: string): string => hex(seed, 32).replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5');

/** A made ledger of so many volumes over so many clusters and five keys; some grants are open, some were revoked. */
export function madeSnapshot(volumes: number, clusters: number): Snapshot {
  const keys = [1, 2, 3, 4, 5].map((number) => `arn:aws:kms:us-east-1:${ACCOUNT}:key/${uuid(`key ${number}`)}`);
  const creations: GrantCreated[] = [];
  const grants: GrantHead[] = [];
  const uses: KeyUsed[] = [];
  const refusals: Refused[] = [];
  for (let index = 0; index < volumes; index += 1) {
    const cluster = { account: ACCOUNT, name: `cluster-${String(index % clusters).padStart(2, '0')}` };
    const keyArn = keys[index % keys.length] ?? '';
    const volumeId = `vol-0${hex(`volume ${index}`, 16)}`;
    const grantId = hex(`grant ${index}`, 64);
    const heard = START + Math.floor((index / volumes) * (LENGTH - DAY));
    const at = heard < SILENCE.from ? heard : heard + DAY;
    const common = { keyArn, cluster, volumeId, trust: 'trusted' as const, caller: SERVICE, region: 'us-east-1', account: ACCOUNT };
    const created: GrantCreated = {
      ...common,
      kind: 'grant-created',
      eventId: uuid(`creation ${index}`),
      time: fromSeconds(at),
      operation: 'CreateGrant',
      grantId,
      grantee: 'fargate.us-east-1.amazonaws.com',
      operations: ['Decrypt'],
    };
    creations.push(created);
    uses.push({ ...common, kind: 'key-used', eventId: uuid(`use ${index}`), time: fromSeconds(at + 5), operation: 'Decrypt' });
    const endedAt = Math.min(at + 3600 + (index % 40) * 3600, START + LENGTH);
    const inSilence = endedAt > SILENCE.from && endedAt < SILENCE.to;
    const open = index % (volumes < 100 ? 3 : 97) === 0;
    const end = {
      order: orderOf({ time: fromSeconds(inSilence ? SILENCE.to : endedAt), eventId: uuid(`end ${index}`) }),
      how: index % 1001 === 7 ? ('revoked' as const) : ('retired' as const),
      by: 'AWS Internal',
    };
    grants.push({ keyArn, grantId, created: orderOf(created), cluster, volumeId, ...(open ? {} : { end }) });
    if (index % 251 === 3)
      refusals.push({
        ...common,
        kind: 'refused',
        eventId: uuid(`refusal ${index}`),
        time: fromSeconds(at + 60),
        operation: 'CreateGrant',
        reason: 'disabled',
        code: 'DisabledException',
        message: `${keyArn} is disabled.`,
        rehearsal: false,
      });
  }
  return { ...EMPTY, grants, creations, uses, refusals };
}

/** The report of {@link madeSnapshot}. */
export function madeReport(volumes: number, clusters: number): EvidenceReport {
  const snapshot = madeSnapshot(volumes, clusters);
  const now = START + LENGTH;
  return evidenceReport({
    source: { table: 'ledger' },
    scope: {},
    seen: snapshot,
    laterResources: 0,
    judged: { snapshot, ...reportOf(snapshot, DEFAULT_POLICY, sha256, now) },
    evidence: evidenceOf(snapshot, DEFAULT_POLICY, sha256, now),
    now,
  });
}
