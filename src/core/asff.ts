import type { Finding } from './finding.ts';
import {
  description,
  otherFields,
  type Place,
  placeOf,
  resourcesOf,
  runbookLine,
  type TouchedResource,
  titleLine,
} from './finding-parts.ts';
import { ruleOf } from './rules/registry.ts';
import type { Severity } from './severity.ts';
import { printable, shortened } from './text.ts';
import type { Timestamp } from './timestamp.ts';

/** A finding as Security Hub imports it, https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html */
export interface AsffFinding {
  readonly SchemaVersion: '2018-10-08';
  readonly Id: string;
  readonly ProductArn: string;
  readonly ProductName: string;
  readonly CompanyName: string;
  readonly GeneratorId: string;
  readonly AwsAccountId: string;
  readonly Types: readonly string[];
  readonly CreatedAt: string;
  readonly UpdatedAt: string;
  readonly FirstObservedAt: string;
  readonly LastObservedAt: string;
  readonly Severity: AsffSeverity;
  readonly FindingProviderFields: { readonly Severity: AsffSeverity; readonly Types: readonly string[] };
  readonly Title: string;
  readonly Description: string;
  readonly Resources: readonly AsffResource[];
  readonly ProductFields: Readonly<Record<string, string>>;
  readonly Remediation?: { readonly Recommendation: { readonly Text: string } };
  readonly RecordState: 'ACTIVE' | 'ARCHIVED';
  readonly Workflow: { readonly Status: 'NEW' | 'RESOLVED' };
}

/** https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Severity.html */
export interface AsffSeverity {
  readonly Label: 'CRITICAL' | 'HIGH' | 'MEDIUM' | 'LOW';
  /** As the rule has it. */
  readonly Original: Severity;
}

/** The partitions of AWS that Security Hub takes: any other would have it refuse the finding. */
const PARTITIONS = ['aws', 'aws-cn', 'aws-us-gov', 'aws-us-iso', 'aws-us-iso-b'] as const;

/** https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Resource.html */
export interface AsffResource {
  readonly Type: 'AwsKmsKey' | 'AwsEcsCluster' | 'AwsAccount' | 'Other';
  readonly Id: string;
  readonly Partition?: (typeof PARTITIONS)[number];
  readonly Region?: string;
  readonly ResourceRole?: 'Target';
}

/** The account and Region whose Security Hub takes the finding in. */
export interface ImportedInto {
  readonly account?: string;
  readonly region?: string;
}

/** Stands where neither the finding nor the caller names an account: a finding without one is no ASFF. */
export const UNKNOWN_ACCOUNT = '000000000000';
/** Stands where neither the finding nor the caller names a Region. */
export const UNKNOWN_REGION = 'us-east-1';

const PRODUCT = 'kms-audit';
/** In characters, but for the counts. https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html */
const LIMITS = { id: 512, title: 256, description: 1024, step: 512, resources: 32, fields: 50, fieldName: 128, field: 2048 };

const LABEL: Readonly<Record<Severity, AsffSeverity['Label']>> = { critical: 'CRITICAL', high: 'HIGH', medium: 'MEDIUM', low: 'LOW' };

/** https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-type-taxonomy.html by ATT&CK technique. */
const TYPE_OF_ATTACK: ReadonlyMap<string | undefined, string> = new Map([
  ['T1098', 'TTPs/Persistence'],
  ['T1485', 'Effects/Data Destruction'],
  // Under a key that its owner has not: to him as good as destroyed.
  ['T1486', 'Effects/Data Destruction'],
  ['T1562', 'TTPs/Defense Evasion'],
]);

const RESOURCE_TYPE: Readonly<Record<TouchedResource['kind'], AsffResource['Type']>> = {
  key: 'AwsKmsKey',
  'key-store': 'Other',
  cluster: 'AwsEcsCluster',
  grant: 'Other',
  // The volume of a Fargate task belongs to AWS: it has no ARN that AwsEc2Volume could be known by.
  volume: 'Other',
  other: 'Other',
};

/**
 * The finding in the AWS Security Finding Format, as the custom product of an account.
 * Security Hub takes only findings of the account and the Region that it is called in: pass them as `into` where they
 * are known. Without them the key's stand, else the cluster's account, else the finding's, else
 * {@link UNKNOWN_ACCOUNT} and {@link UNKNOWN_REGION}. One that is `over` since then is archived and resolved.
 * `UpdatedAt` is the latest event's time, or that end, so that a finding that has grown or ended replaces the one
 * imported before. Untrusted text is bounded by the limits AWS states, and printable.
 * https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-custom-providers.html
 */
export function asffFinding(finding: Finding, into: ImportedInto = {}, over?: Timestamp): AsffFinding {
  const place = placeOf(finding, into);
  const { account = UNKNOWN_ACCOUNT, region = UNKNOWN_REGION, partition } = place;
  const severity: AsffSeverity = { Label: LABEL[finding.severity], Original: finding.severity };
  const types = typesOf(finding);
  const steps = runbookLine(finding);
  return {
    SchemaVersion: '2018-10-08',
    Id: printable(`${PRODUCT}/${finding.id}`, LIMITS.id),
    ProductArn: `arn:${partition}:securityhub:${region}:${account}:product/${account}/default`,
    ProductName: PRODUCT,
    CompanyName: PRODUCT,
    GeneratorId: printable(`${PRODUCT}/${finding.rule}`, LIMITS.id),
    AwsAccountId: account,
    Types: types,
    CreatedAt: finding.firstSeen,
    // Stryker disable next-line ConditionalExpression,EqualityOperator: nothing is later than undefined, and equals are the same.
    UpdatedAt: over !== undefined && over > finding.lastSeen ? over : finding.lastSeen,
    FirstObservedAt: finding.firstSeen,
    LastObservedAt: finding.lastSeen,
    Severity: severity,
    // Of a finding already imported, Security Hub updates these alone.
    FindingProviderFields: { Severity: severity, Types: types },
    Title: titleLine(finding, LIMITS.title),
    Description: shortened(description(finding), LIMITS.description),
    Resources: asffResources(finding, { ...place, account }),
    ProductFields: productFields(finding),
    ...(steps === undefined ? {} : { Remediation: { Recommendation: { Text: shortened(steps, LIMITS.step) } } }),
    RecordState: over === undefined ? 'ACTIVE' : 'ARCHIVED',
    Workflow: { Status: over === undefined ? 'NEW' : 'RESOLVED' },
  };
}

/** One type, by what the rule's technique is after; the rule is its classifier. */
function typesOf({ rule }: Finding): readonly string[] {
  const category = TYPE_OF_ATTACK.get(ruleOf(rule)?.attack?.split('.')[0]) ?? 'Unusual Behaviors/Container';
  // A slash would begin a fourth part of a path that has three.
  return [`${category}/${printable(rule, 100).replaceAll('/', '-')}`];
}

/** What the finding touches; the account itself where it names nothing, because one resource is the least Security Hub takes. */
function asffResources(finding: Finding, into: Place & { readonly account: string }): readonly AsffResource[] {
  const resources = resourcesOf(finding).slice(0, LIMITS.resources);
  if (resources.length > 0) return resources.map(asffResource);
  return [{ Type: 'AwsAccount', Id: `AWS::::Account:${into.account}`, ...partitionAndRegion(into) }];
}

function asffResource({ kind, id, place }: TouchedResource): AsffResource {
  return {
    Type: RESOURCE_TYPE[kind],
    Id: id,
    ...(place === undefined ? {} : partitionAndRegion(place)),
    ...(kind === 'key' ? { ResourceRole: 'Target' } : {}),
  };
}

function partitionAndRegion({ partition, region }: Place): Pick<AsffResource, 'Partition' | 'Region'> {
  const taken = PARTITIONS.find((one) => one === partition);
  return { ...(taken === undefined ? {} : { Partition: taken }), ...(region === undefined ? {} : { Region: region }) };
}

/** What the format has no field for, under names that begin with the product's. */
function productFields(finding: Finding): Readonly<Record<string, string>> {
  const { rule, keyArn, keyStoreId, grantId, clusterAccount, clusterName, volumeId, resource, caller, account, operation, region } =
    finding;
  const known = { rule, keyArn, keyStoreId, grantId, clusterAccount, clusterName, volumeId, resource, caller, account, operation, region };
  const fields: readonly (readonly [string, string | undefined])[] = [
    ...Object.entries(known),
    ['count', String(finding.count)],
    ['eventIds', wholeIds(finding.eventIds)],
    ...otherFields(finding),
  ];
  return Object.fromEntries(
    fields
      .flatMap(([name, value]) =>
        value === undefined || value.trim() === ''
          ? []
          : [[printable(`${PRODUCT}/${name}`, LIMITS.fieldName), printable(value, LIMITS.field)] as const],
      )
      .slice(0, LIMITS.fields),
  );
}

/** As many ids as fit in one field, none cut. */
function wholeIds(eventIds: readonly string[]): string {
  let ids = '';
  for (const eventId of eventIds) {
    const more = `${ids === '' ? '' : `${ids} `}${printable(eventId, LIMITS.id)}`;
    if (more.length > LIMITS.field) return ids;
    ids = more;
  }
  return ids;
}
