import type {
  EvidenceReport,
  ReportedCluster,
  ReportedFinding,
  ReportedGrant,
  ReportedKey,
  ReportedRefusal,
  ReportedVolume,
} from '../../src/core/evidence/model.ts';
import { ACCOUNT, instant, KEY } from './fleet.ts';

/** As many as asked for, by their numbers from 0. */
export const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));

/** A report of an empty table. */
export const EMPTY: EvidenceReport = {
  source: { table: 'ledger' },
  scope: {},
  coverage: { facts: 0, silentAfterSeconds: 6 * 3600, silences: [], laterResources: 0 },
  findings: [],
  keys: [],
  clusters: [],
  refusals: [],
  volumes: [],
  otherGrants: [],
};

export const reportedGrant = (own: Partial<ReportedGrant> = {}): ReportedGrant => ({
  keyArn: KEY,
  grantId: 'grant',
  status: 'open',
  grantedAt: instant(0),
  findings: [],
  ...own,
});

export const reportedVolume = (own: Partial<ReportedVolume> = {}): ReportedVolume => ({
  volumeId: 'vol-1',
  clusterAccount: ACCOUNT,
  clusterName: 'payments',
  keyArn: KEY,
  status: 'granted',
  decrypts: 0,
  grants: [],
  findings: [],
  ...own,
});

export const reportedCluster = (own: Partial<ReportedCluster> = {}): ReportedCluster => ({
  clusterAccount: ACCOUNT,
  clusterName: 'payments',
  volumes: 0,
  openGrants: 0,
  decrypts: 0,
  refusals: 0,
  findings: 0,
  keyArns: [],
  ...own,
});

export const reportedKey = (own: Partial<ReportedKey> = {}): ReportedKey => ({
  keyArn: KEY,
  openGrants: 0,
  clusters: [],
  resources: [],
  changes: [],
  ...own,
});

export const reportedRefusal = (own: Partial<ReportedRefusal> = {}): ReportedRefusal => ({
  time: instant(0),
  eventId: 'event',
  operation: 'Decrypt',
  rehearsal: false,
  reason: 'disabled',
  code: 'DisabledException',
  message: 'It is disabled.',
  caller: 'ec2.amazonaws.com',
  ...own,
});

export const reportedFinding = (own: Partial<ReportedFinding> = {}): ReportedFinding => ({
  id: 'f'.repeat(32),
  rule: 'disabled-key-use',
  severity: 'critical',
  status: 'holds',
  title: 'A disabled key was used',
  caller: 'somebody',
  operation: 'Decrypt',
  firstSeen: instant(0),
  lastSeen: instant(0),
  count: 1,
  eventIds: ['event'],
  open: true,
  ...own,
});
