import { describe, expect, it } from 'vitest';
import type { ReportedChange, ReportedKey } from '../../src/core/evidence/model.ts';
import { keysSection } from '../../src/core/html/keys.ts';
import { ACCOUNT, instant, KEY, OTHER_ACCOUNT, SECOND_KEY } from '../support/fleet.ts';
import { all, type Element, only, readPage, tableOf, texts } from '../support/page.ts';
import { many, reportedKey } from '../support/reported.ts';

const FIRST_CELL = `11111111-1111-1111-1111-111111111111 / us-east-1 ${ACCOUNT}`;
const SECOND_CELL = `22222222-2222-2222-2222-222222222222 / us-east-1 ${ACCOUNT}`;

const sectionOf = (keys: readonly ReportedKey[]): Element =>
  only(readPage(keysSection(keys).source), 'section', { 'aria-labelledby': 'keys' });

/** The table's only row. */
const rowOf = (key: Partial<ReportedKey>): readonly string[] => tableOf(sectionOf([reportedKey(key)]), 'keys-table').rows[0] ?? [];

const cluster = (clusterName: string, openGrants: number) => ({ clusterAccount: ACCOUNT, clusterName, openGrants });
const resource = (id: string, second: number) => ({ kind: 'secret', id, lastSeen: instant(second) });
const change = (eventId: string, second: number): ReportedChange => ({
  time: instant(second),
  change: 'disabled',
  operation: 'DisableKey',
  caller: 'somebody',
  eventId,
});

describe('keys', () => {
  it('are none where none was seen', () => {
    const section = sectionOf([]);
    expect(texts(section, 'h2', { id: 'keys' })).toEqual(['Keys and what depends on them']);
    expect(texts(section, 'p')).toEqual(['No key was seen.']);
    expect(texts(section, 'caption')).toEqual([]);
  });

  it('are told with their state and all that depends on them', () => {
    const clusters = [{ clusterAccount: OTHER_ACCOUNT, clusterName: 'payments', openGrants: 1_000 }, cluster('web', 1)];
    const resources = [resource('orders', 0), resource('invoices', 60)];
    const section = sectionOf([reportedKey({ state: 'enabled', openGrants: 1_003, clusters, resources })]);
    expect(tableOf(section, 'keys-table')).toEqual({
      caption: 'An open grant depends on its key, whatever the cluster of this report; a resource was seen using it',
      heads: ['Key', 'State', 'Open grants#', 'Of clusters', 'Seen using it'],
      rows: [
        [
          FIRST_CELL,
          'enabled',
          '1,003',
          `• payments ${OTHER_ACCOUNT}: 1,000 • web ${ACCOUNT}: 1 • no cluster: 2`,
          '• secret invoices 2026-11-02 10:01:00 • secret orders 2026-11-02 10:00:00',
        ],
      ],
    });
    expect(texts(section, 'p')).toEqual([]);
    expect(texts(section, 'caption')).toHaveLength(1);
  });

  it('come first where they cannot be used, first of all where something depends on them', () => {
    const keys: ReportedKey[] = [
      reportedKey({ keyArn: 'enabled, of many', state: 'enabled', openGrants: 9 }),
      reportedKey({ keyArn: 'of one', openGrants: 1 }),
      reportedKey({ keyArn: 'disabled, of none', state: 'disabled' }),
      reportedKey({ keyArn: 'of two', openGrants: 2 }),
      reportedKey({ keyArn: 'disabled, of one', state: 'disabled', openGrants: 1 }),
    ];
    const before = [...keys];
    expect(tableOf(sectionOf(keys), 'keys-table').rows.map(([name]) => name)).toEqual([
      'disabled, of one',
      'disabled, of none',
      'enabled, of many',
      'of two',
      'of one',
    ]);
    expect(keys).toEqual(before);
  });

  it('are so many', () => {
    const section = sectionOf(many(101, (index) => reportedKey({ keyArn: `key ${index}`, openGrants: index })));
    const { rows } = tableOf(section, 'keys-table');
    expect(rows).toHaveLength(100);
    expect(rows.at(-1)?.[0]).toBe('key 1');
    expect(texts(section, 'p')).toEqual(['100 of 101 keys are shown; --json has every one.']);
  });

  it.each<[Partial<ReportedKey>, string, string]>([
    [{}, 'no change seen', 'faint'],
    [{ state: 'enabled', openGrants: 1 }, 'enabled', 'badge good'],
    [{ state: 'disabled', openGrants: 1 }, 'disabled', 'badge critical'],
    [{ state: 'disabled' }, 'disabled', 'badge medium'],
  ])('stand out in the tone of their state: %j', (key, state, tone) => {
    expect(rowOf(key)[1]).toBe(state);
    expect(all(sectionOf([reportedKey(key)]), 'span')[0]?.attributes.class).toBe(tone);
  });

  it.each<[string, Partial<ReportedKey>, string]>([
    ['none', {}, ''],
    ['twelve', { openGrants: 12, clusters: many(12, () => cluster('web', 1)) }, many(12, () => `• web ${ACCOUNT}: 1`).join(' ')],
    [
      'one more',
      { openGrants: 13, clusters: many(13, () => cluster('web', 1)) },
      `${many(12, () => `• web ${ACCOUNT}: 1`).join(' ')} • 1 more cluster`,
    ],
    ['grants of no cluster', { openGrants: 1_500 }, '• no cluster: 1,500'],
  ])('name the clusters of their grants: %s', (_, key, words) => {
    expect(rowOf(key)[3]).toBe(words);
  });

  const seen = many(8, () => '• secret orders 2026-11-02 10:00:00').join(' ');
  it.each<[string, number, string]>([
    ['none', 0, ''],
    ['eight', 8, seen],
    ['two more', 10, `${seen} • 2 more resources`],
  ])('name the resources seen using them: %s', (_, count, words) => {
    expect(rowOf({ resources: many(count, () => resource('orders', 0)) })[4]).toBe(words);
  });
});

describe('changes of keys', () => {
  it('are told of all keys, latest first', () => {
    const section = sectionOf([
      reportedKey({ changes: [change('e1', 0), change('e3', 120)] }),
      reportedKey({ keyArn: SECOND_KEY, changes: [change('e2', 60)] }),
    ]);
    expect(tableOf(section, 'keys-changes')).toEqual({
      caption: 'What made keys usable or unusable, latest first',
      heads: ['Time', 'Key', 'Call', 'By', 'Event'],
      rows: [
        ['2026-11-02 10:02:00', FIRST_CELL, 'DisableKey', 'somebody', 'e3'],
        ['2026-11-02 10:01:00', SECOND_CELL, 'DisableKey', 'somebody', 'e2'],
        ['2026-11-02 10:00:00', FIRST_CELL, 'DisableKey', 'somebody', 'e1'],
      ],
    });
  });

  it('are so many', () => {
    const section = sectionOf([reportedKey({ keyArn: KEY, changes: many(101, (index) => change(`e${index}`, index)) })]);
    expect(tableOf(section, 'keys-changes').rows).toHaveLength(100);
    expect(texts(section, 'p')).toEqual(['100 of 101 changes are shown; --json has every one.']);
  });
});
