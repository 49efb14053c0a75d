import { field, text } from './json.ts';
import { printable } from './text.ts';

/** Why KMS refused a call. `passing` (throttling, KMS's own faults) and `other` say nothing about the key. */
export type RefusalReason =
  | 'disabled'
  | 'pending-deletion'
  | 'pending-import'
  | 'unavailable'
  | 'missing'
  | 'denied'
  | 'wrong-context'
  | 'passing'
  | 'other';

/** How a call ended. A rehearsal (KMS dry run) that would have succeeded is `rehearsed`; one that would not is a refusal. */
export type Outcome =
  | { readonly kind: 'success' }
  | { readonly kind: 'rehearsed' }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly code: string; readonly message: string };

const DENIED = new Set(['AccessDenied', 'AccessDeniedException', 'VpceAccessDenied', 'UnauthorizedOperation', 'KMSAccessDeniedException']);
const KEY_STATE = new Set(['DisabledException', 'KMSInvalidStateException', 'KeyUnavailableException', 'InvalidStateException']);
const WRONG_CONTEXT = new Set(['InvalidCiphertextException', 'IncorrectKeyException']);
/** Faults that pass by themselves and say nothing of the key. https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html */
const PASSING = new Set([
  'ThrottlingException',
  'Throttling',
  'RequestLimitExceeded',
  'KMSInternalException',
  'DependencyTimeoutException',
  'InternalFailure',
  'ServiceUnavailable',
  'ServiceUnavailableException',
]);

/** Key-state messages end in what is wrong: "<ARN> is disabled." */
function stateInMessage(message: string): RefusalReason | undefined {
  if (/\bpending (?:replica )?deletion\b/i.test(message)) return 'pending-deletion';
  if (/\bis disabled\.?$/i.test(message)) return 'disabled';
  if (/\bpending import\b/i.test(message)) return 'pending-import';
  if (/\bis (?:currently )?(?:unavailable|creating|updating)\b/i.test(message)) return 'unavailable';
  return undefined;
}

function reasonOf(code: string, message: string): RefusalReason {
  if (DENIED.has(code)) return 'denied';
  if (WRONG_CONTEXT.has(code)) return 'wrong-context';
  if (PASSING.has(code)) return 'passing';
  if (code === 'NotFoundException') return 'missing';
  if (KEY_STATE.has(code)) return stateInMessage(message) ?? (code === 'DisabledException' ? 'disabled' : 'unavailable');
  return code === '' ? (stateInMessage(message) ?? 'other') : 'other';
}

/**
 * Classifies a record's `errorCode` and `errorMessage` together: the same state of a key comes under several codes.
 * A message without a code is a failure too, and so is either of them when it is no text.
 * https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
 */
export function readOutcome(record: unknown): Outcome {
  const rawCode = field(record, 'errorCode');
  const code = text(rawCode) ?? '';
  const rawMessage = field(record, 'errorMessage');
  const message = text(rawMessage) ?? '';
  const unreadable = [rawCode, rawMessage].some((raw) => raw !== undefined && raw !== null && typeof raw !== 'string');
  if (code === '' && message === '' && !unreadable) return { kind: 'success' };
  if (code === 'DryRunOperationException') return { kind: 'rehearsed' };
  return { kind: 'refused', reason: reasonOf(code, message), code: printable(code, 64), message: printable(message, 1_000) };
}
