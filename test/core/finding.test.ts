import { describe, expect, it } from 'vitest';
import { evidenceOfOne, findingId, foldEvidence, type Occurrence } from '../../src/core/finding.ts';
import type { Severity } from '../../src/core/severity.ts';
import { sha256 } from '../../src/system.ts';
import { eventId, instant, KEY } from '../support/fleet.ts';

const occurrence = (second: number, severity: Severity = 'critical'): Occurrence => ({
  rule: 'disabled-key-use',
  severity,
  subject: { keyArn: KEY },
  about: {},
  group: 'g',
  eventId: eventId(`${second}`),
  time: instant(second),
  operation: 'Decrypt',
  caller: 'c',
  sentence: 's',
});

describe('findingId', () => {
  it('is 32 hexadecimal digits, the same for the same subject in any order of its fields', () => {
    const id = findingId('disabled-key-use', { keyArn: KEY, clusterName: 'prod' }, sha256);

    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(findingId('disabled-key-use', { clusterName: 'prod', keyArn: KEY }, sha256)).toBe(id);
  });

  it('differs where rule or subject differ, and never runs fields together', () => {
    const subjects = [{}, { keyArn: 'a' }, { grantId: 'a' }, { keyArn: 'a', grantId: 'b' }, { keyArn: 'ab' }, { keyArn: 'a","b' }];
    const ids = ['x', 'y'].flatMap((rule) => subjects.map((subject) => findingId(rule, subject, sha256)));

    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('evidence', () => {
  it('counts each event once and lists the 100 earliest', () => {
    const all = Array.from({ length: 150 }, (_, index) => occurrence(index));

    const evidence = foldEvidence([...all, ...all].reverse());

    expect(evidence).toMatchObject({ count: 150, complete: true, first: { time: instant(0) }, last: { time: instant(149) } });
    expect(evidence?.orders).toEqual(all.slice(0, 100).map(({ time, eventId: id }) => `${time}#${id}`));
  });

  it('is as grave as the gravest, whenever that was', () => {
    const [low, high, medium] = [occurrence(0, 'low'), occurrence(1, 'high'), occurrence(2, 'medium')];

    expect(foldEvidence([low, high, medium])?.severity).toBe('high');
    expect(foldEvidence([low, medium])?.severity).toBe('medium');
    expect(foldEvidence([low])?.severity).toBe('low');
  });

  it('of one is the same without a fold', () => {
    expect(evidenceOfOne(occurrence(0))).toEqual(foldEvidence([occurrence(0)]));
  });

  it('of nothing is nothing', () => {
    expect(foldEvidence([])).toBeUndefined();
  });
});
