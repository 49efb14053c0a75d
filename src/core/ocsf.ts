import type { Finding } from './finding.ts';
import {
  description,
  ID_LIMIT,
  otherFields,
  type Place,
  placeOf,
  resourcesOf,
  runbookLine,
  type TouchedResource,
  titleLine,
} from './finding-parts.ts';
import type { JsonObject } from './json.ts';
import { ruleOf } from './rules/registry.ts';
import type { Severity } from './severity.ts';
import { printable } from './text.ts';
import { type Timestamp, toSeconds } from './timestamp.ts';

/** The schema version events are written in: the latest release, of August 2026. */
export const OCSF_VERSION = '1.9.0';

const CATEGORY = { id: 2, name: 'Findings' };
const CLASS = { id: 2004, name: 'Detection Finding' };
const CREATE = { id: 1, name: 'Create' };
const PRODUCT = 'kms-audit';

/** https://schema.ocsf.io/1.9.0/classes/detection_finding, attribute severity_id */
const SEVERITY: Readonly<Record<Severity, { readonly id: number; readonly name: string }>> = {
  critical: { id: 5, name: 'Critical' },
  high: { id: 4, name: 'High' },
  medium: { id: 3, name: 'Medium' },
  low: { id: 2, name: 'Low' },
};

/** https://schema.ocsf.io/1.9.0/classes/detection_finding, attribute status_id */
const STATUS = { open: { status_id: 1, status: 'New' }, over: { status_id: 4, status: 'Resolved' } };

/** CloudFormation's names of types, as Security Hub asks for them; plain words for what CloudFormation has no type for. */
const RESOURCE_TYPE: Readonly<Record<TouchedResource['kind'], string | undefined>> = {
  key: 'AWS::KMS::Key',
  'key-store': 'KMS custom key store',
  cluster: 'AWS::ECS::Cluster',
  grant: 'KMS grant',
  volume: 'AWS::EC2::Volume',
  other: undefined,
};

const TARGET = { role_id: 1, role: 'Target' };
const RELATED = { role_id: 4, role: 'Related' };
const SERVICE_USER = { type_id: 4, type: 'Service' };
const AWS_ACCOUNT = { type_id: 10, type: 'AWS Account' };
/** Of the observables' types, a resource's id and a user's. */
const OBSERVABLE = { resource: 10, user: 31 };
const SERVICE_PRINCIPAL = /\.amazonaws\.com(?:\.cn)?$/;

/** What is said of a finding beside itself. */
export interface OcsfContext {
  /** Of the audit that found it. */
  readonly productVersion?: string | undefined;
  /** Since when it is over or settled. */
  readonly over?: Timestamp | undefined;
}

/**
 * The finding as an OCSF 1.9.0 Detection Finding with the cloud profile, https://schema.ocsf.io/1.9.0/classes/detection_finding.
 * Each rendering tells the whole finding anew under the same `finding_info.uid`, as created by its earliest event:
 * `time` is that event's, in milliseconds. Account and Region are left out where the finding names none. What the
 * schema has no place for stands in `unmapped`. One that is over since `over` is resolved, and modified then. Untrusted text is bounded and printable.
 */
export function ocsfDetectionFinding(finding: Finding, { productVersion, over }: OcsfContext = {}): JsonObject {
  const first = milliseconds(finding.firstSeen);
  const last = milliseconds(finding.lastSeen);
  const modified = over === undefined ? last : Math.max(last, milliseconds(over));
  const title = titleLine(finding, ID_LIMIT);
  const resources = resourcesOf(finding);
  const user = userOf(finding.caller);
  const api = { operation: printable(finding.operation, ID_LIMIT) };
  const severity = SEVERITY[finding.severity];
  const remediation = runbookLine(finding);
  return present({
    category_uid: CATEGORY.id,
    category_name: CATEGORY.name,
    class_uid: CLASS.id,
    class_name: CLASS.name,
    activity_id: CREATE.id,
    activity_name: CREATE.name,
    type_uid: CLASS.id * 100 + CREATE.id,
    type_name: `${CLASS.name}: ${CREATE.name}`,
    severity_id: severity.id,
    severity: severity.name,
    ...(over === undefined ? STATUS.open : STATUS.over),
    time: first,
    timezone_offset: 0,
    start_time: first,
    end_time: last,
    count: finding.count,
    message: title,
    metadata: {
      version: OCSF_VERSION,
      profiles: ['cloud'],
      log_provider: 'AWS CloudTrail',
      product: present({ name: PRODUCT, vendor_name: PRODUCT, version: productVersion }),
    },
    finding_info: findingInfo(finding, { title, first, last, modified }),
    cloud: cloudOf(placeOf(finding)),
    api,
    evidences: [{ name: 'CloudTrail', actor: { user }, api }],
    resources: resources.length === 0 ? undefined : resources.map(resourceDetails),
    observables: observablesOf(resources, user),
    remediation: remediation === undefined ? undefined : { desc: remediation },
    unmapped: unmappedOf(finding),
  });
}

interface Told {
  readonly title: string;
  readonly first: number;
  readonly last: number;
  readonly modified: number;
}

function findingInfo(finding: Finding, { title, first, last, modified }: Told): JsonObject {
  const { id, rule, count, eventIds } = finding;
  const text = ruleOf(rule);
  const ruleId = printable(rule, ID_LIMIT);
  return present({
    uid: printable(id, ID_LIMIT),
    title,
    desc: description(finding),
    types: [ruleId],
    created_time: first,
    modified_time: modified,
    first_seen_time: first,
    last_seen_time: last,
    analytic: present({ type_id: 1, type: 'Rule', uid: ruleId, name: text?.title, desc: text?.why }),
    attacks: text?.attack === undefined ? undefined : [attackOf(text.attack)],
    related_events:
      eventIds.length === 0 ? undefined : eventIds.map((uid) => ({ uid: printable(uid, ID_LIMIT), type: 'CloudTrail event' })),
    related_events_count: count,
  });
}

/** A technique, or a sub-technique such as `T1098.001` under its technique. */
function attackOf(attack: string): JsonObject {
  const [technique = attack, part] = attack.split('.');
  const url = `https://attack.mitre.org/techniques/${technique}/`;
  return present({
    technique: { uid: technique, src_url: url },
    sub_technique: part === undefined ? undefined : { uid: attack, src_url: `${url}${part}/` },
  });
}

function cloudOf({ account, region, partition }: Place): JsonObject {
  return present({ provider: 'AWS', cloud_partition: partition, region, account: account === undefined ? undefined : accountOf(account) });
}

function resourceDetails({ kind, id, name, place }: TouchedResource): JsonObject {
  return present({
    uid: id,
    name,
    type: RESOURCE_TYPE[kind],
    ...(kind === 'key' || kind === 'key-store' ? TARGET : RELATED),
    region: place?.region,
    cloud_partition: place?.partition,
    owner: place?.account === undefined ? undefined : { account: accountOf(place.account) },
  });
}

const accountOf = (uid: string): JsonObject => ({ uid, ...AWS_ACCOUNT });

/** Of a caller, the attribute that tells one from another. */
type User = { readonly uid: string; readonly type_id?: number; readonly type?: string } | { readonly name: string };

/** Who called: a service by its principal, anybody else by an ARN or by whatever CloudTrail calls him. */
function userOf(caller: string): User {
  const said = caller.trim() === '' ? 'unknown' : printable(caller, ID_LIMIT);
  // As a user, because 1.9.0 deprecates an actor's app_name and older readers do not know what replaces it.
  if (SERVICE_PRINCIPAL.test(said)) return { uid: said, ...SERVICE_USER };
  return said.startsWith('arn:') ? { uid: said } : { name: said };
}

function observablesOf(resources: readonly TouchedResource[], user: User): readonly JsonObject[] | undefined {
  const observables: readonly JsonObject[] = [
    ...resources.map(({ id }, index) => ({ name: `resources[${index}].uid`, type_id: OBSERVABLE.resource, value: id })),
    ...('uid' in user ? [{ name: 'evidences[0].actor.user.uid', type_id: OBSERVABLE.user, value: user.uid }] : []),
  ];
  return observables.length === 0 ? undefined : observables;
}

function unmappedOf(finding: Finding): JsonObject | undefined {
  const fields = otherFields(finding).map(([name, value]) => [name, printable(value, ID_LIMIT)]);
  return fields.length === 0 ? undefined : Object.fromEntries(fields);
}

/** The fields that have a value: OCSF knows no null, and an absent field is not written. */
function present(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

const milliseconds = (timestamp: string): number => toSeconds(timestamp) * 1000;
