import { alertMessage } from './core/alert-text.ts';
import { type AlertNote, type Claim, decideAlert, decideEnd, LEASE_SECONDS, type Sent } from './core/alerting.ts';
import { type AllClear, allClearMessage, correctionMessage, type Withdrawal } from './core/closing-text.ts';
import { isSent } from './core/expectation.ts';
import { type Evidence, evidenceOfOne, findingId, type Occurrence } from './core/finding.ts';
import { added, metricsOf } from './core/metrics.ts';
import { ruleOf } from './core/rules/registry.ts';
import { SEVERITIES } from './core/severity.ts';
import { fromSeconds, type Timestamp, toSeconds } from './core/timestamp.ts';
import type { Pipeline } from './pipeline.ts';

/** Losing this often against other handlers within one lease is a fault to retry, not to spin on. */
const CLAIM_ATTEMPTS = 8;

/** Thrown when an alert is held by a handler that may have died: the queue brings the event back after the lease. */
export class AlertHeldError extends Error {
  override readonly name = 'AlertHeldError';
}

/** What is told of a finding that is folded rather than kept. */
export interface Folded {
  readonly evidence?: Evidence | undefined;
  /** Judges again, after the lease was taken: for a finding that joins facts and may be withdrawn. */
  readonly holds?: () => Promise<boolean>;
}

/** Counts and alerts; a failing channel never keeps the other from being told, and any failure brings the event back. */
export async function tell(occurrences: readonly Occurrence[], by: string, pipeline: Pipeline): Promise<void> {
  await allOf([count(occurrences, pipeline), alertAll(occurrences, by, pipeline)]);
}

/** Alerts of occurrences that are counted elsewhere, group by group; one that cannot be sent keeps no other back. */
export async function alertAll(occurrences: readonly Occurrence[], by: string, pipeline: Pipeline, folded?: Folded): Promise<void> {
  const sent = occurrences.filter((occurrence) => isSent(occurrence, pipeline.policy));
  await allOf(alertsOf(sent).map((one) => alert({ ...one, by, folded }, pipeline)));
}

/** Waits for every one of them, and then fails with the first that failed. */
async function allOf(works: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(works)) if (outcome.status === 'rejected') throw outcome.reason;
}

/** Counts occurrences, whether or not anybody is alerted of them. */
export async function count(occurrences: readonly Occurrence[], { metrics, policy }: Pipeline): Promise<void> {
  if (occurrences.length > 0) await metrics?.put(added(occurrences.flatMap((occurrence) => metricsOf(occurrence, policy))));
}

interface Alert {
  readonly lead: Occurrence;
  readonly others: readonly Occurrence[];
  readonly by: string;
  readonly folded: Folded | undefined;
}

/** One alert per group: its most severe occurrence leads, and a rule that folds into another's alert is told there. */
function alertsOf(occurrences: readonly Occurrence[]): Pick<Alert, 'lead' | 'others'>[] {
  const fired = new Set(occurrences.map(({ rule }) => rule));
  const groups = new Map<string, Occurrence[]>();
  const groupOfRule = new Map(occurrences.map(({ rule, group }) => [rule, group]));
  for (const occurrence of occurrences) {
    const host = ruleOf(occurrence.rule)?.foldedInto?.find((rule) => fired.has(rule));
    const group = (host === undefined ? undefined : groupOfRule.get(host)) ?? occurrence.group;
    groups.set(group, [...(groups.get(group) ?? []), occurrence]);
  }
  return [...groups].flatMap(([group, members]) => {
    const rank = (occurrence: Occurrence): number => SEVERITIES.indexOf(occurrence.severity) + (occurrence.group === group ? 0 : 0.5);
    const [lead, ...others] = [...members].sort((a, b) => rank(a) - rank(b));
    return lead === undefined ? [] : { lead, others };
  });
}

/** Sends an alert at least once: claim the group's lease, publish, note. Who finds the group told, or being told, is done. */
async function alert({ lead, others, by, folded }: Alert, pipeline: Pipeline): Promise<void> {
  const { alerts, ledger, now, policy, digest } = pipeline;
  if (alerts === undefined) return;
  // An event dated in the future must not silence its group until then.
  const present = fromSeconds(now());
  const time = earlier(lead.time, present);
  const held = await lease(lead.group, lead.rule, pipeline, (note) => {
    const decision = decideAlert(note, { by, time, severity: lead.severity, now: now(), renotifyMinutes: policy.renotifyMinutes });
    if (decision.act !== 'send') return decision.act;
    return {
      tells: folded?.holds === undefined ? 'alert' : 'joint',
      through: time,
      severity: lead.severity,
      by,
      detail: decision.reminder,
    };
  });
  if (held === undefined) return;
  const { claim, note, detail: reminder } = held;
  if (folded?.holds !== undefined && !(await folded.holds())) return ledger.releaseAlert(lead.group, claim);
  const id = findingId(lead.rule, lead.subject, digest);
  const evidence = folded?.evidence ?? (await ledger.evidenceOf(id)) ?? evidenceOfOne(lead);
  const keyArn = ruleOf(lead.rule)?.tellsDependents ? lead.subject.keyArn : undefined;
  const dependents = keyArn === undefined ? undefined : await ledger.dependents(keyArn);
  const over = note.over !== undefined && time <= note.over ? note.over : undefined;
  const message = alertMessage({ lead, others, evidence, dependents, reminder, over }, digest);
  // Before: who finds it wrong later must know that it may have been told.
  if (folded?.holds !== undefined) await ledger.noteTold(id, time);
  await alerts.publish(message);
  const through = later(later(time, earlier(evidence.last.time, present)), note.sent?.through ?? '');
  await ledger.noteAlert(lead.group, { ...claim, through }, message.attributes, over);
}

/** The end of what a group's alerts told, as one handler sees it. */
export interface End extends AllClear {
  readonly lagSeconds: number;
  /** All that was told is over, whatever its time. */
  readonly all: boolean;
  /** Looks again, after the lease was taken: trouble may have come anew. */
  readonly holds: () => Promise<boolean>;
}

/** Sends the all-clear for what was alerted and has ended; whoever alerts of it later on will say so. */
export async function tellEnd(end: End, by: string, pipeline: Pipeline): Promise<void> {
  const { alerts, ledger, now, digest } = pipeline;
  if (alerts === undefined) return;
  const time = fromSeconds(toSeconds(earlier(end.time, fromSeconds(now()))) + end.lagSeconds);
  const held = await lease<Sent | undefined>(end.group, end.rule, pipeline, (note) => {
    const decision = decideEnd(note, { time, all: end.all, now: now() });
    if (!('through' in decision)) return decision.act;
    const sent = decision.act === 'send' ? decision.sent : undefined;
    return { tells: 'over', through: decision.through, severity: sent?.severity ?? 'low', by, detail: sent };
  });
  if (held === undefined) return;
  const { claim, detail: sent } = held;
  if (!(await end.holds())) return ledger.releaseAlert(end.group, claim);
  if (sent !== undefined) await alerts.publish(allClearMessage(end, sent, digest));
  await ledger.noteEnd(end.group, claim, sent !== undefined);
}

/** A finding that may hold no longer, and what to do when it was told. */
export interface Doubt extends Withdrawal {
  /** Judges it again. */
  readonly holds: () => Promise<boolean>;
  /** Tells what the corrected alert stood for besides. */
  readonly tellOthers: () => Promise<void>;
}

/** Corrects the alert of a finding that was told and holds no longer. */
export async function tellWithdrawn(doubt: Doubt, by: string, pipeline: Pipeline): Promise<void> {
  const { alerts, ledger, now, digest } = pipeline;
  if (alerts === undefined) return;
  const id = findingId(doubt.rule, doubt.subject, digest);
  const { claim: live } = await ledger.alertNote(doubt.group);
  // Who is telling it right now has yet to say so.
  if (live !== undefined && live.until > now()) throw heldError(doubt.rule, live);
  if (!(await ledger.wasTold(id)) || (await doubt.holds())) return;
  const held = await lease<Sent>(doubt.group, doubt.rule, pipeline, ({ sent, claim }) => {
    if (claim !== undefined && claim.until > now()) return 'wait';
    // Who told it may have died before noting so.
    const told = sent ?? { through: '', severity: ruleOf(doubt.rule)?.severity ?? 'low' };
    return { tells: 'over', through: told.through, severity: told.severity, by, detail: told };
  });
  if (held !== undefined) {
    await alerts.publish(correctionMessage(doubt, held.detail, digest));
    await ledger.noteCorrection(doubt.group, held.claim);
  }
  // Forgotten last: whoever dies before comes back and does all of this again.
  await doubt.tellOthers();
  await ledger.forgetTold(id);
}

type Wanted<T> = Omit<Claim, 'until'> & { readonly detail: T };

interface Held<T> {
  readonly claim: Claim;
  /** The note as it stood when the lease was taken. */
  readonly note: AlertNote;
  readonly detail: T;
}

/** Takes the lease on a group as `decide` wants it, given the note; undefined where there is nothing to do. */
async function lease<T>(
  group: string,
  rule: string,
  { ledger, now }: Pipeline,
  decide: (note: AlertNote) => Wanted<T> | 'covered' | 'wait',
): Promise<Held<T> | undefined> {
  for (let attempt = 0; attempt < CLAIM_ATTEMPTS; attempt += 1) {
    const note = await ledger.alertNote(group);
    const wanted = decide(note);
    if (wanted === 'covered') return undefined;
    if (wanted === 'wait') throw heldError(rule, note.claim);
    const { detail, ...claimed } = wanted;
    const claim: Claim = { ...claimed, until: now() + LEASE_SECONDS };
    if (await ledger.claimAlert(group, note, claim)) return { claim, note, detail };
  }
  throw new AlertHeldError(`the alert of ${rule} changed hands ${CLAIM_ATTEMPTS} times`);
}

const heldError = (rule: string, claim: Claim | undefined): AlertHeldError =>
  new AlertHeldError(`the alert of ${rule} is held by ${claim?.by} until ${claim?.until}`);

const earlier = (a: Timestamp, b: Timestamp): Timestamp => (a < b ? a : b);
const later = (a: Timestamp, b: Timestamp): Timestamp => (a > b ? a : b);
