import type { FactBase, TrailChange } from './fact.ts';
import { at, field, firstText, flag, isObject, items, text } from './json.ts';
import { partitionOf } from './key-arn.ts';
import type { AdvancedSelector, ClassicSelector, FieldSelector, TrailSelectors } from './observed.ts';
import { type CallReader, OUT_OF_SCOPE, type Reading, rejected } from './reading.ts';
import { bounded, type Digest, printable } from './text.ts';
import { coverageOf } from './trail-selectors.ts';

const LIMITS = { arn: 512, gap: 200, gaps: 5 };
const TRAIL_ARN = /^arn:aws[a-z-]*:cloudtrail:[a-z0-9-]+:[A-Za-z0-9-]+:trail\/./s;

const CHANGES: ReadonlyMap<string, (request: unknown) => TrailChange> = new Map([
  ['StartLogging', () => 'started'],
  ['StopLogging', () => 'stopped'],
  ['DeleteTrail', () => 'deleted'],
  ['UpdateTrail', updateOf],
  ['PutEventSelectors', () => 'selected'],
]);

/**
 * Reads a change of a trail that succeeded, and what of KMS the trail no longer records after it.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/filtering-data-events.html
 */
function readTrailChanged(record: unknown, base: FactBase, digest: Digest): Reading {
  const request = field(record, 'requestParameters');
  // Stryker disable next-line OptionalChaining: it is given its own calls alone.
  const change = CHANGES.get(base.operation)?.(request);
  // Stryker disable next-line ConditionalExpression: the same.
  if (change === undefined) return OUT_OF_SCOPE;
  const named = firstText(at(record, 'responseElements', 'trailARN'), field(request, 'name'), field(request, 'trailName'));
  if (named === undefined) return rejected(`CloudTrail record ${printable(base.eventId, 64)}: ${base.operation} names no trail`);
  const gaps = gapsOf(change, record).map((gap) => printable(gap, LIMITS.gap));
  return {
    kind: 'fact',
    fact: { kind: 'trail-changed', ...base, trailArn: bounded(trailArn(named, base), LIMITS.arn, digest), change, gaps },
  };
}

/** CloudTrail's calls. */
export const TRAIL_CALLS: CallReader = { service: 'CloudTrail', operations: new Set(CHANGES.keys()), read: readTrailChanged };

/** A trail is named by its ARN, or by its name in its home Region, where alone such calls are taken. */
function trailArn(named: string, { region = 'unknown', account = 'unknown' }: FactBase): string {
  return TRAIL_ARN.test(named) ? named : `arn:${partitionOf(region)}:cloudtrail:${region}:${account}:trail/${named}`;
}

function gapsOf(change: TrailChange, record: unknown): readonly string[] {
  switch (change) {
    case 'started':
    case 'widened':
    case 'updated':
      return [];
    case 'stopped':
      return ['it logs nothing any more'];
    case 'deleted':
      return ['it was deleted'];
    case 'narrowed':
      return ['it records its home Region alone'];
    case 'selected':
      return selectorGaps(selectorsIn(field(record, 'requestParameters')) ?? selectorsIn(field(record, 'responseElements')));
    // Stryker disable next-line ConditionalExpression: there is no other change.
    default:
      return change satisfies never;
  }
}

/** An update that does not say which Regions leaves them as they were. */
function updateOf(request: unknown): TrailChange {
  const everywhere = field(request, 'isMultiRegionTrail');
  if (everywhere === undefined || everywhere === null) return 'updated';
  return flag(everywhere) ? 'widened' : 'narrowed';
}

/** Selectors that cannot be read are never taken for whole. */
function selectorGaps(selectors: TrailSelectors | undefined): string[] {
  if (selectors === undefined) return ['its selectors cannot be read from the record'];
  const { reads, writes, because } = coverageOf(selectors);
  if (reads && writes) return [];
  const lost = reads ? 'writes' : writes ? 'reads, so Decrypt and GenerateDataKey' : 'KMS';
  return [`it leaves out ${lost}`, ...because].slice(0, LIMITS.gaps);
}

/** CloudTrail's own records begin field names with a small letter; requests begin them with a capital. */
const either = (value: unknown, name: string): unknown => field(value, name) ?? field(value, name.charAt(0).toUpperCase() + name.slice(1));
const isAbsent = (value: unknown): boolean => value === undefined || value === null;
const isListOrAbsent = (value: unknown): boolean => isAbsent(value) || Array.isArray(value);

/** The selectors of a request or its answer; undefined where there are none, or one cannot be read. */
function selectorsIn(source: unknown): TrailSelectors | undefined {
  const classic = either(source, 'eventSelectors');
  const advanced = either(source, 'advancedEventSelectors');
  if (!isListOrAbsent(classic) || !isListOrAbsent(advanced) || (isAbsent(classic) && isAbsent(advanced))) return undefined;
  if (!items(classic).every(isClassicReadable) || !items(advanced).every(isAdvancedReadable)) return undefined;
  return { classic: items(classic).map(classicSelector), advanced: items(advanced).map(advancedSelector) };
}

const CLASSIC_FIELDS = /^(?:readWriteType|includeManagementEvents|excludeManagementEventSources|dataResources)$/i;

/** What was cut or hidden is no selector; an empty one selects everything. */
function isClassicReadable(selector: unknown): boolean {
  const kind = either(selector, 'readWriteType');
  return (
    isObject(selector) &&
    Object.keys(selector).every((name) => CLASSIC_FIELDS.test(name)) &&
    (isAbsent(kind) || typeof kind === 'string') &&
    isListOrAbsent(either(selector, 'excludeManagementEventSources'))
  );
}

/** Every field of it has an operator, and every operator a list of texts. */
function isAdvancedReadable(selector: unknown): boolean {
  const fields = either(selector, 'fieldSelectors');
  return Array.isArray(fields) && fields.length > 0 && fields.every(isFieldReadable);
}

function isFieldReadable(selector: unknown): boolean {
  const operators = OPERATORS.map((operator) => either(selector, operator)).filter((values) => !isAbsent(values));
  return (
    text(either(selector, 'field')) !== undefined &&
    operators.length > 0 &&
    operators.every((values) => Array.isArray(values) && values.length > 0 && values.every((value) => text(value) !== undefined))
  );
}

function classicSelector(selector: unknown): ClassicSelector {
  const management = either(selector, 'includeManagementEvents');
  return {
    ReadWriteType: text(either(selector, 'readWriteType')) ?? 'All',
    IncludeManagementEvents: management === undefined || management === null || flag(management),
    ExcludeManagementEventSources: texts(either(selector, 'excludeManagementEventSources')),
  };
}

function advancedSelector(selector: unknown): AdvancedSelector {
  return { FieldSelectors: items(either(selector, 'fieldSelectors')).map(fieldSelector) };
}

const OPERATORS = ['equals', 'startsWith', 'endsWith', 'notEquals', 'notStartsWith', 'notEndsWith'] as const;
const SPELLING = {
  equals: 'Equals',
  startsWith: 'StartsWith',
  endsWith: 'EndsWith',
  notEquals: 'NotEquals',
  notStartsWith: 'NotStartsWith',
  notEndsWith: 'NotEndsWith',
} as const;

function fieldSelector(selector: unknown): FieldSelector {
  const operators = OPERATORS.flatMap((operator) => {
    const values = texts(either(selector, operator));
    return values.length === 0 ? [] : [[SPELLING[operator], values] as const];
  });
  // Stryker disable next-line StringLiteral: what is read has a name.
  return { Field: text(either(selector, 'field')) ?? '', ...Object.fromEntries(operators) };
}

// Stryker disable next-line ArrayDeclaration: no source is called so.
const texts = (value: unknown): string[] => items(value).flatMap((one) => text(one) ?? []);
