import type { Dependents } from './dependents.ts';
import { eventIdOf } from './fact.ts';
import { type Evidence, findingId, type Occurrence, type Subject } from './finding.ts';
import { titleOf } from './report.ts';
import { ruleOf } from './rules/registry.ts';
import type { Severity } from './severity.ts';
import { type Digest, printable, printableJson, shortened } from './text.ts';

/** An alert ready to send: the bodies for each channel and the attributes subscriptions filter by. */
export interface AlertMessage {
  /** At most 99 ASCII characters. */
  readonly subject: string;
  /** The notification schema of Amazon Q Developer in chat applications, as JSON. */
  readonly chat: string;
  /** Plain text. */
  readonly email: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What an alert is made from. */
export interface AlertParts {
  /** The occurrence that is told. */
  readonly lead: Occurrence;
  /** Others of the same record that are told with it. */
  readonly others: readonly Occurrence[];
  readonly evidence: Evidence;
  readonly dependents?: Dependents | undefined;
  readonly reminder: boolean;
}

/** Channels cut long messages; SNS refuses more than 262,144 bytes. These keep every body far below. */
const LIMITS = { title: 200, description: 3_000, step: 300, value: 500, clusters: 10, eventIds: 10, advice: 2_000 };
const MARK: Readonly<Record<Severity, string>> = { critical: 'CRITICAL', high: 'HIGH', medium: 'MEDIUM', low: 'LOW' };

/**
 * Writes the alert of an occurrence. Untrusted text is bounded and printable everywhere, and cannot mark up chat.
 * https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
 */
export function alertMessage(parts: AlertParts, digest: Digest): AlertMessage {
  const { lead, evidence, reminder } = parts;
  const id = findingId(lead.rule, lead.subject, digest);
  const title = shortened(`${reminder ? 'Still: ' : ''}[${MARK[lead.severity]}] ${titleOf(lead)}`, LIMITS.title);
  const told = toldFields(lead, id, evidence);
  const steps = runbookOf(lead);
  const paragraphs = [...sentencesOf(parts), ...dependentsText(parts.dependents), ...evidenceText(evidence, lead)];
  const advice =
    lead.advice === undefined || lead.advice.length > LIMITS.advice
      ? []
      : [`To expect this from now on, add to the policy: ${printableJson(lead.advice)}`];
  return {
    subject: asciiOnly(title).slice(0, 99),
    chat: JSON.stringify({
      version: '1.0',
      source: 'custom',
      id,
      content: {
        textType: 'client-markdown',
        title: plain(title),
        description: shortened([...paragraphs, ...advice].map(plain).join('\n'), LIMITS.description),
        nextSteps: steps.map((step) => shortened(plain(step), LIMITS.step)),
        keywords: [lead.rule, lead.severity],
      },
      metadata: {
        threadId: digest(lead.group).slice(0, 32),
        summary: plain(title),
        eventType: lead.rule,
        additionalContext: told,
      },
    }),
    email: [
      title,
      '',
      ...paragraphs,
      '',
      'What to do',
      ...steps.map((step, index) => `${index + 1}. ${step}`),
      ...(advice.length === 0 ? [] : ['', ...advice]),
      '',
      'Finding',
      ...Object.entries(told).map(([name, value]) => `${name}: ${value}`),
    ].join('\n'),
    attributes: attributesOf(lead, id),
  };
}

const fieldsOf = ({ about, subject }: Occurrence): Subject => ({ ...about, ...subject });

function attributesOf(lead: Occurrence, id: string): Readonly<Record<string, string>> {
  const { keyArn, clusterName } = fieldsOf(lead);
  const attributes = { rule: lead.rule, severity: lead.severity, findingId: id, keyArn, clusterName };
  return Object.fromEntries(Object.entries(attributes).flatMap(([name, value]) => (value ? [[name, printable(value, LIMITS.value)]] : [])));
}

function toldFields(lead: Occurrence, id: string, { first, last, count, orders }: Evidence): Readonly<Record<string, string>> {
  const eventIds = orders.slice(-LIMITS.eventIds).map(eventIdOf);
  const fields = {
    findingId: id,
    rule: lead.rule,
    severity: lead.severity,
    ...fieldsOf(lead),
    caller: lead.caller,
    operation: lead.operation,
    region: lead.region,
    firstSeen: first.time,
    lastSeen: last.time,
    count: String(count),
    eventIds: eventIds.join(' '),
  };
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [[name, printable(value, LIMITS.value)]],
    ),
  );
}

function sentencesOf({ lead, others }: AlertParts): string[] {
  const rules = new Set(others.map(({ rule }) => rule));
  return [lead.sentence, ...[...rules].map((rule) => `Also ${rule}: ${ruleOf(rule)?.title ?? rule}.`)];
}

function dependentsText(dependents: Dependents | undefined): string[] {
  if (dependents === undefined) return [];
  const { openGrants, clusters, complete } = dependents;
  if (openGrants === 0) return ['No open grant on the key is known to the audit.'];
  const top = [...clusters].sort((a, b) => b.openGrants - a.openGrants).slice(0, LIMITS.clusters);
  const rest = clusters.length - top.length;
  const named = top.map((cluster) => `${printable(cluster.clusterName, 100)} (${cluster.openGrants})`).join(', ');
  const list = named === '' ? '' : ` By cluster: ${named}${rest > 0 ? ` and ${rest} more` : ''}.`;
  return [`Depending on the key now: ${complete ? '' : 'at least '}${openGrants} open ${openGrants === 1 ? 'grant' : 'grants'}.${list}`];
}

function evidenceText({ first, last, count, complete }: Evidence, { eventId, region }: Occurrence): string[] {
  const where = shellWord(region) === undefined ? '' : ` --region ${region}`;
  const seen =
    count === 1 ? `Seen once, at ${first.time}.` : `Seen ${complete ? '' : 'at least '}${count} times, from ${first.time} to ${last.time}.`;
  return [
    `${seen} Find the record: aws cloudtrail lookup-events${where} --lookup-attributes AttributeKey=EventId,AttributeValue=${printable(eventId, 64)}`,
  ];
}

/** The runbook with the finding's own key, grant and cluster in its commands. */
function runbookOf(lead: Occurrence): string[] {
  const { keyArn, grantId, clusterName, keyStoreId } = fieldsOf(lead);
  const known: Readonly<Record<string, string | undefined>> = {
    '<key>': keyArn,
    '<grant>': grantId,
    '<cluster>': clusterName,
    '<store>': keyStoreId,
  };
  const where = shellWord(lead.region) === undefined ? '' : ` --region ${lead.region}`;
  return (ruleOf(lead.rule)?.runbook ?? []).map((step) =>
    step
      .replace(/\baws [a-z]+ [a-z-]+/g, (command) => command + where)
      .replace(/<(?:key|grant|cluster|store)>/g, (mark) => shellWord(known[mark]) ?? mark),
  );
}

/** A name fit for a command line as it stands; others keep their placeholder, so that a hostile name is never pasted into a shell. */
function shellWord(value: string | undefined): string | undefined {
  return value !== undefined && /^[A-Za-z0-9/][A-Za-z0-9:/_.-]{0,255}$/.test(value) ? value : undefined;
}

/** Text in which chat finds no mention, link or code: emphasis alone is left, since it misleads nobody and names are full of underscores. */
function plain(value: string): string {
  return value
    .replace(/[<>&]/g, (mark) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;' })[mark] ?? mark)
    .replaceAll('`', "'")
    .replaceAll('](', '] (');
}

function asciiOnly(value: string): string {
  return value.replace(/[^\x20-\x7e]/g, '?');
}
