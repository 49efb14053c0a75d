import {
  ACCOUNT,
  type ClusterName,
  type FleetEvent,
  inOrder,
  instant,
  type Purpose,
  REGION,
  type Reason,
  type ResourceName,
} from './fleet.ts';

/**
 * What a fleet's history comes to, computed from what its records are meant to say: the whole history at hand, in
 * order, nothing folded, nothing shared with the product. Plain and slow on purpose.
 */
export interface Expected {
  readonly findings: readonly ExpectedFinding[];
  /** One for each group that must be alerted, design.md section 6; their spelling means nothing. */
  readonly groups: ReadonlySet<string>;
  readonly volumes: readonly unknown[];
  readonly keys: readonly unknown[];
}

/** A finding without what the product alone decides: its id and its title. */
export type ExpectedFinding = Readonly<Record<string, unknown>>;

/** The part of a policy that the model knows: literal names only. */
export interface ModelPolicy {
  readonly accounts?: readonly string[] | undefined;
  readonly clusters?: readonly string[] | undefined;
}

type Event = FleetEvent & { readonly key: string };
type Fields = Readonly<Record<string, string>>;

interface Firing {
  readonly rule: string;
  readonly severity: string;
  readonly subject: Fields;
  readonly about?: Fields;
  readonly event: FleetEvent;
}

const USE_RULE: Readonly<Partial<Record<Reason, readonly [string, string]>>> = {
  disabled: ['disabled-key-use', 'critical'],
  'pending-deletion': ['pending-deletion-key-use', 'critical'],
  unusable: ['unusable-key-use', 'high'],
};

/** The report that these events should end in. */
export function expectedReport(events: readonly FleetEvent[], policy: ModelPolicy): Expected {
  const seen = new Set<string>();
  const history = inOrder(events).filter((event): event is Event => {
    if (event.key === undefined || seen.has(event.eventId)) return false;
    seen.add(event.eventId);
    return true;
  });
  const groups = new Set(history.flatMap((event) => groupsOf(firings(history, event, policy))));
  return { findings: findings(history, policy), groups, volumes: volumes(history), keys: keys(history) };
}

/** The alert groups of one record's firings; a blocked launch is told with the refusal that blocked it. */
function groupsOf(fired: readonly Firing[]): string[] {
  const hosted = fired.some(({ rule }) => rule.endsWith('-key-use'));
  return fired.flatMap(({ rule, subject: { keyArn = '', clusterAccount = '', clusterName = '' }, event: { caller } }) => {
    switch (rule) {
      case 'unexpected-grantee':
      case 'delegating-grant':
      case 'unconstrained-grant':
        // All the fleets' unexpected grants are to one grantee.
        return `grant ${keyArn} ${caller}`;
      case 'foreign-cluster':
      case 'use-after-release':
        return `${rule} ${clusterAccount} ${clusterName}`;
      case 'forged-context':
      case 'grant-revoked-in-use':
        return `${rule} ${keyArn} ${caller}`;
      case 'launch-blocked':
        return hosted ? [] : `${rule} ${keyArn}`;
      default:
        return `${rule} ${keyArn}`;
    }
  });
}

const clusterOf = (purpose: Purpose): ClusterName | undefined =>
  purpose.of === 'volume' || purpose.of === 'cluster' ? purpose.cluster : undefined;
const resourceOf = (purpose: Purpose): ResourceName | undefined => ('resource' in purpose ? purpose.resource : undefined);
const clusterFields = (cluster: ClusterName | undefined): Fields =>
  cluster === undefined ? {} : { clusterAccount: cluster.account, clusterName: cluster.name };
const volumeField = (purpose: Purpose): Fields => (purpose.of === 'volume' ? { volumeId: purpose.volumeId } : {});
const sameVolume = (a: Purpose, b: Purpose): boolean =>
  a.of === 'volume' &&
  b.of === 'volume' &&
  a.volumeId === b.volumeId &&
  a.cluster.account === b.cluster.account &&
  a.cluster.name === b.cluster.name;

const purposeOf = ({ meaning }: FleetEvent): Purpose => {
  if (meaning.is === 'rehearsal') return { of: 'cluster', cluster: meaning.cluster };
  return 'purpose' in meaning ? meaning.purpose : { of: 'nothing' };
};

/** The endings of a grant, earliest first. */
function endingsOf(history: readonly Event[], key: string, grantId: string): Event[] {
  return history.filter((event) => event.meaning.is === 'ending' && event.key === key && event.meaning.grantId === grantId);
}

function creationsOf(history: readonly Event[], key: string, grantId: string): Event[] {
  return history.filter((event) => event.meaning.is === 'grant' && event.key === key && event.meaning.grantId === grantId);
}

function firings(history: readonly Event[], event: Event, policy: ModelPolicy): Firing[] {
  const { meaning, key } = event;
  const purpose = purposeOf(event);
  const cluster = clusterOf(purpose);
  const fired: Firing[] = [];
  if (purpose.of === 'forgery')
    fired.push({ rule: 'forged-context', severity: 'high', subject: { keyArn: key, caller: event.caller }, event });
  if (cluster !== undefined && isForeign(cluster, policy)) {
    const grant = meaning.is === 'grant' ? { grantId: meaning.grantId, ...volumeField(purpose) } : {};
    fired.push({ rule: 'foreign-cluster', severity: 'high', subject: { keyArn: key, ...clusterFields(cluster), ...grant }, event });
  }
  if (meaning.is === 'grant' && !meaning.expected) {
    const common = {
      subject: { keyArn: key, grantId: meaning.grantId },
      about: { ...clusterFields(cluster), ...volumeField(purpose) },
      event,
    };
    fired.push({ rule: 'unexpected-grantee', severity: 'high', ...common });
    if (meaning.delegating) fired.push({ rule: 'delegating-grant', severity: 'critical', ...common });
    if (!meaning.constrained) fired.push({ rule: 'unconstrained-grant', severity: 'high', ...common });
  }
  if (meaning.is === 'key-change' && ['disabled', 'deletion-scheduled', 'deleted'].includes(meaning.change))
    fired.push({ rule: 'key-made-unusable', severity: 'high', subject: { keyArn: key }, event });
  if (meaning.is === 'refusal') {
    const resource = resourceOf(purpose);
    const named: Fields =
      cluster !== undefined
        ? clusterFields(cluster)
        : resource !== undefined && !resource.kind.startsWith('ebs')
          ? { resource: resource.id }
          : {};
    const rule = USE_RULE[meaning.reason];
    if (rule !== undefined) fired.push({ rule: rule[0], severity: rule[1], subject: { keyArn: key, ...named }, event });
    const trusted = cluster !== undefined || ('trusted' in purpose && purpose.trusted === true);
    if (meaning.launch && trusted && meaning.reason !== 'throttled')
      fired.push({
        rule: 'launch-blocked',
        severity: 'high',
        subject: { keyArn: key, ...clusterFields(cluster) },
        event,
      });
  }
  if (meaning.is === 'ending' && endingsOf(history, key, meaning.grantId)[0] === event && meaning.how === 'revoked') {
    const created = creationsOf(history, key, meaning.grantId)[0];
    const of = created === undefined ? undefined : purposeOf(created);
    if (of?.of === 'volume')
      fired.push({
        rule: 'grant-revoked-in-use',
        severity: 'high',
        subject: { keyArn: key, grantId: meaning.grantId },
        about: { ...clusterFields(of.cluster), ...volumeField(of) },
        event,
      });
  }
  if (meaning.is === 'use' && meaning.decrypt && purpose.of === 'volume' && isAfterRelease(history, event))
    fired.push({
      rule: 'use-after-release',
      severity: 'medium',
      subject: { keyArn: key, ...clusterFields(purpose.cluster), volumeId: purpose.volumeId },
      event,
    });
  return fired;
}

function isForeign(cluster: ClusterName, { accounts = [ACCOUNT], clusters }: ModelPolicy): boolean {
  return !accounts.includes(cluster.account) || (clusters !== undefined && !clusters.includes(cluster.name));
}

function isAfterRelease(history: readonly Event[], use: Event): boolean {
  const grantIds = history.flatMap(({ meaning, key, second }) =>
    meaning.is === 'grant' && key === use.key && second <= use.second && sameVolume(meaning.purpose, purposeOf(use)) ? meaning.grantId : [],
  );
  return (
    grantIds.length > 0 &&
    grantIds.every((grantId) => (endingsOf(history, use.key, grantId)[0]?.second ?? Number.POSITIVE_INFINITY) < use.second)
  );
}

function findings(history: readonly Event[], policy: ModelPolicy): ExpectedFinding[] {
  const groups = new Map<string, Firing[]>();
  for (const fired of history.flatMap((event) => firings(history, event, policy))) {
    const id = JSON.stringify([fired.rule, Object.entries(fired.subject).sort()]);
    groups.set(id, [...(groups.get(id) ?? []), fired]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    const last = group.at(-1);
    if (first === undefined || last === undefined) return [];
    return {
      caller: first.event.caller,
      ...first.about,
      ...first.subject,
      rule: first.rule,
      severity: first.severity,
      status: 'holds',
      operation: first.event.operation,
      region: REGION,
      firstSeen: instant(first.event.second),
      lastSeen: instant(last.event.second),
      count: group.length,
      eventIds: group.map(({ event }) => event.eventId).slice(0, 100),
    };
  });
}

function volumes(history: readonly Event[]): unknown[] {
  const named = new Map<string, Event>();
  for (const event of history) {
    const purpose = purposeOf(event);
    if ((event.meaning.is === 'use' || event.meaning.is === 'grant') && purpose.of === 'volume')
      named.set([purpose.volumeId, purpose.cluster.account, purpose.cluster.name, event.key].join('\n'), event);
  }
  return [...named.keys()].sort().flatMap((id) => {
    const one = named.get(id);
    if (one === undefined) return [];
    const purpose = purposeOf(one);
    if (purpose.of !== 'volume') return [];
    const here = history.filter((event) => event.key === one.key && sameVolume(purposeOf(event), purpose));
    const grantIds = [...new Set(here.flatMap(({ meaning }) => (meaning.is === 'grant' ? meaning.grantId : [])))].sort();
    const grants = grantIds.map((grantId) => {
      const created = creationsOf(history, one.key, grantId)[0];
      const ended = endingsOf(history, one.key, grantId)[0];
      return {
        grantId,
        status: ended?.meaning.is === 'ending' ? ended.meaning.how : 'open',
        createdAt: instant(created?.second ?? Number.NaN),
        ...(ended === undefined ? {} : { endedAt: instant(ended.second) }),
      };
    });
    const open = grants.some(({ status }) => status === 'open');
    return {
      clusterAccount: purpose.cluster.account,
      clusterName: purpose.cluster.name,
      volumeId: purpose.volumeId,
      keyArn: one.key,
      status: grants.length === 0 ? 'prepared' : open ? 'granted' : 'released',
      grants,
      decrypts: here.filter(({ meaning }) => meaning.is === 'use' && meaning.decrypt).length,
    };
  });
}

function keys(history: readonly Event[]): unknown[] {
  const arns = [...new Set(history.flatMap(({ key, meaning }) => (meaning.is === 'out-of-scope' ? [] : key)))].sort();
  return arns.map((keyArn) => {
    const here = history.filter(({ key }) => key === keyArn);
    const state = stateOf(here);
    const grantIds = [...new Set(here.flatMap(({ meaning }) => (meaning.is === 'grant' ? meaning.grantId : [])))];
    const open = grantIds.filter((grantId) => endingsOf(here, keyArn, grantId).length === 0);
    const clusters = open.flatMap((grantId) => {
      const [created] = creationsOf(here, keyArn, grantId);
      return (created === undefined ? undefined : clusterOf(purposeOf(created))) ?? [];
    });
    const counts = new Map<string, { clusterAccount: string; clusterName: string; openGrants: number }>();
    for (const { account, name } of clusters) {
      const id = `${account}\n${name}`;
      counts.set(id, { clusterAccount: account, clusterName: name, openGrants: (counts.get(id)?.openGrants ?? 0) + 1 });
    }
    const resources = new Map<string, { kind: string; id: string; lastSeen: string }>();
    for (const event of here) {
      const resource = resourceOf(purposeOf(event));
      if (resource !== undefined && (event.meaning.is === 'use' || event.meaning.is === 'grant'))
        resources.set(`${resource.id}\n${resource.kind}`, { ...resource, lastSeen: instant(event.second) });
    }
    return {
      keyArn,
      ...(state === undefined ? {} : { state }),
      openGrants: open.length,
      clusters: [...counts.keys()].sort().flatMap((id) => counts.get(id) ?? []),
      resources: [...resources.keys()].sort().flatMap((id) => resources.get(id) ?? []),
    };
  });
}

/** Worst first: at the same second the less usable state wins. */
const BY_USABILITY = ['deleted', 'pending-deletion', 'disabled', 'enabled'] as const;
const STATE = {
  enabled: 'enabled',
  disabled: 'disabled',
  'deletion-cancelled': 'disabled',
  'deletion-scheduled': 'pending-deletion',
  deleted: 'deleted',
} as const;

function stateOf(here: readonly Event[]): string | undefined {
  const changes = here.flatMap(({ meaning, second }) => (meaning.is === 'key-change' ? { state: STATE[meaning.change], second } : []));
  const last = Math.max(...changes.map(({ second }) => second));
  return BY_USABILITY.find((state) => changes.some((change) => change.second === last && change.state === state));
}
