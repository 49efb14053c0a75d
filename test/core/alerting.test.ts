import { describe, expect, it } from 'vitest';
import { type AlertNote, type AlertRequest, decideAlert, LEASE_SECONDS } from '../../src/core/alerting.ts';
import { instant } from '../support/fleet.ts';

const NOW = 1_800_000_000;
const request = (fields: Partial<AlertRequest> = {}): AlertRequest => ({
  by: 'event-1',
  time: instant(0),
  severity: 'high',
  now: NOW,
  renotifyMinutes: 60,
  ...fields,
});
const HOUR = 3600;

describe('decideAlert', () => {
  const sent = { through: instant(0), severity: 'high' as const };
  const claim = { tells: 'alert' as const, until: NOW + LEASE_SECONDS, by: 'event-2', through: instant(0), severity: 'high' as const };
  const send = { act: 'send', reminder: false };
  const remind = { act: 'send', reminder: true };
  const covered = { act: 'covered' };
  const wait = { act: 'wait' };

  const table: readonly [string, AlertNote, Partial<AlertRequest>, object][] = [
    ['nothing noted', {}, {}, send],
    ['told, the same event again', { sent }, {}, covered],
    ['told, an older event', { sent }, { time: instant(-100 * HOUR) }, covered],
    ['told, one second before the reminder is due', { sent }, { time: instant(HOUR - 1) }, covered],
    ['told, a reminder due', { sent }, { time: instant(HOUR) }, remind],
    ['told, much later on the clock but no new evidence', { sent }, { now: NOW + 100 * HOUR }, covered],
    ['told, a shorter time for reminders', { sent }, { time: instant(60), renotifyMinutes: 1 }, remind],
    ['told, something worse', { sent }, { severity: 'critical' }, { act: 'send' }],
    ['told, something worse and older', { sent }, { severity: 'critical', time: instant(-5) }, { act: 'send' }],
    ['told, something less', { sent: { ...sent, severity: 'critical' } }, {}, covered],
    ['being told by another', { claim }, {}, covered],
    ['being told by another, later evidence', { claim }, { time: instant(HOUR - 1) }, covered],
    ['being told by another, evidence beyond it', { claim }, { time: instant(HOUR) }, wait],
    ['being told by another, something worse', { claim }, { severity: 'critical' }, wait],
    ['perhaps being told by another, who may find that it holds no longer', { claim: { ...claim, tells: 'joint' } }, {}, wait],
    ['its end being told by another', { claim: { ...claim, tells: 'over' } }, {}, wait],
    ['held by ourselves, who may have died', { claim: { ...claim, by: 'event-1' } }, {}, wait],
    ['held by ourselves, the last second', { claim: { ...claim, by: 'event-1', until: NOW + 1 } }, {}, wait],
    ['held by ourselves, over', { claim: { ...claim, by: 'event-1', until: NOW } }, {}, send],
    ['held by another, over', { claim: { ...claim, until: NOW } }, {}, send],
    ['told, and being told again', { sent, claim: { ...claim, through: instant(HOUR) } }, { time: instant(HOUR) }, covered],
    ['told, a reminder’s lease over', { sent, claim: { ...claim, until: NOW - 1 } }, { time: instant(HOUR) }, remind],
    ['told, while our own reminder may be at work', { sent, claim: { ...claim, by: 'event-1' } }, { time: instant(HOUR) }, wait],
    ['told, whoever holds it', { sent, claim: { ...claim, by: 'event-1' } }, {}, covered],
  ];

  it.each(table)('%s', (_what, note, fields, expected) => {
    expect(decideAlert(note, request(fields))).toMatchObject(expected);
  });

  it('calls what is worse news, no reminder', () => {
    expect(decideAlert({ sent }, request({ severity: 'critical' }))).toEqual({ act: 'send', reminder: false });
  });
});
