import { isWhole, stateOf } from './ending.ts';
import { type StandingFact, timeOf } from './fact.ts';
import type { Finding } from './finding.ts';
import { endingsOf, ruleOf } from './rules/registry.ts';
import type { RuleId } from './rules/rule-id.ts';
import type { Settlement, Snapshot } from './snapshot.ts';
import { addTo, byText } from './sorting.ts';
import { fromSeconds, type Timestamp, toSeconds } from './timestamp.ts';

/** What became of a finding that still holds. */
export interface Standing {
  /** When what it tells came to an end; absent while it goes on, or where nothing could tell. */
  readonly endedAt?: Timestamp;
  /** How an operator settled it; evidence after `through` makes it open again. */
  readonly settled?: Settlement;
}

/** True while somebody has to look at the finding: it is not over, and not settled up to its last evidence. */
export function isOpen({ lastSeen }: Finding, { endedAt, settled }: Standing): boolean {
  return endedAt === undefined && (settled === undefined || settled.through < lastSeen);
}

/**
 * Reads from a ledger what became of each finding. A finding about a grant is over with its grant; one that a change of
 * a key, a trail or a rule may end is over when all that is known of that key, trail or rule says it works again. As
 * with the all-clear, evidence after the end, and after the time for stragglers that its rule allows, keeps it open.
 */
export function standings(snapshot: Snapshot): (finding: Finding) => Standing {
  const ofGrants = new Map(
    snapshot.grants.flatMap(({ keyArn, grantId, end }) => (end ? [[grant(keyArn, grantId), timeOf(end.order)]] : [])),
  );
  const ofChanges = endingsIn([...snapshot.changes, ...snapshot.others]);
  const endOf = ({ rule, keyArn, grantId, resource, lastSeen }: Finding): Timestamp | undefined => {
    if (ruleOf(rule)?.endsWithGrant) {
      const time = ofGrants.get(grant(keyArn, grantId)) ?? '';
      return lastSeen <= time ? time : undefined;
    }
    return ofChanges.get(about(rule, keyArn ?? resource))?.find(({ through }) => lastSeen <= through)?.time;
  };
  return (finding) => {
    const endedAt = endOf(finding);
    const settled = snapshot.settlements.get(finding.id);
    return { ...(endedAt === undefined ? {} : { endedAt }), ...(settled === undefined ? {} : { settled }) };
  };
}

const grant = (keyArn: string | undefined, grantId: string | undefined): string => JSON.stringify([keyArn, grantId]);

/** A rule, and the key, trail or rule that it found something with. */
const about = (rule: RuleId, of: string | undefined): string => JSON.stringify([rule, of]);

interface End {
  readonly time: Timestamp;
  /** Evidence up to here belongs to what ended. */
  readonly through: Timestamp;
}

/** The endings that everything known agrees to, by what they are {@link about}, earliest first. */
function endingsIn(facts: readonly StandingFact[]): Map<string, End[]> {
  const beside = new Map<string, StandingFact[]>();
  for (const fact of facts) {
    const home = stateOf(fact);
    // Stryker disable next-line ConditionalExpression: what has no state is never whole.
    if (home !== undefined) addTo(beside, home, fact);
  }
  const whole = [...beside.values()].filter(isWhole).flat();
  const ends = new Map<string, End[]>();
  for (const fact of whole.sort((a, b) => byText(a.time, b.time))) {
    for (const { rule, subject, lagSeconds = 0 } of endingsOf(fact)) {
      const end = { time: fact.time, through: fromSeconds(toSeconds(fact.time) + lagSeconds) };
      addTo(ends, about(rule, subject.keyArn ?? subject.resource), end);
    }
  }
  return ends;
}
