import { isObject, items, text } from '../core/json.ts';
import { isRefusal, type Refusal, refused } from './refusal.ts';

/** A metric as CloudWatch took it. */
export interface PutMetric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
  readonly unit: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html */
const LIMITS = { metrics: 1_000, dimensions: 30, characters: 255, pastSeconds: 14 * 86_400, futureSeconds: 2 * 3_600 };
const UNITS = new Set(['Count', 'Seconds', 'Milliseconds', 'Bytes', 'Percent', 'None']);

const invalid = (message: string): Refusal => refused('InvalidParameterValue', message);

/** A name or value of 1 to 255 printable ASCII characters, one of them no blank. */
function isWord(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LIMITS.characters && /^[\x20-\x7e]*[\x21-\x7e][\x20-\x7e]*$/.test(value);
}

/** Reads the JSON of a PutMetricData call; a refusal where CloudWatch would refuse it. `now` in seconds since 1970. */
export function readPutMetricData(request: unknown, now: number): readonly PutMetric[] | Refusal {
  const namespace = isObject(request) ? request.Namespace : undefined;
  if (!isWord(namespace) || namespace.startsWith(':') || namespace.startsWith('AWS/'))
    return invalid('The value for parameter Namespace is not valid.');
  const list = items(isObject(request) ? request.MetricData : undefined);
  if (list.length === 0) return refused('MissingParameter', 'The parameter MetricData is required.');
  if (list.length > LIMITS.metrics) return invalid(`The collection MetricData must not have a size greater than ${LIMITS.metrics}.`);
  const metrics: PutMetric[] = [];
  for (const [index, item] of list.entries()) {
    const metric = readDatum(item, namespace, `MetricData.member.${index + 1}`, now);
    if (isRefusal(metric)) return metric;
    metrics.push(metric);
  }
  return metrics;
}

function readDatum(item: unknown, namespace: string, at: string, now: number): PutMetric | Refusal {
  if (!isObject(item)) return invalid(`The parameter ${at} is not an object.`);
  const { MetricName: name, Value: value, Timestamp: timestamp = now } = item;
  const unit = text(item.Unit) ?? 'None';
  if (!isWord(name) || name.startsWith(':')) return invalid(`The value for parameter ${at}.MetricName is not valid.`);
  if (typeof value !== 'number' || !Number.isFinite(value)) return invalid(`The value for parameter ${at}.Value is not valid.`);
  if (!UNITS.has(unit)) return invalid(`The value ${unit} for parameter ${at}.Unit is not valid.`);
  if (typeof timestamp !== 'number' || timestamp < now - LIMITS.pastSeconds || timestamp > now + LIMITS.futureSeconds)
    return invalid(`The parameter ${at}.Timestamp must specify a time within the past two weeks.`);
  const dimensions = readDimensions(items(item.Dimensions), at);
  return isRefusal(dimensions) ? dimensions : { namespace, name, dimensions: Object.fromEntries(dimensions), value, unit, timestamp };
}

function readDimensions(list: readonly unknown[], at: string): ReadonlyMap<string, string> | Refusal {
  if (list.length > LIMITS.dimensions)
    return invalid(`The collection ${at}.Dimensions must not have a size greater than ${LIMITS.dimensions}.`);
  const dimensions = new Map<string, string>();
  for (const [index, item] of list.entries()) {
    const { Name: name, Value: value } = isObject(item) ? item : {};
    const where = `${at}.Dimensions.member.${index + 1}`;
    if (!isWord(name) || name.startsWith(':')) return invalid(`The value for parameter ${where}.Name is not valid.`);
    if (!isWord(value)) return invalid(`The value for parameter ${where}.Value is not valid.`);
    if (dimensions.has(name)) return invalid(`No two dimensions may have one name: ${name}.`);
    dimensions.set(name, value);
  }
  return dimensions;
}
