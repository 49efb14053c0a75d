import type { AdvancedSelector, ClassicSelector, FieldSelector, TrailSelectors } from './observed.ts';

const KMS = 'kms.amazonaws.com';

/** What of KMS a trail records, and why not the rest. */
export interface Coverage {
  readonly reads: boolean;
  readonly writes: boolean;
  readonly because: readonly string[];
}

/**
 * What of KMS's management events these selectors let through. Events match when any selector does; a trail without
 * selectors records all of them.
 */
export function coverageOf({ classic, advanced }: TrailSelectors): Coverage {
  if (advanced.length > 0) {
    const lets = (readOnly: string): boolean => advanced.some((selector) => letsThrough(selector, readOnly));
    return { reads: lets('true'), writes: lets('false'), because: advancedReasons(advanced) };
  }
  if (classic.length === 0) return { reads: true, writes: true, because: [] };
  const open = classic.filter((one) => isManagement(one) && !one.ExcludeManagementEventSources?.includes(KMS));
  const lets = (kind: string): boolean => open.some(({ ReadWriteType = 'All' }) => ReadWriteType === 'All' || ReadWriteType === kind);
  return { reads: lets('ReadOnly'), writes: lets('WriteOnly'), because: classicReasons(classic) };
}

const isManagement = ({ IncludeManagementEvents = true }: ClassicSelector): boolean => IncludeManagementEvents;

function classicReasons(selectors: readonly ClassicSelector[]): string[] {
  const management = selectors.filter(isManagement);
  if (management.length === 0) return ['IncludeManagementEvents is false'];
  return management.flatMap(({ ReadWriteType = 'All', ExcludeManagementEventSources }) => [
    ...(ExcludeManagementEventSources?.includes(KMS) ? [`ExcludeManagementEventSources names ${KMS}`] : []),
    ...(ReadWriteType === 'All' ? [] : [`ReadWriteType is ${ReadWriteType}`]),
  ]);
}

const fieldsOf = ({ FieldSelectors = [] }: AdvancedSelector): readonly FieldSelector[] => FieldSelectors;

/** One value must satisfy a positive list if there is one, and no negative list. */
function accepts(field: FieldSelector, value: string): boolean {
  const wanted = [
    ...(field.Equals ?? []).map((one) => value === one),
    ...(field.StartsWith ?? []).map((one) => value.startsWith(one)),
    ...(field.EndsWith ?? []).map((one) => value.endsWith(one)),
  ];
  const unwanted =
    field.NotEquals?.includes(value) ||
    field.NotStartsWith?.some((one) => value.startsWith(one)) ||
    field.NotEndsWith?.some((one) => value.endsWith(one));
  return !unwanted && (wanted.length === 0 || wanted.includes(true));
}

/** A field that is none of these three may leave out any call, so that such a selector counts for nothing. */
function letsThrough(selector: AdvancedSelector, readOnly: string): boolean {
  const values = new Map<string | undefined, string>([
    ['eventCategory', 'Management'],
    ['eventSource', KMS],
    ['readOnly', readOnly],
  ]);
  return fieldsOf(selector).every((field) => {
    const value = values.get(field.Field);
    return value !== undefined && accepts(field, value);
  });
}

const isOfManagement = (selector: AdvancedSelector): boolean =>
  fieldsOf(selector).every((field) => field.Field !== 'eventCategory' || accepts(field, 'Management'));

function advancedReasons(selectors: readonly AdvancedSelector[]): string[] {
  const management = selectors.filter(isOfManagement);
  if (management.length === 0) return ['no event selector is about management events'];
  return management.flatMap((selector) =>
    fieldsOf(selector)
      .filter(({ Field }) => Field !== 'eventCategory')
      .filter((field) => field.Field !== 'eventSource' || !accepts(field, KMS))
      .map(({ Field, ...operators }) => {
        const told = Object.entries(operators).flatMap(([operator, values]) =>
          values === undefined ? [] : `${operator} ${values.join(', ')}`,
        );
        return `a selector has ${Field} ${told.join(' and ')}`;
      }),
  );
}

/**
 * The options of `put-event-selectors` that let all of KMS through and keep everything else: the call replaces every
 * selector the trail has. https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventSelectors.html
 */
export function mendedSelectors({ classic, advanced }: TrailSelectors): { readonly option: string; readonly value: readonly object[] } {
  if (advanced.length > 0) {
    const first = advanced.find(isOfManagement);
    const whole = { ...first, FieldSelectors: [{ Field: 'eventCategory', Equals: ['Management'] }, ...otherSources(first)] };
    return {
      option: '--advanced-event-selectors',
      value: first === undefined ? [...advanced, whole] : advanced.map((one) => (one === first ? whole : one)),
    };
  }
  const first = classic.find(isManagement) ?? classic[0];
  const kept = (first?.ExcludeManagementEventSources ?? []).filter((source) => source !== KMS);
  const whole = { ...first, ReadWriteType: 'All', IncludeManagementEvents: true, ExcludeManagementEventSources: kept };
  return { option: '--event-selectors', value: classic.map((one) => (one === first ? whole : one)) };
}

/** Other sources a selector leaves out stay left out. */
function otherSources(selector: AdvancedSelector = {}): FieldSelector[] {
  const left = fieldsOf(selector)
    .filter(({ Field }) => Field === 'eventSource')
    .flatMap(({ NotEquals = [] }) => NotEquals)
    .filter((source) => source !== KMS);
  return left.length === 0 ? [] : [{ Field: 'eventSource', NotEquals: left }];
}
