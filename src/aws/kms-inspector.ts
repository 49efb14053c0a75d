import {
  DescribeKeyCommand,
  GetKeyRotationStatusCommand,
  type GrantListEntry,
  type KeyMetadata,
  type KMSClient,
  ListGrantsCommand,
  ListKeysCommand,
} from '@aws-sdk/client-kms';
import { boundedGrantId, readGrantTerms } from '../core/grant-terms.ts';
import { readKeyArn } from '../core/key-arn.ts';
import type { KeySighting, KeyState } from '../core/key-state.ts';
import type { ListedGrant } from '../core/listed-grant.ts';
import type { Digest } from '../core/text.ts';
import { readTimestamp } from '../core/timestamp.ts';
import type { GrantPage, KeyInspector } from '../ports.ts';
import { isNamed } from './deployment-parts.ts';
import type { Turn } from './paced-calls.ts';

/** The most that one call returns. */
const GRANTS_PER_PAGE = 100;
const KEYS_PER_PAGE = 1_000;

/** What KMS calls a state; `Creating` and `Updating` pass. https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html */
const STATES: ReadonlyMap<string, KeyState> = new Map([
  ['Enabled', 'enabled'],
  ['Disabled', 'disabled'],
  ['PendingDeletion', 'pending-deletion'],
  ['PendingReplicaDeletion', 'pending-deletion'],
  ['PendingImport', 'pending-import'],
  ['Unavailable', 'unavailable'],
]);

/** Asks KMS, a call at its turn. All of it reads; none of it matches the audit's own rules. */
export class KmsInspector implements KeyInspector {
  readonly #client: KMSClient;
  readonly #turn: Turn;
  readonly #digest: Digest;

  constructor(client: KMSClient, turn: Turn, digest: Digest) {
    this.#client = client;
    this.#turn = turn;
    this.#digest = digest;
  }

  async *keys(): AsyncGenerator<string> {
    let marker: string | undefined;
    do {
      await this.#turn();
      const page = await this.#client.send(new ListKeysCommand({ Limit: KEYS_PER_PAGE, ...(marker && { Marker: marker }) }));
      for (const { KeyArn } of page.Keys ?? []) if (KeyArn !== undefined) yield KeyArn;
      marker = page.Truncated ? page.NextMarker : undefined;
    } while (marker !== undefined);
  }

  async grants(keyArn: string, marker?: string): Promise<GrantPage | undefined> {
    await this.#turn();
    try {
      const page = await this.#client.send(
        new ListGrantsCommand({ KeyId: keyArn, Limit: GRANTS_PER_PAGE, ...(marker && { Marker: marker }) }),
      );
      const grants = (page.Grants ?? []).flatMap((entry) => this.#listed(keyArn, entry) ?? []);
      return { grants, ...(page.Truncated && page.NextMarker ? { next: page.NextMarker } : {}) };
    } catch (error) {
      if (isNamed(error, 'InvalidMarkerException')) return undefined;
      throw error;
    }
  }

  async key(keyArn: string): Promise<Pick<KeySighting, 'state' | 'rotation'>> {
    await this.#turn();
    const described = await this.#client.send(new DescribeKeyCommand({ KeyId: keyArn })).catch(async (error: unknown) => {
      // Of another Region's key KMS says the same.
      const isOurs = readKeyArn(keyArn)?.region === (await this.#client.config.region());
      if (isOurs && isNamed(error, 'NotFoundException')) return undefined;
      throw error;
    });
    if (described === undefined) return { state: 'deleted' };
    const { KeyMetadata } = described;
    const state = STATES.get(KeyMetadata?.KeyState ?? '');
    const rotates = KeyMetadata !== undefined && canRotate(KeyMetadata) ? await this.#rotates(keyArn) : undefined;
    return { ...(state === undefined ? {} : { state }), ...(rotates === undefined ? {} : { rotation: rotates ? 'on' : 'off' }) };
  }

  /** Undefined where KMS will not say, as of a key that waits for its deletion. */
  async #rotates(keyArn: string): Promise<boolean | undefined> {
    await this.#turn();
    const refused = (error: unknown): undefined => {
      if (isNamed(error, 'AccessDeniedException', 'KMSInvalidStateException', 'UnsupportedOperationException')) return undefined;
      throw error;
    };
    return this.#client
      .send(new GetKeyRotationStatusCommand({ KeyId: keyArn }))
      .then(({ KeyRotationEnabled }) => KeyRotationEnabled, refused);
  }

  /** An entry without an id names no grant. */
  #listed(keyArn: string, { GrantId, CreationDate, ...terms }: GrantListEntry): ListedGrant | undefined {
    if (GrantId === undefined) return undefined;
    const createdAt = readTimestamp(CreationDate?.toISOString());
    const grantId = boundedGrantId(GrantId, this.#digest);
    return { keyArn, grantId, ...(createdAt === undefined ? {} : { createdAt }), ...readGrantTerms(asParameters(terms), this.#digest) };
  }
}

/** The terms as CreateGrant's record spells them. */
function asParameters(terms: Omit<GrantListEntry, 'GrantId' | 'CreationDate'>): object {
  const { GranteePrincipal, GranteeServicePrincipal, RetiringPrincipal, RetiringServicePrincipal, Operations, Constraints } = terms;
  return {
    granteePrincipal: GranteePrincipal,
    granteeServicePrincipal: GranteeServicePrincipal,
    retiringPrincipal: RetiringPrincipal,
    retiringServicePrincipal: RetiringServicePrincipal,
    operations: Operations,
    constraints: {
      encryptionContextEquals: Constraints?.EncryptionContextEquals,
      encryptionContextSubset: Constraints?.EncryptionContextSubset,
      sourceArn: Constraints?.SourceArn,
    },
  };
}

/** Only KMS's own symmetric material rotates by itself, and AWS keeps its own keys' rotation to itself. */
function canRotate({ KeyManager, KeySpec, Origin }: KeyMetadata): boolean {
  return KeyManager === 'CUSTOMER' && KeySpec === 'SYMMETRIC_DEFAULT' && Origin === 'AWS_KMS';
}
