import { describe, expect, it } from 'vitest';
import type { EvidenceReport } from '../../src/core/evidence/model.ts';
import { evidencePage } from '../../src/core/html/page.ts';
import { STYLE } from '../../src/core/html/style.ts';
import { sha256 } from '../../src/system.ts';
import { ACCOUNT, instant } from '../support/fleet.ts';
import { all, type Element, elementsOf, only, readPage, textOf, texts } from '../support/page.ts';
import {
  EMPTY,
  many,
  reportedCluster,
  reportedFinding,
  reportedGrant,
  reportedKey,
  reportedRefusal,
  reportedVolume,
} from '../support/reported.ts';

const pageOf = (own: Partial<EvidenceReport> = {}): Element => readPage(evidencePage({ ...EMPTY, ...own }, sha256));

/** What the page says of itself, by its names. */
function factsOf(own: Partial<EvidenceReport>): Record<string, string> {
  const page = pageOf(own);
  const words = texts(page, 'dd');
  return Object.fromEntries(texts(page, 'dt').map((name, index) => [name, words[index] ?? '']));
}

const linksOf = (own: Partial<EvidenceReport>): Record<string, string> =>
  Object.fromEntries(all(only(pageOf(own), 'nav'), 'a').map((link) => [link.attributes.href ?? '', textOf(link)]));

const silences = [{ from: instant(0), to: instant(86_400) }];
const span = { from: instant(0), to: instant(3600) };
const events = { read: 1_500, audited: 0, duplicates: 0, outOfScope: 0, rejected: 1_500 };

/** Something of everything, under names that would be markup. */
const HOSTILE = `"><img src=x onerror='alert(1)'>&lt;`;
const EVERYTHING: EvidenceReport = {
  ...EMPTY,
  madeAt: instant(7200),
  source: { table: HOSTILE },
  scope: { cluster: HOSTILE, key: HOSTILE },
  policy: HOSTILE,
  coverage: { ...EMPTY.coverage, facts: 1, first: instant(0), last: instant(0), span, silences },
  verification: {
    at: instant(0),
    clusters: 1,
    tasks: 1,
    deviations: [{ kind: 'task-on-other-key', clusterAccount: ACCOUNT, clusterName: HOSTILE, taskArn: HOSTILE, sentence: HOSTILE }],
    more: 0,
    failed: [{ what: HOSTILE, why: HOSTILE }],
  },
  findings: [reportedFinding({ title: HOSTILE, eventIds: [HOSTILE] })],
  keys: [reportedKey({ keyArn: HOSTILE, resources: [{ kind: HOSTILE, id: HOSTILE, lastSeen: instant(0) }] })],
  clusters: [reportedCluster({ clusterName: HOSTILE, volumes: 1, refusals: 1, keyArns: [HOSTILE] })],
  refusals: [reportedRefusal({ clusterAccount: ACCOUNT, clusterName: HOSTILE, reason: 'other', message: HOSTILE, caller: HOSTILE })],
  volumes: [reportedVolume({ clusterName: HOSTILE, volumeId: HOSTILE, findings: ['f'.repeat(32)], grants: [reportedGrant()] })],
  otherGrants: [
    reportedGrant({ grantId: HOSTILE, grantee: HOSTILE, operations: [HOSTILE], grantedBy: HOSTILE, findings: ['f'.repeat(32)] }),
  ],
};

describe('a page', () => {
  it('forbids everything but its own style, by its hash', () => {
    const page = pageOf(EVERYTHING);
    const hash = Buffer.from(sha256(STYLE), 'hex').toString('base64');
    expect(only(page, 'meta', { 'http-equiv': 'Content-Security-Policy' }).attributes.content).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`,
    );
    expect(only(page, 'style').children).toEqual([STYLE]);
    expect(only(page, 'meta', { name: 'referrer' }).attributes.content).toBe('no-referrer');
  });

  it('runs nothing and loads nothing, whatever a name says', () => {
    const page = pageOf(EVERYTHING);
    for (const name of ['script', 'link', 'img', 'iframe', 'object', 'embed', 'form', 'base', 'use', 'foreignObject'])
      expect(all(page, name)).toEqual([]);
    const attributes = elementsOf(page).flatMap((element) => Object.entries(element.attributes));
    expect(attributes.filter(([name]) => /^(on|src|style$|action|data$)/.test(name))).toEqual([]);
    for (const [, target] of attributes.filter(([name]) => name.endsWith('href'))) expect(target).toMatch(/^#/);
    expect(STYLE).not.toMatch(/url\(|@import|</);
  });

  it('shows such a name as it is', () => {
    const page = pageOf(EVERYTHING);
    for (const name of ['dd', 'h3', 'li', 'td', 'th', 'title', 'text'])
      expect(texts(page, name).filter((words) => words.includes(HOSTILE)).length).toBeGreaterThan(0);
  });

  it('has a style for the night and for paper', () => {
    expect(STYLE).toContain('@media (prefers-color-scheme: dark)');
    expect(STYLE).toContain('@media print');
  });

  it('gives every id once, and whatever leads or refers to one finds it', () => {
    const page = pageOf(EVERYTHING);
    const elements = elementsOf(page);
    const ids = elements.flatMap(({ attributes }) => attributes.id ?? []);
    expect(ids).toEqual([...new Set(ids)]);
    for (const { attributes } of elements) {
      const named = [
        ...(attributes['aria-labelledby']?.split(' ') ?? []),
        ...(attributes.href === undefined ? [] : [attributes.href.slice(1)]),
      ];
      for (const id of named) expect(ids).toContain(id);
    }
  });

  it('has its sections in order, one heading above all, and a way past the links', () => {
    const page = pageOf(EVERYTHING);
    expect(all(only(page, 'main'), 'section').map(({ attributes }) => attributes['aria-labelledby'])).toEqual([
      'coverage',
      'verification',
      'findings',
      'keys',
      'clusters',
      'refusals',
      'volumes',
      'other-grants',
    ]);
    expect(texts(page, 'h1')).toEqual(['KMS evidence report']);
    expect(textOf(only(page, 'a', { href: '#main' }))).toBe('To the report');
    expect(only(page, 'html').attributes).toEqual({ lang: 'en' });
    expect(only(page, 'nav').attributes).toEqual({ 'aria-label': 'Sections' });
    expect(textOf(only(page, 'footer'))).toContain('AWS does not record every refusal');
  });

  it('leaves out what nobody asked for', () => {
    expect(all(only(pageOf(), 'main'), 'section')).toHaveLength(6);
  });
});

describe('a page says of itself', () => {
  it('little of an empty ledger', () => {
    expect(factsOf({})).toEqual({ Ledger: 'table ledger', Period: 'nothing known', 'Judged by': 'the policy of the deployment' });
  });

  it('what it was asked for, by what it was judged, and when it was read', () => {
    const asked = { madeAt: instant(7200), policy: 'policy.json', scope: { cluster: 'payments', key: '1234' } };
    expect(factsOf({ ...asked, coverage: { ...EMPTY.coverage, span } })).toEqual({
      Ledger: 'table ledger',
      Period: '2026-11-02 10:00:00 to 2026-11-02 11:00:00 UTC; everything as it stood at its end',
      Cluster: 'payments',
      Keys: 'whose ARN holds 1234',
      'Judged by': 'policy policy.json',
      Read: '2026-11-02 12:00:00 UTC',
    });
  });

  it.each<[string, EvidenceReport['scope'], string]>([
    ['nothing', {}, '2026-11-02 10:00:00 to 2026-11-02 11:00:00'],
    ['a start', { since: instant(60) }, '2026-11-02 10:01:00 to 2026-11-02 11:00:00'],
    ['an end', { until: instant(60) }, '2026-11-02 10:00:00 to 2026-11-02 10:01:00'],
    ['both', { since: instant(60), until: instant(120) }, '2026-11-02 10:01:00 to 2026-11-02 10:02:00'],
  ])('which period it speaks of, where it was given %s', (_, scope, words) => {
    expect(factsOf({ scope, coverage: { ...EMPTY.coverage, span } }).Period).toBe(`${words} UTC; everything as it stood at its end`);
  });

  it.each([
    ['a start', { since: instant(60) }],
    ['an end', { until: instant(60) }],
  ])('that nothing is known of a period with %s alone', (_, scope) => {
    expect(factsOf({ scope }).Period).toBe('nothing known');
  });

  it.each([
    [1, 'records in path 0'],
    [2, 'records in path 0, path 1'],
    [10, `records in ${many(10, (index) => `path ${index}`).join(', ')}`],
    [1_011, `records in ${many(10, (index) => `path ${index}`).join(', ')} and 1,001 more paths`],
  ])('which records it was made of: %i', (count, words) => {
    expect(factsOf({ source: { records: many(count, (index) => `path ${index}`) } })).toMatchObject({
      Ledger: words,
      'Judged by': 'the default policy',
    });
  });
});

describe('the links of a page', () => {
  it('say how much there is in each section', () => {
    expect(linksOf({})).toEqual({
      '#coverage': 'Coverage',
      '#findings': 'Findings: none open',
      '#keys': '0 keys',
      '#clusters': '0 clusters',
      '#refusals': '0 refusals',
      '#volumes': '0 volumes',
    });
    expect(linksOf(EVERYTHING)).toEqual({
      '#coverage': 'Coverage: 1 silence',
      '#findings': 'Findings open: 1 critical',
      '#keys': '1 key',
      '#clusters': '1 cluster',
      '#refusals': '1 refusal',
      '#volumes': '1 volume',
      '#other-grants': '1 other grant',
    });
  });

  it.each<[string, Partial<EvidenceReport['coverage']>, string]>([
    ['nothing', { events: { ...events, rejected: 0 } }, 'Coverage'],
    ['records', { events }, 'Coverage: 1,500 rejected'],
    ['silence', { events: { ...events, rejected: 0 }, silences }, 'Coverage: 1 silence'],
    ['as many records as silences', { events: { ...events, rejected: 1 }, silences }, 'Coverage: 1 rejected, 1 silence'],
    ['both', { events, silences: [...silences, ...silences] }, 'Coverage: 1,500 rejected, 2 silences'],
  ])('say what coverage misses: %s', (_, coverage, words) => {
    expect(linksOf({ coverage: { ...EMPTY.coverage, ...coverage } })['#coverage']).toBe(words);
  });

  it('count open findings by severity, the gravest first', () => {
    const findings = [
      reportedFinding({ severity: 'low' }),
      ...many(2, () => reportedFinding({ severity: 'high' })),
      reportedFinding({ severity: 'critical', open: false }),
    ];
    expect(linksOf({ findings })['#findings']).toBe('Findings open: 2 high, 1 low');
    expect(linksOf({ findings: [reportedFinding({ open: false })] })['#findings']).toBe('Findings: none open');
  });
});
