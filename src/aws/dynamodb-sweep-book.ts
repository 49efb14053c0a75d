import type { GrantHead } from '../core/grant.ts';
import type { KeySighting } from '../core/key-state.ts';
import type { SweepOfKey } from '../core/reconcile.ts';
import { toSeconds } from '../core/timestamp.ts';
import type { Verification } from '../core/verify-clusters.ts';
import type { GrantName, SweepBook, SweepProgress } from '../ports.ts';
import { DynamoDbAlertBook } from './dynamodb-alert-book.ts';
import { type GrantUpdate, goneUpdate, LATEST_SIGHT, missingUpdate, reopenUpdate } from './grant-updates.ts';
import { decodeHead, decodeSighting, type Item, textOf } from './item-codec.ts';
import { grantKey, OPEN_INDEX, SWEEP_KEY, sightingKey, sweepPartKey, VERIFICATION_KEY } from './item-keys.ts';
import { N, S, type Table } from './table.ts';

/** Grants to a part: 320,000 of the 400,000 bytes an item may have. */
const SEEN_PER_PART = 20_000;
const SEEN_DIGITS = 16;

/** A head of which nothing is known but its key. */
export const bareHead = (grant: GrantName): Item => ({ pk: S(grantKey(grant).pk) });

/** What the sweep keeps, in the ledger's table: observations in the items of what they observe, each conditional on what is known there. */
export class DynamoDbSweepBook extends DynamoDbAlertBook implements SweepBook {
  readonly #table: Table;
  readonly #retention: number;

  /** `retention` in seconds. */
  constructor(table: Table, retention: number) {
    super(table, retention);
    this.#table = table;
    this.#retention = retention;
  }

  async *openGrantsOf(keyArn: string): AsyncGenerator<GrantHead> {
    const query = { IndexName: OPEN_INDEX, KeyConditionExpression: 'ik = :ik', ExpressionAttributeValues: { ':ik': S(keyArn) } };
    for await (const item of this.#table.query(query)) yield decodeHead(item);
  }

  async noteMissing(grant: GrantName, sweep: SweepOfKey): Promise<GrantHead> {
    return this.#observe(grant, missingUpdate(sweep));
  }

  async noteGone(grant: GrantName, sweep: SweepOfKey): Promise<GrantHead> {
    return this.#observe(grant, goneUpdate(sweep, toSeconds(sweep.started) + this.#retention));
  }

  async reopenGrant(grant: GrantName, sweep: SweepOfKey): Promise<GrantHead> {
    return this.#observe(grant, reopenUpdate(grant.keyArn, sweep));
  }

  async sightingOf(keyArn: string): Promise<KeySighting | undefined> {
    const item = await this.#table.get(sightingKey(keyArn));
    return item === undefined ? undefined : decodeSighting(item);
  }

  async seeKey(sighting: KeySighting): Promise<void> {
    await this.#table.update(sightingKey(sighting.keyArn), {
      UpdateExpression: 'SET f = :f, seen = :seen, exp = :exp',
      ConditionExpression: LATEST_SIGHT,
      ExpressionAttributeValues: {
        ':f': S(JSON.stringify(sighting)),
        ':seen': S(sighting.seen),
        ':exp': N(toSeconds(sighting.seen) + this.#retention),
      },
    });
  }

  async sweepProgress(): Promise<SweepProgress | undefined> {
    const stored = await this.#json<StoredProgress>(SWEEP_KEY);
    if (stored === undefined) return undefined;
    const { key, ...progress } = stored;
    if (key === undefined) return progress;
    const { keyArn, marker, parts } = key;
    const seen: string[] = [];
    for (let part = 0; part < parts; part += 1) {
      const digits = textOf((await this.#table.get(sweepPartKey(part))) ?? {}, 'f') ?? '';
      for (let from = 0; from < digits.length; from += SEEN_DIGITS) seen.push(digits.slice(from, from + SEEN_DIGITS));
    }
    return { ...progress, key: { keyArn, marker, seen } };
  }

  async noteSweep(progress: SweepProgress): Promise<void> {
    const { key } = progress;
    const parts = key === undefined ? 0 : Math.ceil(key.seen.length / SEEN_PER_PART);
    // The parts first: who dies in between leaves a part that says more than its head, of the same list, which closes nothing.
    for (let part = 0; part < parts; part += 1) {
      const digits = key?.seen.slice(part * SEEN_PER_PART, (part + 1) * SEEN_PER_PART).join('') ?? '';
      await this.#table.put(sweepPartKey(part), { f: S(digits), exp: N(toSeconds(progress.started) + this.#retention) });
    }
    const stored: StoredProgress = { ...progress, key: key && { keyArn: key.keyArn, marker: key.marker, parts } };
    await this.#table.put(SWEEP_KEY, { f: S(JSON.stringify(stored)) });
  }

  async verification(): Promise<Verification | undefined> {
    return this.#json<Verification>(VERIFICATION_KEY);
  }

  async noteVerification(verification: Verification): Promise<void> {
    await this.#table.put(VERIFICATION_KEY, { f: S(JSON.stringify(verification)) });
  }

  async #observe(grant: GrantName, update: GrantUpdate): Promise<GrantHead> {
    const item = (await this.#table.update(grantKey(grant), update)) ?? (await this.#table.get(grantKey(grant)));
    return decodeHead(item ?? bareHead(grant));
  }

  async #json<T>(key: Parameters<Table['get']>[0]): Promise<T | undefined> {
    const text = textOf((await this.#table.get(key)) ?? {}, 'f');
    return text === undefined ? undefined : JSON.parse(text);
  }
}

type StoredProgress = Omit<SweepProgress, 'key'> & {
  readonly key?: { readonly keyArn: string; readonly marker: string; readonly parts: number } | undefined;
};
