import { describe, expect, it } from 'vitest';
import type { TrailChange, TrailChanged } from '../../src/core/fact.ts';
import { readRecord } from '../../src/core/read-record.ts';
import { sha256 } from '../../src/system.ts';
import { ACCOUNT, eventId, instant, OTHER_ACCOUNT, type RawRecord, REGION, record, user, userArn } from '../support/fleet.ts';

const KMS = 'kms.amazonaws.com';
const RDS = 'rdsdata.amazonaws.com';
const TRAIL = `arn:aws:cloudtrail:${REGION}:${ACCOUNT}:trail/main`;

/** A call of AWS CloudTrail by an operator on the trail `main`; `overrides` replace whole top-level fields. */
const call = (eventName: string, overrides: RawRecord = {}): RawRecord =>
  record(eventName, {
    eventSource: 'cloudtrail.amazonaws.com',
    userIdentity: user('operator'),
    requestParameters: { name: 'main' },
    resources: undefined,
    ...overrides,
  });

function changed(raw: unknown): TrailChanged {
  const reading = readRecord(raw, sha256);
  if (reading.kind !== 'fact' || reading.fact.kind !== 'trail-changed')
    throw new Error(`expected a trail, found ${JSON.stringify(reading)}`);
  return reading.fact;
}

describe('a change of a trail', () => {
  it('is a fact of its whole record', () => {
    expect(readRecord(call('StopLogging'), sha256)).toStrictEqual({
      kind: 'fact',
      fact: {
        kind: 'trail-changed',
        eventId: eventId('StopLogging'),
        time: instant(0),
        operation: 'StopLogging',
        caller: { id: userArn('operator'), type: 'IAMUser', trusted: false, awsRole: false },
        region: REGION,
        account: ACCOUNT,
        trailArn: TRAIL,
        change: 'stopped',
        gaps: ['it logs nothing any more'],
      },
    });
  });

  it.each<[string, TrailChange, readonly string[]]>([
    ['StartLogging', 'started', []],
    ['StopLogging', 'stopped', ['it logs nothing any more']],
    ['DeleteTrail', 'deleted', ['it was deleted']],
    ['UpdateTrail', 'updated', []],
    ['PutEventSelectors', 'selected', ['its selectors cannot be read from the record']],
  ])('is %s', (operation, change, gaps) => {
    expect(changed(call(operation))).toMatchObject({ operation, change, gaps });
  });

  it.each(['CreateTrail', 'GetTrailStatus', 'PutInsightSelectors', 'AddTags', 'CreateEventDataStore', 'stoplogging'])(
    'is no other call: %s',
    (operation) => {
      expect(readRecord(call(operation), sha256)).toStrictEqual({ kind: 'out-of-scope' });
    },
  );

  it.each<[string, RawRecord]>([
    ['a denial', { errorCode: 'AccessDenied' }],
    ['a missing trail', { errorCode: 'TrailNotFoundException', errorMessage: 'Unknown trail' }],
    ['a message alone', { errorMessage: 'no' }],
  ])('changed nothing where it failed: %s', (_what, failure) => {
    expect(readRecord(call('StopLogging', failure), sha256)).toStrictEqual({ kind: 'out-of-scope' });
  });

  it.each<[string, RawRecord, string]>([
    ['eventID', { eventID: null }, 'CloudTrail record StopLogging without eventID'],
    ['eventTime', { eventTime: null }, `CloudTrail record ${eventId('StopLogging')}: eventTime is no ISO 8601 instant`],
    ['a request', { requestParameters: null }, `CloudTrail record ${eventId('StopLogging')}: StopLogging names no trail`],
    ['a name', { requestParameters: {} }, `CloudTrail record ${eventId('StopLogging')}: StopLogging names no trail`],
    [
      'a name that says something',
      { requestParameters: { name: ' ' } },
      `CloudTrail record ${eventId('StopLogging')}: StopLogging names no trail`,
    ],
    [
      'a name that is text',
      { requestParameters: { name: ['main'] } },
      `CloudTrail record ${eventId('StopLogging')}: StopLogging names no trail`,
    ],
  ])('is rejected without %s', (_what, overrides, reason) => {
    expect(readRecord(call('StopLogging', overrides), sha256)).toStrictEqual({ kind: 'rejected', reason });
  });
});

describe('the trail that is changed', () => {
  const other = `arn:aws:cloudtrail:eu-west-1:${OTHER_ACCOUNT}:trail/other`;

  it.each<[string, RawRecord, string]>([
    ['its name', { requestParameters: { name: 'main' } }, TRAIL],
    ['its name as PutEventSelectors spells it', { requestParameters: { trailName: 'main' } }, TRAIL],
    ['name before trailName', { requestParameters: { name: 'main', trailName: 'x' } }, TRAIL],
    ['trailName where name is empty', { requestParameters: { name: '', trailName: 'main' } }, TRAIL],
    ['spaces around', { requestParameters: { name: ' main ' } }, TRAIL],
    ['its ARN', { requestParameters: { name: other } }, other],
    ['the answer before the request', { responseElements: { trailARN: other } }, other],
    ['the request where the answer names none', { responseElements: { trailARN: null } }, TRAIL],
    ['the request where the answer is a list', { responseElements: [{ trailARN: other }] }, TRAIL],
    [
      'an ARN of China',
      { requestParameters: { name: `arn:aws-cn:cloudtrail:cn-north-1:${ACCOUNT}:trail/main` } },
      `arn:aws-cn:cloudtrail:cn-north-1:${ACCOUNT}:trail/main`,
    ],
    ['its name in China', { awsRegion: 'cn-north-1' }, `arn:aws-cn:cloudtrail:cn-north-1:${ACCOUNT}:trail/main`],
    ['its name in GovCloud', { awsRegion: 'us-gov-west-1' }, `arn:aws-us-gov:cloudtrail:us-gov-west-1:${ACCOUNT}:trail/main`],
    ['its name in no Region', { awsRegion: null }, `arn:aws:cloudtrail:unknown:${ACCOUNT}:trail/main`],
    ['its name in no account', { recipientAccountId: null, userIdentity: null }, `arn:aws:cloudtrail:${REGION}:unknown:trail/main`],
    // What only looks like a trail's ARN is taken for a name: it can never be one of the policy's.
    [
      'an ARN of an event data store',
      { requestParameters: { name: `arn:aws:cloudtrail:${REGION}:${ACCOUNT}:eventdatastore/x` } },
      `arn:aws:cloudtrail:${REGION}:${ACCOUNT}:trail/arn:aws:cloudtrail:${REGION}:${ACCOUNT}:eventdatastore/x`,
    ],
    [
      'an ARN inside other words',
      { requestParameters: { name: `x ${TRAIL}` } },
      `arn:aws:cloudtrail:${REGION}:${ACCOUNT}:trail/x ${TRAIL}`,
    ],
    [
      'an ARN without name',
      { requestParameters: { name: `arn:aws:cloudtrail:${REGION}:${ACCOUNT}:trail/` } },
      `arn:aws:cloudtrail:${REGION}:${ACCOUNT}:trail/arn:aws:cloudtrail:${REGION}:${ACCOUNT}:trail/`,
    ],
  ])('is named by %s', (_what, overrides, trailArn) => {
    expect(changed(call('StopLogging', overrides)).trailArn).toBe(trailArn);
  });

  it('keeps its identity within 512 characters', () => {
    const arns = ['x', 'y'].map(
      (last) => changed(call('StopLogging', { requestParameters: { name: `${'t'.repeat(600)}${last}` } })).trailArn,
    );

    expect(arns.map((arn) => arn.length)).toEqual([512, 512]);
    expect(new Set(arns).size).toBe(2);
  });
});

describe('UpdateTrail', () => {
  it.each<[string, unknown, TrailChange, readonly string[]]>([
    ['absent', undefined, 'updated', []],
    ['null', null, 'updated', []],
    ['true', true, 'widened', []],
    ['"true"', 'true', 'widened', []],
    ['false', false, 'narrowed', ['it records its home Region alone']],
    ['"false"', 'false', 'narrowed', ['it records its home Region alone']],
    ['empty', '', 'narrowed', ['it records its home Region alone']],
    ['no boolean', { omitted: true }, 'narrowed', ['it records its home Region alone']],
  ])('narrows the trail only by isMultiRegionTrail: %s', (_what, isMultiRegionTrail, change, gaps) => {
    const requestParameters = {
      name: 'main',
      s3KeyPrefix: 'p',
      includeGlobalServiceEvents: false,
      isOrganizationTrail: false,
      isMultiRegionTrail,
    };

    expect(changed(call('UpdateTrail', { requestParameters }))).toMatchObject({ change, gaps });
  });
});

/** The gaps that a request of PutEventSelectors leaves. */
const gapsOf = (request: RawRecord): readonly string[] =>
  changed(call('PutEventSelectors', { requestParameters: { trailName: 'main', ...request } })).gaps;

/** The request with every field name as the API spells it, the first letter large. */
function capitals(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(capitals);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [`${name[0]?.toUpperCase()}${name.slice(1)}`, capitals(inner)]));
}

const WITHOUT_KMS = `ExcludeManagementEventSources names ${KMS}`;

describe('PutEventSelectors, classic', () => {
  const all = { readWriteType: 'All', includeManagementEvents: true, excludeManagementEventSources: [] };

  const table: readonly [string, readonly unknown[], readonly string[]][] = [
    ['everything', [all], []],
    ['nothing said', [{}], []],
    ['nulls', [{ readWriteType: null, includeManagementEvents: null, excludeManagementEventSources: null }], []],
    ['what was cut', [{ omitted: true }], ['its selectors cannot be read from the record']],
    ['a field that only begins like one', [{ ...all, readWriteTypes: 'All' }], ['its selectors cannot be read from the record']],
    ['a field that only ends like one', [{ ...all, noDataResources: [] }], ['its selectors cannot be read from the record']],
    ['another source left out', [{ ...all, excludeManagementEventSources: [RDS] }], []],
    ['a source that only begins like KMS', [{ ...all, excludeManagementEventSources: [`${KMS}.cn`, 'KMS'] }], []],
    ['KMS left out', [{ ...all, excludeManagementEventSources: [KMS] }], ['it leaves out KMS', WITHOUT_KMS]],
    [
      'KMS and another left out',
      [{ ...all, excludeManagementEventSources: [RDS, 7, null, ` ${KMS} `] }],
      ['it leaves out KMS', WITHOUT_KMS],
    ],
    [
      'writes alone',
      [{ ...all, readWriteType: 'WriteOnly' }],
      ['it leaves out reads, so Decrypt and GenerateDataKey', 'ReadWriteType is WriteOnly'],
    ],
    ['reads alone', [{ ...all, readWriteType: 'ReadOnly' }], ['it leaves out writes', 'ReadWriteType is ReadOnly']],
    ['a type nobody knows', [{ ...all, readWriteType: 'Some' }], ['it leaves out KMS', 'ReadWriteType is Some']],
    [
      'writes alone, and KMS left out',
      [{ ...all, readWriteType: 'WriteOnly', excludeManagementEventSources: [KMS] }],
      ['it leaves out KMS', WITHOUT_KMS, 'ReadWriteType is WriteOnly'],
    ],
    ['no management events', [{ ...all, includeManagementEvents: false }], ['it leaves out KMS', 'IncludeManagementEvents is false']],
    [
      'no management events, as text',
      [{ ...all, includeManagementEvents: 'false' }],
      ['it leaves out KMS', 'IncludeManagementEvents is false'],
    ],
    ['management events, as text', [{ ...all, includeManagementEvents: 'true' }], []],
    ['data events beside', [{ includeManagementEvents: false }, all], []],
    [
      'reads and writes apart',
      [
        { ...all, readWriteType: 'ReadOnly' },
        { ...all, readWriteType: 'WriteOnly' },
      ],
      [],
    ],
    [
      'reads apart, and writes without KMS',
      [
        { ...all, readWriteType: 'ReadOnly' },
        { ...all, readWriteType: 'WriteOnly', excludeManagementEventSources: [KMS] },
      ],
      ['it leaves out writes', 'ReadWriteType is ReadOnly', WITHOUT_KMS, 'ReadWriteType is WriteOnly'],
    ],
    ['KMS left out by one, let in by another', [{ ...all, excludeManagementEventSources: [KMS] }, all], []],
    ['what is no selector', ['All', null, 7, [all]], ['its selectors cannot be read from the record']],
    ['what is no selector, and one', [null, { ...all, readWriteType: 'WriteOnly' }], ['its selectors cannot be read from the record']],
  ];

  it.each(table)('lets through: %s', (_what, eventSelectors, gaps) => {
    expect(gapsOf({ eventSelectors })).toStrictEqual(gaps);
  });

  it.each(table)('lets through, as the API spells it: %s', (_what, eventSelectors, gaps) => {
    expect(gapsOf({ EventSelectors: capitals(eventSelectors) })).toStrictEqual(gaps);
  });

  it.each<[string, unknown]>([
    ['absent', undefined],
    ['null', null],
  ])('cannot be read where there is no list: %s', (_what, eventSelectors) => {
    expect(gapsOf({ eventSelectors })).toStrictEqual(['its selectors cannot be read from the record']);
  });

  it('records everything where its list is empty', () => {
    expect(gapsOf({ eventSelectors: [] })).toStrictEqual([]);
  });

  it('gives at most four reasons, each bounded and printable', () => {
    const gaps = gapsOf({
      eventSelectors: Array.from({ length: 9 }, (_, index) => ({ readWriteType: `\u202e${index}${'x'.repeat(400)}` })),
    });

    expect(gaps).toHaveLength(5);
    expect(gaps[0]).toBe('it leaves out KMS');
    for (const gap of gaps.slice(1)) {
      expect(gap).toMatch(/^ReadWriteType is \\u\{202e\}\dx+…$/);
      expect(gap).toHaveLength(200);
    }
  });
});

describe('PutEventSelectors, advanced', () => {
  const field = (name: string, operators: RawRecord): RawRecord => ({ field: name, ...operators });
  const management = field('eventCategory', { equals: ['Management'] });
  const source = (operators: RawRecord): RawRecord => field('eventSource', operators);
  const readOnly = (value: string): RawRecord => field('readOnly', { equals: [value] });
  const selector = (...fieldSelectors: unknown[]): RawRecord => ({ name: 'one', fieldSelectors });
  const data = selector(field('eventCategory', { equals: ['Data'] }), field('resources.type', { equals: ['AWS::S3::Object'] }));
  const NO_KMS = 'it leaves out KMS';
  const NO_READS = 'it leaves out reads, so Decrypt and GenerateDataKey';

  const table: readonly [string, readonly unknown[], readonly string[]][] = [
    ['management events', [selector(management)], []],
    ['management events, data events beside', [data, selector(management)], []],
    [
      'data events of named calls alone',
      [selector(field('eventCategory', { equals: ['Data'] }), field('eventName', { notEquals: ['GetObject'] }))],
      [NO_KMS, 'no event selector is about management events'],
    ],
    ['data events alone', [data], [NO_KMS, 'no event selector is about management events']],
    ['KMS left out', [selector(management, source({ notEquals: [KMS] }))], [NO_KMS, `a selector has eventSource NotEquals ${KMS}`]],
    [
      'KMS left out among others',
      [selector(management, source({ notEquals: [RDS, KMS] }))],
      [NO_KMS, `a selector has eventSource NotEquals ${RDS}, ${KMS}`],
    ],
    ['another source left out', [selector(management, source({ notEquals: [RDS] }))], []],
    ['KMS alone', [selector(management, source({ equals: [KMS] }))], []],
    ['KMS among others', [selector(management, source({ equals: [RDS, KMS] }))], []],
    ['another source alone', [selector(management, source({ equals: [RDS] }))], [NO_KMS, `a selector has eventSource Equals ${RDS}`]],
    ['sources that begin like KMS', [selector(management, source({ startsWith: ['kms.'] }))], []],
    [
      'sources that begin otherwise',
      [selector(management, source({ startsWith: ['rds', 's3'] }))],
      [NO_KMS, 'a selector has eventSource StartsWith rds, s3'],
    ],
    ['sources that end like KMS', [selector(management, source({ endsWith: ['.amazonaws.com'] }))], []],
    [
      'sources that end otherwise',
      [selector(management, source({ endsWith: ['.example.com'] }))],
      [NO_KMS, 'a selector has eventSource EndsWith .example.com'],
    ],
    [
      'no sources that begin like KMS',
      [selector(management, source({ notStartsWith: ['km'] }))],
      [NO_KMS, 'a selector has eventSource NotStartsWith km'],
    ],
    ['no sources that begin otherwise', [selector(management, source({ notStartsWith: ['rds'] }))], []],
    [
      'no sources that end like KMS',
      [selector(management, source({ notEndsWith: ['aws.com'] }))],
      [NO_KMS, 'a selector has eventSource NotEndsWith aws.com'],
    ],
    ['no sources that end otherwise', [selector(management, source({ notEndsWith: ['example.com'] }))], []],
    [
      'a source let in and left out at once',
      [selector(management, source({ equals: [KMS], notEquals: [KMS] }))],
      [NO_KMS, `a selector has eventSource Equals ${KMS} and NotEquals ${KMS}`],
    ],
    ['one of two ways in', [selector(management, source({ equals: [RDS], startsWith: ['kms'] }))], []],
    ['reads alone', [selector(management, readOnly('true'))], ['it leaves out writes', 'a selector has readOnly Equals true']],
    ['writes alone', [selector(management, readOnly('false'))], [NO_READS, 'a selector has readOnly Equals false']],
    ['reads and writes apart', [selector(management, readOnly('true')), selector(management, readOnly('false'))], []],
    [
      'all reads, and writes without KMS',
      [selector(management, readOnly('true')), selector(management, readOnly('false'), source({ notEquals: [KMS] }))],
      [
        'it leaves out writes',
        'a selector has readOnly Equals true',
        'a selector has readOnly Equals false',
        `a selector has eventSource NotEquals ${KMS}`,
      ],
    ],
    [
      'named calls alone',
      [selector(management, field('eventName', { equals: ['Decrypt'] }))],
      [NO_KMS, 'a selector has eventName Equals Decrypt'],
    ],
    ['KMS left out by one, let in by another', [selector(management, source({ notEquals: [KMS] })), selector(management)], []],
    [
      'all but named calls',
      [selector(management, field('eventName', { notEquals: ['Decrypt'] }))],
      [NO_KMS, 'a selector has eventName NotEquals Decrypt'],
    ],
    [
      'a category that is left out',
      [selector(field('eventCategory', { notEquals: ['Management'] }))],
      [NO_KMS, 'no event selector is about management events'],
    ],
    [
      'two categories at once',
      [selector(management, field('eventCategory', { equals: ['Data'] }))],
      [NO_KMS, 'no event selector is about management events'],
    ],
    // Hostile: an unknown field lets nothing through.
    ['a field without name', [selector(management, { equals: ['x'] })], ['its selectors cannot be read from the record']],
    [
      'a field whose name is a list',
      [selector(management, { field: ['eventSource'], notEquals: [KMS] })],
      ['its selectors cannot be read from the record'],
    ],
    [
      'a field of the prototype',
      [selector(management, field('constructor', { equals: ['x'] }))],
      [NO_KMS, 'a selector has constructor Equals x'],
    ],
    [
      'operators of other things',
      [selector(management, source({ notEquals: [7, null, '', KMS] }))],
      ['its selectors cannot be read from the record'],
    ],
    ['what is no field', [selector(management, 'eventSource')], ['its selectors cannot be read from the record']],
    ['no fields', [{ fieldSelectors: null }], ['its selectors cannot be read from the record']],
    ['an empty list of fields', [selector()], ['its selectors cannot be read from the record']],
    ['a field without operator', [selector(management, source({}))], ['its selectors cannot be read from the record']],
    [
      'an operator of other things beside a good one',
      [selector(management, source({ equals: [KMS], notEquals: [7] }))],
      ['its selectors cannot be read from the record'],
    ],
    [
      'a field of the prototype that begins otherwise',
      [selector(management, field('constructor', { startsWith: ['x'] }))],
      [NO_KMS, 'a selector has constructor StartsWith x'],
    ],
    [
      'what is no selector, and one',
      [null, selector(management, source({ notEquals: [KMS] }))],
      ['its selectors cannot be read from the record'],
    ],
    [
      'reads of KMS alone',
      [selector(management, source({ equals: [KMS] }), readOnly('true'))],
      ['it leaves out writes', 'a selector has readOnly Equals true'],
    ],
    ['what is no selector', [null, 'x', [selector(data)]], ['its selectors cannot be read from the record']],
    ['what was cut', [{ omitted: true }], ['its selectors cannot be read from the record']],
    ['an empty operator', [selector(management, source({ equals: [] }))], ['its selectors cannot be read from the record']],
  ];

  it.each(table)('lets through: %s', (_what, advancedEventSelectors, gaps) => {
    expect(gapsOf({ advancedEventSelectors })).toStrictEqual(gaps);
  });

  it.each(table)('lets through, as the API spells it: %s', (_what, advancedEventSelectors, gaps) => {
    expect(gapsOf({ AdvancedEventSelectors: capitals(advancedEventSelectors) })).toStrictEqual(gaps);
  });

  it('decides where classic ones stand beside', () => {
    const eventSelectors = [{ readWriteType: 'WriteOnly' }];

    expect(gapsOf({ eventSelectors, advancedEventSelectors: [selector(management)] })).toStrictEqual([]);
    expect(gapsOf({ eventSelectors, advancedEventSelectors: [] })).toStrictEqual([NO_READS, 'ReadWriteType is WriteOnly']);
  });
});

describe('selectors that cannot be read', () => {
  it.each<[string, RawRecord]>([
    ['a request that was cut', { requestParameters: { omitted: true }, responseElements: { trailARN: TRAIL } }],
    ['a list that was hidden', { requestParameters: { trailName: 'main', eventSelectors: 'HIDDEN_DUE_TO_SECURITY_REASONS' } }],
    ['a list that is an object', { requestParameters: { trailName: 'main', eventSelectors: { readWriteType: 'WriteOnly' } } }],
    [
      'an exclusion that is no list',
      { requestParameters: { trailName: 'main', eventSelectors: [{ excludeManagementEventSources: KMS }] } },
    ],
    ['a type that is no text', { requestParameters: { trailName: 'main', eventSelectors: [{ readWriteType: ['WriteOnly'] }] } }],
  ])('are never taken for whole: %s', (_what, overrides) => {
    expect(changed(call('PutEventSelectors', overrides)).gaps).toStrictEqual(['its selectors cannot be read from the record']);
  });

  it('are taken from the answer, where the request was cut', () => {
    const responseElements = { trailARN: TRAIL, eventSelectors: [{ readWriteType: 'ReadOnly', includeManagementEvents: true }] };

    expect(changed(call('PutEventSelectors', { requestParameters: { omitted: true }, responseElements })).gaps).toStrictEqual([
      'it leaves out writes',
      'ReadWriteType is ReadOnly',
    ]);
  });
});
