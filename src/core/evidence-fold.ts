import { type Order, orderOf } from './fact.ts';
import { EVENT_IDS_LISTED, type Evidence, findingId, type Occurrence } from './finding.ts';
import { PackedStrings } from './packed/packed-strings.ts';
import { gravest } from './severity.ts';
import type { Digest } from './text.ts';
import { toSeconds } from './timestamp.ts';

interface Running {
  readonly index: number;
  first: Occurrence;
  last: Occurrence;
  severity: Occurrence['severity'];
  /** The earliest, in order; as many as a finding lists. */
  readonly orders: Order[];
  count: number;
}

/** The evidence of many findings, folded as occurrences come, in any order and each as often as it likes; of each finding only what is shown is kept. */
export class EvidenceFold {
  readonly #digest: Digest;
  readonly #findings = new Map<string, Running>();
  /** The events of each finding: by its index and the event's second. */
  readonly #events = new PackedStrings(3);

  constructor(digest: Digest) {
    this.#digest = digest;
  }

  add(occurrences: Iterable<Occurrence>): void {
    for (const occurrence of occurrences) this.#add(occurrence);
  }

  /** The evidence of each finding, by its id. */
  *evidence(): Generator<[string, Evidence]> {
    for (const [id, { index: _, ...evidence }] of this.#findings) yield [id, { ...evidence, complete: true }];
  }

  #add(occurrence: Occurrence): void {
    const id = findingId(occurrence.rule, occurrence.subject, this.#digest);
    const known = this.#findings.get(id);
    const index = known?.index ?? this.#findings.size;
    const seconds = toSeconds(occurrence.time);
    const before = this.#events.size;
    this.#events.add(occurrence.eventId, index, seconds, Math.floor(seconds / 2 ** 32));
    const order = orderOf(occurrence);
    if (known === undefined) {
      const { severity } = occurrence;
      this.#findings.set(id, { index, first: occurrence, last: occurrence, severity, orders: [order], count: 1 });
    } else if (this.#events.size > before) addTo(known, occurrence, order);
  }
}

function addTo(known: Running, occurrence: Occurrence, order: Order): void {
  known.count += 1;
  known.severity = gravest(known.severity, occurrence.severity);
  // Stryker disable next-line EqualityOperator: of one order there is one event, and it counts once.
  if (order < orderOf(known.first)) known.first = occurrence;
  // Stryker disable next-line EqualityOperator: the same.
  if (order > orderOf(known.last)) known.last = occurrence;
  const { orders } = known;
  // Stryker disable next-line EqualityOperator: the same.
  orders.splice(orders.findLastIndex((other) => other < order) + 1, 0, order);
  orders.length = Math.min(orders.length, EVENT_IDS_LISTED);
}
