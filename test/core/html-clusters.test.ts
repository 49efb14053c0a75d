import { describe, expect, it } from 'vitest';
import type { EvidenceReport, ReportedGrant, ReportedVolume } from '../../src/core/evidence/model.ts';
import { clustersSection } from '../../src/core/html/clusters.ts';
import { ACCOUNT, instant, KEY, OTHER_ACCOUNT, SECOND_KEY } from '../support/fleet.ts';
import { all, type Element, only, readPage, tableOf, textOf, texts } from '../support/page.ts';
import { EMPTY, many, reportedCluster, reportedGrant, reportedRefusal, reportedVolume } from '../support/reported.ts';

/** A thousand seconds, so that a tenth of a percent is one. */
const SPAN = { from: instant(0), to: instant(1_000) };

const sectionOf = (own: Partial<EvidenceReport>, coverage: Partial<EvidenceReport['coverage']> = { span: SPAN }): Element =>
  only(readPage(clustersSection({ ...EMPTY, ...own, coverage: { ...EMPTY.coverage, ...coverage } }).source), 'section', {
    'aria-labelledby': 'clusters',
  });

/** The section of one cluster with these volumes. */
const drawn = (volumes: readonly ReportedVolume[], own: Partial<EvidenceReport> = {}): Element =>
  sectionOf({ volumes, clusters: [reportedCluster({ volumes: volumes.length, openGrants: 1 })], ...own });
/** The section of one volume with these grants. */
const granted = (...grants: readonly ReportedGrant[]): Element => drawn([reportedVolume({ grants })]);

const numberOf = (element: Element | undefined, name: string): number => Number.parseFloat(element?.attributes[name] ?? '');
const kinds = (section: Element, name: string): unknown[] => all(section, name).map(({ attributes }) => attributes.class);

const refusal = (second: number) => reportedRefusal({ time: instant(second), clusterAccount: ACCOUNT, clusterName: 'payments' });

describe('clusters', () => {
  it('are none where none was seen', () => {
    const section = sectionOf({});
    expect(texts(section, 'h2', { id: 'clusters' })).toEqual(['Clusters and their grants over time']);
    expect(texts(section, 'p')).toEqual(['No cluster was seen.']);
    expect(texts(section, 'caption')).toEqual([]);
    expect(all(section, 'figure')).toEqual([]);
  });

  it('are told in numbers, with five of their keys', () => {
    const keyArns = [KEY, SECOND_KEY, 'k3', 'k4', 'k5', 'k6'];
    const numbers = { volumes: 1, openGrants: 2_000, decrypts: 3_000, refusals: 4_000, findings: 5_000 };
    const section = sectionOf({ clusters: [reportedCluster({ ...numbers, keyArns })] });
    const keys = ['11111111-1111-1111-1111-111111111111', '22222222-2222-2222-2222-222222222222'].map(
      (id) => `• ${id} / us-east-1 ${ACCOUNT}`,
    );
    expect(tableOf(section, 'clusters-table')).toEqual({
      caption: 'Clusters, those with findings first',
      heads: ['Cluster', 'Volumes#', 'Open grants#', 'Decrypts#', 'Refusals#', 'Findings#', 'Keys of its volumes'],
      rows: [[`payments / ${ACCOUNT}`, '1', '2,000', '3,000', '4,000', '5,000', [...keys, '• k3', '• k4', '• k5'].join(' ')]],
    });
  });

  it('come with the most findings first, then with the most open grants, then with the most volumes', () => {
    const clusters = [
      reportedCluster({ clusterName: 'one volume', volumes: 1 }),
      reportedCluster({ clusterName: 'three volumes', volumes: 3 }),
      reportedCluster({ clusterName: 'one grant, two volumes', volumes: 2, openGrants: 1 }),
      reportedCluster({ clusterName: 'one grant, three volumes', volumes: 3, openGrants: 1 }),
      reportedCluster({ clusterName: 'two grants', volumes: 2, openGrants: 2 }),
      reportedCluster({ clusterName: 'one finding', volumes: 1, findings: 1 }),
      reportedCluster({ clusterName: 'two findings', volumes: 1, findings: 2 }),
    ];
    const before = [...clusters];
    const section = sectionOf({ clusters });
    const order = [
      'two findings',
      'one finding',
      'two grants',
      'one grant, three volumes',
      'one grant, two volumes',
      'three volumes',
      'one volume',
    ];
    expect(tableOf(section, 'clusters-table').rows.map(([name]) => name)).toEqual(order.map((name) => `${name} / ${ACCOUNT}`));
    expect(texts(section, 'h3')).toEqual(order.map((name) => `${name} ${ACCOUNT}`));
    expect(clusters).toEqual(before);
  });

  it('are so many, and fewer pictures', () => {
    const section = sectionOf({ clusters: many(201, (index) => reportedCluster({ clusterName: `c${index}`, refusals: 1 })) });
    expect(tableOf(section, 'clusters-table').rows).toHaveLength(200);
    expect(texts(section, 'p', { class: 'note' })).toEqual([
      '200 of 201 clusters are shown; --json has every one.',
      '40 of 201 clusters’ pictures are shown; --json has every one.',
    ]);
    expect(all(section, 'figure')).toHaveLength(40);
    expect(all(section, 'svg', { role: 'img' }).map(({ attributes }) => attributes['aria-labelledby'])).toEqual(
      many(40, (index) => `picture-${index}-title picture-${index}-text`),
    );
  });

  it.each([
    ['volumes', { volumes: 1 }, 1],
    ['refusals', { refusals: 1 }, 1],
    ['as many of both', { volumes: 1, refusals: 1 }, 1],
    ['findings alone', { findings: 1 }, 0],
  ])('are drawn with %s', (_, own, count) => {
    const section = sectionOf({ clusters: [reportedCluster(own)] });
    expect(all(section, 'figure')).toHaveLength(count);
    expect(texts(section, 'p', { class: 'legend' })).toHaveLength(count);
  });

  it('are not drawn where no time is known', () => {
    const section = sectionOf({ clusters: [reportedCluster({ volumes: 1 })] }, {});
    expect(all(section, 'figure')).toEqual([]);
    expect(texts(section, 'p')).toEqual([]);
  });

  it('have a legend that says what marks mean', () => {
    expect(texts(sectionOf({ clusters: [reportedCluster({ volumes: 1 })] }), 'p', { class: 'legend' })).toEqual([
      '━ open ━ ended ━ revoked ✕ refused ━ nothing heard of KMS, above All pictures share one scale of time, UTC. A cluster of many volumes or grants is drawn as how many were open at once; --csv and --json have each.',
    ]);
  });
});

describe('the picture of a cluster', () => {
  it('says in words what it shows', () => {
    const volumes = [
      reportedVolume({ grants: [reportedGrant({ grantedAt: instant(60) })] }),
      reportedVolume({ volumeId: 'vol-2', grants: [reportedGrant({ grantedAt: instant(30) })] }),
      reportedVolume({ clusterName: 'another' }),
      reportedVolume({ clusterAccount: OTHER_ACCOUNT }),
    ];
    const refusals = [refusal(10), refusal(15), refusal(20), reportedRefusal({ clusterAccount: ACCOUNT, clusterName: 'another' })];
    const section = sectionOf({ volumes, refusals, clusters: [reportedCluster({ volumes: 2, openGrants: 1_000 })] });
    const summary =
      '2 volumes, 1,000 grants open at the end; most at once 2, 2026-11-02 10:01:00; refused 3 times, last 2026-11-02 10:00:20.';
    expect(textOf(only(section, 'figcaption'))).toBe(`payments ${ACCOUNT}${summary}`);
    expect(texts(section, 'title', { id: 'picture-0-title' })).toEqual(['Grants over time of cluster payments']);
    expect(texts(section, 'desc', { id: 'picture-0-text' })).toEqual([`From 2026-11-02 10:00:00 to 2026-11-02 10:16:40 UTC: ${summary}`]);
  });

  it('says that nothing was refused or open', () => {
    expect(texts(drawn([reportedVolume()]), 'figcaption')).toEqual([
      `payments ${ACCOUNT}1 volume, 1 grant open at the end; nothing refused.`,
    ]);
  });

  it('has three instants', () => {
    const labels = all(granted(), 'text').slice(0, 3);
    expect(labels.map((label) => [label.attributes.x, label.attributes['text-anchor'], textOf(label)])).toEqual([
      ['0%', 'start', '2026-11-02 10:00'],
      ['50%', 'middle', '2026-11-02 10:08'],
      ['100%', 'end', '2026-11-02 10:16'],
    ]);
    const svg = only(granted(), 'svg');
    for (const line of all(svg, 'line')) expect(line.attributes.y2).toBe(svg.attributes.height);
  });

  it('has volumes in the order of their first grants, the never granted last', () => {
    const { grantedAt: _, ...unknown } = reportedGrant();
    const volume = (volumeId: string, ...grants: ReportedGrant[]) => reportedVolume({ volumeId, grants });
    const section = drawn([
      volume('never'),
      volume('third', reportedGrant({ grantedAt: instant(30) })),
      volume('second', reportedGrant({ grantedAt: instant(40) }), reportedGrant({ grantedAt: instant(20) })),
      volume('first', unknown),
      volume('a'.repeat(49), reportedGrant({ grantedAt: instant(50) })),
    ]);
    expect(texts(section, 'text', { x: '0' })).toEqual(['first', 'second', 'third', `${'a'.repeat(47)}…`, 'never, never granted']);
  });

  const volumesAndRefusals = [
    ['nothing refused', []],
    ['something refused', [refusal(10)]],
  ] as const;
  it.each(volumesAndRefusals)('draws nothing over anything else, and nothing outside: %s', (_, refusals) => {
    const volumes = many(3, (index) => reportedVolume({ volumeId: `vol-${index}`, grants: [reportedGrant({ endedAt: instant(500) })] }));
    const section = sectionOf(
      { volumes, refusals, clusters: [reportedCluster({ volumes: 3 })] },
      { span: SPAN, silences: [{ from: instant(100), to: instant(300) }] },
    );
    const svg = only(section, 'svg');
    const [silence, ...bars] = all(svg, 'rect').filter(({ attributes }) => attributes.transform === undefined);
    const ends = all(svg, 'rect').filter(({ attributes }) => attributes.transform !== undefined);
    const labels = all(svg, 'text', { x: '0' });
    const marks = all(svg, 'text', { class: 'refused' });
    for (const line of all(svg, 'line')) expect(numberOf(line, 'y1')).toBe(numberOf(silence, 'y'));
    // The letters of a label are some 11 pixels high above its line.
    let free = 12;
    const below = (top: number, bottom: number): void => {
      expect(top).toBeGreaterThanOrEqual(free);
      free = bottom;
    };
    below(numberOf(silence, 'y'), numberOf(silence, 'y') + numberOf(silence, 'height'));
    for (const mark of marks) below(numberOf(mark, 'y') - 11, numberOf(mark, 'y'));
    expect(marks).toHaveLength(refusals.length);
    for (const [index, label] of labels.entries()) {
      below(numberOf(label, 'y') - 11, numberOf(label, 'y'));
      const [y, height] = [numberOf(bars[index], 'y'), numberOf(bars[index], 'height')];
      below(y, y + height);
      for (const [middle, half] of [
        [numberOf(all(svg, 'circle')[index], 'cy'), numberOf(all(svg, 'circle')[index], 'r')],
        [numberOf(ends[index], 'y') + numberOf(ends[index], 'height') / 2, numberOf(ends[index], 'height') / 2],
      ] as const) {
        expect(middle).toBe(y + height / 2);
        expect(middle - half).toBeGreaterThanOrEqual(numberOf(label, 'y'));
      }
    }
    expect(labels).toHaveLength(3);
    expect(numberOf(svg, 'height') - free).toBeGreaterThanOrEqual(4);
    expect(numberOf(svg, 'height') - free).toBeLessThanOrEqual(12);
    // Rows are close, and so is the first to what is above it.
    expect(numberOf(labels[0], 'y') - (refusals.length === 0 ? 24 : numberOf(marks[0], 'y'))).toBeLessThan(24);
    expect(numberOf(labels[1], 'y') - numberOf(labels[0], 'y')).toBe(30);
  });

  it.each([
    ['inside', 100, 300, '10%', '20%'],
    ['from before', -100, 300, '0%', '30%'],
    ['until after', 900, 1_100, '90%', '10%'],
    ['of a part of a percent', 1, 2, '0.1%', '0.1%'],
  ])('has silences where they were: %s', (_, from, to, x, width) => {
    const section = sectionOf(
      { clusters: [reportedCluster({ refusals: 1 })] },
      { span: SPAN, silences: [{ from: instant(from), to: instant(to) }] },
    );
    expect(only(section, 'rect', { class: 'silent' }).attributes).toMatchObject({ x, width });
  });

  it('rounds places to a thousandth of a percent', () => {
    const section = sectionOf(
      { clusters: [reportedCluster({ refusals: 1 })] },
      { span: { from: instant(0), to: instant(3_000) }, silences: [{ from: instant(1_000), to: instant(2_000) }] },
    );
    expect(only(section, 'rect', { class: 'silent' }).attributes).toMatchObject({ x: '33.333%', width: '33.334%' });
  });

  it('marks refusals where they were, those together once', () => {
    const refusals = [refusal(100), refusal(101), refusal(204), refusal(500)];
    const marks = all(sectionOf({ refusals, clusters: [reportedCluster({ refusals: 4 })] }), 'text', { class: 'refused' });
    expect(marks.map(({ attributes, children }) => [attributes.x, ...children])).toEqual([
      ['10%', '✕'],
      ['20.5%', '✕'],
      ['50%', '✕'],
    ]);
    expect(all(granted(), 'text', { class: 'refused' })).toEqual([]);
  });
});

describe('the bar of a grant', () => {
  const barOf = (section: Element) => {
    const [bar, end] = all(section, 'rect');
    const [start] = all(section, 'circle');
    return [bar?.attributes.x, bar?.attributes.width, start?.attributes.cx, end?.attributes.x];
  };

  const { grantedAt: _, ...unknown } = reportedGrant();
  it.each<[string, ReportedGrant, (string | undefined)[]]>([
    ['open', reportedGrant({ grantedAt: instant(100) }), ['10%', '90%', '10%', undefined]],
    ['open from the start of the period', reportedGrant(), ['0%', '100%', '0%', undefined]],
    ['open from before', reportedGrant({ grantedAt: instant(-1) }), ['0%', '100%', undefined, undefined]],
    ['open, nobody knows since when', unknown, ['0%', '100%', undefined, undefined]],
    ['ended', reportedGrant({ grantedAt: instant(100), endedAt: instant(300) }), ['10%', '20%', '10%', '30%']],
    ['ended at once', reportedGrant({ grantedAt: instant(100), endedAt: instant(100) }), ['10%', '0%', '10%', '10%']],
    [
      'ended, by another clock, before it came',
      reportedGrant({ grantedAt: instant(300), endedAt: instant(100) }),
      ['30%', '0%', '30%', '10%'],
    ],
  ])('reaches from a round mark to a square one, open ends have none: %s', (__, grant, bar) => {
    expect(barOf(granted(grant))).toEqual(bar);
  });

  it.each([
    ['open', 'open'],
    ['retired', 'retired'],
    ['gone', 'gone'],
    ['revoked', 'revoked'],
    ['of a later version', 'revoked'],
  ])('has a colour for its status: %s', (status, kind) => {
    const section = granted(reportedGrant({ status, endedAt: instant(100) }));
    expect([kinds(section, 'rect'), kinds(section, 'circle')]).toEqual([[kind, kind], [kind]]);
  });
});

describe('many grants', () => {
  const inBars = (volumes: number, grants: number, copies = 1): boolean[] => {
    const names = many(copies, (index) => `cluster-${String(index).padStart(3, '0')}`);
    const each = many(grants, () => reportedGrant());
    const listed = names.flatMap((clusterName) =>
      many(volumes, (index) => reportedVolume({ clusterName, grants: index === 0 ? each : [] })),
    );
    const clusters = names.map((clusterName) => reportedCluster({ clusterName, volumes }));
    return all(sectionOf({ volumes: listed, clusters }), 'figure').map((figure) => all(figure, 'path').length === 0);
  };

  it.each<[string, readonly [number, number, number?], boolean[]]>([
    ['thirty volumes', [30, 0], [true]],
    ['one more', [31, 0], [false]],
    ['a thousand grants', [1, 1_000], [true]],
    ['one more grant', [1, 1_001], [false]],
    ['four hundred volumes of twenty clusters', [20, 0, 20], many(20, () => true)],
    ['those of one more', [20, 0, 21], many(21, (index) => index < 20)],
    ['a thousand grants of two clusters', [1, 500, 2], [true, true]],
    ['those of one more cluster', [1, 500, 3], [true, true, false]],
  ])('are drawn one by one only while they are few: %s', (_, made, expected) => {
    expect(inBars(...made)).toEqual(expected);
  });

  it('that do not fit leave room for those of a smaller cluster', () => {
    const cluster = (clusterName: string, count: number) => ({
      cluster: reportedCluster({ clusterName, volumes: count }),
      volumes: many(count, () => reportedVolume({ clusterName, grants: [reportedGrant()] })),
    });
    const made = [cluster('large', 31), ...many(13, (index) => cluster(`middle ${index}`, 30)), cluster('some', 11), cluster('few', 10)];
    const section = sectionOf({ clusters: made.map((one) => one.cluster), volumes: made.flatMap(({ volumes }) => volumes) });
    const areas = all(section, 'figure').filter((figure) => all(figure, 'path').length > 0);
    expect(areas.map((figure) => textOf(only(figure, 'h3')))).toEqual([`large ${ACCOUNT}`, `some ${ACCOUNT}`]);
  });

  /** Of more volumes than are drawn one by one, one with these grants. */
  const areaOf = (grants: readonly ReportedGrant[], own: Partial<EvidenceReport> = {}): Element =>
    only(
      drawn(
        many(31, (index) => reportedVolume({ grants: index === 0 ? grants : [] })),
        own,
      ),
      'figure',
    );

  it.each<[string, ReportedGrant[], string, string]>([
    ['none', [], 'M0,84V84H240V84Z', '0 open at most'],
    ['one, always', [reportedGrant()], 'M0,84V16H240V84Z', '1 open at most'],
    ['one, in the second half', [reportedGrant({ grantedAt: instant(500) })], 'M0,84V84H120V16H240V84Z', '1 open at most'],
    [
      'three, of which two stay',
      [reportedGrant({ endedAt: instant(499) }), reportedGrant(), reportedGrant()],
      'M0,84V16H120V38.7H240V84Z',
      '3 open at most',
    ],
  ])('are drawn as how many were open at once: %s', (_, grants, path, label) => {
    const figure = areaOf(grants);
    expect(only(figure, 'path').attributes.d).toBe(path);
    expect(texts(figure, 'text', { x: '4' })).toEqual([label]);
    expect(all(figure, 'circle')).toEqual([]);
  });

  it('are drawn within their picture, below what was refused', () => {
    for (const refusals of [[], [refusal(10)]]) {
      const [outer, inner] = all(areaOf([reportedGrant()], { refusals }), 'svg');
      const mark = refusals.length === 0 ? undefined : only(areaOf([], { refusals }), 'text', { class: 'refused' });
      const label = only(areaOf([], { refusals }), 'text', { x: '4' });
      const top = mark === undefined ? 24 : numberOf(mark, 'y');
      expect(numberOf(inner, 'y')).toBeGreaterThanOrEqual(top);
      expect(numberOf(inner, 'y')).toBeLessThan(top + 12);
      expect(numberOf(inner, 'y') + numberOf(inner, 'height') + 6).toBe(numberOf(outer, 'height'));
      expect(inner?.attributes.viewBox).toBe(`0 0 240 ${inner?.attributes.height}`);
      // Between the top of the drawing and the highest step.
      expect(numberOf(label, 'y') - 11).toBeGreaterThanOrEqual(numberOf(inner, 'y'));
      expect(numberOf(label, 'y')).toBeLessThanOrEqual(numberOf(inner, 'y') + 16);
    }
  });
});
