import { randomUUID } from 'node:crypto';
import type { Stack } from './physical-names.ts';
import { type ResolvedTemplate, resolveTemplate, type Template } from './resolved-template.ts';
import type { S3StandIn } from './s3-stand-in.ts';
import type { XmlValue } from './xml.ts';

/** What CloudFormation refuses with, as a ValidationError. */
export class StackError extends Error {
  override readonly name = 'StackError';
}

/** A stack as it stands after the last call. */
export interface DeployedStack {
  readonly stack: Stack;
  readonly template: Template;
  readonly resolved: ResolvedTemplate;
  readonly updated: Date;
}

/** CloudFormation, as far as a direct deployment uses it: one stack, made and updated at once. */
export interface CloudFormationStandIn {
  deployed(): DeployedStack | undefined;
  /** The content of the action's result; undefined for an action that it does not know; throws a {@link StackError}. */
  act(form: URLSearchParams): XmlValue | undefined;
}

const ACCOUNT = '111122223333';

/** Starts with no stack; buckets of the template become buckets of `s3`, templates are read from there. */
export function cloudFormationStandIn(s3: S3StandIn, region: string): CloudFormationStandIn {
  let deployed: DeployedStack | undefined;
  const events: XmlValue[] = [];

  const templateOf = (form: URLSearchParams): Template => {
    const url = form.get('TemplateURL');
    if (url === null) return parsed(form.get('TemplateBody') ?? '');
    const [, bucket = '', ...key] = decodeURIComponent(new URL(url).pathname).split('/');
    return parsed(s3.object(bucket, key.join('/')).toString('utf8'));
  };
  const existing = (form: URLSearchParams): DeployedStack => {
    const name = form.get('StackName') ?? '';
    if (deployed === undefined || ![deployed.stack.name, deployed.stack.id].includes(name))
      throw new StackError(`Stack with id ${name} does not exist`);
    return deployed;
  };
  const happened = (what: 'CREATE' | 'UPDATE', { name, id }: Stack): void => {
    for (const progress of ['IN_PROGRESS', 'COMPLETE']) {
      events.unshift({
        StackId: id,
        EventId: randomUUID(),
        StackName: name,
        LogicalResourceId: name,
        PhysicalResourceId: id,
        ResourceType: 'AWS::CloudFormation::Stack',
        Timestamp: new Date().toISOString(),
        ResourceStatus: `${what}_${progress}`,
      });
    }
  };
  const deploy = (what: 'CREATE' | 'UPDATE', stack: Stack, template: Template): XmlValue => {
    if (JSON.stringify(template) === JSON.stringify(deployed?.template)) throw new StackError('No updates are to be performed.');
    const resolved = resolveTemplate(template, stack);
    for (const { type, physicalId } of resolved.resources) if (type === 'AWS::S3::Bucket') s3.buckets.add(physicalId);
    // As Lambda does when the function is made: its package must be there.
    for (const { type, properties } of resolved.resources) if (type === 'AWS::Lambda::Function') s3.object(...codeOf(properties));
    deployed = { stack, template, resolved, updated: new Date() };
    happened(what, stack);
    return { StackId: stack.id };
  };
  const act = (form: URLSearchParams): XmlValue | undefined => {
    switch (form.get('Action')) {
      case 'CreateStack': {
        const name = form.get('StackName') ?? '';
        if (deployed !== undefined) throw new StackError(`Stack [${name}] already exists`);
        const id = `arn:aws:cloudformation:${region}:${ACCOUNT}:stack/${name}/${randomUUID()}`;
        return deploy('CREATE', { name, id, accountId: ACCOUNT, region }, templateOf(form));
      }
      case 'UpdateStack':
        return deploy('UPDATE', existing(form).stack, templateOf(form));
      case 'ValidateTemplate':
        return templateOf(form) && {};
      case 'DescribeStackEvents':
        return existing(form) && { StackEvents: { member: events } };
      case 'DescribeStacks':
        return { Stacks: { member: [describedStack(existing(form))] } };
      case 'DescribeStackResource': {
        const id = form.get('LogicalResourceId') ?? '';
        const found = describedResources(existing(form)).find(({ LogicalResourceId }) => LogicalResourceId === id);
        if (found === undefined) throw new StackError(`Resource ${id} does not exist for stack ${form.get('StackName')}`);
        return { StackResourceDetail: found };
      }
      case 'ListStackResources':
        return { StackResourceSummaries: { member: describedResources(existing(form)) } };
      default:
        return undefined;
    }
  };
  return {
    deployed: () => deployed,
    act: (form) => {
      try {
        return act(form);
      } catch (error) {
        throw error instanceof StackError ? error : new StackError(String(error));
      }
    },
  };
}

/** Where a function's properties have its package: bucket and key. */
export function codeOf(properties: Readonly<Record<string, unknown>>): [string, string] {
  const { S3Bucket, S3Key } = { S3Bucket: '', S3Key: '', ...Object(properties.Code) };
  return [String(S3Bucket), String(S3Key)];
}

function parsed(text: string): Template {
  const template: Template = JSON.parse(text);
  if (Object.keys(template.Resources ?? {}).length === 0) throw new StackError('At least one Resources member must be defined.');
  return template;
}

function describedStack({ stack, resolved, updated }: DeployedStack): XmlValue {
  const outputs = Object.entries(resolved.outputs).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue }));
  return {
    StackName: stack.name,
    StackId: stack.id,
    CreationTime: updated.toISOString(),
    StackStatus: 'UPDATE_COMPLETE',
    Outputs: { member: outputs },
  };
}

function describedResources({ resolved, updated }: DeployedStack) {
  return resolved.resources.map(({ logicalId, physicalId, type }) => ({
    LogicalResourceId: logicalId,
    PhysicalResourceId: physicalId,
    ResourceType: type,
    LastUpdatedTimestamp: updated.toISOString(),
    ResourceStatus: 'UPDATE_COMPLETE',
  }));
}
