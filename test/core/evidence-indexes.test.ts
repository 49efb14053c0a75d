import { describe, expect, it } from 'vitest';
import { FindingIndex, GrantIndex, grantName } from '../../src/core/evidence/indexes.ts';
import type { ReportedFinding, ReportedGrant } from '../../src/core/evidence/model.ts';
import type { GrantHead } from '../../src/core/grant.ts';
import { created, EMPTY, order } from '../support/facts.ts';
import { instant, KEY, PROD, SECOND_KEY } from '../support/fleet.ts';

const NOTHING = new FindingIndex([]);
const finding = (id: string, of: Partial<ReportedFinding>): ReportedFinding => {
  const seen = { firstSeen: instant(0), lastSeen: instant(0), count: 1, eventIds: [], open: true, status: 'holds' as const };
  return { id, rule: 'orphan-grant', severity: 'high', title: '', caller: 'somebody', operation: 'Decrypt', ...seen, ...of };
};
const HEAD: GrantHead = { keyArn: KEY, grantId: 'a' };
const END: GrantHead['end'] = { order: order(60, 'end'), how: 'revoked', by: 'admin' };
const CREATION = created('a', 10, { eventId: 'creation', grantee: 'fargate.example.com', operations: ['Decrypt'] });

describe('a grant of a report', () => {
  it.each<[string, Partial<GrantHead>, readonly (typeof CREATION)[], Partial<ReportedGrant>]>([
    [
      'tells who made it, for whom, and which event proves it',
      { created: order(10, 'creation'), cluster: PROD },
      [CREATION],
      {
        status: 'open',
        clusterAccount: PROD.account,
        clusterName: PROD.name,
        grantedAt: instant(10),
        grantedEventId: 'creation',
        grantedBy: 'somebody',
        grantee: 'fargate.example.com',
        operations: ['Decrypt'],
      },
    ],
    [
      'tells of its earliest creation only',
      { created: order(10, 'creation') },
      [CREATION, created('a', 20, { grantee: 'other', operations: ['Encrypt'], caller: { id: 'other', trusted: false, awsRole: false } })],
      {
        status: 'open',
        grantedAt: instant(10),
        grantedEventId: 'creation',
        grantedBy: 'somebody',
        grantee: 'fargate.example.com',
        operations: ['Decrypt'],
      },
    ],
    [
      'says no more than its creation does',
      { created: order(10, 'CreateGrant-10') },
      [created('a', 10)],
      { status: 'open', grantedAt: instant(10), grantedEventId: 'CreateGrant-10', grantedBy: 'somebody' },
    ],
    ['has no event where the sweep found it in a list', { created: order(10, 'listed:a') }, [], { status: 'open', grantedAt: instant(10) }],
    ['tells who ended it', { end: END }, [], { status: 'revoked', endedAt: instant(60), endedBy: 'admin', endedEventId: 'end' }],
    ['is over by when KMS had it no longer', { gone: instant(70) }, [], { status: 'gone', endedAt: instant(70) }],
    [
      'is over when a record says so, whatever the sweep saw',
      { end: END, gone: instant(70) },
      [],
      { status: 'revoked', endedAt: instant(60), endedBy: 'admin', endedEventId: 'end' },
    ],
  ])('%s', (_, head, creations, told) => {
    const index = new GrantIndex({ ...EMPTY, grants: [{ ...HEAD, ...head }], creations });

    expect(index.reported(KEY, 'a', NOTHING)).toStrictEqual([{ keyArn: KEY, grantId: 'a', findings: [], ...told }]);
  });

  it('is none where the ledger has none, though a creation was seen', () => {
    const index = new GrantIndex({ ...EMPTY, creations: [CREATION] });

    expect(index.reported(KEY, 'a', NOTHING)).toEqual([]);
  });

  it('is another one under another key or id', () => {
    const grants = [HEAD, { ...HEAD, keyArn: SECOND_KEY, end: END }, { ...HEAD, grantId: 'b', gone: instant(70) }];
    const index = new GrantIndex({ ...EMPTY, grants });
    const statuses = grants.flatMap(({ keyArn, grantId }) => index.reported(keyArn, grantId, NOTHING)).map(({ status }) => status);

    expect(statuses).toEqual(['open', 'revoked', 'gone']);
  });

  it('names the findings about it', () => {
    const index = new GrantIndex({ ...EMPTY, grants: [HEAD] });
    const about = new FindingIndex([finding('one', { keyArn: KEY, grantId: 'a' })]);

    expect(index.reported(KEY, 'a', about)).toMatchObject([{ findings: ['one'] }]);
  });
});

it('the other grants are all but those named, by key and id', () => {
  const heads = [{ ...HEAD, grantId: 'c' }, { ...HEAD, keyArn: SECOND_KEY }, { ...HEAD, grantId: 'b' }, HEAD];
  const index = new GrantIndex({ ...EMPTY, grants: heads });

  const others = index.except(new Set([grantName(KEY, 'b')]));
  expect(others.map(({ keyArn, grantId }) => [keyArn, grantId])).toEqual([
    [KEY, 'a'],
    [KEY, 'c'],
    [SECOND_KEY, 'a'],
  ]);
});

describe('the findings of a report', () => {
  const about = new FindingIndex([
    finding('b', { keyArn: KEY, grantId: 'a', volumeId: 'vol-1' }),
    finding('a', { keyArn: KEY, grantId: 'a' }),
    finding('c', { keyArn: SECOND_KEY, grantId: 'a' }),
    finding('d', { keyArn: KEY, volumeId: 'vol-1' }),
    finding('e', { grantId: 'a' }),
    finding('f', { keyArn: KEY }),
  ]);

  it('are found by grant', () => {
    expect(about.grant(KEY, 'a')).toEqual(['b', 'a']);
    expect(about.grant(SECOND_KEY, 'a')).toEqual(['c']);
    expect(about.grant(KEY, 'b')).toEqual([]);
  });

  it('are found by volume', () => {
    expect(about.volume('vol-1')).toEqual(['b', 'd']);
    expect(about.volume('vol-2')).toEqual([]);
  });
});
