import { describe, expect, it } from 'vitest';
import { type AlertNote, type AlertRequest, decideAlert, decideEnd, type EndRequest, LEASE_SECONDS } from '../../src/core/alerting.ts';
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
const sent = { through: instant(0), severity: 'high' as const };
const claim = { tells: 'alert' as const, until: NOW + LEASE_SECONDS, by: 'event-2', through: instant(0), severity: 'high' as const };
const covered = { act: 'covered' };
const wait = { act: 'wait' };

describe('decideAlert', () => {
  const send = { act: 'send', reminder: false };
  const remind = { act: 'send', reminder: true };

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
    ['told, its end being told by another', { sent, claim: { ...claim, tells: 'over' } }, {}, wait],
    ['over, and from before its end', { sent, closed: instant(10) }, { time: instant(10), severity: 'critical' }, covered],
    ['over, and again since', { sent, closed: instant(10) }, { time: instant(11) }, send],
    [
      'over, told until its very end, and again since',
      { sent: { ...sent, through: instant(10) }, closed: instant(10) },
      { time: instant(11) },
      send,
    ],
    ['over, told again since', { sent: { ...sent, through: instant(20) }, closed: instant(10) }, { time: instant(20) }, covered],
    ['over though nobody was told, and again', { closed: instant(10) }, { time: instant(11) }, send],
  ];

  it.each(table)('%s', (_what, note, fields, expected) => {
    expect(decideAlert(note, request(fields))).toMatchObject(expected);
  });

  it('calls what is worse news, no reminder', () => {
    expect(decideAlert({ sent }, request({ severity: 'critical' }))).toEqual({ act: 'send', reminder: false });
  });
});

describe('decideEnd', () => {
  const end = instant(10);
  const later = { ...sent, through: instant(20) };

  const table: readonly [string, AlertNote, Partial<EndRequest>, object][] = [
    ['nothing noted', {}, {}, { act: 'note', through: end }],
    ['nobody told, and known', { over: end }, {}, covered],
    ['nobody told, and known of an earlier end', { over: instant(9) }, {}, { act: 'note', through: end }],
    ['told, and known to be over, but not by those who were told', { sent, over: end }, {}, { act: 'send', through: end, sent }],
    ['told, and the all-clear as well', { sent, over: end, closed: end }, {}, covered],
    ['told', { sent }, {}, { act: 'send', through: end, sent }],
    ['told at the same instant', { sent: { ...sent, through: end } }, {}, { act: 'send', through: end }],
    ['told of what came after the end', { sent: later }, {}, covered],
    [
      'told of what came after the end, which ends all',
      { sent: later },
      { all: true },
      { act: 'send', through: later.through, sent: later },
    ],
    ['told of what came before the end, which ends all', { sent }, { all: true }, { act: 'send', through: end }],
    ['being told', { claim }, {}, wait],
    ['told, and being told again', { sent, claim }, {}, wait],
    ['being told, the last second', { claim: { ...claim, until: NOW + 1 } }, {}, wait],
    ['held by one who has died', { claim: { ...claim, until: NOW } }, {}, { act: 'note', through: end }],
  ];

  it.each(table)('%s', (_what, note, fields, expected) => {
    expect(decideEnd(note, { time: end, all: false, now: NOW, ...fields })).toMatchObject(expected);
  });
});
