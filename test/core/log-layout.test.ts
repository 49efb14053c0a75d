import { describe, expect, it } from 'vitest';
import { type Days, isDigest, isWithin, periodOf } from '../../src/core/log-layout.ts';

const LOGS = 'AWSLogs/111122223333';

describe('the date in a key', () => {
  it.each([
    [`${LOGS}/CloudTrail/us-west-2/2026/11/02/111122223333_CloudTrail_us-west-2_20261102T1005Z_x.json.gz`, '2026-11-02'],
    [`prefix/AWSLogs/o-example/111122223333/CloudTrail/us-gov-west-1/2026/11/`, '2026-11'],
    [`${LOGS}/CloudTrail-Digest/us-west-2/2026/`, '2026'],
    [`${LOGS}/CloudTrail-Insight/us-west-2/2026/11/02/`, '2026-11-02'],
    ['CloudTrail/us-west-2/2026/11/02/', '2026-11-02'],
    [`${LOGS}/CloudTrail/us-west-2/2026/11/02`, '2026-11'],
    [`${LOGS}/CloudTrail/us-west-2/2026/11`, '2026'],
    [`${LOGS}/CloudTrail/us-west-2/2026`, undefined],
    [`${LOGS}/CloudTrail/us-west-2/26/11/02/`, undefined],
    [`${LOGS}/CloudTrail/us-west-2/year/11/02/`, undefined],
    [`${LOGS}/CloudTrail/us-west-2/2026/1x/02/`, '2026'],
    [`${LOGS}/CloudTrail/us-west-2/2026/x1/02/`, '2026'],
    [`${LOGS}/CloudTrail/us-west-2/2026/11/0x/`, '2026-11'],
    [`${LOGS}/CloudTrail/us-west-2/2026/11/x2/`, '2026-11'],
    [`${LOGS}/CloudTrail/us-west-2/`, undefined],
    [`${LOGS}/CloudTrail/US/2026/11/02/`, undefined],
    [`${LOGS}/CloudTrail-Other/us-west-2/2026/11/02/`, undefined],
    [`${LOGS}/Config/us-west-2/2026/11/2/x`, undefined],
    ['MyCloudTrail/us-west-2/2026/11/02/x', undefined],
  ])('of %s is %s', (key, period) => {
    expect(periodOf(key)).toBe(period);
  });

  it.each<[string, Days, boolean]>([
    ['2026/11/02/', {}, true],
    ['2026/11/02/', { since: '2026-11-02' }, true],
    ['2026/11/02/', { since: '2026-11-03' }, false],
    ['2026/11/02/', { until: '2026-11-02' }, true],
    ['2026/11/02/', { until: '2026-11-01' }, false],
    ['2026/11/02/', { since: '2026-11-01', until: '2026-11-03' }, true],
    ['2026/11/02/', { since: '2026-11-03', until: '2026-11-04' }, false],
    ['2026/11/02/', { since: '2026-10-01', until: '2026-11-01' }, false],
    // What is filed under a month or a year lies within where any of its days may.
    ['2026/11/', { since: '2026-11-30' }, true],
    ['2026/11/', { since: '2026-12-01' }, false],
    ['2026/11/', { until: '2026-11-01' }, true],
    ['2026/11/', { until: '2026-10-31' }, false],
    ['2026/', { since: '2026-12-31' }, true],
    ['2026/', { since: '2027-01-01' }, false],
    ['2026/', { until: '2026-01-01' }, true],
    ['2026/', { until: '2025-12-31' }, false],
    ['', { since: '2027-01-01', until: '2027-01-02' }, true],
  ])('of …/%s lies within %j: %s', (date, days, within) => {
    expect(isWithin(`${LOGS}/CloudTrail/us-west-2/${date}`, days)).toBe(within);
  });
});

describe('a digest', () => {
  it.each([
    [`${LOGS}/CloudTrail-Digest/us-west-2/2026/11/02/x.json.gz`, true],
    ['CloudTrail-Digest/us-west-2/2026/11/02/x.json.gz', true],
    ['MyCloudTrail-Digest/us-west-2/x.json.gz', false],
    [`${LOGS}/CloudTrail/us-west-2/2026/11/02/x.json.gz`, false],
    [`${LOGS}/CloudTrail-Insight/us-west-2/2026/11/02/x.json.gz`, false],
  ])('is told by its key: %s, %s', (key, digest) => {
    expect(isDigest(key)).toBe(digest);
  });
});
