import { describe, expect, it } from 'vitest';
import type { ReportedFinding } from '../../src/core/evidence/model.ts';
import { findingsSection, shownFindings } from '../../src/core/html/findings.ts';
import { RULES, ruleOf } from '../../src/core/rules/registry.ts';
import { instant } from '../support/fleet.ts';
import { all, type Element, only, readPage, texts } from '../support/page.ts';
import { many, reportedFinding } from '../support/reported.ts';

const sectionOf = (findings: readonly ReportedFinding[]): Element =>
  only(readPage(findingsSection(findings).source), 'section', { 'aria-labelledby': 'findings' });

const ofRules = (rules: number, each: number): ReportedFinding[] =>
  RULES.slice(0, rules).flatMap(({ id: rule }) => many(each, (index) => reportedFinding({ id: `${rule} ${index}`, rule })));

describe('the findings that are written out', () => {
  it.each([
    ['all of a few', 1, 50, 50],
    ['fifty of a rule', 1, 51, 50],
    ['all of six rules', 6, 50, 300],
    ['three hundred', 7, 50, 300],
    ['three hundred, those of the last rule among them', 10, 30, 300],
  ])('are so many: %s', (_, rules, each, count) => {
    const findings = ofRules(rules, each);
    const shown = [...shownFindings(findings)];
    expect(shown).toHaveLength(count);
    expect(shown.slice(0, 30)).toEqual(findings.slice(0, 30).map(({ id }) => id));
  });

  it('are told with how many more there are of their rule', () => {
    const section = sectionOf(ofRules(1, 1_062));
    expect(all(section, 'li')).toHaveLength(50);
    expect(texts(section, 'p', { class: 'note' })).toEqual(['1,012 more of this rule are in --json.']);
    expect(texts(sectionOf(ofRules(1, 50)), 'p', { class: 'note' })).toEqual([]);
  });

  it('leave rules of which nothing is written out with their number', () => {
    const section = sectionOf(ofRules(7, 50));
    expect(texts(section, 'h3')).toHaveLength(7);
    expect(all(section, 'li')).toHaveLength(300);
    expect(texts(section, 'p', { class: 'note' })).toEqual(['50 more of this rule are in --json.']);
  });
});

describe('findings', () => {
  it('are none where nothing was found', () => {
    const section = sectionOf([]);
    expect(texts(section, 'h2', { id: 'findings' })).toEqual(['Findings']);
    expect(texts(section, 'p')).toEqual(['Nothing was found.']);
  });

  it('are told by rule, with its gravest severity and why it matters', () => {
    const { title, why } = ruleOf('disabled-key-use') ?? { title: '', why: '' };
    const section = sectionOf([
      reportedFinding(),
      reportedFinding({ rule: 'of-a-later-version', severity: 'low' }),
      reportedFinding({ severity: 'medium' }),
    ]);
    expect(texts(section, 'h3')).toEqual([`critical ${title} disabled-key-use, 2`, 'low of-a-later-version of-a-later-version, 1']);
    expect(texts(section, 'p', { class: 'why' })).toEqual([why]);
    expect(all(section, 'ol').map((list) => all(list, 'li').length)).toEqual([2, 1]);
    expect(texts(section, 'p')).not.toContain('Nothing was found.');
  });

  const seenTwice = { count: 2, lastSeen: instant(60), eventIds: ['e1', 'e2'] };
  it.each<[string, Partial<ReportedFinding>, string[]]>([
    ['open, seen once', {}, ['A disabled key was used', 'open · seen 2026-11-02 10:00:00 · finding ffffffffffff', 'Event event']],
    [
      'with a sentence, seen twice',
      { ...seenTwice, sentence: 'Somebody <did>.' },
      ['Somebody <did>.', 'open · seen 2 times, 2026-11-02 10:00:00 to 2026-11-02 10:01:00 · finding ffffffffffff', 'Events e1, e2'],
    ],
    [
      'over',
      { open: false, endedAt: instant(120) },
      ['A disabled key was used', 'over since 2026-11-02 10:02:00 · seen 2026-11-02 10:00:00 · finding ffffffffffff', 'Event event'],
    ],
    [
      'settled',
      { open: false, settled: { at: instant(180), reason: 'known and accepted', through: instant(180) } },
      [
        'A disabled key was used',
        'settled · seen 2026-11-02 10:00:00 · finding ffffffffffff',
        'Settled 2026-11-02 10:03:00: known and accepted',
        'Event event',
      ],
    ],
    [
      'of many events',
      { ...seenTwice, count: 1_006, eventIds: many(6, (index) => `e${index}`) },
      [
        'A disabled key was used',
        'open · seen 1,006 times, 2026-11-02 10:00:00 to 2026-11-02 10:01:00 · finding ffffffffffff',
        'Events e0, e1, e2, e3, e4 and 1,001 more',
      ],
    ],
    [
      'of more events than are listed',
      { ...seenTwice, count: 3 },
      [
        'A disabled key was used',
        'open · seen 3 times, 2026-11-02 10:00:00 to 2026-11-02 10:01:00 · finding ffffffffffff',
        'Events e1, e2 and 1 more',
      ],
    ],
  ])('say what became of each: %s', (_, own, words) => {
    const item = only(sectionOf([reportedFinding(own)]), 'li', { id: `f-${'f'.repeat(32)}` });
    expect(texts(item, 'p')).toEqual(words);
  });

  it.each<[Partial<ReportedFinding>, string]>([
    [{ severity: 'high' }, 'badge high'],
    [{ open: false }, 'badge good'],
    [{ open: false, endedAt: instant(60) }, 'badge good'],
  ])('mark what is open in the tone of its severity, and what is not as good: %j', (own, tone) => {
    const [badge] = all(only(sectionOf([reportedFinding(own)]), 'li'), 'span');
    expect(badge?.attributes.class).toBe(tone);
  });
});
