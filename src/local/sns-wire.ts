import { isObject } from '../core/json.ts';
import { type Refusal, refused } from './refusal.ts';

/** A message as the topic took it. */
export interface PublishedAlert {
  readonly topicArn: string;
  readonly subject?: string;
  /** By protocol; `default` is always there. */
  readonly bodies: Readonly<Record<string, string>>;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Message and attributes together, in UTF-8. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
const MESSAGE_LIMIT_BYTES = 262_144;
/** ASCII that begins with a letter, number or punctuation mark; no control characters; less than 100 characters. */
const SUBJECT = /^[\x21-\x7e][\x20-\x7e]{0,98}$/;
const TOPIC_ARN = /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?$/;
const ATTRIBUTE_NAME = /^(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)$/;
const utf8 = (text: string): number => Buffer.byteLength(text);

/** Reads the form of a Publish call; a refusal where SNS would refuse it. */
export function readPublish(form: URLSearchParams): PublishedAlert | Refusal {
  const topicArn = form.get('TopicArn') ?? '';
  const subject = form.get('Subject') ?? undefined;
  const message = form.get('Message') ?? '';
  const attributes = readAttributes(form);
  if (!TOPIC_ARN.test(topicArn)) return refused('InvalidParameter', 'Invalid parameter: TopicArn');
  if (message === '') return refused('InvalidParameter', 'Invalid parameter: Empty message');
  if (subject !== undefined && !SUBJECT.test(subject)) return refused('InvalidParameter', 'Invalid parameter: Subject');
  if ('refusal' in attributes) return attributes.refusal;
  const sizes = Object.entries(attributes.read).map(([name, value]) => utf8(name) + utf8('String') + utf8(value));
  if (sizes.reduce((sum, size) => sum + size, utf8(message)) > MESSAGE_LIMIT_BYTES)
    return refused('InvalidParameter', 'Invalid parameter: Message too long');
  const bodies = form.get('MessageStructure') === 'json' ? readBodies(message) : { read: { default: message } };
  if ('refusal' in bodies) return bodies.refusal;
  return { topicArn, ...(subject === undefined ? {} : { subject }), bodies: bodies.read, attributes: attributes.read };
}

type Read<T> = { readonly read: T } | { readonly refusal: Refusal };

/** `MessageAttributes.entry.N.Name`, `.Value.DataType`, `.Value.StringValue`, numbered from 1. */
function readAttributes(form: URLSearchParams): Read<Record<string, string>> {
  const read: Record<string, string> = {};
  for (let index = 1; form.has(`MessageAttributes.entry.${index}.Name`); index += 1) {
    const entry = (field: string): string => form.get(`MessageAttributes.entry.${index}.${field}`) ?? '';
    const name = entry('Name');
    const value = entry('Value.StringValue');
    if (!ATTRIBUTE_NAME.test(name)) return { refusal: refused('ParameterValueInvalid', `Message attribute name '${name}' is not valid.`) };
    if (entry('Value.DataType') !== 'String')
      return {
        refusal: refused('ParameterValueInvalid', `The message attribute '${name}' has an unexpected type; this server takes String.`),
      };
    if (value === '')
      return {
        refusal: refused(
          'ParameterValueInvalid',
          `The message attribute '${name}' must contain non-empty message attribute value for message attribute type 'String'.`,
        ),
      };
    read[name] = value;
  }
  return { read };
}

function readBodies(message: string): Read<Record<string, string>> {
  const structure = 'Invalid parameter: Message Structure -';
  let bodies: unknown;
  try {
    bodies = JSON.parse(message);
  } catch {
    return { refusal: refused('InvalidParameter', `${structure} JSON message body failed to parse`) };
  }
  const texts = isObject(bodies) ? Object.entries(bodies).filter((entry): entry is [string, string] => typeof entry[1] === 'string') : [];
  const read = Object.fromEntries(texts);
  return read.default === undefined
    ? { refusal: refused('InvalidParameter', `${structure} No default entry in JSON message body`) }
    : { read };
}
