import { type Order, orderOf } from './fact.ts';
import type { RuleId } from './rules/rule-id.ts';
import { gravest, type Severity } from './severity.ts';
import type { Digest } from './text.ts';
import type { Timestamp } from './timestamp.ts';

/** What a finding is about. Which fields identify it is the rule's choice, and only what its triggering fact carries. */
export interface Subject {
  readonly keyArn?: string;
  readonly keyStoreId?: string;
  readonly grantId?: string;
  readonly clusterAccount?: string;
  readonly clusterName?: string;
  readonly volumeId?: string;
  readonly resource?: string;
  readonly caller?: string;
  readonly account?: string;
  /** The ECS task that stopped; never part of a finding's identity. */
  readonly taskArn?: string;
}

/** One time a rule fired: a piece of evidence for a finding. */
export interface Occurrence {
  readonly rule: RuleId;
  readonly severity: Severity;
  /** Identifies the finding. */
  readonly subject: Subject;
  /** What else this occurrence touches; never part of the finding's identity. */
  readonly about: Subject;
  /** The alert it belongs to: one alert per group. */
  readonly group: string;
  readonly eventId: string;
  readonly time: Timestamp;
  readonly operation: string;
  readonly caller: string;
  readonly region?: string;
  /** What happened, in one sentence; untrusted parts bounded and made printable. */
  readonly sentence: string;
  /** The policy entry that would expect this, ready to paste; untrusted text inside JSON. */
  readonly advice?: string;
}

/** A judged deviation with its evidence, as every reader shows it. */
export interface Finding extends Subject {
  readonly id: string;
  readonly rule: RuleId;
  readonly severity: Severity;
  readonly status: 'holds';
  readonly title: string;
  readonly caller: string;
  readonly operation: string;
  readonly region?: string;
  readonly firstSeen: Timestamp;
  readonly lastSeen: Timestamp;
  readonly count: number;
  readonly eventIds: readonly string[];
}

/** The most event ids a finding lists; `count` has them all. */
export const EVENT_IDS_LISTED = 100;

/** What may identify a finding. */
export const SUBJECT_FIELDS = [
  'keyArn',
  'keyStoreId',
  'grantId',
  'clusterAccount',
  'clusterName',
  'volumeId',
  'resource',
  'caller',
  'account',
] as const;

/** The id of the finding that `subject` identifies under `rule`: 32 hexadecimal digits. */
export function findingId(rule: RuleId, subject: Subject, digest: Digest): string {
  return digest(JSON.stringify([rule, ...SUBJECT_FIELDS.map((name) => subject[name] ?? null)])).slice(0, 32);
}

/** What is kept of a finding's evidence while it is folded, in any order: bounded, whatever the number of occurrences. */
export interface Evidence {
  readonly first: Occurrence;
  readonly last: Occurrence;
  /** The gravest of all. */
  readonly severity: Severity;
  readonly orders: readonly Order[];
  readonly count: number;
  /** False where counting stopped at its bound: there are at least so many. */
  readonly complete: boolean;
}

/** The evidence that one occurrence alone is. */
export function evidenceOfOne(occurrence: Occurrence): Evidence {
  return { first: occurrence, last: occurrence, severity: occurrence.severity, orders: [orderOf(occurrence)], count: 1, complete: true };
}

/** The evidence of one finding's occurrences, each event counted once; undefined when there are none. */
export function foldEvidence(occurrences: Iterable<Occurrence>): Evidence | undefined {
  const byOrder = new Map<Order, Occurrence>();
  for (const occurrence of occurrences) byOrder.set(orderOf(occurrence), occurrence);
  const orders = [...byOrder.keys()].sort();
  // Stryker disable next-line StringLiteral: no order is called so.
  const [first, last] = [orders[0], orders.at(-1)].map((order = '') => byOrder.get(order));
  // Stryker disable next-line LogicalOperator: there are both or neither.
  if (!(first && last)) return undefined;
  const severity = [...byOrder.values()].map((occurrence) => occurrence.severity).reduce(gravest);
  return { first, last, severity, orders: orders.slice(0, EVENT_IDS_LISTED), count: orders.length, complete: true };
}
