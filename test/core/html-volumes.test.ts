import { describe, expect, it } from 'vitest';
import type { ReportedGrant, ReportedVolume } from '../../src/core/evidence/model.ts';
import { otherGrantsSection, volumesSection } from '../../src/core/html/volumes.ts';
import { ACCOUNT, instant } from '../support/fleet.ts';
import { all, type Element, only, readPage, tableOf, texts } from '../support/page.ts';
import { many, reportedGrant, reportedVolume } from '../support/reported.ts';

const KEY_CELL = `11111111-1111-1111-1111-111111111111 / us-east-1 ${ACCOUNT}`;
const CLUSTER_CELL = `payments / ${ACCOUNT}`;
const FINDING = 'f'.repeat(32);

const volumes = (listed: readonly ReportedVolume[], shown: readonly string[] = []): Element =>
  only(readPage(volumesSection(listed, new Set(shown)).source), 'section', { 'aria-labelledby': 'volumes' });
const names = (section: Element): unknown[] => tableOf(section, 'volumes-table').rows.map(([name]) => name);
const grants = (listed: readonly ReportedGrant[], shown: readonly string[] = []): Element =>
  only(readPage(otherGrantsSection(listed, new Set(shown))?.source ?? ''), 'section', { 'aria-labelledby': 'other-grants' });

const ended = { status: 'retired', endedAt: instant(60) };
const released = (index: number): ReportedVolume => reportedVolume({ volumeId: `vol-${index}`, grants: [reportedGrant(ended)] });
/** More than are all shown. */
const MANY = many(201, released);

describe('volumes', () => {
  it('are none where none was granted anything', () => {
    const section = volumes([]);
    expect(texts(section, 'h2', { id: 'volumes' })).toEqual(['Volumes']);
    expect(texts(section, 'p')).toEqual(['No volume was granted anything.']);
    expect(texts(section, 'caption')).toEqual([]);
  });

  it('are told by grant, with the events that prove it', () => {
    const section = volumes([
      reportedVolume({
        decrypts: 1_000,
        lastDecryptAt: instant(5),
        grants: [
          reportedGrant({ ...ended, grantedBy: 'ec2', grantedEventId: 'e1', endedBy: 'AWS Internal', endedEventId: 'e2' }),
          reportedGrant({ endedAt: instant(60), endedBy: 'nobody' }),
        ],
      }),
      reportedVolume({ volumeId: 'vol-2', status: 'prepared' }),
    ]);
    const decrypts = '1,000 / 2026-11-02 10:00:05';
    const came = '2026-11-02 10:00:00';
    expect(tableOf(section, 'volumes-table')).toEqual({
      caption: 'Each grant of each volume, with the CloudTrail events that prove when it came and went',
      heads: ['Volume', 'Cluster', 'Status', 'Findings', 'Granted', 'Ended', 'Decrypts, and the last', 'Key'],
      rows: [
        ['vol-1', CLUSTER_CELL, 'open', '', came, '', decrypts, KEY_CELL],
        ['vol-1', CLUSTER_CELL, 'retired', '', `${came} / ec2 / e1`, '2026-11-02 10:01:00 / AWS Internal / e2', decrypts, KEY_CELL],
        ['vol-2', CLUSTER_CELL, 'prepared', '', '', '', '0', KEY_CELL],
      ],
    });
    expect(texts(section, 'p')).toEqual([]);
    expect(texts(section, 'code')).not.toContain('');
  });

  it.each([
    ['open', 'badge low'],
    ['revoked', 'badge high'],
    ['gone', 'badge medium'],
    ['retired', 'badge plain'],
  ])('stand out in the tone of their status: %s', (status, tone) => {
    expect(only(volumes([reportedVolume({ grants: [reportedGrant({ status })] })]), 'span', { class: tone }).children).toEqual([status]);
  });

  it('lead to the findings that are written out, three at most', () => {
    const findings = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(32));
    const section = volumes([reportedVolume({ findings })], [FINDING, 'b'.repeat(32), 'd'.repeat(32)]);
    expect(tableOf(section, 'volumes-table').rows[0]?.[3]).toBe('aaaaaaaa bbbbbbbb cccccccc');
    expect(all(section, 'a').map(({ attributes }) => attributes.href)).toEqual([`#f-${'b'.repeat(32)}`]);
  });

  it('are all shown, in their order, while they are two hundred', () => {
    const section = volumes(many(200, released));
    expect(names(section)).toEqual(many(200, (index) => `vol-${index}`));
    expect(texts(section, 'p')).toEqual([]);
  });

  it('are left out of many where they are released without a finding', () => {
    const section = volumes(MANY);
    expect(texts(section, 'p')).toEqual([
      'Of 201 volumes, 0 have an open grant and 0 have findings. Only these are shown. Released volumes without a finding are left out. --csv and --json have every volume and every grant.',
      'None of them is open or has a finding.',
    ]);
    expect(texts(section, 'caption')).toEqual([]);
  });

  it('of many are shown those that matter: with findings, then with open grants, the oldest first', () => {
    const open = (second: number) => [reportedGrant(ended), reportedGrant({ grantedAt: instant(second) })];
    const matter = [
      reportedVolume({ volumeId: 'open since 2', grants: [reportedGrant({ grantedAt: instant(2) })] }),
      reportedVolume({ volumeId: 'open since 1', grants: [reportedGrant({ grantedAt: instant(1) })] }),
      reportedVolume({ volumeId: 'found', findings: [FINDING], grants: [reportedGrant(ended)] }),
      reportedVolume({ volumeId: 'found, never granted', findings: [FINDING] }),
      reportedVolume({ volumeId: 'found, once more granted', findings: [FINDING], grants: open(9) }),
    ];
    const section = volumes([...MANY, ...matter]);
    const order = ['found, once more granted', 'found, never granted', 'found', 'open since 1', 'open since 2'];
    expect([...new Set(names(section))]).toEqual(order);
    expect([...new Set(names(volumes([...MANY, ...matter].reverse())))]).toEqual(order);
    expect(texts(section, 'p')[0]).toMatch(/^Of 206 volumes, 3 have an open grant and 3 have findings\. Only these are shown\./);
  });

  it.each<[string, Partial<ReportedVolume>, string]>([
    ['open', { grants: [reportedGrant()] }, '1 has an open grant and 0 have findings.'],
    ['found', { findings: [FINDING] }, '0 have an open grant and 1 has findings.'],
  ])('are counted as one where one is %s', (_, own, words) => {
    expect(texts(volumes([...MANY, reportedVolume(own)]), 'p')[0]).toContain(`Of 202 volumes, ${words} Only`);
  });

  it('that matter are so many', () => {
    const open = many(301, (index) => reportedVolume({ volumeId: `vol-${index}`, grants: [reportedGrant({ grantedAt: instant(index) })] }));
    const section = volumes([...open].reverse());
    expect(names(section)).toEqual(open.slice(0, 300).map(({ volumeId }) => volumeId));
    expect(texts(section, 'p')[0]).toContain(
      '301 have an open grant and 0 have findings. The first 300 of these are shown: those with findings, then the oldest.',
    );
    expect(volumesSection(open.slice(0, 300), new Set()).source).toContain('Only these are shown.');
  });

  it('have so many grants in all, those that matter first', () => {
    const own = many(1_001, (index) => reportedGrant({ ...ended, grantedEventId: `e${index}` }));
    const matters = reportedGrant({ grantedEventId: 'open' });
    const section = volumes([reportedVolume({ grants: [...own, matters] })]);
    const { rows } = tableOf(section, 'volumes-table');
    expect(rows).toHaveLength(1_000);
    expect(rows[0]?.[4]).toBe('2026-11-02 10:00:00 / open');
    expect(texts(section, 'p')).toEqual([
      'The first 1,000 rows of 1,002 are shown: of each volume grants with findings, then open ones, the oldest first. --csv and --json have every one.',
    ]);
    expect(volumesSection([reportedVolume({ grants: own.slice(1) })], new Set()).source).not.toContain('<p');
  });
});

describe('other grants', () => {
  it('are not mentioned where there are none', () => {
    expect(otherGrantsSection([], new Set())).toBeUndefined();
  });

  it('are told with whom they serve, when they came and went', () => {
    const section = grants(
      [
        reportedGrant({ grantId: 'bare', endedAt: instant(60) }),
        reportedGrant({
          ...ended,
          grantId: 'whole',
          grantee: 'role/app',
          operations: ['Decrypt', 'Encrypt'],
          grantedBy: 'somebody',
          grantedEventId: 'e1',
          endedBy: 'AWS Internal',
          endedEventId: 'e2',
          findings: [FINDING],
        }),
      ],
      [FINDING],
    );
    const came = '2026-11-02 10:00:00';
    const went = '2026-11-02 10:01:00 / AWS Internal / e2';
    expect(texts(section, 'h2', { id: 'other-grants' })).toEqual(['Other grants']);
    expect(tableOf(section, 'other-grants-table')).toEqual({
      caption: 'Grants that belong to no volume of a cluster, and grants whose creation was never seen',
      heads: ['Grant', 'Key', 'Status', 'Grantee', 'Operations', 'Granted', 'Ended', 'Findings'],
      rows: [
        ['whole', KEY_CELL, 'retired', 'role/app', 'Decrypt, Encrypt', `${came} / somebody / e1`, went, 'ffffffff'],
        ['bare', KEY_CELL, 'open', '', '', came, '', ''],
      ],
    });
    expect(texts(section, 'code')).not.toContain('');
    expect(only(section, 'a').attributes).toEqual({ href: `#f-${FINDING}` });
    expect(texts(section, 'p')).toEqual([]);
  });

  it('come with findings first, then open ones, the oldest first', () => {
    const { grantedAt: _, ...unknown } = reportedGrant({ ...ended, grantId: 'ended, of unknown age' });
    const listed = [
      reportedGrant({ ...ended, grantId: 'ended 2', grantedAt: instant(2) }),
      reportedGrant({ ...ended, grantId: 'ended 1', grantedAt: instant(1) }),
      unknown,
      reportedGrant({ grantId: 'open 4', grantedAt: instant(4) }),
      reportedGrant({ grantId: 'open 3', grantedAt: instant(3) }),
      reportedGrant({ ...ended, grantId: 'found 6', grantedAt: instant(6), findings: [FINDING] }),
      reportedGrant({ grantId: 'open and found 7', grantedAt: instant(7), findings: [FINDING] }),
    ];
    const before = [...listed];
    const order = ['open and found 7', 'found 6', 'open 3', 'open 4', 'ended, of unknown age', 'ended 1', 'ended 2'];
    expect(tableOf(grants(listed), 'other-grants-table').rows.map(([id]) => id)).toEqual(order);
    expect(tableOf(grants([...listed].reverse()), 'other-grants-table').rows.map(([id]) => id)).toEqual(order);
    expect(listed).toEqual(before);
  });

  it('are so many', () => {
    const section = grants(many(1_001, (index) => reportedGrant({ grantId: `grant ${index}` })));
    expect(tableOf(section, 'other-grants-table').rows).toHaveLength(300);
    expect(texts(section, 'p')).toEqual([
      '300 of 1,001 are shown: those with findings, then open ones, the oldest first. --csv and --json have every one.',
    ]);
    expect(texts(grants(many(300, () => reportedGrant())), 'p')).toEqual([]);
  });
});
