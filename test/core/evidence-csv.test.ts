import { describe, expect, it } from 'vitest';
import { evidenceCsv } from '../../src/core/evidence/evidence-csv.ts';
import type { EvidenceReport, ReportedGrant, ReportedVolume } from '../../src/core/evidence/model.ts';
import { ACCOUNT, KEY } from '../support/fleet.ts';

const GRANT: ReportedGrant = {
  keyArn: KEY,
  grantId: 'grant-1',
  status: 'retired',
  clusterAccount: ACCOUNT,
  clusterName: 'payments',
  grantee: 'fargate.example.com',
  operations: ['Decrypt', 'DescribeKey'],
  grantedAt: '2026-11-02T10:00:00Z',
  grantedBy: 'ebs.example.com',
  grantedEventId: 'creation',
  endedAt: '2026-11-02T11:00:00Z',
  endedBy: 'AWS-Internal',
  endedEventId: 'end',
  findings: ['f1', 'f2'],
};
const VOLUME: ReportedVolume = {
  volumeId: 'vol-1',
  clusterAccount: ACCOUNT,
  clusterName: 'payments',
  keyArn: KEY,
  status: 'released',
  decrypts: 2,
  lastDecryptAt: '2026-11-02T10:30:00Z',
  grants: [GRANT],
  findings: ['f3', 'f1'],
};
const BARE: ReportedGrant = { keyArn: 'key', grantId: 'bare', status: 'open', findings: [] };

function linesOf(volumes: readonly ReportedVolume[], otherGrants: readonly ReportedGrant[]): string[] {
  const report: EvidenceReport = {
    source: { table: 'ledger' },
    scope: {},
    coverage: { facts: 0, silentAfterSeconds: 0, silences: [], laterResources: 0 },
    findings: [],
    keys: [],
    clusters: [],
    refusals: [],
    volumes,
    otherGrants,
  };
  const csv = evidenceCsv(report);
  expect(csv.endsWith('\r\n')).toBe(true);
  return csv.slice(0, -2).split('\r\n');
}

const cellOf = (grantee: string): string => {
  const [, row = ''] = linesOf([], [{ ...BARE, keyArn: '', grantId: '', status: '', grantee }]);
  expect(row.startsWith(',,,,,,,,') && row.endsWith(',,,,,,,,,,')).toBe(true);
  return row.slice(8, -10);
};

describe('the rows of a report', () => {
  it('name every column', () => {
    expect(linesOf([], [])).toEqual([
      'key_arn,region,cluster_account,cluster_name,volume_id,volume_status,grant_id,grant_status,grantee,operations,granted_at,granted_by,' +
        'granted_event_id,ended_at,ended_by,ended_event_id,volume_decrypts,volume_last_decrypt_at,finding_ids',
    ]);
  });

  it('tell a grant with its volume, a volume without grants, and a grant without a volume, in this order', () => {
    const { lastDecryptAt: _, ...unused } = VOLUME;
    const ofGrant = `${KEY},us-east-1,${ACCOUNT},payments`;
    const grant =
      'grant-1,retired,fargate.example.com,"Decrypt DescribeKey",2026-11-02T10:00:00Z,ebs.example.com,creation,2026-11-02T11:00:00Z,AWS-Internal,end';

    expect(
      linesOf([VOLUME, { ...unused, volumeId: 'vol-2', status: 'prepared', decrypts: 0, grants: [] }], [GRANT, BARE]).slice(1),
    ).toEqual([
      `${ofGrant},vol-1,released,${grant},2,2026-11-02T10:30:00Z,"f3 f1"`,
      `${ofGrant},vol-2,prepared,,,,,,,,,,,0,,"f3 f1"`,
      `${ofGrant},,,${grant},,,"f1 f2"`,
      'key,,,,,,bare,open,,,,,,,,,,,',
    ]);
  });
});

describe('a cell of a report', () => {
  it.each([
    ['plain', 'plain'],
    ['a=1', 'a=1'],
    ['=1+1', `"'=1+1"`],
    ['+1', `"'+1"`],
    ['-1', `"'-1"`],
    ['@SUM(A1)', `"'@SUM(A1)"`],
    ['\uff1d1', `"'\uff1d1"`],
    ['\uff0b1', `"'\uff0b1"`],
    ['  =1', `"'  =1"`],
    ['\u00a0=1', `"'\u00a0=1"`],
    ['\t=1', '\\u{9}=1'],
    ['\r=1', '\\u{d}=1'],
    ['a\nb', 'a\\u{a}b'],
    ['a\u202eb', 'a\\u{202e}b'],
    ['a,b', '"a,b"'],
    ['a;b', '"a;b"'],
    ['a b', '"a b"'],
    ["a'b", `"a'b"`],
    ['a"b', '"a""b"'],
    ['"=1', '"""=1"'],
    ['"a" "b"', '"""a"" ""b"""'],
  ])('writes %j so that it stays one text', (text, cell) => {
    expect(cellOf(text)).toBe(cell);
  });

  it('holds at most 2,000 characters', () => {
    expect(cellOf('a'.repeat(2_000))).toBe('a'.repeat(2_000));
    expect(cellOf('a'.repeat(2_001))).toBe(`${'a'.repeat(1_999)}…`);
  });
});
