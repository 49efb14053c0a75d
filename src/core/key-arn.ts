/** The parts of a KMS key ARN, https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id-key-ARN */
export interface KeyArn {
  readonly arn: string;
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly keyId: string;
}

const SHAPE = /arn:(aws[a-z-]{0,20}):kms:([a-z0-9-]{1,32}):([A-Za-z0-9-]{1,32}):key\/([A-Za-z0-9-]{1,128})/;
const WHOLE = new RegExp(`^${SHAPE.source}$`);
const BARE_ID = /^(?:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|mrk-[0-9a-fA-F]{32})$/;

function fromMatch(match: RegExpExecArray | null): KeyArn | undefined {
  if (match === null) return undefined;
  // Stryker disable next-line StringLiteral: what matches has every part.
  const [arn, partition = '', region = '', account = '', keyId = ''] = match;
  return { arn, partition, region, account, keyId };
}

/** Reads a key ARN; undefined for aliases, ids and everything else. */
export function readKeyArn(value: unknown): KeyArn | undefined {
  return typeof value === 'string' ? fromMatch(WHOLE.exec(value.trim())) : undefined;
}

/** The first key ARN inside a sentence, such as an error message. */
export function findKeyArn(sentence: unknown): KeyArn | undefined {
  return typeof sentence === 'string' ? fromMatch(SHAPE.exec(sentence)) : undefined;
}

/** The ARN of a bare key id in the account and Region of the call; an alias cannot be resolved from a record. */
export function keyArnOfId(value: unknown, region: string | undefined, account: string | undefined): KeyArn | undefined {
  if (typeof value !== 'string' || region === undefined || account === undefined) return undefined;
  const id = value.trim();
  return BARE_ID.test(id) ? readKeyArn(`arn:${partitionOf(region)}:kms:${region}:${account}:key/${id}`) : undefined;
}

/** The partition a Region belongs to. */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}
