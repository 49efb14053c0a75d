import type { AlertAttributes, Sent } from './alerting.ts';
import { timeOf } from './fact.ts';
import { findingId, type Subject } from './finding.ts';
import type { GrantEnd } from './grant.ts';
import { type AlertMessage, messageOf } from './message.ts';
import { titleOf } from './report.ts';
import { key, name } from './rules/phrases.ts';
import type { RuleId } from './rules/rule-id.ts';
import type { Digest } from './text.ts';
import type { Timestamp } from './timestamp.ts';

/** What ended an alert about grants. */
export const lastGrantEnded = (grantId: string, { how, by }: GrantEnd): string =>
  `Grant ${name(grantId)} was ${how} by ${name(by)}; no other grant of this alert is open.`;

/** What ended an alert about grants that were open for too long. */
export const noneOutlives = (keyArn: string): string => `No open grant on ${key(keyArn)} is older than the policy allows any more.`;

/** What withdraws `grant-revoked-in-use`. */
export const retiredBefore = (grantId: string, { how, order }: GrantEnd): string =>
  `Grant ${name(grantId)} had been ${how} before, at ${timeOf(order)}: nobody took it from a running task.`;

/** What withdraws `use-after-release`. */
export const coveredAfterAll = (volumeId: string, time: Timestamp): string =>
  `A grant of volume ${name(volumeId)} made at ${time} was delivered late: it covers the Decrypt.`;

/** The end of what a group's alerts told. */
export interface AllClear {
  readonly rule: RuleId;
  readonly group: string;
  readonly subject: Subject;
  readonly time: Timestamp;
  /** What ended it, in one sentence. */
  readonly sentence: string;
}

/** Writes the all-clear to an alert, in its thread and for its subscribers. */
export function allClearMessage({ group, subject, time, sentence, ...end }: AllClear, sent: Sent, digest: Digest): AlertMessage {
  const rule = sent.attributes?.rule ?? end.rule;
  const attributes = attributesOf(rule, subject, sent, digest);
  return messageOf(
    {
      id: `${attributes.findingId}-over`,
      title: `Over: ${titleOf({ rule, subject, about: {} })}`,
      paragraphs: [sentence, `It ended at ${time}. If it happens again, you will be told again.`],
      steps: [],
      group,
      rule,
      severity: sent.severity,
      fields: { rule, severity: sent.severity, ...subject, endedAt: time },
      attributes,
    },
    digest,
  );
}

/** A finding that was told and holds no longer. */
export interface Withdrawal {
  readonly rule: RuleId;
  readonly group: string;
  readonly subject: Subject;
  /** What showed it, in one sentence. */
  readonly sentence: string;
}

/** Writes the correction of an alert whose finding was withdrawn: one line. */
export function correctionMessage({ rule, group, subject, sentence }: Withdrawal, sent: Sent, digest: Digest): AlertMessage {
  const attributes = attributesOf(rule, subject, sent, digest);
  return messageOf(
    {
      id: `${attributes.findingId}-withdrawn`,
      title: `Withdrawn: ${titleOf({ rule, subject, about: {} })}`,
      paragraphs: [sentence],
      steps: [],
      group,
      rule,
      severity: sent.severity,
      fields: { rule, severity: sent.severity, ...subject, status: 'withdrawn' },
      attributes,
    },
    digest,
  );
}

/** Those of the alert, so that both reach the same people; of this finding where the alert's were not kept. */
function attributesOf(rule: RuleId, subject: Subject, { severity, attributes }: Sent, digest: Digest): AlertAttributes {
  if (attributes !== undefined) return attributes;
  const { keyArn = '', clusterName = '' } = subject;
  return { rule, severity, findingId: findingId(rule, subject, digest), keyArn, clusterName };
}
