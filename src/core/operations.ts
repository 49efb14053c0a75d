/** What a successful call did to a key. */
export type KeyChange =
  | 'enabled'
  | 'disabled'
  | 'deletion-scheduled'
  | 'deletion-cancelled'
  | 'deleted'
  | 'material-deleted'
  | 'material-imported'
  | 'store-disconnected'
  | 'store-connected';

/** https://docs.aws.amazon.com/kms/latest/developerguide/kms-cryptography.html#cryptographic-operations, without GenerateRandom, which uses no key. */
const CRYPTOGRAPHIC: ReadonlySet<string> = new Set([
  'Decrypt',
  'DeriveSharedSecret',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateMac',
  'ReEncrypt',
  'Sign',
  'Verify',
  'VerifyMac',
]);

const KEY_CHANGES: ReadonlyMap<string, KeyChange> = new Map([
  ['EnableKey', 'enabled'],
  ['DisableKey', 'disabled'],
  ['ScheduleKeyDeletion', 'deletion-scheduled'],
  ['CancelKeyDeletion', 'deletion-cancelled'],
  ['DeleteKey', 'deleted'],
  ['DeleteImportedKeyMaterial', 'material-deleted'],
  ['ImportKeyMaterial', 'material-imported'],
  ['DisconnectCustomKeyStore', 'store-disconnected'],
  ['ConnectCustomKeyStore', 'store-connected'],
]);

const OTHERS: ReadonlySet<string> = new Set(['RetireGrant', 'RevokeGrant', 'PutKeyPolicy']);

/** A cryptographic operation: it uses the key itself. */
export function isCryptographic(operation: string): boolean {
  return CRYPTOGRAPHIC.has(operation);
}

/** A use of the key: the cryptographic operations and CreateGrant. Reads such as DescribeKey are never a use. */
export function isUse(operation: string): boolean {
  return operation === 'CreateGrant' || isCryptographic(operation);
}

/** What a successful `operation` did to its key, if it changes keys. */
export function keyChangeOf(operation: string): KeyChange | undefined {
  return KEY_CHANGES.get(operation);
}

/** An operation this audit reads; every other KMS operation is out of scope. */
export function isAudited(operation: string): boolean {
  return isUse(operation) || OTHERS.has(operation) || KEY_CHANGES.has(operation);
}
