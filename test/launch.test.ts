import { describe, expect, it } from 'vitest';
import type { ClusterConfigured, Rehearsed } from '../src/core/fact.ts';
import { type LaunchTraces, launchOf } from '../src/core/launch.ts';
import { testKeyArn } from './support/life.ts';

const [SET, REHEARSED, REFUSED, GRANTED] = ['1', '2', '3', '4'].map((digit) => testKeyArn({ keyId: digit.repeat(8) }));
const cluster = { account: '111122223333', name: 'payments' };
const caller = { id: 'caller', trusted: true, awsRole: false };
const setting = { kind: 'cluster-configured', eventId: 'settings', operation: 'UpdateCluster', caller, cluster } as const;
const settings = (time: string, fargate?: string): ClusterConfigured => ({
  ...setting,
  time,
  storage: fargate === undefined ? {} : { fargate },
});
const rehearsal = (time: string, keyArn?: string): Rehearsed => ({
  kind: 'rehearsed',
  eventId: 'rehearsal',
  time,
  operation: 'CreateGrant',
  caller,
  trust: 'trusted',
  cluster,
  ...(keyArn === undefined ? {} : { keyArn }),
});
const refusal = { keyArn: REFUSED ?? '', order: '2026-11-03T00:00:00Z#refusal' };
const grants = [{ keyArn: GRANTED ?? '', grantId: 'g', created: '2026-11-04T00:00:00Z#grant' }];
const NOTHING: LaunchTraces = { settings: undefined, rehearsal: undefined, grants: [] };

describe('the key of a cluster’s new tasks', () => {
  it.each<[string, Partial<LaunchTraces>, object | undefined]>([
    ['is unknown where nothing tells', {}, undefined],
    [
      'is the settings’ where they are later than the last launch',
      { settings: settings('2026-11-02T00:00:00Z', SET), rehearsal: rehearsal('2026-11-01T00:00:00Z', REHEARSED) },
      { keyArn: SET, asOf: '2026-11-02T00:00:00Z', by: 'settings' },
    ],
    [
      'is the last launch’s where that is later: a change of the settings was missed',
      { settings: settings('2026-11-01T00:00:00Z', SET), rehearsal: rehearsal('2026-11-02T00:00:00Z', REHEARSED) },
      { keyArn: REHEARSED, asOf: '2026-11-02T00:00:00Z', by: 'rehearsal' },
    ],
    [
      'is none where the settings name none',
      { settings: settings('2026-11-02T00:00:00Z'), refusal, grants },
      { asOf: '2026-11-02T00:00:00Z', by: 'settings' },
    ],
    [
      'is not told by a rehearsal that names no key',
      { rehearsal: rehearsal('2026-11-05T00:00:00Z'), refusal },
      { keyArn: REFUSED, asOf: '2026-11-03T00:00:00Z', by: 'refusal' },
    ],
    ['is the later of a refusal’s and a grant’s', { refusal, grants }, { keyArn: GRANTED, asOf: '2026-11-04T00:00:00Z', by: 'grant' }],
    [
      'is not told by settings that leave the storage alone',
      { settings: { ...setting, time: '2026-11-05T00:00:00Z' }, rehearsal: rehearsal('2026-11-02T00:00:00Z', REHEARSED) },
      { keyArn: REHEARSED, asOf: '2026-11-02T00:00:00Z', by: 'rehearsal' },
    ],
    ['is not told by a grant whose creation was not seen', { grants: [{ keyArn: GRANTED ?? '', grantId: 'g' }] }, undefined],
    [
      'is not told by grants where settings are known',
      { settings: settings('2026-11-01T00:00:00Z', SET), grants },
      { keyArn: SET, asOf: '2026-11-01T00:00:00Z', by: 'settings' },
    ],
  ])('%s', (_, traces, launch) => {
    expect(launchOf({ ...NOTHING, ...traces })).toStrictEqual(launch);
  });
});
