import type { Fact } from '../fact.ts';
import type { Subject } from '../finding.ts';
import type { MatchField, Policy } from '../policy.ts';
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
  /** What ends or withdraws its alerts, as a sentence; absent where no record can. */
  readonly ending?: string;
  /** Its alert is over when the grants it told of have ended. */
  readonly endsWithGrant?: true;
  /** Its alert proposes an exception where it has no better advice. */
  readonly excepted?: true;
  /** What identifies some of its findings and is absent from others, which an exception of those others must say. */
  readonly mayName?: readonly MatchField[];
  /** Judged by the sweep and not as records arrive, so that a replay never shows it. */
  readonly inSweep?: true;
  /** MITRE ATT&CK technique, where one fits. */
  readonly attack?: string;
  /** Scenario folders of `events/` that show the rule firing, silent, and silent though nearly so. */
  readonly scenarios: { readonly firing: string; readonly silent: string; readonly nearMiss: string };
}

/** What a rule makes of a fact. */
export type Verdict = Fires | { readonly verdict: 'silent' } | { readonly verdict: 'not-applicable' };

/** The verdict of a rule that fires. */
export interface Fires {
  readonly verdict: 'fires';
  readonly subject: Subject;
  /** Where this firing is not as severe as the rule says. */
  readonly severity?: Severity;
  readonly about?: Subject;
  readonly group: readonly string[];
  readonly sentence: string;
  readonly advice?: string;
}

/** A rule that judges each fact by itself. */
export interface FactRule extends RuleText {
  readonly judge: (fact: Fact, policy: Policy) => Verdict;
  /** Which of its alerts this fact may end; absent where no single record can. */
  readonly endedBy?: (fact: Fact) => Ending | undefined;
}

/** The end of what an alert told, where everything known of the subject says so too. */
export interface Ending {
  /** As the rule's own verdicts group their alerts. */
  readonly group: readonly string[];
  readonly subject: Subject;
  /** For so long after the end, stragglers still belong to what ended: KMS is eventually consistent. */
  readonly lagSeconds?: number;
  readonly sentence: string;
}

/** The rule does not speak of such facts. */
export const NOT_APPLICABLE: Verdict = { verdict: 'not-applicable' };

/** The rule looked and found what is expected. */
export const SILENT: Verdict = { verdict: 'silent' };
