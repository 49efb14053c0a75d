/** Why a topic did not take a message, and the command that mends or explains it. */
export interface Refused {
  readonly says: string;
  readonly mend?: string;
}

interface Refusal {
  /** The name of the error, as the SDK gives it. */
  readonly name: string;
  readonly message: string;
  readonly topic: string;
  readonly stack: string;
}

/** Explains an error of Publish. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors */
export function refusedPublish({ name, message, topic, stack }: Refusal): Refused {
  const region = topic.split(':')[3];
  const key = `"$(aws sns get-topic-attributes --region ${region} --topic-arn ${topic} --query Attributes.KmsMasterKeyId --output text)"`;
  const says = `${topic} did not take the test alert: ${name}: ${message}`;
  switch (name.replace('Exception', '')) {
    case 'KMSDisabled':
      return { says, mend: `aws kms enable-key --region ${region} --key-id ${key}` };
    case 'KMSInvalidState':
      return { says, mend: `aws kms describe-key --region ${region} --key-id ${key}` };
    case 'KMSAccessDenied':
      return { says, mend: `aws kms get-key-policy --region ${region} --key-id ${key} --policy-name default --output text` };
    case 'KMSNotFound':
      return {
        says,
        mend: `aws sns set-topic-attributes --region ${region} --topic-arn ${topic} --attribute-name KmsMasterKeyId --attribute-value ''`,
      };
    case 'NotFound':
      return { says, mend: `aws sns create-topic --region ${region} --name ${topic.slice(topic.lastIndexOf(':') + 1)}` };
    case 'AuthorizationError':
      return { says, mend: `aws sns get-topic-attributes --region ${region} --topic-arn ${topic} --query Attributes.Policy --output text` };
    default:
      return { says, mend: `kms-audit doctor --stack ${stack}` };
  }
}
