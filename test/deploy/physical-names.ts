/** The stack that a template is deployed as. */
export interface Stack {
  readonly name: string;
  readonly id: string;
  readonly accountId: string;
  readonly region: string;
}

type Properties = Readonly<Record<string, unknown>>;

/** Service and ARN prefix of each type whose ARN is asked for, and the property that names it. */
const ARNS: Readonly<Record<string, { readonly prefix: string; readonly global?: 'account' | 'everything'; readonly named?: string }>> = {
  'AWS::DynamoDB::Table': { prefix: 'dynamodb:R:A:table/', named: 'TableName' },
  'AWS::Events::Rule': { prefix: 'events:R:A:rule/', named: 'Name' },
  'AWS::IAM::Role': { prefix: 'iam::A:role/', named: 'RoleName' },
  'AWS::Lambda::Function': { prefix: 'lambda:R:A:function:', named: 'FunctionName' },
  'AWS::Logs::LogGroup': { prefix: 'logs:R:A:log-group:', named: 'LogGroupName' },
  'AWS::S3::Bucket': { prefix: 's3:::', named: 'BucketName' },
  'AWS::SNS::Topic': { prefix: 'sns:R:A:', named: 'TopicName' },
  'AWS::SQS::Queue': { prefix: 'sqs:R:A:', named: 'QueueName' },
};

/** The name a resource has: the template's, or one made of the stack's. */
function nameOf(stack: Stack, id: string, type: string, properties: Properties): string {
  const given = properties[ARNS[type]?.named ?? ''];
  const made = `${stack.name}-${id}`;
  return typeof given === 'string' ? given : type === 'AWS::S3::Bucket' ? made.toLowerCase() : made;
}

function arnOf(stack: Stack, id: string, type: string, properties: Properties): string {
  const prefix = ARNS[type]?.prefix;
  if (prefix === undefined) throw new Error(`Requested attribute Arn does not exist in schema for ${type}`);
  return `arn:aws:${prefix.replace(':R:', `:${stack.region}:`).replace(':A:', `:${stack.accountId}:`)}${nameOf(stack, id, type, properties)}`;
}

/** What `Ref` gives: an ARN of a topic, a URL of a queue, the name of everything else. */
export function physicalId(stack: Stack, id: string, type: string, properties: Properties): string {
  if (type === 'AWS::SNS::Topic') return arnOf(stack, id, type, properties);
  const name = nameOf(stack, id, type, properties);
  return type === 'AWS::SQS::Queue' ? `https://sqs.${stack.region}.amazonaws.com/${stack.accountId}/${name}` : name;
}

/** What `Fn::GetAtt` gives, of the attributes that templates here ask for; throws for any other. */
export function attributeOf(stack: Stack, attribute: string, id: string, type: string, properties: Properties): string {
  // A log group's ARN ends so, and a policy that leaves it out does not match. See AWS::Logs::LogGroup, return values.
  if (attribute === 'Arn') return arnOf(stack, id, type, properties) + (type === 'AWS::Logs::LogGroup' ? ':*' : '');
  if (attribute === 'QueueName' && type === 'AWS::SQS::Queue') return nameOf(stack, id, type, properties);
  throw new Error(`Requested attribute ${attribute} does not exist in schema for ${type}`);
}
