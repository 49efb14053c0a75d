import type { Subject } from '../../src/core/finding.ts';
import { ACCOUNT, instant } from '../support/day/records.ts';

/** A volume as the fleet knows it. */
export interface SimulatedVolume {
  readonly cluster: string;
  readonly key: string;
  readonly volumeId: string;
}

/** What an event says, in the fleet's own terms; seconds of the simulation. */
export type Meaning =
  | { readonly is: 'prepared'; readonly volume: SimulatedVolume }
  | {
      readonly is: 'created';
      readonly key: string;
      readonly grantId: string;
      readonly second: number;
      readonly volume?: SimulatedVolume;
      readonly stranger?: true;
    }
  | { readonly is: 'ended'; readonly key: string; readonly grantId: string; readonly how: 'retired' | 'revoked'; readonly second: number }
  | { readonly is: 'opened'; readonly volume: SimulatedVolume; readonly second: number }
  | { readonly is: 'fires'; readonly rules: readonly string[]; readonly subject: Subject; readonly second: number };

interface Grant {
  readonly key: string;
  readonly grantId: string;
  created?: number;
  ended?: { readonly second: number; readonly how: 'retired' | 'revoked' };
  volume?: SimulatedVolume;
  stranger?: true;
}

interface Volume extends SimulatedVolume {
  readonly grants: Set<string>;
  readonly opened: number[];
}

/** A finding as the model has it. */
export interface ModelFinding {
  readonly rule: string;
  readonly subject: Subject;
  readonly count: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
}

/** A volume as the model has it. */
export interface ModelVolume {
  readonly id: string;
  readonly status: 'prepared' | 'granted' | 'released';
  readonly grants: readonly string[];
  readonly decrypts: number;
}

/** What the fleet's history comes to, from what its events mean: each told once, in any order; nothing of the product in it. */
export class Model {
  readonly #grants = new Map<string, Grant>();
  readonly #volumes = new Map<string, Volume>();
  readonly #fired = new Map<string, { readonly rule: string; readonly subject: Subject; readonly seconds: number[] }>();

  hear(meaning: Meaning): void {
    switch (meaning.is) {
      case 'prepared':
        this.#volume(meaning.volume);
        return;
      case 'created': {
        const grant = this.#grant(meaning);
        grant.created = meaning.second;
        if (meaning.stranger) grant.stranger = true;
        if (meaning.volume === undefined) return;
        grant.volume = meaning.volume;
        this.#volume(meaning.volume).grants.add(meaning.grantId);
        return;
      }
      case 'ended':
        this.#grant(meaning).ended = { second: meaning.second, how: meaning.how };
        return;
      case 'opened':
        this.#volume(meaning.volume).opened.push(meaning.second);
        return;
      case 'fires':
        for (const rule of meaning.rules) this.#fire(rule, meaning.subject, [meaning.second]);
        return;
      default:
        meaning satisfies never;
    }
  }

  /** The grants that are created and not ended. */
  openGrants(): string[] {
    const open = [...this.#grants.values()].filter(({ created, ended }) => created !== undefined && ended === undefined);
    return open.map(({ key, grantId }) => `${key} ${grantId}`).sort();
  }

  volumes(): ModelVolume[] {
    return [...this.#volumes.values()]
      .map((volume) => {
        const grants = [...volume.grants].flatMap((grantId) => this.#grants.get(grantId) ?? []);
        const open = grants.some(({ ended }) => ended === undefined);
        return {
          id: idOf(volume),
          status: grants.length === 0 ? ('prepared' as const) : open ? ('granted' as const) : ('released' as const),
          grants: grants
            .map(({ grantId, created, ended }) => `${grantId} ${textOf(created)} ${ended?.how ?? 'open'} ${textOf(ended?.second)}`)
            .sort(),
          decrypts: volume.opened.length,
        };
      })
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  findings(): ModelFinding[] {
    const all = new Map(this.#fired);
    const add = (rule: string, subject: Subject, seconds: number[]): void =>
      void all.set(JSON.stringify([rule, subject]), { rule, subject, seconds });
    for (const { key, grantId, created, ended, volume, stranger } of this.#grants.values()) {
      if (stranger && created !== undefined) add('unexpected-grantee', { keyArn: key, grantId }, [created]);
      if (created !== undefined && volume !== undefined && ended?.how === 'revoked')
        add('grant-revoked-in-use', { keyArn: key, grantId }, [ended.second]);
    }
    for (const { cluster, key, volumeId, grants, opened } of this.#volumes.values()) {
      const known = [...grants].flatMap((grantId) => this.#grants.get(grantId) ?? []);
      const after = opened.filter((second) => {
        const by = known.filter(({ created = Number.POSITIVE_INFINITY }) => created <= second);
        return by.length > 0 && by.every(({ ended }) => ended !== undefined && ended.second < second);
      });
      if (after.length > 0) add('use-after-release', { keyArn: key, clusterAccount: ACCOUNT, clusterName: cluster, volumeId }, after);
    }
    return [...all.values()].map(({ rule, subject, seconds }) => {
      const sorted = [...seconds].sort((a, b) => a - b);
      return { rule, subject, count: seconds.length, firstSeen: textOf(sorted[0]), lastSeen: textOf(sorted.at(-1)) };
    });
  }

  #grant({ key, grantId }: { readonly key: string; readonly grantId: string }): Grant {
    const grant = this.#grants.get(grantId) ?? { key, grantId };
    this.#grants.set(grantId, grant);
    return grant;
  }

  #volume({ cluster, key, volumeId }: SimulatedVolume): Volume {
    const volume = this.#volumes.get(volumeId) ?? { cluster, key, volumeId, grants: new Set<string>(), opened: [] };
    this.#volumes.set(volumeId, volume);
    return volume;
  }

  #fire(rule: string, subject: Subject, seconds: number[]): void {
    const id = JSON.stringify([rule, subject]);
    const known = this.#fired.get(id);
    if (known === undefined) this.#fired.set(id, { rule, subject, seconds });
    else known.seconds.push(...seconds);
  }
}

const idOf = ({ volumeId, cluster, key }: SimulatedVolume): string => `${volumeId} ${ACCOUNT} ${cluster} ${key}`;
const textOf = (second: number | undefined): string => (second === undefined ? '' : instant(second));
