import {
  FULL_STATE,
  invokeCommand,
  keyCommand,
  missingRuleCommand,
  ruleCommand,
  subscribeCommand,
  targetsCommand,
  trailCommand,
} from './mending.ts';
import type { Deployment, Observations, Observed, RuleSeen, RuleState, TopicKeySeen, TopicSeen, TrailSeen } from './observed.ts';
import { type Coverage, coverageOf } from './trail-selectors.ts';

/** One question about a deployment, answered. `mend` is the AWS CLI command that repairs what is bad. */
export interface Check {
  readonly name: string;
  readonly verdict: 'good' | 'bad' | 'unknown';
  readonly says: string;
  readonly mend?: string;
}

/** The canary goes round every hour or oftener. */
const CANARY_LIMIT_SECONDS = 90 * 60;

/** Judges a deployment by what was observed; what could not be observed is unknown, never good. */
export function diagnose(observations: Observations): Check[] {
  const { deployment, trails, rules, expectedRules, topics, canary } = observations;
  return [
    judged('trail', trails, (seen) => trailCheck(seen, deployment)),
    ...('failed' in rules ? [unknown('rules', rules.failed)] : ruleChecks(rules.seen, expectedRules, deployment)),
    ...('failed' in topics ? [unknown('topics', topics.failed)] : topics.seen.flatMap((topic) => topicChecks(topic, deployment))),
    ...(canary === undefined ? [] : [judged('canary', canary, (seconds) => canaryCheck(seconds, deployment))]),
  ];
}

type Answer = Omit<Check, 'name'>;
const good = (says: string): Answer => ({ verdict: 'good', says });
const bad = (says: string, mend?: string): Answer => ({ verdict: 'bad', says, ...(mend === undefined ? {} : { mend }) });
const unknown = (name: string, failed: string): Check => ({ name, verdict: 'unknown', says: failed });

function judged<T>(name: string, observed: Observed<T>, judge: (seen: T) => Answer): Check {
  return 'failed' in observed ? unknown(name, observed.failed) : { name, ...judge(observed.seen) };
}

/** Trails add up: EventBridge has what any of them records. */
function trailCheck(trails: readonly TrailSeen[], { region }: Deployment): Answer {
  if (trails.length === 0)
    return bad(`no trail covers ${region}, so that EventBridge has no KMS calls to deliver`, trailCommand({ region }));
  const logging = trails.filter(({ logging: on }) => 'seen' in on && on.seen);
  const read = logging.flatMap(({ name, selectors }) => ('seen' in selectors ? [{ name, ...coverageOf(selectors.seen) }] : []));
  if (read.some(({ reads }) => reads) && read.some(({ writes }) => writes)) {
    const names = read.filter(({ reads, writes }) => reads || writes).map(({ name }) => name);
    return good(`${names.join(' and ')} ${names.length === 1 ? 'records' : 'record'} KMS reads and writes`);
  }
  const failed = trails.flatMap(({ logging: on, selectors }) => {
    if ('failed' in on) return [on.failed];
    return on.seen && 'failed' in selectors ? [selectors.failed] : [];
  });
  if (failed[0] !== undefined) return { verdict: 'unknown', says: failed[0] };
  const [trail] = logging.length > 0 ? logging : trails;
  if (trail === undefined || !('seen' in trail.selectors) || logging.length === 0)
    return bad(`logging is stopped on ${trails.map(({ name }) => name).join(' and ')}`, trailCommand({ region, stopped: trails[0] }));
  const says = `${trail.name} records ${missingFrom(coverageOf(trail.selectors.seen))}`;
  return bad(says, trailCommand({ region, partial: { trail, selectors: trail.selectors.seen } }));
}

function missingFrom({ reads, writes, because }: Coverage): string {
  const what = reads ? 'no KMS writes (CreateGrant, DisableKey)' : writes ? 'no KMS reads (Decrypt, GenerateDataKey)' : 'no KMS calls';
  return because.length === 0 ? what : `${what}: ${[...new Set(because)].join(', ')}`;
}

function ruleChecks(rules: readonly RuleSeen[], expected: readonly string[], deployment: Deployment): Check[] {
  const missing = expected.filter((id) => !rules.some((rule) => rule.id === id));
  return [
    ...rules.map((rule): Check => {
      const name = `rule ${rule.id}`;
      const stateOf = judged(name, rule.rule, (seen) => stateAnswer(seen, rule, deployment));
      return stateOf.verdict === 'good' ? judged(name, rule.targets, (targets) => targetAnswer(targets, rule, deployment)) : stateOf;
    }),
    ...missing.map((id): Check => ({ name: `rule ${id}`, ...bad(`is not in the stack ${deployment.stack}: deploy it again`) })),
  ];
}

function stateAnswer(seen: RuleState | undefined, rule: RuleSeen, deployment: Deployment): Answer {
  if (seen === undefined) return bad(`${rule.name} was deleted`, missingRuleCommand(rule, deployment));
  if (seen.scheduled ? seen.state !== 'DISABLED' : seen.state === FULL_STATE) return good('');
  const why = seen.state === 'ENABLED' ? 'is plain ENABLED, which leaves out read-only calls such as Decrypt' : `is ${seen.state}`;
  return bad(`${rule.name} ${why}`, ruleCommand(rule.name, seen, deployment));
}

function targetAnswer(targets: readonly string[], rule: RuleSeen, deployment: Deployment): Answer {
  const { rule: seen, name } = rule;
  const scheduled = 'seen' in seen && seen.seen?.scheduled === true;
  const arn = scheduled ? deployment.sweepArn : deployment.auditArn;
  if (targets.length === 0) return bad(`${name} has no target`, targetsCommand(rule, deployment, arn));
  if (arn !== undefined && !targets.includes(arn)) return bad(`${name} does not send to ${arn}`, targetsCommand(rule, deployment, arn));
  return good(`${name} delivers ${scheduled ? 'on schedule' : 'reads and writes'}`);
}

function topicChecks(topic: TopicSeen, { region }: Deployment): Check[] {
  const name = `${topic.role} topic`;
  const subscription = judged(`${name} subscription`, topic.subscriptions, (subscriptions) => {
    if (subscriptions === undefined)
      return bad(
        `${topic.arn} was deleted`,
        `aws sns create-topic --region ${region} --name ${topic.arn.slice(topic.arn.lastIndexOf(':') + 1)}`,
      );
    const confirmed = subscriptions.filter((one) => one.confirmed);
    if (confirmed.length > 0)
      return good(`${confirmed.length} confirmed: ${[...new Set(confirmed.map(({ protocol }) => protocol))].join(', ')}`);
    const [pending] = subscriptions;
    if (pending === undefined) return bad('nobody is subscribed', subscribeCommand(topic.arn, region));
    return bad(`${pending.endpoint} has not confirmed; this sends the question again`, subscribeCommand(topic.arn, region, pending));
  });
  // The health topic is made without a key.
  if (topic.role === 'health' && 'seen' in topic.key && topic.key.seen === undefined) return [subscription];
  const key = judged(`${name} key`, topic.key, (seen) => (seen === undefined ? good('has no key that could be lost') : good('')));
  const seen = 'seen' in topic.key ? topic.key.seen : undefined;
  return [subscription, seen === undefined ? key : keyCheck(`${name} key`, seen, topic)];
}

function keyCheck(name: string, { arn, key }: TopicKeySeen, topic: TopicSeen): Check {
  return judged(name, key, (seen) => {
    if (seen === undefined) return bad(`${arn} does not exist or may not be used from here`, keyCommand(arn, topic.arn));
    if (seen.awsManaged) return bad(`${arn} is AWS managed: no CloudWatch alarm gets through`, keyCommand(arn, topic.arn));
    return seen.state === 'Enabled' ? good(`${arn} is enabled`) : bad(`${arn} is ${seen.state}`, keyCommand(arn, topic.arn, seen));
  });
}

function canaryCheck(seconds: number | undefined, deployment: Deployment): Answer {
  if (seconds !== undefined && seconds <= CANARY_LIMIT_SECONDS) return good(`came back ${Math.floor(seconds / 60)} min ago`);
  const says = seconds === undefined ? 'never came back' : `last came back ${Math.floor(seconds / 60)} min ago`;
  return bad(`${says}; this sends another`, invokeCommand(deployment));
}
