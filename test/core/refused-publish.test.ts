import { describe, expect, it } from 'vitest';
import { refusedPublish } from '../../src/core/refused-publish.ts';

const TOPIC = 'arn:aws:sns:us-west-2:111122223333:alerts';
const ATTRIBUTES = `aws sns get-topic-attributes --region us-west-2 --topic-arn ${TOPIC}`;
const KEY = `"$(${ATTRIBUTES} --query Attributes.KmsMasterKeyId --output text)"`;

describe('refusedPublish', () => {
  it.each([
    ['KMSDisabledException', `aws kms enable-key --region us-west-2 --key-id ${KEY}`],
    ['KMSInvalidStateException', `aws kms describe-key --region us-west-2 --key-id ${KEY}`],
    ['KMSAccessDeniedException', `aws kms get-key-policy --region us-west-2 --key-id ${KEY} --policy-name default --output text`],
    [
      'KMSNotFoundException',
      `aws sns set-topic-attributes --region us-west-2 --topic-arn ${TOPIC} --attribute-name KmsMasterKeyId --attribute-value ''`,
    ],
    ['NotFoundException', 'aws sns create-topic --region us-west-2 --name alerts'],
    ['NotFound', 'aws sns create-topic --region us-west-2 --name alerts'],
    ['AuthorizationErrorException', `${ATTRIBUTES} --query Attributes.Policy --output text`],
    ['TimeoutError', 'kms-audit doctor --stack kms-audit-dev'],
  ])('after %s gives the command to paste', (name, mend) => {
    expect(refusedPublish({ name, message: 'It says why.', topic: TOPIC, stack: 'kms-audit-dev' })).toEqual({
      says: `${TOPIC} did not take the test alert: ${name}: It says why.`,
      mend,
    });
  });
});
