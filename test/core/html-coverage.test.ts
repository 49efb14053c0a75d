import { describe, expect, it } from 'vitest';
import type { EvidenceReport, ReadSource, ReportCoverage } from '../../src/core/evidence/model.ts';
import { coverageSection } from '../../src/core/html/coverage.ts';
import { verificationSection } from '../../src/core/html/verification.ts';
import { fromSeconds, toSeconds } from '../../src/core/timestamp.ts';
import { ACCOUNT, instant, KEY } from '../support/fleet.ts';
import { type Element, only, readPage, tableOf, texts } from '../support/page.ts';
import { EMPTY, many } from '../support/reported.ts';

const sectionOf = (coverage: Partial<ReportCoverage>, own: Partial<EvidenceReport> = {}): Element =>
  only(readPage(coverageSection({ ...EMPTY, ...own, coverage: { ...EMPTY.coverage, ...coverage } }).source), 'section');

const said = (coverage: Partial<ReportCoverage>, own: Partial<EvidenceReport> = {}): string[] => texts(sectionOf(coverage, own), 'p');

const EVENTS = { read: 15_000, audited: 9_000, duplicates: 3_000, outOfScope: 2_000, rejected: 1_000 };
const RECORDS = { records: ['archive'] };
const KNOWN = { facts: 2, first: instant(0), last: instant(60) };

const source = (path: string, rejected: number): ReadSource => ({
  path,
  records: 100,
  rejected: many(rejected, (index) => ({ index, reason: `no time in ${path}` })),
});

describe('coverage', () => {
  it('is a section with its own heading', () => {
    const section = sectionOf({});
    expect(section.attributes).toEqual({ 'aria-labelledby': 'coverage' });
    expect(texts(section, 'h2', { id: 'coverage' })).toEqual(['Coverage']);
    expect(texts(section, 'caption')).toEqual([]);
  });

  it('of a table says where the counts are, and that nothing is known of an empty one', () => {
    expect(said({})).toEqual([
      'Read from the ledger of a deployment. The ledger keeps what could be read; how many records could not is the metric RejectedRecords of the deployment.',
      'No KMS event of the period is known.',
      'No silence of more than 6 h.',
      'ECS was not asked whether it agrees with this ledger.',
    ]);
  });

  it('of records accounts for each', () => {
    const own = { source: RECORDS };
    expect(said({ ...KNOWN, events: EVENTS, sources: [source('archive', 0)] }, own)).toEqual([
      '2 KMS events of the period kept, from 2026-11-02 10:00:00 to 2026-11-02 10:01:00. Of what a service does with a key for a resource other than a volume, only the last use is kept.',
      'No record was rejected.',
      'No silence of more than 6 h.',
      'ECS was not asked whether it agrees with this ledger.',
    ]);
    expect(tableOf(sectionOf({ events: EVENTS }, own), 'coverage-records')).toEqual({
      caption: 'Every record is accounted for: read = audited + duplicates + out of scope + rejected',
      heads: ['Records', 'Read#', 'Audited#', 'Duplicates#', 'Out of scope#', 'Rejected#'],
      rows: [['all sources', '15,000', '9,000', '3,000', '2,000', '1,000']],
    });
  });

  it.each<[string, Partial<ReportCoverage>, Partial<EvidenceReport>, boolean]>([
    ['counted records, and a period', { events: EVENTS }, { scope: { until: instant(0) } }, true],
    ['no end of the period', { events: EVENTS }, { scope: {} }, false],
    ['nothing counted', {}, { scope: { until: instant(0) } }, false],
  ])('says that later records are counted: %s', (_, coverage, own, expected) => {
    const later = 'Records of what happened after the period are counted, and tell nothing here.';
    expect(said(coverage, { source: RECORDS, ...own }).includes(later)).toBe(expected);
  });

  it.each([
    [1, '1 resource last used after the period is left out: this ledger does not know whether it was used before.'],
    [2, '2 resources last used after the period are left out: this ledger does not know whether they were used before.'],
  ])('says how many resources are left out: %i', (laterResources, words) => {
    expect(said({ laterResources })).toContain(`${words} A report from the records themselves (--from) does.`);
  });

  it('says nothing of ECS where it was asked', () => {
    const verification = { at: instant(0), clusters: 1, tasks: 1, deviations: [], more: 0, failed: [] };
    expect(said({}, { verification }).join()).not.toContain('ECS');
  });

  it('lists what was rejected, and where', () => {
    const section = sectionOf({ sources: [source('a', 1), source('b', 0), source('c', 2)] });
    expect(tableOf(section, 'coverage-rejected')).toEqual({
      caption: '3 records rejected: what they would have told is not in this report',
      heads: ['Source', 'Record#', 'Reason'],
      rows: [
        ['a', '0', 'no time in a'],
        ['c', '0', 'no time in c'],
        ['c', '1', 'no time in c'],
      ],
    });
    expect(texts(section, 'p')).not.toContain('No record was rejected.');
  });

  it('lists so many rejections', () => {
    const section = sectionOf({ sources: [source('a', 51)] });
    expect(tableOf(section, 'coverage-rejected').rows).toHaveLength(50);
    expect(texts(section, 'p')).toContain('50 of 51 rejections are shown; --json has every one.');
  });

  it('lists its sources', () => {
    expect(tableOf(sectionOf({ sources: [source('a', 0), source('b', 1)] }), 'coverage-sources')).toEqual({
      caption: '2 sources',
      heads: ['Source', 'Records#', 'Rejected#'],
      rows: [
        ['b', '100', '1'],
        ['a', '100', '0'],
      ],
    });
  });

  it('lists so many sources, those with the most rejected records first', () => {
    const section = sectionOf({ sources: many(11, (index) => source(`source ${index}`, index === 0 ? 0 : index === 10 ? 2 : 1)) });
    const { caption, rows } = tableOf(section, 'coverage-sources');
    expect(caption).toBe('11 sources, those with rejected records first');
    expect(rows.map(([path]) => path)).toEqual([10, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((index) => `source ${index}`));
    expect(texts(section, 'p')).toContain('10 of 11 sources are shown; --json has every one.');
  });

  it.each([
    [59, '0 h'],
    [5_400, '1 h 30 min'],
    [21_600, '6 h'],
    [86_399, '23 h 59 min'],
    [86_400, '1 day'],
    [90_000, '1 day 1 h'],
    [3 * 86_400, '3 days'],
  ])('says what a silence is: %i s', (silentAfterSeconds, words) => {
    expect(said({ silentAfterSeconds })).toContain(`No silence of more than ${words}.`);
  });

  it('lists the longest silences, in their order', () => {
    const lengths = many(21, (index) => (index === 7 ? 7 : 8 + ((index * 5) % 21)));
    const day = (index: number): string => fromSeconds(toSeconds('2026-01-01T00:00:00Z') + index * 2 * 86_400);
    const silences = lengths.map((hours, index) => ({ from: day(index), to: fromSeconds(toSeconds(day(index)) + hours * 3600) }));
    const section = sectionOf({ silences });
    const { caption, heads, rows } = tableOf(section, 'coverage-silences');

    expect(caption).toBe(
      '21 silences: more than 6 h without any KMS event, on any key. Quiet, or a trail that was off; nothing in this report can tell which',
    );
    expect(heads).toEqual(['From', 'To', 'Lasted']);
    expect(rows[0]).toEqual(['2026-01-01 00:00:00', '2026-01-01 08:00:00', '8 h']);
    expect(rows.map(([from]) => from)).toEqual(
      silences.filter((_, index) => index !== 7).map(({ from }) => from.replace(/[TZ]/g, ' ').trim()),
    );
    expect(texts(section, 'p')).toContain('20 of 21 silences, the longest, are shown; --json has every one.');
    expect(texts(section, 'p').join()).not.toContain('No silence');
  });
});

describe('verification', () => {
  const asked = { at: instant(0), clusters: 2, tasks: 3, deviations: [], more: 0, failed: [] };
  const sentence = 'The task is on another key.';
  const deviation = { kind: 'task-on-other-key', clusterAccount: ACCOUNT, clusterName: 'payments', sentence } as const;
  const checked = (own: Partial<NonNullable<EvidenceReport['verification']>>): Element =>
    only(readPage(verificationSection({ ...asked, ...own })?.source ?? ''), 'section', { 'aria-labelledby': 'verification' });

  it('says nothing where nobody asked', () => {
    expect(verificationSection(undefined)).toBeUndefined();
  });

  it.each([
    ['nothing', 0, 0, 'nothing differs from the ledger.'],
    ['one thing', 1, 0, '1 thing differs from the ledger.'],
    ['more than are kept', 2, 1, '3 things differ from the ledger.'],
    ['far more', 1, 1_500, '1,501 things differ from the ledger.'],
  ])('says how much differs: %s', (_, count, more, words) => {
    const section = checked({ deviations: many(count, () => deviation), more });
    expect(texts(section, 'h2', { id: 'verification' })).toEqual(['Checked against ECS']);
    expect(texts(section, 'p')).toEqual([`Asked 2026-11-02 10:00:00 UTC about 2 clusters and 3 Fargate tasks: ${words}`]);
    expect(texts(section, 'caption')).toEqual(count === 0 ? [] : [count === 1 ? '1 difference' : '2 differences']);
  });

  it('lists what differs, with the task and the key where they are known', () => {
    const taskArn = `arn:aws:ecs:us-east-1:${ACCOUNT}:task/payments/1`;
    const section = checked({ deviations: [{ ...deviation, taskArn, keyArn: KEY }, deviation] });
    expect(texts(section, 'code')).toEqual([taskArn, '11111111-1111-1111-1111-111111111111']);
    expect(tableOf(section, 'verification-table')).toEqual({
      caption: '2 differences',
      heads: ['What differs', 'Cluster', 'Task', 'Key'],
      rows: [
        [sentence, `payments / ${ACCOUNT}`, taskArn, `11111111-1111-1111-1111-111111111111 / us-east-1 ${ACCOUNT}`],
        [sentence, `payments / ${ACCOUNT}`, '', ''],
      ],
    });
  });

  it('lists so many differences', () => {
    const section = checked({ deviations: many(201, () => deviation) });
    expect(tableOf(section, 'verification-table').rows).toHaveLength(200);
    expect(texts(section, 'p')).toContain('200 of 201 differences are shown; --json has every one.');
  });

  it('lists what nobody answered', () => {
    expect(tableOf(checked({ failed: [{ what: 'cluster/web', why: 'AccessDenied' }] }), 'verification-failed')).toEqual({
      caption: '1 question without an answer: nothing is known of these',
      heads: ['Asked about', 'Why'],
      rows: [['cluster/web', 'AccessDenied']],
    });
  });
});
