import type { Fact } from '../fact.ts';
import type { Subject } from '../finding.ts';
import type { Policy } from '../policy.ts';
import type { Severity } from '../severity.ts';
import type { RuleId } from './rule-id.ts';

/** What travels with a rule: what it means to whoever is woken by it. */
export interface RuleText {
  readonly id: RuleId;
  readonly severity: Severity;
  /** One line; what the finding says. */
  readonly title: string;
  readonly why: string;
  /** What to do, in order; the first commands undo the damage. `<key>`, `<grant>` and the like stand for the finding's own. */
  readonly runbook: readonly string[];
  readonly limits: string;
  /** Told in the alert of one of these rules when the same record fires it, not in one of its own. */
  readonly foldedInto?: readonly RuleId[];
  /** Its alert says what depends on the key. */
  readonly tellsDependents?: true;
  /** MITRE ATT&CK technique, where one fits. */
  readonly attack?: string;
  /** Scenario folders of `events/` that show the rule firing, silent, and silent though nearly so. */
  readonly scenarios: { readonly firing: string; readonly silent: string; readonly nearMiss: string };
}

/** What a rule makes of a fact. */
export type Verdict =
  | {
      readonly verdict: 'fires';
      readonly subject: Subject;
      readonly about?: Subject;
      readonly group: readonly string[];
      readonly sentence: string;
      readonly advice?: string;
    }
  | { readonly verdict: 'silent' }
  | { readonly verdict: 'not-applicable' };

/** A rule that judges each fact by itself. */
export interface FactRule extends RuleText {
  readonly judge: (fact: Fact, policy: Policy) => Verdict;
}

/** The rule does not speak of such facts. */
export const NOT_APPLICABLE: Verdict = { verdict: 'not-applicable' };

/** The rule looked and found what is expected. */
export const SILENT: Verdict = { verdict: 'silent' };
