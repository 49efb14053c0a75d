import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { replay } from '../../src/cli/replay.ts';
import type { Finding } from '../../src/core/finding.ts';
import { OCSF_VERSION, type OcsfContext, ocsfDetectionFinding } from '../../src/core/ocsf.ts';
import { DEFAULT_POLICY } from '../../src/core/policy.ts';
import { RULES } from '../../src/core/rules/registry.ts';
import { SEVERITIES } from '../../src/core/severity.ts';
import { ACCOUNT, eventId, instant, KEY, OTHER_ACCOUNT, REGION, userArn } from '../support/fleet.ts';

const EVENTS = fileURLToPath(new URL('../../events', import.meta.url));
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const LONGEST = 2048;

/**
 * What OCSF 1.9.0 says of each object we write: the attributes it must have, the attributes of which it must have one,
 * and the file of https://github.com/ocsf/ocsf-schema that says so.
 */
const FACTS = {
  event: {
    required: ['activity_id', 'category_uid', 'class_uid', 'severity_id', 'type_uid', 'time', 'metadata', 'finding_info', 'cloud'],
    oneOf: [],
    source: 'events/base_event.json, events/findings/finding.json, profiles/cloud.json',
  },
  metadata: { required: ['product', 'version'], oneOf: [], source: 'objects/metadata.json' },
  product: { required: [], oneOf: ['name', 'uid'], source: 'objects/product.json, objects/_entity.json' },
  findingInfo: { required: ['uid'], oneOf: [], source: 'objects/finding_info.json' },
  analytic: { required: ['type_id'], oneOf: ['name', 'uid'], source: 'objects/analytic.json' },
  attack: { required: [], oneOf: ['tactic', 'technique', 'sub_technique'], source: 'objects/attack.json' },
  technique: { required: [], oneOf: ['name', 'uid'], source: 'objects/technique.json' },
  relatedEvent: { required: ['uid'], oneOf: [], source: 'objects/related_event.json' },
  cloud: { required: ['provider'], oneOf: [], source: 'objects/cloud.json' },
  account: { required: [], oneOf: ['name', 'uid'], source: 'objects/account.json' },
  api: { required: ['operation'], oneOf: [], source: 'objects/api.json' },
  evidence: { required: [], oneOf: ['actor', 'api', 'resources', 'user'], source: 'objects/evidences.json' },
  actor: { required: [], oneOf: ['process', 'user', 'session'], source: 'objects/actor.json' },
  user: { required: [], oneOf: ['account', 'name', 'uid'], source: 'objects/user.json' },
  resource: { required: [], oneOf: ['name', 'uid'], source: 'objects/resource_details.json, objects/_resource.json' },
  observable: { required: ['type_id'], oneOf: [], source: 'objects/observable.json' },
  remediation: { required: ['desc'], oneOf: [], source: 'objects/remediation.json' },
} as const;

const text = v.pipe(v.string(), v.nonEmpty(), v.maxLength(LONGEST));
const integer = v.pipe(v.number(), v.integer());
/** Milliseconds: in seconds, any day of this century would be before 1971. */
const timestamp = v.pipe(integer, v.minValue(Date.UTC(2000, 0)), v.maxValue(Date.UTC(2100, 0)));

/** An object of no other than these attributes, `undefined` none of their values, that keeps to its {@link FACTS}. */
function object<Entries extends Record<string, v.GenericSchema>>(fact: keyof typeof FACTS, entries: Entries) {
  const { required, oneOf } = FACTS[fact];
  const attributes = Object.fromEntries(Object.entries(entries).map(([name, schema]) => [name, v.exactOptional(schema)]));
  return v.pipe(
    v.strictObject(attributes),
    v.check((value) => required.every((name) => Object.hasOwn(value, name)), `${fact} must have ${required.join(', ')}`),
    v.check(
      (value) => oneOf.length === 0 || oneOf.some((name) => Object.hasOwn(value, name)),
      `${fact} must have one of ${oneOf.join(', ')}`,
    ),
  );
}

const account = object('account', { uid: text, type_id: v.literal(10), type: v.literal('AWS Account') });
/** `T1098` or, of a sub-technique, `T1098.001`: https://attack.mitre.org/resources/ */
const technique = (uid: RegExp, url: RegExp) =>
  object('technique', { uid: v.pipe(v.string(), v.regex(uid)), src_url: v.pipe(v.string(), v.regex(url)) });
const api = object('api', { operation: text });
const user = object('user', { uid: text, name: text, type_id: v.picklist([0, 1, 2, 3, 4, 99]), type: text });
const eventSchema = object('event', {
  category_uid: v.literal(2),
  category_name: v.literal('Findings'),
  class_uid: v.literal(2004),
  class_name: v.literal('Detection Finding'),
  activity_id: v.literal(1),
  activity_name: v.literal('Create'),
  type_uid: v.literal(200401),
  type_name: v.literal('Detection Finding: Create'),
  severity_id: v.picklist([0, 1, 2, 3, 4, 5, 6, 99]),
  severity: text,
  status_id: v.picklist([0, 1, 2, 3, 4, 5, 6, 99]),
  status: v.picklist(['Unknown', 'New', 'In Progress', 'Suppressed', 'Resolved', 'Archived', 'Deleted', 'Other']),
  time: timestamp,
  timezone_offset: v.literal(0),
  start_time: timestamp,
  end_time: timestamp,
  count: v.pipe(integer, v.minValue(1)),
  message: text,
  metadata: object('metadata', {
    version: v.literal(OCSF_VERSION),
    profiles: v.tuple([v.literal('cloud')]),
    log_provider: text,
    product: object('product', { name: text, vendor_name: text, version: text }),
  }),
  finding_info: object('findingInfo', {
    uid: text,
    title: text,
    desc: text,
    types: v.pipe(v.array(text), v.nonEmpty()),
    created_time: timestamp,
    modified_time: timestamp,
    first_seen_time: timestamp,
    last_seen_time: timestamp,
    analytic: object('analytic', { type_id: v.literal(1), type: v.literal('Rule'), uid: text, name: text, desc: text }),
    attacks: v.array(
      object('attack', {
        technique: technique(/^T\d{4}$/, /^https:\/\/attack\.mitre\.org\/techniques\/T\d{4}\/$/),
        sub_technique: technique(/^T\d{4}\.\d{3}$/, /^https:\/\/attack\.mitre\.org\/techniques\/T\d{4}\/\d{3}\/$/),
      }),
    ),
    related_events: v.pipe(v.array(object('relatedEvent', { uid: text, type: text })), v.nonEmpty()),
    related_events_count: integer,
  }),
  cloud: object('cloud', { provider: v.literal('AWS'), cloud_partition: text, region: text, account }),
  api,
  evidences: v.pipe(v.array(object('evidence', { name: text, api, actor: object('actor', { user }) })), v.nonEmpty()),
  resources: v.pipe(
    v.array(
      object('resource', {
        uid: text,
        name: text,
        type: text,
        role_id: v.picklist([1, 2, 3, 4]),
        role: text,
        region: text,
        cloud_partition: text,
        owner: v.strictObject({ account }),
      }),
    ),
    v.nonEmpty(),
  ),
  observables: v.array(object('observable', { name: text, type_id: integer, value: text })),
  remediation: object('remediation', { desc: text }),
  unmapped: v.record(v.string(), text),
});

const finding = (fields: Partial<Finding> = {}): Finding => ({
  id: '0123456789abcdef0123456789abcdef',
  rule: 'disabled-key-use',
  severity: 'critical',
  status: 'holds',
  title: 'A disabled key is still being used: key 11111111-1111-1111-1111-111111111111',
  caller: 'fargate.amazonaws.com',
  operation: 'Decrypt',
  region: REGION,
  keyArn: KEY,
  clusterAccount: ACCOUNT,
  clusterName: 'prod',
  firstSeen: instant(0),
  lastSeen: instant(60),
  count: 2,
  eventIds: [eventId('one'), eventId('two')],
  ...fields,
});

/** A finding that says as little as its type lets it. */
const bare = (fields: Partial<Finding> = {}): Finding => {
  const { region: _region, keyArn: _keyArn, clusterAccount: _account, clusterName: _name, ...rest } = finding();
  return { ...rest, ...fields };
};

const HOSTILE: readonly (readonly [string, string])[] = [
  ['10 kB', 'x'.repeat(10_000)],
  ['controls', `a\u0000\u001b[2J\r\n${'b'.repeat(10_000)}`],
  ['right-to-left marks', '\u202e\u200f\u2066arn:aws:kms:\u2069'.repeat(900)],
  ['halves of characters', '\ud83d'.repeat(10_000)],
  ['an ARN of no end', `arn:aws:kms:us-east-1:${ACCOUNT}:key/${'/'.repeat(10_000)}`],
];

function hostile(value: string): Finding {
  return finding({
    id: value,
    rule: value,
    title: value,
    caller: value,
    operation: value,
    region: value,
    keyArn: value,
    keyStoreId: `store ${value}`,
    grantId: `grant ${value}`,
    clusterAccount: value,
    clusterName: `cluster ${value}`,
    volumeId: `volume ${value}`,
    resource: `resource ${value}`,
    account: value,
    eventIds: Array.from({ length: 100 }, () => value),
  });
}

/** The event as its reader gets it; what it does not keep of a schema is an error that says where. */
function eventOf(one: Finding, context?: OcsfContext): v.InferOutput<typeof eventSchema> {
  const event = ocsfDetectionFinding(one, context);
  // Compared before it goes through JSON, which would swallow an undefined.
  expect(JSON.parse(JSON.stringify(event))).toStrictEqual(event);
  return v.parse(eventSchema, event);
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

describe('an OCSF detection finding', () => {
  it('tells the finding', () => {
    const event = ocsfDetectionFinding(finding({ caller: userArn('operator'), grantId: 'grant-1' }), { productVersion: '1.2.3' });

    expect(event).toMatchObject({
      time: Date.UTC(2026, 10, 2, 10, 0, 0),
      start_time: Date.UTC(2026, 10, 2, 10, 0, 0),
      end_time: Date.UTC(2026, 10, 2, 10, 1, 0),
      count: 2,
      severity_id: 5,
      severity: 'Critical',
      metadata: { version: '1.9.0', product: { name: 'kms-audit', version: '1.2.3' } },
      finding_info: {
        uid: '0123456789abcdef0123456789abcdef',
        types: ['disabled-key-use'],
        attacks: [{ technique: { uid: 'T1485', src_url: 'https://attack.mitre.org/techniques/T1485/' } }],
        related_events: [{ uid: eventId('one') }, { uid: eventId('two') }],
        related_events_count: 2,
      },
      cloud: { provider: 'AWS', cloud_partition: 'aws', region: REGION, account: { uid: ACCOUNT } },
      api: { operation: 'Decrypt' },
      evidences: [{ actor: { user: { uid: userArn('operator') } }, api: { operation: 'Decrypt' } }],
      resources: [
        { uid: KEY, type: 'AWS::KMS::Key', role: 'Target', region: REGION, owner: { account: { uid: ACCOUNT } } },
        { uid: 'grant-1', type: 'KMS grant', role: 'Related' },
        { uid: `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/prod`, name: 'prod', type: 'AWS::ECS::Cluster' },
      ],
    });
  });

  it('points its observables at what they name', () => {
    const event = ocsfDetectionFinding(finding({ caller: userArn('operator') }));

    expect(event.observables).toStrictEqual([
      { name: 'resources[0].uid', type_id: 10, value: KEY },
      { name: 'resources[1].uid', type_id: 10, value: `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/prod` },
      { name: 'evidences[0].actor.user.uid', type_id: 31, value: userArn('operator') },
    ]);
  });

  it.each([
    ['fargate.amazonaws.com', { uid: 'fargate.amazonaws.com', type_id: 4, type: 'Service' }],
    ['ec2.cn-north-1.amazonaws.com.cn', { uid: 'ec2.cn-north-1.amazonaws.com.cn', type_id: 4, type: 'Service' }],
    [userArn('operator'), { uid: userArn('operator') }],
    ['AIDAEXAMPLE', { name: 'AIDAEXAMPLE' }],
    ['fargate.amazonaws.com.example.com', { name: 'fargate.amazonaws.com.example.com' }],
    ['', { name: 'unknown' }],
    [' ', { name: 'unknown' }],
  ])('names the caller %j as the user of an actor', (caller, user) => {
    const event = eventOf(finding({ caller }));

    expect(event.evidences).toStrictEqual([{ name: 'CloudTrail', actor: { user }, api: { operation: 'Decrypt' } }]);
  });

  it('leaves out what a finding has nothing of', () => {
    const event = eventOf(bare({ caller: 'AIDAEXAMPLE', eventIds: [] }));

    expect(event.cloud).toStrictEqual({ provider: 'AWS', cloud_partition: 'aws' });
    for (const name of ['resources', 'observables', 'unmapped']) expect(event).not.toHaveProperty(name);
    expect(event.finding_info).not.toHaveProperty('related_events');
  });

  it.each([
    ['keyArn', { uid: KEY, type: 'AWS::KMS::Key', role: 'Target' }],
    ['keyStoreId', { uid: 'cks-1', type: 'KMS custom key store', role: 'Target' }],
    ['grantId', { uid: 'grant-1', type: 'KMS grant', role: 'Related' }],
    ['volumeId', { uid: 'vol-1', type: 'AWS::EC2::Volume', role: 'Related' }],
    ['clusterName', { uid: 'prod', type: 'AWS::ECS::Cluster', role: 'Related' }],
    ['resource', { uid: 'app', role: 'Related' }],
  ])('touches what its %s names', (field, resource) => {
    expect(eventOf(bare({ [field]: resource.uid })).resources).toMatchObject([resource]);
  });

  it('tells a sub-technique under its technique', () => {
    const url = 'https://attack.mitre.org/techniques/T1562/';

    expect(eventOf(finding({ rule: 'audit-blind-spot' })).finding_info).toMatchObject({
      attacks: [{ technique: { uid: 'T1562', src_url: url }, sub_technique: { uid: 'T1562.008', src_url: `${url}008/` } }],
    });
  });

  it.each([
    ['the key', { keyArn: KEY, clusterAccount: OTHER_ACCOUNT, account: OTHER_ACCOUNT, region: 'eu-west-1' }, ACCOUNT, REGION],
    ['the cluster', { clusterAccount: OTHER_ACCOUNT, account: ACCOUNT, region: 'eu-west-1' }, OTHER_ACCOUNT, 'eu-west-1'],
    ['the finding', { account: ACCOUNT, region: 'eu-west-1' }, ACCOUNT, 'eu-west-1'],
  ])('lies where %s does', (_what, fields, uid, region) => {
    const event = ocsfDetectionFinding(bare(fields));

    expect(event.cloud).toMatchObject({ region, account: { uid, type_id: 10, type: 'AWS Account' } });
  });

  it('lies where the ARN of its resource does, where nothing else says where', () => {
    const resource = `arn:aws-us-gov:cloudtrail:us-gov-west-1:${OTHER_ACCOUNT}:trail/main`;

    expect(eventOf(bare({ resource, region: 'us-gov-east-1' })).cloud).toMatchObject({
      region: 'us-gov-west-1',
      account: { uid: OTHER_ACCOUNT },
      cloud_partition: 'aws-us-gov',
    });
  });

  it.each([
    ['open', undefined, { status_id: 1, status: 'New' }, 60],
    ['over', instant(90), { status_id: 4, status: 'Resolved' }, 90],
    ['over, with evidence that came late', instant(30), { status_id: 4, status: 'Resolved' }, 60],
  ])('says that it is %s', (_what, over, status, second) => {
    const event = eventOf(finding(), { over });

    expect(event).toMatchObject({ ...status, end_time: Date.parse(instant(60)) });
    expect(event.finding_info).toMatchObject({ modified_time: Date.parse(instant(second)), last_seen_time: Date.parse(instant(60)) });
  });

  it.each([
    ['a name that could not be a cluster’s', { region: REGION, clusterAccount: ACCOUNT, clusterName: 'prod/../other' }],
    ['a cluster whose Region is not known', { clusterAccount: ACCOUNT, clusterName: 'prod' }],
    ['a cluster whose account is not known', { region: REGION, clusterName: 'prod' }],
    ['a cluster whose account is none', { region: REGION, clusterAccount: 'AWS Internal', clusterName: 'prod' }],
  ])('makes no ARN of %s', (_what, fields) => {
    const event = ocsfDetectionFinding(bare(fields));

    expect(event.resources).toMatchObject([{ uid: fields.clusterName, name: fields.clusterName }]);
  });

  it('keeps what a later version adds to findings, ARNs as resources too', () => {
    const taskArn = `arn:aws:ecs:${REGION}:${ACCOUNT}:task/prod/0123456789abcdef0123456789abcdef`;
    const later = { ...bare(), taskArn, attempts: 3, again: true, spaced: ' a ', nothing: '', blank: ' ', list: ['a'], parts: { a: 1 } };

    const event = eventOf(later);

    expect(event.unmapped).toStrictEqual({ taskArn, attempts: '3', again: 'true', spaced: 'a' });
    expect(event.resources).toMatchObject([{ uid: taskArn, region: REGION, owner: { account: { uid: ACCOUNT } } }]);
  });

  it('renders the finding of a rule that this version does not know', () => {
    const event = eventOf(finding({ rule: 'of-tomorrow' }));

    expect(event.finding_info).toMatchObject({ types: ['of-tomorrow'], analytic: { uid: 'of-tomorrow' } });
    expect(event).not.toHaveProperty('remediation');
  });

  it.each(RULES.map((rule) => [rule.id, rule] as const))('renders %s with its runbook', (id, rule) => {
    const event = eventOf(finding({ rule: id, severity: rule.severity }));

    const steps = rule.runbook.map((step, index) => `${index + 1}. ${step}`);
    expect(event.remediation).toStrictEqual({ desc: steps.join(' ') });
    expect(event.finding_info).toMatchObject({ analytic: { name: rule.title, desc: rule.why } });
    expect(JSON.stringify(event.finding_info).includes('attack.mitre.org')).toBe(rule.attack !== undefined);
  });

  it('gives each severity a level of its own, more urgent ones a higher one', () => {
    const levels = SEVERITIES.map((severity) => eventOf(finding({ severity })).severity_id);

    expect(levels).toStrictEqual([5, 4, 3, 2]);
  });

  it.each(HOSTILE)('stays bounded and printable with %s everywhere', (_what, value) => {
    const event = eventOf(hostile(value));

    expect(textsOf(event).filter((one) => UNSEEN.test(one) || !one.isWellFormed())).toStrictEqual([]);
    expect(event.cloud).toStrictEqual({ provider: 'AWS', cloud_partition: 'aws' });
    expect(new TextEncoder().encode(JSON.stringify(event)).length).toBeLessThan(262_144);
  });

  it.each(readdirSync(EVENTS))('is valid for every finding of %s', async (folder) => {
    const { findings } = await replay([join(EVENTS, folder)], DEFAULT_POLICY);

    const uids = findings.map((one) => eventOf(one).finding_info);

    expect(uids).toMatchObject(findings.map(({ id }) => ({ uid: id })));
  });

  it('finds findings in the scenarios to be valid for', async () => {
    const { findings } = await replay([EVENTS], DEFAULT_POLICY);

    expect(findings.length).toBeGreaterThan(10);
  });

  it('is refused here when something required is missing or unknown', () => {
    const whole = eventOf(finding());
    const { time: _time, ...timeless } = whole;

    expect(v.safeParse(eventSchema, timeless).success).toBe(false);
    expect(v.safeParse(eventSchema, { ...whole, invented: 'attribute' }).success).toBe(false);
    expect(v.safeParse(eventSchema, { ...whole, api: undefined }).success).toBe(false);
    expect(v.safeParse(eventSchema, { ...whole, evidences: [{ name: 'nothing' }] }).success).toBe(false);
  });
});
