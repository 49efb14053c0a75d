import { at, field } from '../../src/core/json.ts';
import { toSeconds } from '../../src/core/timestamp.ts';
import { sha256 } from '../../src/system.ts';
import { createGrant, ecsContext, eventId, instant, KEY, PROD, type RawRecord, retireGrant } from './fleet.ts';
import type { GrantEntry } from './kms-server.ts';

/** In seconds. */
export const HOUR = 3_600;
/** The first sweep, an hour after the fleet's first instant, and those that follow. */
export const sweepAt = (hour: number): string => instant(hour * HOUR);

/** The id of a grant. */
export const grantId = (serial: number): string => sha256(`grant ${serial}`);
/** The id of its volume. */
export const volumeId = (serial: number): string => `vol-${serial.toString(16).padStart(17, '0')}`;

/** CreateGrant of a volume, made so many seconds after the fleet's first instant. */
export function creation(serial: number, second = serial, key = KEY, parameters: RawRecord = {}): RawRecord {
  return createGrant(
    grantId(serial),
    { keyId: key, constraints: { encryptionContextSubset: ecsContext(PROD, volumeId(serial)) }, ...parameters },
    {
      userIdentity: { type: 'AWSService', invokedBy: 'ec2-frontend-api.amazonaws.com' },
      responseElements: { grantId: grantId(serial), keyId: key },
      resources: [{ type: 'AWS::KMS::Key', ARN: key }],
      eventTime: instant(second),
      eventID: eventId(`create ${serial}`),
    },
  );
}

/** RetireGrant of it. */
export const retirement = (serial: number, second: number, key = KEY): RawRecord =>
  retireGrant(grantId(serial), {
    responseElements: { keyId: key },
    resources: [{ type: 'AWS::KMS::Key', ARN: key }],
    eventTime: instant(second),
    eventID: eventId(`retire ${serial}`),
  });

/** What KMS lists of a grant that this record made. */
export function listed(made: RawRecord): GrantEntry {
  const asked = made.requestParameters;
  return {
    GrantId: String(at(made, 'responseElements', 'grantId')),
    CreationDate: toSeconds(String(made.eventTime)),
    GranteePrincipal: field(asked, 'granteePrincipal'),
    RetiringPrincipal: field(asked, 'retiringPrincipal'),
    Operations: field(asked, 'operations'),
    Constraints: {
      EncryptionContextSubset: at(asked, 'constraints', 'encryptionContextSubset'),
      EncryptionContextEquals: at(asked, 'constraints', 'encryptionContextEquals'),
    },
  };
}
