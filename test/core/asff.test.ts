import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { replay } from '../../src/cli/replay.ts';
import { type AsffFinding, asffFinding, type ImportedInto, UNKNOWN_ACCOUNT, UNKNOWN_REGION } from '../../src/core/asff.ts';
import type { Finding } from '../../src/core/finding.ts';
import { DEFAULT_POLICY } from '../../src/core/policy.ts';
import { RULES } from '../../src/core/rules/registry.ts';
import { SEVERITIES } from '../../src/core/severity.ts';
import type { Timestamp } from '../../src/core/timestamp.ts';
import { ACCOUNT, eventId, instant, KEY, OTHER_ACCOUNT, REGION, userArn } from '../support/fleet.ts';

const EVENTS = fileURLToPath(new URL('../../events', import.meta.url));
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
/** https://docs.aws.amazon.com/securityhub/latest/partnerguide/guidelines-batchimportfindings.html */
const FINDING_LIMIT_BYTES = 240_000;

/**
 * What Security Hub demands of a finding, https://docs.aws.amazon.com/securityhub/latest/userguide/asff-required-attributes.html;
 * that one of Severity's fields is there is said of the type itself, and we always write its label.
 */
const REQUIRED = [
  'AwsAccountId',
  'CreatedAt',
  'Description',
  'GeneratorId',
  'Id',
  'ProductArn',
  'Resources',
  'SchemaVersion',
  'Severity',
  'Title',
  'Types',
  'UpdatedAt',
] as const;

/** Strings that say something, on one line: the pattern of every string in the format, whose dot takes no line break. */
const text = (limit: number) => v.pipe(v.string(), v.maxLength(limit), v.regex(/^.*\S.*$/));
const timestamp = v.pipe(v.string(), v.isoTimestamp());

/** https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Severity.html */
const severity = v.strictObject({ Label: v.picklist(['INFORMATIONAL', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL']), Original: text(64) });
/** Namespaces of https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-type-taxonomy.html */
const types = v.pipe(
  v.array(
    v.pipe(
      v.string(),
      v.regex(/^(?:Software and Configuration Checks|TTPs|Effects|Unusual Behaviors|Sensitive Data Identifications)(?:\/[^/]+){0,2}$/),
    ),
  ),
  v.nonEmpty(),
  v.maxLength(50),
);

/** Limits of https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html and the types it names. */
const schema = v.strictObject({
  SchemaVersion: v.literal('2018-10-08'),
  Id: text(512),
  ProductArn: v.pipe(
    text(2048),
    v.regex(/^arn:aws(?:-[a-z-]+)?:securityhub:[a-z0-9-]+:(\d{12}):product\/\1\/default$/, 'no product ARN of an account itself'),
  ),
  ProductName: text(128),
  CompanyName: text(128),
  GeneratorId: text(512),
  AwsAccountId: v.pipe(v.string(), v.regex(/^\d{12}$/)),
  Types: types,
  CreatedAt: timestamp,
  UpdatedAt: timestamp,
  FirstObservedAt: v.exactOptional(timestamp),
  LastObservedAt: v.exactOptional(timestamp),
  Severity: severity,
  FindingProviderFields: v.exactOptional(v.strictObject({ Severity: severity, Types: types })),
  Title: text(256),
  Description: text(1024),
  Resources: v.pipe(
    v.array(
      v.strictObject({
        Type: v.picklist(['AwsKmsKey', 'AwsEcsCluster', 'AwsAccount', 'Other']),
        Id: text(512),
        Partition: v.exactOptional(v.picklist(['aws', 'aws-cn', 'aws-us-gov', 'aws-us-iso', 'aws-us-iso-b'])),
        Region: v.exactOptional(text(16)),
        ResourceRole: v.exactOptional(v.picklist(['Actor', 'Target'])),
      }),
    ),
    v.minLength(1),
    v.maxLength(32),
  ),
  ProductFields: v.pipe(
    v.record(text(128), text(2048)),
    v.check((fields) => Object.keys(fields).length <= 50, 'more than 50 fields'),
  ),
  Remediation: v.exactOptional(v.strictObject({ Recommendation: v.strictObject({ Text: text(512) }) })),
  RecordState: v.picklist(['ACTIVE', 'ARCHIVED']),
  Workflow: v.strictObject({ Status: v.picklist(['NEW', 'NOTIFIED', 'RESOLVED', 'SUPPRESSED']) }),
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

const SECRET = `arn:aws:secretsmanager:eu-west-1:${OTHER_ACCOUNT}:secret:a`;

/** A finding that says as little as its type lets it. */
const bare = (fields: Partial<Finding> = {}): Finding => {
  const { region: _region, keyArn: _keyArn, clusterAccount: _account, clusterName: _name, ...rest } = finding();
  return { ...rest, ...fields };
};

const HOSTILE: readonly (readonly [string, string])[] = [
  ['10 kB', 'x'.repeat(10_000)],
  ['10,000 slashes', '/'.repeat(10_000)],
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

/** The finding as Security Hub gets it; what it does not keep of the format is an error that says where. */
function imported(one: Finding, into?: ImportedInto, over?: Timestamp): AsffFinding {
  const asff = asffFinding(one, into, over);
  // Compared before it goes through JSON, which would swallow an undefined.
  expect(JSON.parse(JSON.stringify(asff))).toStrictEqual(asff);
  v.parse(schema, asff);
  return asff;
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

describe('a finding for Security Hub', () => {
  it('tells the finding', () => {
    const asff = imported(finding({ grantId: 'grant-1', caller: userArn('operator') }));

    expect(asff).toMatchObject({
      Id: 'kms-audit/0123456789abcdef0123456789abcdef',
      ProductArn: `arn:aws:securityhub:${REGION}:${ACCOUNT}:product/${ACCOUNT}/default`,
      GeneratorId: 'kms-audit/disabled-key-use',
      AwsAccountId: ACCOUNT,
      Types: ['Effects/Data Destruction/disabled-key-use'],
      CreatedAt: instant(0),
      UpdatedAt: instant(60),
      Severity: { Label: 'CRITICAL' },
      FindingProviderFields: { Severity: { Label: 'CRITICAL' }, Types: ['Effects/Data Destruction/disabled-key-use'] },
      Title: 'A disabled key is still being used: key 11111111-1111-1111-1111-111111111111',
      Description: expect.stringContaining(`Decrypt by ${userArn('operator')}, seen 2 times, from ${instant(0)} to ${instant(60)}.`),
      Resources: [
        { Type: 'AwsKmsKey', Id: KEY, Partition: 'aws', Region: REGION, ResourceRole: 'Target' },
        { Type: 'Other', Id: 'grant-1' },
        { Type: 'AwsEcsCluster', Id: `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/prod`, Partition: 'aws', Region: REGION },
      ],
      ProductFields: {
        'kms-audit/rule': 'disabled-key-use',
        'kms-audit/caller': userArn('operator'),
        'kms-audit/operation': 'Decrypt',
        'kms-audit/clusterName': 'prod',
        'kms-audit/grantId': 'grant-1',
        'kms-audit/count': '2',
        'kms-audit/eventIds': `${eventId('one')} ${eventId('two')}`,
      },
    });
  });

  it.each<[string, Partial<Finding>, ImportedInto | undefined, string, string]>([
    ['the key', { keyArn: KEY, clusterAccount: OTHER_ACCOUNT, account: OTHER_ACCOUNT, region: 'eu-west-1' }, undefined, ACCOUNT, REGION],
    ['the cluster', { clusterAccount: OTHER_ACCOUNT, account: ACCOUNT, region: 'eu-west-1' }, undefined, OTHER_ACCOUNT, 'eu-west-1'],
    ['the finding', { account: OTHER_ACCOUNT, region: 'eu-west-1' }, undefined, OTHER_ACCOUNT, 'eu-west-1'],
    ['the trail', { resource: `arn:aws:cloudtrail:eu-west-1:${ACCOUNT}:trail/main`, region: REGION }, undefined, ACCOUNT, 'eu-west-1'],
    ['the rule', { resource: `arn:aws:events:eu-west-1:${ACCOUNT}:rule/audit` }, undefined, ACCOUNT, 'eu-west-1'],
    ['the finding, whatever its resource’s ARN', { account: ACCOUNT, region: REGION, resource: SECRET }, undefined, ACCOUNT, REGION],
    ['the cluster, whatever its resource’s ARN', { clusterAccount: ACCOUNT, resource: SECRET }, undefined, ACCOUNT, UNKNOWN_REGION],
    ['the key, whatever its resource’s ARN', { keyArn: KEY, resource: SECRET }, undefined, ACCOUNT, REGION],
    [
      'the record, of a resource that has no place',
      { resource: 'arn:aws:s3:::a', region: 'eu-west-1' },
      undefined,
      UNKNOWN_ACCOUNT,
      'eu-west-1',
    ],
    ['whoever imports it', { keyArn: KEY }, { account: OTHER_ACCOUNT, region: 'eu-west-1' }, OTHER_ACCOUNT, 'eu-west-1'],
    ['nothing', {}, undefined, UNKNOWN_ACCOUNT, UNKNOWN_REGION],
    ['nothing that is spelt like a place', { account: 'AWS Internal', region: 'nowhere' }, undefined, UNKNOWN_ACCOUNT, UNKNOWN_REGION],
    [
      'the finding, where whoever imports it has too long a name',
      { account: ACCOUNT, region: REGION },
      { account: `${OTHER_ACCOUNT}1`, region: `${REGION}x` },
      ACCOUNT,
      REGION,
    ],
    ['the finding, of a Region of two digits', { account: ACCOUNT, region: 'us-east-10' }, undefined, ACCOUNT, 'us-east-10'],
    ['no Region within a word', { account: ACCOUNT, region: `X${REGION}` }, undefined, ACCOUNT, UNKNOWN_REGION],
    [
      'no ARN within a text',
      { resource: `See arn:aws:events:eu-west-1:${ACCOUNT}:rule/audit` },
      undefined,
      UNKNOWN_ACCOUNT,
      UNKNOWN_REGION,
    ],
    ['nothing that Security Hub has room for', { region: 'us-southeasternmost-1' }, undefined, UNKNOWN_ACCOUNT, UNKNOWN_REGION],
  ])('belongs to the account and Region of %s', (_what, fields, into, account, region) => {
    const asff = imported(bare(fields), into);

    expect(asff).toMatchObject({
      AwsAccountId: account,
      ProductArn: `arn:aws:securityhub:${region}:${account}:product/${account}/default`,
    });
  });

  it.each([
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
  ])('is of the partition of %s', (region, partition) => {
    const asff = imported(bare({ region, clusterAccount: ACCOUNT, clusterName: 'prod' }));

    expect(asff.ProductArn).toBe(`arn:${partition}:securityhub:${region}:${ACCOUNT}:product/${ACCOUNT}/default`);
    expect(asff.Resources).toMatchObject([{ Id: `arn:${partition}:ecs:${region}:${ACCOUNT}:cluster/prod`, Partition: partition }]);
  });

  it('is of the partition of the Region that imports it', () => {
    const asff = imported(bare({ keyArn: KEY }), { region: 'cn-north-1' });

    expect(asff.ProductArn).toBe(`arn:aws-cn:securityhub:cn-north-1:${ACCOUNT}:product/${ACCOUNT}/default`);
  });

  it('names no partition that Security Hub does not know', () => {
    const keyArn = `arn:aws-eusc:kms:eusc-de-east-1:${ACCOUNT}:key/11111111-1111-1111-1111-111111111111`;

    const asff = imported(bare({ keyArn }));

    expect(asff.ProductArn).toBe(`arn:aws-eusc:securityhub:eusc-de-east-1:${ACCOUNT}:product/${ACCOUNT}/default`);
    expect(asff.Resources).toStrictEqual([{ Type: 'AwsKmsKey', Id: keyArn, Region: 'eusc-de-east-1', ResourceRole: 'Target' }]);
  });

  it('is about the account when it names nothing else', () => {
    const asff = imported(bare({ account: ACCOUNT, region: REGION }));

    expect(asff.Resources).toStrictEqual([{ Type: 'AwsAccount', Id: `AWS::::Account:${ACCOUNT}`, Partition: 'aws', Region: REGION }]);
  });

  it('passes over what is blank, and has its rule for a title', () => {
    const blank = { title: ' ', caller: ' ', resource: '', grantId: ' ', clusterName: ' ' };

    const asff = imported(bare({ ...blank, clusterAccount: ACCOUNT, region: REGION }));

    expect(asff.Title).toBe('disabled-key-use');
    expect(asff.Resources).toMatchObject([{ Type: 'AwsAccount' }]);
    expect(Object.keys(asff.ProductFields).sort()).toStrictEqual(
      ['clusterAccount', 'count', 'eventIds', 'operation', 'region', 'rule'].map((name) => `kms-audit/${name}`),
    );
  });

  it('names a thing once, whatever number of fields do', () => {
    const asff = imported(bare({ keyArn: KEY, resource: KEY }));

    expect(asff.Resources.map(({ Type }) => Type)).toStrictEqual(['AwsKmsKey']);
  });

  it('keeps what a later version adds to findings, ARNs as resources too', () => {
    const taskArn = `arn:aws:ecs:${REGION}:${ACCOUNT}:task/prod/0123456789abcdef0123456789abcdef`;
    const later = { ...bare(), taskArn, attempts: 3, nothing: '' };

    const asff = imported(later);

    expect(asff.ProductFields).toMatchObject({ 'kms-audit/taskArn': taskArn, 'kms-audit/attempts': '3' });
    expect(asff.ProductFields).not.toHaveProperty('kms-audit/nothing');
    expect(asff.Resources).toStrictEqual([{ Type: 'Other', Id: taskArn, Partition: 'aws', Region: REGION }]);
  });

  it('stays in its limits however many fields a later version adds', () => {
    const arns = Array.from({ length: 60 }, (_, index) => [`field${index}`, `${KEY}/${index}`]);
    const later = { ...finding(), ...Object.fromEntries(arns) };

    const asff = imported(later);

    expect(Object.keys(asff.ProductFields)).toHaveLength(50);
    expect(asff.Resources).toHaveLength(32);
  });

  it('lists as many event ids as fit, none cut', () => {
    const eventIds = Array.from({ length: 100 }, (_, index) => eventId(String(index)));

    const asff = imported(finding({ eventIds }));

    const listed = asff.ProductFields['kms-audit/eventIds']?.split(' ') ?? [];
    expect(listed).toStrictEqual(eventIds.slice(0, 55));
  });

  it('fills a field to its last character', () => {
    const eventIds = [512, 511, 511, 511].map((length, index) => `${index}`.repeat(length));

    expect(imported(finding({ eventIds })).ProductFields['kms-audit/eventIds']).toBe(eventIds.join(' '));
  });

  it('renders the finding of a rule that this version does not know', () => {
    const asff = imported(finding({ rule: 'of-tomorrow' }));

    expect(asff.Description).toBe(
      `${finding().title}. Decrypt by fargate.amazonaws.com, seen 2 times, from ${instant(0)} to ${instant(60)}.`,
    );
    expect(asff).not.toHaveProperty('Remediation');
  });

  it.each([
    ['orphan-grant', 'TTPs/Persistence/orphan-grant'],
    ['disabled-key-use', 'Effects/Data Destruction/disabled-key-use'],
    ['key-policy-changed', 'Effects/Data Destruction/key-policy-changed'],
    ['audit-blind-spot', 'TTPs/Defense Evasion/audit-blind-spot'],
    ['foreign-cluster', 'Unusual Behaviors/Container/foreign-cluster'],
    ['of/tomorrow', 'Unusual Behaviors/Container/of-tomorrow'],
  ])('is of a type by what an attacker is after: %s', (rule, type) => {
    expect(imported(finding({ rule })).Types).toStrictEqual([type]);
  });

  it('says of what was seen once when', () => {
    expect(imported(finding({ count: 1 })).Description).toContain(`, seen once, at ${instant(0)}.`);
  });

  it.each(RULES.map((rule) => [rule.id, rule] as const))('renders %s with its runbook and its reason', (id, rule) => {
    const asff = imported(finding({ rule: id, severity: rule.severity }));

    expect(asff.Remediation?.Recommendation.Text).toContain(rule.runbook[0]);
    expect(asff.Description).toContain(rule.why);
    expect(asff.Types).toMatchObject([expect.stringMatching(`/${id}$`)]);
    expect(asff.Types[0]?.startsWith('Unusual Behaviors')).toBe(rule.attack === undefined);
  });

  it.each([
    ['open', undefined, 'ACTIVE', 'NEW', 60],
    ['over', instant(90), 'ARCHIVED', 'RESOLVED', 90],
    ['over, with evidence that came late', instant(30), 'ARCHIVED', 'RESOLVED', 60],
  ])('says that it is %s', (_what, over, RecordState, Status, second) => {
    const asff = imported(finding(), {}, over);

    expect(asff).toMatchObject({ RecordState, Workflow: { Status }, UpdatedAt: instant(second), LastObservedAt: instant(60) });
  });

  it('has a label for each severity', () => {
    const labels = SEVERITIES.map((one) => imported(finding({ severity: one })).Severity);

    expect(labels).toStrictEqual(SEVERITIES.map((one) => ({ Label: one.toUpperCase(), Original: one })));
  });

  it.each(HOSTILE)('stays in its limits and printable with %s everywhere', (_what, value) => {
    const asff = imported(hostile(value));

    expect(textsOf(asff).filter((one) => UNSEEN.test(one) || !one.isWellFormed())).toStrictEqual([]);
    expect(asff.AwsAccountId).toBe(UNKNOWN_ACCOUNT);
    expect(new TextEncoder().encode(JSON.stringify(asff)).length).toBeLessThan(FINDING_LIMIT_BYTES);
  });

  it.each(readdirSync(EVENTS))('is valid for every finding of %s', async (folder) => {
    const { findings } = await replay([join(EVENTS, folder)], DEFAULT_POLICY);

    const ids = findings.map((one) => imported(one).Id);

    expect(ids).toStrictEqual(findings.map(({ id }) => `kms-audit/${id}`));
  });

  it('finds findings in the scenarios to be valid for', async () => {
    const { findings } = await replay([EVENTS], DEFAULT_POLICY);

    expect(findings.length).toBeGreaterThan(10);
  });

  it.each(REQUIRED)('is refused here without %s', (name) => {
    const whole: Record<string, unknown> = { ...imported(finding()) };
    const { [name]: _gone, ...rest } = whole;

    expect(v.safeParse(schema, whole).success).toBe(true);
    expect(v.safeParse(schema, rest).success).toBe(false);
  });

  it.each([
    ['a title too long', { Title: 'x'.repeat(257) }],
    ['a description too long', { Description: 'x'.repeat(1025) }],
    ['a line break', { Title: 'one\ntwo' }],
    ['another account’s product', { ProductArn: `arn:aws:securityhub:${REGION}:${ACCOUNT}:product/${OTHER_ACCOUNT}/default` }],
    ['no resource', { Resources: [] }],
    ['an attribute that is not the format’s', { Invented: 'attribute' }],
  ])('is refused here with %s', (_what, fields) => {
    const whole = { ...imported(finding()), ...fields };

    expect(v.safeParse(schema, whole).success).toBe(false);
  });
});
