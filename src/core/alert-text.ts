import type { Dependents } from './dependents.ts';
import { eventIdsNamed, evidenceText, shellWord } from './evidence-text.ts';
import { exceptionFor } from './exception.ts';
import { type Evidence, findingId, type Occurrence, type Subject } from './finding.ts';
import { type AlertMessage, messageOf } from './message.ts';
import { titleOf } from './report.ts';
import { ruleOf } from './rules/registry.ts';
import { type Digest, printable, printableJson } from './text.ts';
import type { Timestamp } from './timestamp.ts';

/** What an alert is made from. */
export interface AlertParts {
  /** The occurrence that is told. */
  readonly lead: Occurrence;
  /** Others of the same record that are told with it. */
  readonly others: readonly Occurrence[];
  readonly evidence: Evidence;
  readonly dependents?: Dependents | undefined;
  readonly reminder: boolean;
  /** Until when it lasted, where it is over by now. */
  readonly over?: Timestamp | undefined;
}

const LIMITS = { clusters: 10, advice: 2_000 };

/** Writes the alert of an occurrence: what happened, what depends on it, where the evidence is, what to do. */
export function alertMessage(parts: AlertParts, digest: Digest): AlertMessage {
  const { lead, evidence, reminder } = parts;
  const id = findingId(lead.rule, lead.subject, digest);
  const { keyArn = '', clusterName = '' } = fieldsOf(lead);
  return messageOf(
    {
      id,
      title: `${reminder ? 'Still: ' : ''}[${lead.severity.toUpperCase()}] ${titleOf(lead)}`,
      paragraphs: [...sentencesOf(parts), ...dependentsText(parts.dependents)],
      evidence: evidenceText(evidence, ruleOf(lead.rule)?.inSweep),
      steps: runbookOf(lead),
      advice: adviceOf(lead),
      group: lead.group,
      rule: lead.rule,
      severity: lead.severity,
      fields: {
        findingId: id,
        rule: lead.rule,
        severity: lead.severity,
        ...fieldsOf(lead),
        caller: lead.caller,
        operation: lead.operation,
        region: lead.region,
        firstSeen: evidence.first.time,
        lastSeen: evidence.last.time,
        count: String(evidence.count),
        eventIds: eventIdsNamed(evidence).join(' '),
      },
      attributes: { rule: lead.rule, severity: lead.severity, findingId: id, keyArn, clusterName },
    },
    digest,
  );
}

const fieldsOf = ({ about, subject }: Occurrence): Subject => ({ ...about, ...subject });

/** What happened and why it matters; of what is over, when it ended instead. */
function sentencesOf({ lead, others, over }: AlertParts): string[] {
  const rules = new Set(others.map(({ rule }) => rule));
  const matters = over === undefined ? ruleOf(lead.rule)?.why : `It has ended since, at ${over}.`;
  return [
    lead.sentence,
    ...(matters === undefined ? [] : [matters]),
    ...[...rules].map((rule) => `Also ${rule}: ${ruleOf(rule)?.title ?? rule}.`),
  ];
}

function dependentsText(dependents: Dependents | undefined): string[] {
  if (dependents === undefined) return [];
  const { openGrants, clusters, complete } = dependents;
  if (openGrants === 0) return ['No open grant on the key is known to the audit. Secrets, images, logs and buckets use a key without one.'];
  const top = [...clusters].sort((a, b) => b.openGrants - a.openGrants).slice(0, LIMITS.clusters);
  const rest = clusters.length - top.length;
  const named = top.map((cluster) => `${printable(cluster.clusterName, 100)} (${cluster.openGrants})`).join(', ');
  const list = named === '' ? '' : ` By cluster: ${named}${rest > 0 ? ` and ${rest} more` : ''}.`;
  return [`Depending on the key now: ${complete ? '' : 'at least '}${openGrants} open ${openGrants === 1 ? 'grant' : 'grants'}.${list}`];
}

/** The policy entry that would expect this: the rule's own, or for a grant that no profile can be written for, an exception. */
function adviceOf(lead: Occurrence): string | undefined {
  const exception = ruleOf(lead.rule)?.excepted ? exceptionFor(lead) : undefined;
  const entry = lead.advice ?? (exception && JSON.stringify({ exceptions: [exception] }));
  return entry === undefined || entry.length > LIMITS.advice
    ? undefined
    : `To expect this from now on, add to the policy: ${printableJson(entry)}`;
}

/** The runbook with the finding's own key, grant and cluster in its commands. */
function runbookOf(lead: Occurrence): string[] {
  const { keyArn, grantId, clusterName, keyStoreId, taskArn, resource } = fieldsOf(lead);
  const known: Readonly<Record<string, string | undefined>> = {
    '<key>': keyArn,
    '<grant>': grantId,
    '<cluster>': clusterName,
    '<store>': keyStoreId,
    '<task>': taskArn,
  };
  const where = shellWord(lead.region) === undefined ? '' : ` --region ${lead.region}`;
  return (ruleOf(lead.rule)?.runbook ?? []).map((step) => {
    const service = /\baws ([a-z]+) /.exec(step)?.[1];
    // A command for a trail must not be given the ARN of a rule.
    const owner = resource?.split(':')[2] ?? service;
    const words = owner === service ? { ...known, '<resource>': resource } : known;
    return step
      .replace(/\baws [a-z]+ [a-z-]+/g, (command) => command + where)
      .replace(/<(?:key|grant|cluster|store|task|resource)>/g, (mark) => shellWord(words[mark]) ?? mark);
  });
}
