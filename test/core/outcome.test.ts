import { describe, expect, it } from 'vitest';
import { readOutcome } from '../../src/core/outcome.ts';
import { KEY } from '../support/fleet.ts';

describe('readOutcome', () => {
  it.each([
    ['no fields', {}],
    ['null', { errorCode: null, errorMessage: null }],
    ['empty', { errorCode: '', errorMessage: ' ' }],
  ])('is success: %s', (_what, fields) => {
    expect(readOutcome(fields)).toEqual({ kind: 'success' });
  });

  it('is a rehearsal that succeeded', () => {
    expect(readOutcome({ errorCode: 'DryRunOperationException', errorMessage: 'The request would have succeeded' })).toEqual({
      kind: 'rehearsed',
    });
  });

  it.each([
    ['DisabledException', `${KEY} is disabled.`, 'disabled'],
    ['DisabledException', undefined, 'disabled'],
    ['DisabledException', `${KEY} is pending deletion.`, 'pending-deletion'],
    ['KMSInvalidStateException', `${KEY} is disabled.`, 'disabled'],
    ['KMSInvalidStateException', `${KEY} is disabled`, 'disabled'],
    ['KMSInvalidStateException', `${KEY} is disabled. \n`, 'disabled'],
    ['KMSInvalidStateException', `${KEY} is disabled for now and pending import.`, 'pending-import'],
    ['KMSInvalidStateException', `${KEY} is pending deletion.`, 'pending-deletion'],
    ['KMSInvalidStateException', `${KEY} is pending deletion (or pending replica deletion).`, 'pending-deletion'],
    ['KMSInvalidStateException', `${KEY} is pending replica deletion.`, 'pending-deletion'],
    ['KMSInvalidStateException', `${KEY} is pending import.`, 'pending-import'],
    ['KMSInvalidStateException', `${KEY} is unavailable.`, 'unavailable'],
    ['KMSInvalidStateException', `${KEY} is creating.`, 'unavailable'],
    ['KMSInvalidStateException', `${KEY} is updating.`, 'unavailable'],
    ['KMSInvalidStateException', undefined, 'unavailable'],
    ['KeyUnavailableException', undefined, 'unavailable'],
    ['NotFoundException', `Key '${KEY}' does not exist`, 'missing'],
    ['AccessDenied', 'because no key policy allows it', 'denied'],
    ['AccessDeniedException', `${KEY} is disabled.`, 'denied'],
    ['VpceAccessDenied', undefined, 'denied'],
    ['InvalidCiphertextException', undefined, 'wrong-context'],
    ['IncorrectKeyException', undefined, 'wrong-context'],
    ['ThrottlingException', 'Rate exceeded', 'passing'],
    ['KMSInternalException', 'try again', 'passing'],
    ['DependencyTimeoutException', '', 'passing'],
    // 50,000 grants on a key: no throttling, nothing passes by waiting.
    ['LimitExceededException', undefined, 'other'],
    ['SomethingNew', `${KEY} is disabled.`, 'other'],
    [undefined, `${KEY} is disabled.`, 'disabled'],
    [undefined, `${KEY} is pending deletion.`, 'pending-deletion'],
    [undefined, `${KEY} is unavailable.`, 'unavailable'],
    [undefined, 'something else', 'other'],
    [{ omitted: true }, undefined, 'other'],
    [7, undefined, 'other'],
  ])('is a refusal: %s, "%s" means %s', (errorCode, errorMessage, reason) => {
    expect(readOutcome({ errorCode, errorMessage })).toMatchObject({ kind: 'refused', reason });
  });

  it.each([null, undefined, 7, 'x', []])('never throws on %s', (record) => {
    expect(readOutcome(record)).toEqual({ kind: 'success' });
  });

  it('bounds the message and makes it printable', () => {
    const outcome = readOutcome({ errorCode: 'x'.repeat(999), errorMessage: `\u001b[31m${'y'.repeat(9999)}` });

    expect(outcome).toMatchObject({ code: expect.stringMatching(/^.{64}$/), message: expect.stringMatching(/^\\u\{1b\}\[31my+…$/) });
  });
});
