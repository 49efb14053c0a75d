import { type EventRuleChange, type FactBase, isByDeployment } from './fact.ts';
import { at, field, firstText, text } from './json.ts';
import { partitionOf } from './key-arn.ts';
import { type CallReader, OUT_OF_SCOPE, type Reading, rejected } from './reading.ts';
import { bounded, type Digest, printable } from './text.ts';

const LIMITS = { name: 128, arn: 512 };
const RULE_ARN = /^arn:aws[a-z-]*:events:[a-z0-9-]+:[A-Za-z0-9-]+:rule\/(?:.+\/)?([^/]+)$/s;

const CHANGES: ReadonlyMap<string, EventRuleChange> = new Map([
  ['EnableRule', 'enabled'],
  ['DisableRule', 'disabled'],
  ['DeleteRule', 'deleted'],
  ['PutRule', 'replaced'],
  ['PutTargets', 'targets-put'],
  ['RemoveTargets', 'targets-removed'],
]);

/** Reads a change of an EventBridge rule that succeeded. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html */
function readEventRuleChanged(record: unknown, base: FactBase, digest: Digest): Reading {
  const change = CHANGES.get(base.operation);
  // Stryker disable next-line ConditionalExpression: it is given its own calls alone.
  if (change === undefined) return OUT_OF_SCOPE;
  const request = field(record, 'requestParameters');
  const answered = text(at(record, 'responseElements', 'ruleArn'));
  const named = firstText(field(request, 'name'), field(request, 'rule'), answered);
  if (named === undefined) return rejected(`EventBridge record ${printable(base.eventId, 64)}: ${base.operation} names no rule`);
  const ruleName = RULE_ARN.exec(named)?.[1] ?? named;
  return {
    kind: 'fact',
    fact: {
      kind: 'event-rule-changed',
      ...base,
      ruleArn: bounded(arnOf(named, ruleName, text(field(request, 'eventBusName')), base), LIMITS.arn, digest),
      ruleName: bounded(ruleName, LIMITS.name, digest),
      change: change === 'replaced' ? putAs(text(field(request, 'state')), base) : change,
    },
  };
}

/** EventBridge's calls. */
export const EVENT_RULE_CALLS: CallReader = { service: 'EventBridge', operations: new Set(CHANGES.keys()), read: readEventRuleChanged };

/** The state that lets read-only management events through, https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html */
const FULL_STATE = 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS';

function putAs(state: string | undefined, base: FactBase): EventRuleChange {
  if (state === 'DISABLED') return 'disabled';
  return state === FULL_STATE && isByDeployment(base) ? 'deployed' : 'replaced';
}

/** The ARN where it is given; else from the name. The default bus goes unnamed in its rules' ARNs. */
function arnOf(named: string, name: string, bus: string | undefined, { region = 'unknown', account = 'unknown' }: FactBase): string {
  if (RULE_ARN.test(named)) return named;
  // Stryker disable next-line Regex: without its beginning it is only slower.
  const busName = bus?.replace(/^.*:event-bus\//s, '');
  const path = busName === undefined || busName === 'default' ? name : `${busName}/${name}`;
  return `arn:${partitionOf(region)}:events:${region}:${account}:rule/${path}`;
}
