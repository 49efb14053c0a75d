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
import type { Deployment, Observations, Observed, RuleSeen, TopicKeySeen, TopicSeen, TrailSeen } from './observed.ts';
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
    { name: 'trail', ...judged(trails, (seen) => trailAnswer(seen, deployment)) },
    ...('failed' in rules ? [{ name: 'rules', ...unknown(rules.failed) }] : ruleChecks(rules.seen, expectedRules, deployment)),
    ...('failed' in topics
      ? [{ name: 'topics', ...unknown(topics.failed) }]
      : topics.seen.flatMap((topic) => topicChecks(topic, deployment))),
    ...(canary === undefined ? [] : [{ name: 'canary', ...judged(canary, (seconds) => canaryAnswer(seconds, deployment)) }]),
  ];
}

type Answer = Omit<Check, 'name'>;
const good = (says: string): Answer => ({ verdict: 'good', says });
const bad = (says: string, mend?: string): Answer => ({ verdict: 'bad', says, ...(mend === undefined ? {} : { mend }) });
const unknown = (failed: string): Answer => ({ verdict: 'unknown', says: failed });

function judged<T>(observed: Observed<T>, judge: (seen: T) => Answer): Answer {
  return 'failed' in observed ? unknown(observed.failed) : judge(observed.seen);
}

/** Trails add up: EventBridge has what any of them records. */
function trailAnswer(trails: readonly TrailSeen[], { region }: Deployment): Answer {
  if (trails.length === 0)
    return bad(`no trail covers ${region}, so that EventBridge has no KMS calls to deliver`, trailCommand({ region }));
  const logging = trails.filter(({ logging: on }) => 'seen' in on && on.seen);
  const read = logging.flatMap((trail) => {
    const { selectors } = trail;
    // Stryker disable next-line ArrayDeclaration: what is no coverage covers nothing.
    return 'seen' in selectors ? [{ trail, selectors: selectors.seen, ...coverageOf(selectors.seen) }] : [];
  });
  if (read.some(({ reads }) => reads) && read.some(({ writes }) => writes)) {
    const names = read.filter(({ reads, writes }) => reads || writes).map(({ trail }) => trail.name);
    return good(`${names.join(' and ')} ${names.length === 1 ? 'records' : 'record'} KMS reads and writes`);
  }
  const [failed] = trails.flatMap(({ logging: on, selectors }) => {
    if ('failed' in on) return [on.failed];
    return on.seen && 'failed' in selectors ? [selectors.failed] : [];
  });
  if (failed !== undefined) return unknown(failed);
  const [lacking] = read;
  if (lacking === undefined)
    return bad(`logging is stopped on ${trails.map(({ name }) => name).join(' and ')}`, trailCommand({ region, stopped: trails[0] }));
  return bad(`${lacking.trail.name} records ${missingFrom(lacking)}`, trailCommand({ region, partial: lacking }));
}

function missingFrom({ reads, writes, because }: Coverage): string {
  const what = reads ? 'no KMS writes (CreateGrant, DisableKey)' : writes ? 'no KMS reads (Decrypt, GenerateDataKey)' : 'no KMS calls';
  return `${what}: ${[...new Set(because)].join(', ')}`;
}

function ruleChecks(rules: readonly RuleSeen[], expected: readonly string[], deployment: Deployment): Check[] {
  const missing = expected.filter((id) => !rules.some((rule) => rule.id === id));
  return [
    ...rules.map((rule) => ({ name: `rule ${rule.id}`, ...ruleAnswer(rule, deployment) })),
    ...missing.map((id) => ({ name: `rule ${id}`, ...bad(`is not in the stack ${deployment.stack}: deploy it again`) })),
  ];
}

function ruleAnswer(rule: RuleSeen, deployment: Deployment): Answer {
  return judged(rule.rule, (seen) => {
    if (seen === undefined) return bad(`${rule.name} was deleted`, missingRuleCommand(rule, deployment));
    const { state, scheduled } = seen;
    if (scheduled ? state !== 'DISABLED' : state === FULL_STATE)
      return judged(rule.targets, (targets) => targetAnswer(targets, rule, scheduled, deployment));
    const why = state === 'ENABLED' ? 'is plain ENABLED, which leaves out read-only calls such as Decrypt' : `is ${state}`;
    return bad(`${rule.name} ${why}`, ruleCommand(rule.name, seen, deployment));
  });
}

function targetAnswer(targets: readonly string[], rule: RuleSeen, scheduled: boolean, deployment: Deployment): Answer {
  const { name } = rule;
  const arn = scheduled ? deployment.sweepArn : deployment.auditArn;
  if (targets.length === 0) return bad(`${name} has no target`, targetsCommand(rule, deployment, arn));
  if (arn !== undefined && !targets.includes(arn)) return bad(`${name} does not send to ${arn}`, targetsCommand(rule, deployment, arn));
  return good(`${name} delivers ${scheduled ? 'on schedule' : 'reads and writes'}`);
}

function topicChecks(topic: TopicSeen, { region }: Deployment): Check[] {
  const name = `${topic.role} topic`;
  const subscription = judged(topic.subscriptions, (subscriptions) => {
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
  const subscribed = { name: `${name} subscription`, ...subscription };
  // The health topic is made without a key.
  if (topic.role === 'health' && 'seen' in topic.key && topic.key.seen === undefined) return [subscribed];
  const key = judged(topic.key, (seen) => (seen === undefined ? good('has no key that could be lost') : keyAnswer(seen, topic)));
  return [subscribed, { name: `${name} key`, ...key }];
}

function keyAnswer({ arn, key }: TopicKeySeen, topic: TopicSeen): Answer {
  return judged(key, (seen) => {
    if (seen === undefined) return bad(`${arn} does not exist or may not be used from here`, keyCommand(arn, topic.arn));
    if (seen.awsManaged) return bad(`${arn} is AWS managed: no CloudWatch alarm gets through`, keyCommand(arn, topic.arn));
    return seen.state === 'Enabled' ? good(`${arn} is enabled`) : bad(`${arn} is ${seen.state}`, keyCommand(arn, topic.arn, seen));
  });
}

function canaryAnswer(seconds: number | undefined, deployment: Deployment): Answer {
  if (seconds === undefined) return bad('never came back; this sends another', invokeCommand(deployment));
  const back = `came back ${Math.floor(seconds / 60)} min ago`;
  return seconds <= CANARY_LIMIT_SECONDS ? good(back) : bad(`last ${back}; this sends another`, invokeCommand(deployment));
}
