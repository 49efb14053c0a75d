import { readdirSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { AlertMessage } from '../src/core/message.ts';
import { RULES } from '../src/core/rules/registry.ts';
import type { RuleId } from '../src/core/rules/rule-id.ts';
import { fromSeconds } from '../src/core/timestamp.ts';
import { eventId } from './support/fleet.ts';
import { alertsOf, eventsOf, sentAt, Watch } from './support/scenario-alerts.ts';

const kept = new Set<string>();

/** As it is read: the e-mail under its subject, and the notification for chat. */
async function expectAsKept(name: string, alert: AlertMessage | undefined): Promise<void> {
  kept.add(name);
  if (alert === undefined) throw new Error(`no alert of ${name} went out`);
  await expect(`Subject: ${alert.subject}\n\n${alert.email}\n`).toMatchFileSnapshot(`alerts/${name}.txt`);
  await expect(`${JSON.stringify(JSON.parse(alert.chat), null, 2)}\n`).toMatchFileSnapshot(`alerts/${name}.json`);
}

/** Rules that another of the same alert, as severe and more general, stands before. */
const STANDS_BEFORE: Readonly<Record<RuleId, RuleId>> = { 'unconstrained-grant': 'unexpected-grantee' };

const eventSchema = v.looseObject({ detail: v.looseObject({}) });

/** The same call once more, so many seconds later. */
function later(event: unknown, seconds: number): unknown {
  const whole = v.parse(eventSchema, event);
  const time = fromSeconds(sentAt(event) + seconds);
  return { ...whole, time, detail: { ...whole.detail, eventTime: time, eventID: eventId(time) } };
}

/** The same call for another cluster: its grant, its volume and its event are others too. */
function forCluster(event: unknown, cluster: string, index: number): unknown {
  const renamed = JSON.stringify(event)
    .replace(/("aws:ecs:clusterName":")[^"]*/g, `$1${cluster}`)
    .replace(/("aws:ebs:id":")[^"]*/g, `$1vol-${String(index).padStart(17, '0')}`)
    .replace(/("grantId":")[^"]*/g, `$1${String(index).padStart(64, '0')}`)
    .replace(/("eventID":")[^"]*/g, `$1${eventId(`${cluster}/${index}`)}`);
  return JSON.parse(renamed);
}

const isOperation = (event: unknown, operation: string): boolean => v.parse(eventSchema, event).detail.eventName === operation;

describe('what people are alerted with', () => {
  it.each(RULES.map(({ id, scenarios }) => [id, scenarios.firing] as const))('%s, as in %s', async (id, scenario) => {
    const alerts = await alertsOf(scenario, STANDS_BEFORE[id]);

    await expectAsKept(
      id,
      alerts.find(({ attributes }) => attributes.rule === id),
    );
  });

  it('an all-clear', async () => {
    const alerts = await alertsOf('key-enabled-again');

    await expectAsKept(
      'all-clear',
      alerts.find(({ subject }) => subject.startsWith('Over: A disabled key')),
    );
  });

  it('an all-clear of grants', async () => {
    const watch = new Watch();
    const [granted] = eventsOf('delegating-grant');
    const [revoked] = eventsOf('revoke-in-use').filter((event) => isOperation(event, 'RevokeGrant'));
    await watch.see([granted, later(endingOf(granted, revoked), sentAt(granted) + 600 - sentAt(revoked))]);

    await expectAsKept('all-clear-of-grants', watch.alerts.at(1));
  });

  it('a correction', async () => {
    const alerts = await alertsOf('revoke-after-retire');

    await expectAsKept(
      'correction',
      alerts.find(({ subject }) => subject.startsWith('Withdrawn: ')),
    );
  });

  it('a reminder', async () => {
    const watch = new Watch();
    const [refused] = eventsOf('disabled-key');
    await watch.see([0, 600, 1200, 3660].map((seconds) => later(refused, seconds)));

    expect(watch.alerts).toHaveLength(2);
    await expectAsKept('reminder', watch.alerts.at(1));
  });

  it('an alert of what is over already', async () => {
    const watch = new Watch();
    await watch.see(eventsOf('key-enabled-again').toReversed());

    await expectAsKept(
      'already-over',
      watch.alerts.find(({ attributes }) => attributes.rule === 'key-made-unusable'),
    );
  });

  it('an alert with dependents of many clusters', async () => {
    const events = eventsOf('key-disabled-with-dependents');
    const [granted] = events.filter((event) => isOperation(event, 'CreateGrant'));
    const fleet = Array.from({ length: 14 }, (_, cluster) =>
      Array.from({ length: 14 - cluster }, (_, task) => forCluster(granted, `team-${cluster + 1}`, cluster * 100 + task)),
    ).flat();
    const watch = new Watch();
    await watch.see([...fleet, events.find((event) => isOperation(event, 'DisableKey'))]);

    expect(watch.alerts).toHaveLength(1);
    await expectAsKept('dependents-of-many-clusters', watch.alerts.at(0));
  });
});

describe('the alerts that are kept', () => {
  it('are those that are rendered', () => {
    const files = readdirSync(new URL('alerts', import.meta.url));

    expect(files.sort()).toEqual([...kept].flatMap((name) => [`${name}.json`, `${name}.txt`]).sort());
  });
});

/** The ending of the grant that `granted` made, spelt as `ended` spells that of another. */
function endingOf(granted: unknown, ended: unknown): unknown {
  const made = v.parse(v.object({ detail: v.object({ responseElements: v.object({ grantId: v.string(), keyId: v.string() }) }) }), granted)
    .detail.responseElements;
  const renamed = JSON.stringify(ended)
    .replace(/arn:aws:kms:[^"]*/g, made.keyId)
    .replace(/("grantId":")[^"]*/g, `$1${made.grantId}`);
  return JSON.parse(renamed);
}
