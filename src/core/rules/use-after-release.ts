import { type Decrypt, timeOf, type Volume } from '../fact.ts';
import type { Occurrence } from '../finding.ts';
import type { GrantHead } from '../grant.ts';
import type { Timestamp } from '../timestamp.ts';
import { key, name } from './phrases.ts';
import type { RuleText } from './rule.ts';

/** Holds while a volume was decrypted after every grant it had by then was over. */
export const useAfterRelease = {
  id: 'use-after-release',
  severity: 'medium',
  title: 'A volume was decrypted after its grants had ended',
  why: 'With its grants over, nothing should open the volume any more. Either somebody reads it by another way, or a record is missing.',
  runbook: [
    'See who decrypted it, and from where: the record is named in this alert.',
    'Look for a grant that the audit has not seen: aws kms list-grants --key-id <key>',
    'If the caller is no AWS service and nobody knows why it read the volume, take kms:Decrypt away from it.',
  ],
  limits:
    'Alerted once it has stood for 15 minutes: a re-attached volume’s new grant may be delivered late. A grant that is gone without a record counts as open, since nobody knows when it ended.',
  ending: 'A correction follows when a record that comes late shows a grant which covers the Decrypt.',
  scenarios: { firing: 'decrypt-after-release', silent: 'fargate-task-life', nearMiss: 'second-grant-after-late-decrypt' },
  groupOf,
  judge,
} as const satisfies RuleText & { judge: unknown; groupOf: unknown };

/** An occurrence for each of `decrypts` that came after the end of every grant of the volume created by then. */
function judge(volume: Volume, grants: readonly GrantHead[], decrypts: readonly Decrypt[]): Occurrence[] {
  const releasedAt = releases(grants);
  return decrypts.filter(({ time }) => releasedAt(time) < time).map((decrypt) => occurrenceOf(volume, decrypt));
}

/** Later than every instant: a grant that has not ended, or no grant at all. */
const NEVER = '~';

/** For an instant: when the last grant created by then ended. Grants are put in order once, however many Decrypts ask. */
function releases(grants: readonly GrantHead[]): (time: Timestamp) => Timestamp {
  const known = grants.flatMap(({ created, end }) =>
    // Stryker disable next-line ArrayDeclaration: what has no times is never earlier nor later
    created === undefined ? [] : { created: timeOf(created), ended: end === undefined ? NEVER : timeOf(end.order) },
  );
  // Stryker disable next-line EqualityOperator: of equals either may come first
  known.sort((a, b) => (a.created < b.created ? -1 : 1));
  let last = '';
  const lastEnds = known.map(({ ended }) => {
    // Stryker disable next-line EqualityOperator: the same end is the same end
    if (ended > last) last = ended;
    return last;
  });
  return (time) => {
    let low = 0;
    let high = known.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      // Stryker disable next-line OptionalChaining: the middle lies within
      if ((known[middle]?.created ?? NEVER) <= time) low = middle + 1;
      else high = middle;
    }
    return lastEnds[low - 1] ?? NEVER;
  };
}

/** By cluster. */
function groupOf({ clusterAccount, clusterName }: Volume): string {
  return JSON.stringify(['use-after-release', clusterAccount, clusterName]);
}

function occurrenceOf(volume: Volume, decrypt: Decrypt): Occurrence {
  const { clusterAccount, clusterName, volumeId, keyArn } = volume;
  return {
    rule: 'use-after-release',
    severity: 'medium',
    subject: { clusterAccount, clusterName, volumeId, keyArn },
    about: {},
    group: groupOf(volume),
    eventId: decrypt.eventId,
    time: decrypt.time,
    operation: decrypt.operation,
    caller: decrypt.caller.id,
    ...(decrypt.region === undefined ? {} : { region: decrypt.region }),
    sentence: `${name(decrypt.caller.id)} decrypted volume ${name(volumeId)} of cluster ${name(clusterName)} with ${key(keyArn)} after every grant of it had ended.`,
  };
}
