import { eventIdOf } from './fact.ts';
import type { Evidence } from './finding.ts';
import { isListed } from './listed-grant.ts';

/** Queries name so many records at most. */
const EVENT_IDS_NAMED = 10;
/** Calls have names of one word; what a service tells EventBridge itself is in no trail. */
const API_CALL = /^[A-Za-z0-9]+$/;
const CONSOLES: Readonly<Record<string, string>> = { 'cn-': 'console.amazonaws.cn', 'us-gov-': 'console.amazonaws-us-gov.com' };

/** The events of the evidence that are named, the latest among them. */
export function eventIdsNamed({ orders, last }: Evidence): readonly string[] {
  const ids = orders.map(eventIdOf);
  // Of many events the evidence lists the earliest.
  return (ids.includes(last.eventId) ? ids : [...ids, last.eventId]).slice(-EVENT_IDS_NAMED);
}

/** How often and when, or since when where it is a state that stands, and where to look the records up: on the command line, in Logs Insights, in the console. */
export function evidenceText(evidence: Evidence, standing = false): string[] {
  const { last } = evidence;
  const seen = standing ? standingSince(evidence) : timesSeen(evidence);
  if (!API_CALL.test(last.operation)) return [seen, 'The service sent this event itself: no trail holds a record of it.'];
  if (isListed(last.eventId)) return [seen, 'No record of its creation was seen: the sweep found the grant in KMS.'];
  const eventIds = eventIdsNamed(evidence);
  const lastId = shellWord(last.eventId) ?? '<eventId>';
  const region = shellWord(last.region);
  const where = region === undefined ? '' : ` --region ${region}`;
  const lines = [
    seen,
    `Find the record: aws cloudtrail lookup-events${where} --lookup-attributes AttributeKey=EventId,AttributeValue=${lastId}`,
  ];
  if (region !== undefined && shellWord(last.eventId) !== undefined) lines.push(`In the console: ${consoleLink(region, last.eventId)}`);
  if (eventIds.every((id) => shellWord(id) !== undefined))
    lines.push(`In Logs Insights, on the trail’s log group: ${insightsQuery(eventIds)}`);
  return lines;
}

function standingSince({ first, count, complete }: Evidence): string {
  return count === 1
    ? `It holds since ${first.time}.`
    : `It holds of ${complete ? '' : 'at least '}${count}, the first since ${first.time}.`;
}

function timesSeen({ first, last, count, complete }: Evidence): string {
  if (count === 1) return `Seen once, at ${first.time}.`;
  return `Seen ${complete ? '' : 'at least '}${count} times, from ${first.time} to ${last.time}.`;
}

function consoleLink(region: string, eventId: string): string {
  const host = Object.entries(CONSOLES).find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'console.aws.amazon.com';
  return `https://${region}.${host}/cloudtrailv2/home?region=${region}#/events/${eventId}`;
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html */
function insightsQuery(eventIds: readonly string[]): string {
  const listed = eventIds.map((id) => `"${id}"`).join(', ');
  return `fields @timestamp, eventName, userIdentity.arn, errorCode | filter eventID in [${listed}] | sort @timestamp`;
}

/** A name fit for a command line or a link as it stands; undefined for others, so that a hostile name is never pasted into a shell. */
export function shellWord(value: string | undefined): string | undefined {
  // Stryker disable next-line ConditionalExpression: undefined comes back as it is, whatever it is taken for.
  return value !== undefined && /^[A-Za-z0-9/][A-Za-z0-9:/_.-]{0,255}$/.test(value) ? value : undefined;
}
