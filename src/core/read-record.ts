import { trustIn } from './caller.ts';
import { CANARY_OPERATION } from './canary.ts';
import { clusterOf, type EncryptionContext, namesEcs, readContext, resourceOf, volumeIdOf } from './encryption-context.ts';
import type { Attribution, FactBase } from './fact.ts';
import { boundedGrantId, constraintOf, readGrantTerms } from './grant-terms.ts';
import { at, field, firstText, flag, isObject, items, kindOf, text } from './json.ts';
import { findKeyArn, keyArnOfId, readKeyArn } from './key-arn.ts';
import { isAudited, isCryptographic, isUse, keyChangeOf } from './operations.ts';
import { readOutcome } from './outcome.ts';
import { CLUSTER_CALLS } from './read-cluster.ts';
import { EVENT_RULE_CALLS } from './read-event-rule.ts';
import { TRAIL_CALLS } from './read-trail.ts';
import { type CallReader, OUT_OF_SCOPE, type Reading, readBase, readEnvelopeBase, rejected } from './reading.ts';
import { bounded, type Digest, printable } from './text.ts';

const KMS = 'kms.amazonaws.com';

const READERS: ReadonlyMap<string, CallReader> = new Map([
  ['ecs.amazonaws.com', CLUSTER_CALLS],
  ['cloudtrail.amazonaws.com', TRAIL_CALLS],
  ['events.amazonaws.com', EVENT_RULE_CALLS],
]);

/** Every `eventSource` that is read; a record of any other is out of scope. */
export const READ_SOURCES: ReadonlySet<string> = new Set([KMS, ...READERS.keys()]);

/**
 * Reads one CloudTrail record; never throws, whatever it is given.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
export function readRecord(record: unknown, digest: Digest): Reading {
  if (!isObject(record)) return rejected(`expected a CloudTrail record (an object), found ${kindOf(record)}`);
  const source = text(field(record, 'eventSource'));
  if (source === undefined) return rejected('expected a CloudTrail record, found an object without eventSource');
  if (source === KMS) return readKmsRecord(record, digest);
  const reader = READERS.get(source);
  // Stryker disable next-line StringLiteral: no operation has either name.
  if (reader === undefined || !reader.operations.has(text(field(record, 'eventName')) ?? '')) return OUT_OF_SCOPE;
  if (readOutcome(record).kind !== 'success') return OUT_OF_SCOPE;
  const base = readBase(record, reader.service, digest);
  return typeof base === 'string' ? rejected(base) : reader.read(record, base, digest);
}

function readKmsRecord(record: unknown, digest: Digest): Reading {
  const base = readBase(record, 'KMS', digest);
  if (typeof base === 'string') return rejected(base);
  if (isAudited(base.operation)) return factOf(record, digest, base);
  const canary = base.operation === CANARY_OPERATION ? { by: base.caller.id, time: base.time } : undefined;
  return { kind: 'out-of-scope', eventId: base.eventId, ...(canary && { canary }) };
}

/** Reads a native `aws.kms` event: no CloudTrail record, the key in `resources`, no caller. https://docs.aws.amazon.com/kms/latest/developerguide/kms-events.html */
export function readNativeEvent(envelope: unknown, digest: Digest): Reading {
  const base = readEnvelopeBase(envelope, digest);
  if (typeof base === 'string') return rejected(base);
  // Stryker disable next-line StringLiteral: neither is a change.
  const detailType = text(field(envelope, 'detail-type')) ?? '';
  const change = NATIVE_CHANGES.get(detailType);
  if (change === undefined) return { kind: 'out-of-scope', eventId: base.eventId };
  const region = text(field(envelope, 'region'));
  const account = text(field(envelope, 'account'));
  const keyArn =
    items(field(envelope, 'resources'))
      .map(readKeyArn)
      .find((arn) => arn !== undefined) ??
    readKeyArn(at(envelope, 'detail', 'key-id')) ??
    keyArnOfId(at(envelope, 'detail', 'key-id'), region, account);
  if (keyArn === undefined) return rejected(`native event ${printable(base.eventId, 64)} names no key ARN`);
  const caller = { id: 'kms.amazonaws.com', trusted: false, awsRole: false };
  return {
    kind: 'fact',
    fact: {
      kind: 'key-changed',
      ...base,
      operation: detailType,
      caller,
      region: keyArn.region,
      account: keyArn.account,
      keyArn: keyArn.arn,
      change,
    },
  };
}

const NATIVE_CHANGES = new Map([
  ['KMS CMK Deletion', 'deleted' as const],
  ['KMS Imported Key Material Expiration', 'material-deleted' as const],
]);

function factOf(record: unknown, digest: Digest, base: FactBase): Reading {
  const parameters = field(record, 'requestParameters');
  const outcome = readOutcome(record);
  const keyArn = keyArnOf(record, outcome.kind === 'refused');
  const missing = (what: string): Reading => rejected(`KMS record ${printable(base.eventId, 64)}: ${base.operation} names no ${what}`);
  if (outcome.kind !== 'success') {
    const attribution = attributionOf(record, base, keyArn !== undefined, digest);
    const common = { ...base, ...attribution, ...(keyArn === undefined ? {} : { keyArn }) };
    if (outcome.kind === 'rehearsed') return { kind: 'fact', fact: { kind: 'rehearsed', ...common } };
    const { reason, code, message } = outcome;
    return { kind: 'fact', fact: { kind: 'refused', ...common, reason, code, message, rehearsal: flag(field(parameters, 'dryRun')) } };
  }
  const change = keyChangeOf(base.operation);
  if (change !== undefined) {
    const keyStoreId = text(field(parameters, 'customKeyStoreId'));
    if (keyArn !== undefined) return { kind: 'fact', fact: { kind: 'key-changed', ...base, keyArn, change } };
    if (keyStoreId === undefined) return missing('key ARN');
    return { kind: 'fact', fact: { kind: 'key-changed', ...base, keyStoreId: bounded(keyStoreId, 128, digest), change } };
  }
  if (keyArn === undefined) return missing('key ARN');
  if (base.operation === 'PutKeyPolicy') return { kind: 'fact', fact: { kind: 'key-policy-put', ...base, keyArn } };
  if (isCryptographic(base.operation)) {
    return { kind: 'fact', fact: { kind: 'key-used', ...base, ...attributionOf(record, base, true, digest), keyArn } };
  }
  const rawGrantId = grantIdOf(record);
  if (rawGrantId === undefined) return missing('grant id');
  const grantId = boundedGrantId(rawGrantId, digest);
  if (base.operation !== 'CreateGrant') {
    return {
      kind: 'fact',
      fact: { kind: 'grant-ended', ...base, keyArn, grantId, how: base.operation === 'RevokeGrant' ? 'revoked' : 'retired' },
    };
  }
  return {
    kind: 'fact',
    fact: {
      kind: 'grant-created',
      ...base,
      ...attributionOf(record, base, true, digest),
      keyArn,
      grantId,
      ...readGrantTerms(parameters, digest),
    },
  };
}

/**
 * The key's ARN, wherever this record keeps it. For a refusal the ARN in the message names the key at fault, where
 * the record names several; a record that was denied has it nowhere else.
 */
function keyArnOf(record: unknown, refused: boolean): string | undefined {
  const resources = items(field(record, 'resources')).map((resource) => readKeyArn(field(resource, 'ARN')));
  const inMessage = refused ? findKeyArn(field(record, 'errorMessage')) : undefined;
  if (inMessage !== undefined && resources.some((arn) => arn?.arn === inMessage.arn)) return inMessage.arn;
  const candidates = [
    at(record, 'responseElements', 'keyId'),
    at(record, 'serviceEventDetails', 'keyId'),
    at(record, 'requestParameters', 'keyId'),
  ];
  const region = text(field(record, 'awsRegion'));
  const account = firstText(field(record, 'recipientAccountId'), at(record, 'userIdentity', 'accountId'));
  const found =
    resources.find((arn) => arn !== undefined) ??
    candidates.map(readKeyArn).find((arn) => arn !== undefined) ??
    inMessage ??
    candidates.map((id) => keyArnOfId(id, region, account)).find((arn) => arn !== undefined);
  return found?.arn;
}

/** CreateGrant answers with it, RetireGrant keeps it beside the request, RevokeGrant asks for it. */
function grantIdOf(record: unknown): string | undefined {
  return firstText(
    at(record, 'responseElements', 'grantId'),
    field(embedded(field(record, 'additionalEventData')), 'grantId'),
    at(record, 'requestParameters', 'grantId'),
  );
}

/** A field that some deliveries spell as JSON text. */
function embedded(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    // What is no JSON has no fields.
  }
  return undefined;
}

/** A grant's context is its constraint; the context of ReEncrypt is the source's. */
function contextOf(record: unknown, operation: string, digest: Digest): EncryptionContext {
  const parameters = field(record, 'requestParameters');
  if (operation === 'CreateGrant') return constraintOf(parameters, digest)?.context ?? new Map();
  const context = readContext(field(parameters, 'encryptionContext'), digest);
  return context.size > 0 ? context : readContext(field(parameters, 'sourceEncryptionContext'), digest);
}

function attributionOf(record: unknown, base: FactBase, keyKnown: boolean, digest: Digest): Attribution {
  const context = isUse(base.operation) ? contextOf(record, base.operation, digest) : new Map<string, string>();
  const trust = trustIn(base.caller, context);
  const cluster = clusterOf(context, digest);
  const named = resourceOf(context);
  // A volume beside an ECS context that is not believed is part of the claim, not a resource seen.
  const resource = namesEcs(context) && named?.kind.startsWith('ebs-') ? undefined : named;
  if (cluster === undefined || trust !== 'trusted') {
    return { trust, ...(resource === undefined ? {} : { resource }), ...(cluster === undefined ? {} : { claimed: cluster }) };
  }
  const volumeId = keyKnown ? volumeIdOf(context, digest) : undefined;
  return { trust, cluster, ...(volumeId === undefined ? {} : { volumeId }) };
}
