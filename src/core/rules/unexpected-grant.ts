import type { Fact, GrantCreated } from '../fact.ts';
import type { Subject } from '../finding.ts';
import { type Policy, profilesOf } from '../policy.ts';
import { profileFor, profileOf } from '../profile.ts';
import { clusterFields, grantPhrase } from './phrases.ts';
import { NOT_APPLICABLE, SILENT, type Verdict } from './rule.ts';

/** Longer advice is no help in an alert, and weighs on its evidence. */
const ADVICE_LIMIT = 2_000;

/** Fires when a grant fits no expected profile and `worse` holds of it; shared by the rules about new grants. */
export function judgeUnexpectedGrant(fact: Fact, policy: Policy, worse: (grant: GrantCreated) => boolean, because: string): Verdict {
  if (fact.kind !== 'grant-created') return NOT_APPLICABLE;
  if (!worse(fact) || profileOf(fact, profilesOf(policy), policy.accounts) !== undefined) return SILENT;
  const about: Subject = { ...clusterFields(fact), ...(fact.volumeId === undefined ? {} : { volumeId: fact.volumeId }) };
  const profile = profileFor(fact);
  const advice = profile && JSON.stringify({ grants: [profile] });
  return {
    verdict: 'fires',
    subject: { keyArn: fact.keyArn, grantId: fact.grantId },
    about,
    group: ['grant', fact.keyArn, fact.caller.id, fact.grantee ?? ''],
    sentence: `${grantPhrase(fact)}; ${because}.`,
    ...(advice === undefined || advice.length > ADVICE_LIMIT ? {} : { advice }),
  };
}
