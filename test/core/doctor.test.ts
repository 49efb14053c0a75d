import { describe, expect, it } from 'vitest';
import { type Check, diagnose } from '../../src/core/doctor.ts';
import type {
  AdvancedSelector,
  ClassicSelector,
  KeySeen,
  Observations,
  RuleSeen,
  TopicSeen,
  TrailSeen,
  TrailSelectors,
} from '../../src/core/observed.ts';
import { coverageOf, mendedSelectors } from '../../src/core/trail-selectors.ts';

const STATE = 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS';
const AUDIT = 'arn:aws:lambda:us-west-2:111122223333:function:audit';
const TOPIC = 'arn:aws:sns:us-west-2:111122223333:alerts';
const KEY = 'arn:aws:kms:us-west-2:111122223333:key/5a3c1c8e-4b3a-4c8e-9d0e-2f6b7c8d9e01';
const KMS = 'kms.amazonaws.com';

const classic = (...selectors: ClassicSelector[]): TrailSelectors => ({ classic: selectors, advanced: [] });
const advanced = (...selectors: AdvancedSelector['FieldSelectors'][]): TrailSelectors => ({
  classic: [],
  advanced: selectors.map((FieldSelectors) => ({ FieldSelectors })),
});
const management = { Field: 'eventCategory', Equals: ['Management'] };
const dataEvents = [
  { Field: 'eventCategory', Equals: ['Data'] },
  { Field: 'resources.type', Equals: ['AWS::S3::Object'] },
];

describe('the selectors of a trail', () => {
  const because = expect.any(Array);
  it.each<[string, TrailSelectors, boolean, boolean]>([
    ['none at all', classic(), true, true],
    ['All', classic({ ReadWriteType: 'All', IncludeManagementEvents: true }), true, true],
    ['what is left to its default', classic({}), true, true],
    ['WriteOnly', classic({ ReadWriteType: 'WriteOnly' }), false, true],
    ['ReadOnly', classic({ ReadWriteType: 'ReadOnly' }), true, false],
    ['ReadOnly beside WriteOnly', classic({ ReadWriteType: 'ReadOnly' }, { ReadWriteType: 'WriteOnly' }), true, true],
    ['KMS excluded', classic({ ExcludeManagementEventSources: [KMS] }), false, false],
    ['another source excluded', classic({ ExcludeManagementEventSources: ['rdsdata.amazonaws.com'] }), true, true],
    ['no management events', classic({ IncludeManagementEvents: false }), false, false],
    ['advanced: management', advanced([management]), true, true],
    ['advanced: not KMS', advanced([management, { Field: 'eventSource', NotEquals: [KMS] }]), false, false],
    ['advanced: not another', advanced([management, { Field: 'eventSource', NotEquals: ['rdsdata.amazonaws.com'] }]), true, true],
    ['advanced: no source that begins so', advanced([management, { Field: 'eventSource', NotStartsWith: ['rds', 'kms'] }]), false, false],
    ['advanced: no source that ends so', advanced([management, { Field: 'eventSource', NotEndsWith: ['.org', '.com'] }]), false, false],
    [
      'advanced: sources that begin or end so',
      advanced([management, { Field: 'eventSource', StartsWith: ['s3'], EndsWith: ['.com'] }]),
      true,
      true,
    ],
    ['advanced: reads', advanced([management, { Field: 'readOnly', Equals: ['true'] }]), true, false],
    ['advanced: writes', advanced([management, { Field: 'readOnly', Equals: ['false'] }]), false, true],
    ['advanced: what has no field', { classic: [], advanced: [{}] }, true, true],
    ['advanced: a field without name', advanced([management, { Equals: ['x'] }]), false, false],
    ['advanced: data only', advanced(dataEvents), false, false],
    ['advanced: a field that may leave anything out', advanced([management, { Field: 'eventName', Equals: ['Decrypt'] }]), false, false],
    ['advanced: all but some calls', advanced([management, { Field: 'eventName', NotEquals: ['Decrypt'] }]), false, false],
    ['advanced: a field of the prototype', advanced([management, { Field: 'constructor', StartsWith: ['x'] }]), false, false],
    [
      'advanced: reads beside writes',
      advanced([management, { Field: 'readOnly', Equals: ['true'] }], [management, { Field: 'readOnly', NotEquals: ['true'] }]),
      true,
      true,
    ],
  ])('%s', (_, selectors, reads, writes) => {
    expect(coverageOf(selectors)).toEqual({ reads, writes, because });
    const { option, value } = mendedSelectors(selectors);
    const mended = option === '--event-selectors' ? { classic: value, advanced: [] } : { classic: [], advanced: value };
    expect(coverageOf(mended)).toEqual({ reads: true, writes: true, because });
  });

  it.each<[string, TrailSelectors, string[]]>([
    ['none at all', classic(), []],
    ['what is left to its default', classic({}), []],
    ['KMS excluded', classic({ ExcludeManagementEventSources: [KMS] }), [`ExcludeManagementEventSources names ${KMS}`]],
    [
      'an operator that is not there',
      advanced([management, { Field: 'readOnly', Equals: ['true'], NotEquals: undefined }]),
      ['a selector has readOnly Equals true'],
    ],
  ])('leave out nothing but for a reason: %s', (_, selectors, because) => {
    expect(coverageOf(selectors).because).toEqual(because);
  });

  it('keep all else when they are mended', () => {
    const DataResources = [{ Type: 'AWS::S3::Object', Values: ['arn:aws:s3'] }];
    const ExcludeManagementEventSources = [KMS, 'rdsdata.amazonaws.com'];
    const mended = (selectors: TrailSelectors, option: string, value: unknown): void =>
      expect(mendedSelectors(selectors)).toEqual({ option: `--${option}`, value });
    const writes = { ReadWriteType: 'WriteOnly', ExcludeManagementEventSources, DataResources };
    const whole = { ReadWriteType: 'All', IncludeManagementEvents: true, ExcludeManagementEventSources: [] };
    mended(classic(writes, { ReadWriteType: 'ReadOnly' }), 'event-selectors', [
      { ...whole, ExcludeManagementEventSources: ['rdsdata.amazonaws.com'], DataResources },
      { ReadWriteType: 'ReadOnly' },
    ]);
    mended(classic({ IncludeManagementEvents: false, DataResources }), 'event-selectors', [{ ...whole, DataResources }]);
    mended(
      advanced(dataEvents, [management, { Field: 'eventSource', NotEquals: ExcludeManagementEventSources }]),
      'advanced-event-selectors',
      [{ FieldSelectors: dataEvents }, { FieldSelectors: [management, { Field: 'eventSource', NotEquals: ['rdsdata.amazonaws.com'] }] }],
    );
    mended(advanced(dataEvents), 'advanced-event-selectors', [{ FieldSelectors: dataEvents }, { FieldSelectors: [management] }]);
  });

  it.each([
    ['source alone', { Field: 'eventSource', Equals: ['rdsdata.amazonaws.com'] }],
    ['half', { Field: 'readOnly', NotEquals: ['true'] }],
  ])('are mended to more than one %s', (_, field) => {
    expect(mendedSelectors(advanced([management, field])).value).toEqual([{ FieldSelectors: [management] }]);
  });
});

const trail = (selectors: TrailSelectors, changes: Partial<TrailSeen> = {}): TrailSeen => ({
  name: 'all',
  arn: 'arn:aws:cloudtrail:us-west-2:111122223333:trail/all',
  homeRegion: 'us-west-2',
  logging: { seen: true },
  selectors: { seen: selectors },
  ...changes,
});
const rule = (changes: Partial<RuleSeen> = {}): RuleSeen => ({
  id: 'GrantRule',
  name: 'grants',
  rule: { seen: { state: STATE, scheduled: false, description: "KMS's grants" } },
  targets: { seen: [AUDIT] },
  ...changes,
});
const observations = (changes: Partial<Observations> = {}): Observations => ({
  deployment: { stack: 'kms-audit-dev', region: 'us-west-2', auditArn: AUDIT, sweepArn: `${AUDIT}-sweep` },
  trails: { seen: [trail(classic())] },
  rules: { seen: [rule()] },
  expectedRules: ['GrantRule'],
  topics: { seen: [] },
  ...changes,
});
const trouble = (changes: Partial<Observations>): Check[] => diagnose(observations(changes)).filter(({ verdict }) => verdict !== 'good');
const keyed = (key: KeySeen | undefined): Partial<Observations> => ({
  topics: {
    seen: [
      {
        role: 'alert',
        arn: TOPIC,
        subscriptions: { seen: [{ protocol: 'sqs', endpoint: 'q', confirmed: true }] },
        key: { seen: { arn: KEY, key: { seen: key } } },
      },
    ],
  },
});
const alone = (subscriptions: TopicSeen['subscriptions']): Partial<Observations> => ({
  topics: { seen: [{ role: 'health', arn: TOPIC, subscriptions, key: { seen: undefined } }] },
});
const reads = advanced([management, { Field: 'readOnly', Equals: ['true'] }]);
const writes = classic({ ReadWriteType: 'WriteOnly' });
const dataOnly = advanced(dataEvents);
const stopped = { logging: { seen: false } };
const email = { protocol: 'email', endpoint: 'oncall@example.com' };
const failed = { failed: 'cloudtrail:GetEventSelectors was denied' };
const scheduled = { id: 'SweepEventsRuleSchedule1', name: 'sweep', targets: { seen: [`${AUDIT}-sweep`] } };

describe('diagnose', () => {
  it.each<[string, TrailSeen[], string]>([
    ['one that records all', [trail(classic())], 'all records'],
    ['two that together record all', [trail(reads, { name: 'reads' }), trail(writes, { name: 'writes' })], 'reads and writes record'],
    ['one beside which another is not known', [trail(classic()), trail(writes, { selectors: failed })], 'all records'],
    ['one beside which another records no KMS', [trail(dataOnly, { name: 'data' }), trail(classic())], 'all records'],
    ['one beside which another is stopped', [trail(classic(), { name: 'old', ...stopped }), trail(classic())], 'all records'],
  ])('finds good of trails %s, and says which', (_, seen, says) => {
    expect(diagnose(observations({ trails: { seen } }))[0]).toEqual({
      name: 'trail',
      verdict: 'good',
      says: `${says} KMS reads and writes`,
    });
  });

  it('does not know about a trail that it could not read', () => {
    expect(trouble({ trails: { seen: [trail(writes), trail(reads, { selectors: failed })] } })).toMatchObject([
      { verdict: 'unknown', says: failed.failed },
    ]);
    expect(trouble({ trails: { seen: [trail(reads, { logging: failed })] } })).toMatchObject([{ verdict: 'unknown' }]);
    expect(trouble({ trails: { seen: [trail(reads, { ...stopped, selectors: failed })] } })).toMatchObject([{ verdict: 'bad' }]);
  });

  it.each<[string, Partial<Observations>, string, string | undefined]>([
    [
      'a trail of reads',
      { trails: { seen: [trail(reads)] } },
      'no KMS writes (CreateGrant, DisableKey): a selector has readOnly Equals true',
      '--advanced-event-selectors',
    ],
    [
      'a trail of writes',
      { trails: { seen: [trail(writes)] } },
      'all records no KMS reads (Decrypt, GenerateDataKey): ReadWriteType is WriteOnly',
      '--event-selectors',
    ],
    [
      'a trail of neither',
      { trails: { seen: [trail(classic({ ReadWriteType: 'WriteOnly', ExcludeManagementEventSources: [KMS] }))] } },
      `all records no KMS calls: ExcludeManagementEventSources names ${KMS}, ReadWriteType is WriteOnly`,
      '--event-selectors',
    ],
    [
      'two trails of half each, one stopped',
      { trails: { seen: [trail(classic(), { name: 'old', ...stopped }), trail(reads)] } },
      'all records no KMS writes',
      'aws cloudtrail put-event-selectors',
    ],
    ['no trail', { trails: { seen: [] } }, 'no trail covers us-west-2', 'aws cloudtrail create-trail --region us-west-2'],
    [
      'trails that are stopped',
      { trails: { seen: [trail(classic(), stopped), trail(reads, { name: 'old', ...stopped })] } },
      'logging is stopped on all and old',
      'aws cloudtrail start-logging --region us-west-2 --name arn:aws:cloudtrail:us-west-2:111122223333:trail/all',
    ],
    ['a rule not in the stack', { expectedRules: ['GrantRule', 'KeyRule'] }, 'is not in the stack kms-audit-dev', undefined],
    [
      'plain ENABLED',
      { rules: { seen: [rule({ rule: { seen: { state: 'ENABLED', scheduled: false, description: "KMS's" } } })] } },
      'plain ENABLED',
      `--description 'KMS'\\''s' --event-pattern`,
    ],
    [
      'the canary rule deleted',
      { expectedRules: [], rules: { seen: [rule({ id: 'CanaryRule', rule: { seen: undefined } })] } },
      'was deleted',
      '"eventName":["ListAliases"]',
    ],
    [
      'a rule that is off',
      { rules: { seen: [rule({ rule: { seen: { state: 'DISABLED', scheduled: false } } })] } },
      'grants is DISABLED',
      'aws events put-rule',
    ],
    ['no target', { rules: { seen: [rule({ targets: { seen: [] } })] } }, 'grants has no target', `"Arn":"${AUDIT}"`],
    ['another target', { rules: { seen: [rule({ targets: { seen: [`${AUDIT}-old`] } })] } }, 'does not send to', 'put-targets'],
    [
      'the schedule off',
      { expectedRules: [], rules: { seen: [rule({ ...scheduled, rule: { seen: { state: 'DISABLED', scheduled: true } } })] } },
      'is DISABLED',
      'aws events enable-rule --region us-west-2 --name sweep',
    ],
    [
      'the schedule deleted',
      { expectedRules: [], rules: { seen: [rule({ ...scheduled, rule: { seen: undefined } })] } },
      'was deleted',
      '--schedule-expression',
    ],
    ['nobody subscribed', alone({ seen: [] }), 'nobody is subscribed', '--protocol email --notification-endpoint <address>'],
    [
      'a subscription that nobody confirmed',
      alone({ seen: [{ ...email, confirmed: false }] }),
      'oncall@example.com has not confirmed',
      '--notification-endpoint oncall@example.com',
    ],
    ['a deleted topic', alone({ seen: undefined }), 'was deleted', 'aws sns create-topic --region us-west-2 --name alerts'],
    [
      'a disabled key',
      keyed({ state: 'Disabled', awsManaged: false }),
      'is Disabled',
      `aws kms enable-key --region us-west-2 --key-id ${KEY}`,
    ],
    ['a key without material', keyed({ state: 'PendingImport', awsManaged: false }), 'is PendingImport', 'aws kms import-key-material'],
    [
      'a key store that is off',
      keyed({ state: 'Unavailable', awsManaged: false, keyStoreId: 'cks-1' }),
      'is Unavailable',
      '--custom-key-store-id cks-1',
    ],
    ['a key that is gone', keyed(undefined), `${KEY} does not exist`, '--attribute-name KmsMasterKeyId'],
    ['the AWS managed key', keyed({ state: 'Enabled', awsManaged: true }), 'AWS managed', '--attribute-name KmsMasterKeyId'],
    ['no canary ever', { canary: { seen: undefined } }, 'never came back', 'aws lambda invoke'],
    ['a canary 90 minutes and a second ago', { canary: { seen: 5_401 } }, 'last came back 90 min ago', 'aws lambda invoke'],
  ])('finds %s, and the command', (_, changes, says, mend) => {
    const [check, ...others] = trouble(changes);
    expect(others).toEqual([]);
    expect(check).toMatchObject({ verdict: 'bad', says: expect.stringContaining(says) });
    if (mend === undefined) expect(check).not.toHaveProperty('mend');
    else expect(check?.mend).toContain(mend);
  });

  it.each<[string, Partial<Observations>, readonly (readonly [name: string, says: string])[]]>([
    ['a canary of 90 minutes ago', { canary: { seen: 5_400 } }, [['canary', 'came back 90 min ago']]],
    [
      'a schedule, and a rule whose function is not known',
      {
        deployment: { stack: 'kms-audit-dev', region: 'us-west-2', sweepArn: `${AUDIT}-sweep` },
        expectedRules: ['GrantRule'],
        rules: { seen: [rule(), rule({ ...scheduled, rule: { seen: { state: 'ENABLED', scheduled: true } } })] },
      },
      [
        ['rule GrantRule', 'grants delivers reads and writes'],
        ['rule SweepEventsRuleSchedule1', 'sweep delivers on schedule'],
      ],
    ],
    [
      'an alert topic without key',
      {
        topics: {
          seen: [{ role: 'alert', arn: TOPIC, subscriptions: { seen: [{ ...email, confirmed: true }] }, key: { seen: undefined } }],
        },
      },
      [
        ['alert topic subscription', '1 confirmed: email'],
        ['alert topic key', 'has no key that could be lost'],
      ],
    ],
    [
      'a health topic without key, of whose subscriptions one is pending',
      alone({
        seen: [
          { ...email, confirmed: false },
          { ...email, confirmed: true },
          { protocol: 'https', endpoint: 'https://example.com', confirmed: true },
          { protocol: 'https', endpoint: 'https://example.com/2', confirmed: true },
        ],
      }),
      [['health topic subscription', '3 confirmed: email, https']],
    ],
    [
      'a health topic with a key',
      {
        topics: {
          seen: [
            {
              role: 'health',
              arn: TOPIC,
              subscriptions: { seen: [{ ...email, confirmed: true }] },
              key: { seen: { arn: KEY, key: { seen: { state: 'Enabled', awsManaged: false } } } },
            },
          ],
        },
      },
      [
        ['health topic subscription', '1 confirmed: email'],
        ['health topic key', `${KEY} is enabled`],
      ],
    ],
  ])('finds good %s', (_, changes, expected) => {
    const checks = diagnose(observations({ rules: { seen: [] }, expectedRules: [], ...changes })).filter(({ name }) => name !== 'trail');

    expect(checks).toEqual(expected.map(([name, says]) => ({ name, verdict: 'good', says })));
  });

  it('knows nothing of what nobody could list', () => {
    const unseen = { trails: failed, rules: failed, topics: failed, canary: failed };
    expect(trouble(unseen).map(({ name, verdict }) => [name, verdict])).toEqual(
      ['trail', 'rules', 'topics', 'canary'].map((name) => [name, 'unknown']),
    );
    expect(trouble({ ...unseen, trails: { seen: [trail(classic())] } }).every(({ says }) => says === failed.failed)).toBe(true);
  });
});
