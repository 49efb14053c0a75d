import type { Cluster } from '../core/encryption-context.ts';
import {
  type ClusterConfigured,
  type Fact,
  type GrantCreated,
  type KeyChanged,
  type KeyUsed,
  orderOf,
  type Refused,
  type Rehearsed,
  type Volume,
  volumeAt,
  volumeOf,
} from '../core/fact.ts';
import { type GrantHead, isOpenGrant } from '../core/grant.ts';
import type { KeySighting } from '../core/key-state.ts';
import { clusterIn, keysIn } from '../core/mentions.ts';
import type { ResourceUse, Snapshot } from '../core/snapshot.ts';
import { grouped, sortedBy } from '../core/sorting.ts';
import type { GrantName, LedgerReader } from '../ports.ts';

const clusterId = ({ account, name }: Cluster): string => JSON.stringify([account, name]);
const grantId = ({ keyArn, grantId: id }: GrantName): string => JSON.stringify([keyArn, id]);
const volumeId = ({ clusterAccount, clusterName, volumeId: id, keyArn }: Volume): string =>
  JSON.stringify([clusterAccount, clusterName, id, keyArn]);

/** Answers from a ledger that was read whole. Each way in is built when it is first asked for. */
export class MemoryReader implements LedgerReader {
  readonly #snapshot: Snapshot;
  readonly #directory = lazily(() => directoryOf(this.#snapshot));
  readonly #open = lazily(() => grouped(this.#snapshot.grants.filter(isOpenGrant), ({ keyArn }) => keyArn));
  readonly #heads = lazily(() => new Map(this.#snapshot.grants.map((head) => [grantId(head), head])));
  readonly #creations = lazily(() => grouped(byOrder(this.#snapshot.creations), grantId));
  readonly #volumes = lazily(() => {
    const { creations, uses } = this.#snapshot;
    return grouped(byOrder<GrantCreated | KeyUsed>([...creations, ...uses]), (fact) => {
      const volume = volumeOf(fact);
      return volume === undefined ? undefined : volumeId(volume);
    });
  });

  readonly #settings = lazily(() => {
    const settings = this.#snapshot.others.filter(
      (fact): fact is ClusterConfigured => fact.kind === 'cluster-configured' && fact.storage !== undefined,
    );
    return grouped(settings, ({ cluster }) => clusterId(cluster));
  });
  readonly #rehearsals = lazily(() => grouped(this.#snapshot.rehearsals, ({ cluster }) => cluster && clusterId(cluster)));

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  async keys(): Promise<readonly string[]> {
    return [...this.#directory().keys()].sort();
  }

  async knowsKey(keyArn: string): Promise<boolean> {
    return this.#directory().has(keyArn);
  }

  async clustersOf(keyArn: string): Promise<readonly Cluster[]> {
    return sortedBy(this.#directory().get(keyArn)?.values() ?? [], ({ account, name }) => [account, name]);
  }

  async openGrantsOf(keyArn: string, cluster?: Cluster): Promise<readonly GrantHead[]> {
    const heads = this.#open().get(keyArn) ?? [];
    const wanted = (head: GrantHead): boolean =>
      cluster === undefined || (head.cluster !== undefined && clusterId(head.cluster) === clusterId(cluster));
    return sortedBy(heads.filter(wanted), ({ grantId: id }) => [id]);
  }

  async changesOf(keyArn: string): Promise<readonly KeyChanged[]> {
    return byOrder(this.#snapshot.changes.filter((change) => change.keyArn === keyArn));
  }

  async resourcesOf(keyArn: string): Promise<readonly ResourceUse[]> {
    const uses = this.#snapshot.resources.filter((use) => use.keyArn === keyArn);
    return sortedBy(uses, ({ resource: { id, kind } }) => [id, kind]);
  }

  async lastRefusals(keyArn: string, most: number): Promise<readonly Refused[]> {
    return latest(
      this.#snapshot.refusals.filter((refusal) => refusal.keyArn === keyArn),
      most,
    );
  }

  async lastOtherUses(keyArn: string, most: number): Promise<readonly KeyUsed[]> {
    return latest(
      this.#snapshot.uses.filter((use) => use.keyArn === keyArn && volumeOf(use) === undefined),
      most,
    );
  }

  async lastSettings(cluster: Cluster): Promise<ClusterConfigured | undefined> {
    return latest(this.#settings().get(clusterId(cluster)) ?? [], 1)[0];
  }

  async lastRehearsal(cluster: Cluster): Promise<Rehearsed | undefined> {
    return latest(this.#rehearsals().get(clusterId(cluster)) ?? [], 1)[0];
  }

  async sightingOf(keyArn: string): Promise<KeySighting | undefined> {
    return this.#snapshot.sightings.find((sighting) => sighting.keyArn === keyArn);
  }

  async lastUse(volume: Volume): Promise<KeyUsed | undefined> {
    const facts = this.#volumes().get(volumeId(volume)) ?? [];
    return facts.findLast((fact): fact is KeyUsed => fact.kind === 'key-used');
  }

  async factsOf(volume: Volume): Promise<readonly (GrantCreated | KeyUsed)[]> {
    return this.#volumes().get(volumeId(volume)) ?? [];
  }

  async creationsOf(head: GrantHead): Promise<readonly GrantCreated[]> {
    const home = volumeAt(head);
    const creations = this.#creations().get(grantId(head)) ?? [];
    return creations.filter((creation) => {
      const volume = volumeOf(creation);
      return volume === undefined || (home !== undefined && volumeId(volume) === volumeId(home));
    });
  }

  async headsOf(grants: readonly GrantName[]): Promise<readonly GrantHead[]> {
    return grants.flatMap((grant) => this.#heads().get(grantId(grant)) ?? []);
  }
}

/** The clusters of each key, by their ids. */
function directoryOf({ creations, uses, rehearsals, refusals, changes, others, resources }: Snapshot): Map<string, Map<string, Cluster>> {
  const directory = new Map<string, Map<string, Cluster>>();
  const clustersOf = (keyArn: string): Map<string, Cluster> => {
    const known = directory.get(keyArn) ?? new Map<string, Cluster>();
    directory.set(keyArn, known);
    return known;
  };
  for (const facts of [creations, uses, rehearsals, refusals, changes, others] as readonly (readonly Fact[])[]) {
    for (const fact of facts) {
      for (const keyArn of keysIn(fact)) {
        const clusters = clustersOf(keyArn);
        const cluster = clusterIn(fact);
        if (cluster !== undefined) clusters.set(clusterId(cluster), cluster);
      }
    }
  }
  for (const { keyArn } of resources) clustersOf(keyArn);
  return directory;
}

const byOrder = <T extends Fact>(facts: readonly T[]): T[] => sortedBy(facts, ({ time, eventId, kind }) => [time, eventId, kind]);

function latest<T extends Fact>(facts: readonly T[], most: number): T[] {
  return sortedBy(facts, (fact) => [orderOf(fact)])
    .reverse()
    .slice(0, most);
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
