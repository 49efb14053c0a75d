/**
 * The event by which CloudTrail tells that this role, as a Lambda function's, called ListAliases. The fields are those of
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
 */
export function canaryRecord(role: string, region: string, at: Date): object {
  const time = `${at.toISOString().slice(0, 19)}Z`;
  const name = role.slice(role.lastIndexOf('/') + 1);
  return {
    version: '0',
    id: 'd5b7c1e2-0000-4000-8000-000000000001',
    'detail-type': 'AWS API Call via CloudTrail',
    source: 'aws.kms',
    account: '111122223333',
    time,
    region,
    resources: [],
    detail: {
      eventVersion: '1.11',
      userIdentity: {
        type: 'AssumedRole',
        arn: `arn:aws:sts::111122223333:assumed-role/${name}/kms-audit-rehearsal-sweep`,
        accountId: '111122223333',
        sessionContext: { sessionIssuer: { type: 'Role', arn: role, accountId: '111122223333', userName: name } },
      },
      eventTime: time,
      eventSource: 'kms.amazonaws.com',
      eventName: 'ListAliases',
      awsRegion: region,
      requestParameters: { limit: 1 },
      responseElements: null,
      eventID: 'd5b7c1e2-0000-4000-8000-000000000002',
      readOnly: true,
      eventType: 'AwsApiCall',
      managementEvent: true,
      recipientAccountId: '111122223333',
    },
  };
}
