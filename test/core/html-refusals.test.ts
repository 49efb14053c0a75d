import { describe, expect, it } from 'vitest';
import type { ReportedRefusal } from '../../src/core/evidence/model.ts';
import { refusalsSection } from '../../src/core/html/refusals.ts';
import type { RefusalReason } from '../../src/core/outcome.ts';
import { ACCOUNT, instant, KEY, OTHER_ACCOUNT } from '../support/fleet.ts';
import { type Element, only, readPage, tableOf, texts } from '../support/page.ts';
import { many, reportedRefusal } from '../support/reported.ts';

const sectionOf = (refusals: readonly ReportedRefusal[]): Element =>
  only(readPage(refusalsSection(refusals).source), 'section', { 'aria-labelledby': 'refusals' });
const rowsOf = (...refusals: readonly ReportedRefusal[]): readonly (readonly string[])[] =>
  tableOf(sectionOf(refusals), 'refusals-table').rows;

describe('refusals', () => {
  it('are none where nothing was refused', () => {
    const section = sectionOf([]);
    expect(texts(section, 'h2', { id: 'refusals' })).toEqual(['Refusals']);
    expect(texts(section, 'p')).toEqual(['Nothing was refused.']);
    expect(texts(section, 'caption')).toEqual([]);
  });

  it('are told together where they are alike, with the first and the last', () => {
    const like = { keyArn: KEY, clusterAccount: ACCOUNT, clusterName: 'payments' };
    const section = sectionOf([
      reportedRefusal({ ...like, eventId: 'e1' }),
      reportedRefusal({ ...like, eventId: 'e2', time: instant(60), volumeId: 'vol-2', code: 'other', message: 'other' }),
      reportedRefusal({ ...like, eventId: 'e3', time: instant(120), rehearsal: true }),
    ]);
    const key = `11111111-1111-1111-1111-111111111111 / us-east-1 ${ACCOUNT}`;
    const caller = 'ec2.amazonaws.com';
    expect(tableOf(section, 'refusals-table')).toEqual({
      caption: '3 refused calls, like calls together',
      heads: ['Reason', 'Key', 'Cluster', 'Call', 'By', 'Times#', 'First and last', 'Last event'],
      rows: [
        ['key is disabled', key, `payments / ${ACCOUNT}`, 'Decrypt', caller, '2', '2026-11-02 10:00:00 / 2026-11-02 10:01:00', 'e2'],
        ['key is disabled', key, `payments / ${ACCOUNT}`, 'Decrypt / rehearsal', caller, '1', '2026-11-02 10:02:00', 'e3'],
      ],
    });
    expect(texts(section, 'p')).toEqual([]);
  });

  it.each<[string, Partial<ReportedRefusal>]>([
    ['the reason', { reason: 'missing' }],
    ['the key', { keyArn: KEY }],
    ['the call', { operation: 'CreateGrant' }],
    ['a rehearsal', { rehearsal: true }],
    ['the cluster', { clusterName: 'web', clusterAccount: ACCOUNT }],
    ['the resource', { resource: 'secret orders' }],
    ['the caller', { caller: 'somebody' }],
  ])('are told apart by %s', (_, own) => {
    expect(rowsOf(reportedRefusal(), reportedRefusal(own), reportedRefusal())).toHaveLength(2);
  });

  it('are told apart by the account of the cluster', () => {
    const named = (clusterAccount: string) => reportedRefusal({ clusterName: 'web', clusterAccount });
    expect(rowsOf(named(ACCOUNT), named(OTHER_ACCOUNT)).map((cells) => cells[2])).toEqual([`web / ${ACCOUNT}`, `web / ${OTHER_ACCOUNT}`]);
  });

  it.each<[string, Partial<ReportedRefusal>, string]>([
    ['neither', {}, 'none'],
    ['a resource', { resource: 'secret orders' }, 'secret orders'],
    ['a cluster and a resource', { resource: 'secret orders', clusterName: 'web', clusterAccount: ACCOUNT }, `web / ${ACCOUNT}`],
  ])('name whom they hit: %s', (_, own, words) => {
    expect(rowsOf(reportedRefusal(own))[0]?.[2]).toBe(words);
  });

  const REASONS: [RefusalReason, string][] = [
    ['disabled', 'key is disabled'],
    ['pending-deletion', 'key is pending deletion'],
    ['pending-import', 'key waits for its material'],
    ['unavailable', 'key is unavailable'],
    ['missing', 'key does not exist'],
    ['denied', 'not allowed / DisabledException It is disabled.'],
    ['wrong-context', 'other ciphertext, key or encryption context'],
    ['passing', 'throttled, or a fault of KMS’s own'],
    ['other', 'other reasons / DisabledException It is disabled.'],
  ];
  it('come first where they say something about the key, and say more where the reason does not', () => {
    const refusals = REASONS.map(([reason]) => reportedRefusal({ reason })).reverse();
    expect(rowsOf(...refusals).map(([reason]) => reason)).toEqual(REASONS.map(([, words]) => words));
  });

  it('tell of like reasons the most frequent first, with the last message, bounded', () => {
    const denied = (caller: string, message: string) => reportedRefusal({ reason: 'denied', code: 'AccessDenied', caller, message });
    expect(
      rowsOf(denied('one', 'No.'), denied('two', 'Not at first.'), denied('two', 'a'.repeat(301))).map(([reason, , , , by]) => [
        by,
        reason,
      ]),
    ).toEqual([
      ['two', `not allowed / AccessDenied ${'a'.repeat(299)}…`],
      ['one', 'not allowed / AccessDenied No.'],
    ]);
  });

  it('are so many groups', () => {
    const section = sectionOf(many(1_101, (index) => reportedRefusal({ caller: `caller ${index % 101}` })));
    expect(tableOf(section, 'refusals-table').rows).toHaveLength(100);
    expect(tableOf(section, 'refusals-table').rows[0]?.[5]).toBe('11');
    expect(texts(section, 'caption')).toEqual(['1,101 refused calls, like calls together']);
    expect(texts(section, 'p')).toEqual(['100 of 101 groups of refusals are shown; --json has every one.']);
  });
});
