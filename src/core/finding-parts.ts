import { type Finding, SUBJECT_FIELDS } from './finding.ts';
import { partitionOf, readKeyArn } from './key-arn.ts';
import { ruleOf } from './rules/registry.ts';
import { printable } from './text.ts';

/** Where in AWS something is, as far as that is known. */
export interface Place {
  readonly account?: string | undefined;
  readonly region?: string | undefined;
  readonly partition: string;
}

/** What a finding touches. `other` is whatever has no kind of its own here, such as a secret or a log group. */
export interface TouchedResource {
  readonly kind: 'key' | 'key-store' | 'cluster' | 'grant' | 'volume' | 'other';
  /** An ARN where one is known; printable, at most {@link ID_LIMIT} characters. */
  readonly id: string;
  /** The name a person gave it, where the id is not all there is. */
  readonly name?: string;
  /** Undefined for what names no place of its own. */
  readonly place?: Place | undefined;
}

/** The longest id, name or caller that an exported finding holds. */
export const ID_LIMIT = 512;

const ACCOUNT = /^\d{12}$/;
const REGION = /^(?=.{1,16}$)[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}$/;
const CLUSTER_NAME = /^[A-Za-z0-9_-]{1,255}$/;
const ARN = /^arn:(?<partition>aws[a-z-]{0,20}):[a-z0-9-]+:(?<region>[a-z0-9-]*):(?<account>[0-9]*):\S/;

const TOLD_ELSEWHERE: ReadonlySet<string> = new Set<keyof Finding>([
  ...SUBJECT_FIELDS,
  'id',
  'rule',
  'severity',
  'status',
  'title',
  'operation',
  'region',
  'firstSeen',
  'lastSeen',
  'count',
]);

/**
 * The account and Region of a finding: `known` where the caller knows better, else the key's, else the cluster's or the
 * finding's account and the record's Region; of a finding that names none of these, such as one about a trail, what the
 * ARN of its resource says. Whatever is not spelt like one is passed over.
 */
export function placeOf({ keyArn, clusterAccount, account, region, resource }: Finding, known: Partial<Place> = {}): Place {
  const named = readKeyArn(keyArn) ?? (clusterAccount === undefined && account === undefined ? placeInArn(resource) : undefined);
  const inRegion = spelt(REGION, known.region, named?.region, region);
  // Stryker disable next-line StringLiteral: what is called neither way is in the first partition.
  const partition = named !== undefined && named.region === inRegion ? named.partition : partitionOf(inRegion ?? '');
  return { partition, region: inRegion, account: spelt(ACCOUNT, known.account, named?.account, clusterAccount, account) };
}

/** Everything a finding touches, the key first, each once; ARNs in fields unknown here are among the others. */
export function resourcesOf(finding: Finding): TouchedResource[] {
  const { keyArn, keyStoreId, grantId, volumeId, resource } = finding;
  const named: readonly (readonly [TouchedResource['kind'], string | undefined])[] = [
    ['key', keyArn],
    ['key-store', keyStoreId],
    ['grant', grantId],
    ['volume', volumeId],
    ['other', resource],
    ...otherFields(finding).map(([, value]) => ['other', ARN.test(value) ? value : undefined] as const),
  ];
  const touched = [
    ...named.flatMap(([kind, id]) => (id === undefined || id.trim() === '' ? [] : touchedResource(kind, id))),
    ...clusterOf(finding),
  ];
  return touched.filter(({ id }, index) => touched.findIndex((one) => one.id === id) === index);
}

/** The texts and numbers of a finding that no other function here tells: fields it has gained since. */
export function otherFields(finding: Finding): (readonly [name: string, value: string])[] {
  return Object.entries(finding).flatMap(([name, value]: [string, unknown]) => {
    const told = !TOLD_ELSEWHERE.has(name) && (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean');
    const said = told ? String(value).trim() : '';
    return said === '' ? [] : [[name, said] as const];
  });
}

/** What is wrong, as one line that is never empty, in at most `limit` characters. */
export function titleLine({ title, rule }: Finding, limit: number): string {
  return printable(title.trim() === '' ? rule : title, limit);
}

/** Why it matters, who did what, and how often, as one line of a bounded length. */
export function description({ rule, title, operation, caller, firstSeen, lastSeen, count }: Finding): string {
  const why = ruleOf(rule)?.why ?? `${printable(title, 250)}.`;
  const seen = count === 1 ? `once, at ${firstSeen}` : `${count} times, from ${firstSeen} to ${lastSeen}`;
  return `${why} ${printable(operation, 128)} by ${printable(caller, 256)}, seen ${seen}.`;
}

/** The rule's runbook as one line, its placeholders as they stand; undefined for a rule this version does not know. */
export function runbookLine({ rule }: Finding): string | undefined {
  const steps = ruleOf(rule)?.runbook ?? [];
  return steps.length === 0 ? undefined : steps.map((step, index) => `${index + 1}. ${step}`).join(' ');
}

function touchedResource(kind: TouchedResource['kind'], id: string): TouchedResource {
  return { kind, id: printable(id, ID_LIMIT), place: placeInArn(id) };
}

function placeInArn(id: string | undefined): Place | undefined {
  const { partition, region, account } = id?.match(ARN)?.groups ?? {};
  return partition === undefined ? undefined : { partition, region: spelt(REGION, region), account: spelt(ACCOUNT, account) };
}

/** A cluster by its ARN where a record's account, Region and name make one, by its name elsewhere. */
function clusterOf(finding: Finding): TouchedResource[] {
  const { clusterAccount, clusterName } = finding;
  if (clusterName === undefined || clusterName.trim() === '') return [];
  const name = printable(clusterName, ID_LIMIT);
  const account = spelt(ACCOUNT, clusterAccount);
  const { region, partition } = placeOf(finding);
  // Only a name that ECS itself would take may stand in an ARN: another could make it the ARN of something else.
  if (account === undefined || region === undefined || !CLUSTER_NAME.test(clusterName)) return [{ kind: 'cluster', id: name, name }];
  const id = `arn:${partition}:ecs:${region}:${account}:cluster/${clusterName}`;
  return [{ kind: 'cluster', id, name, place: { account, region, partition } }];
}

/** The first that is spelt so. */
function spelt(shape: RegExp, ...values: readonly (string | undefined)[]): string | undefined {
  // Stryker disable next-line ConditionalExpression: nothing is spelt as undefined is.
  return values.find((value) => value !== undefined && shape.test(value));
}
