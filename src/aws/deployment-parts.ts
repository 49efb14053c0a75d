import { type CloudFormationClient, DescribeStackResourcesCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import type { Deployment, Observed } from '../core/observed.ts';
import { printable } from '../core/text.ts';

/** What CloudFormation knows of a deployment. */
export interface DeploymentParts {
  readonly deployment: Deployment;
  /** The names of the stack's rules, by their name in the template. */
  readonly rules: Observed<ReadonlyMap<string, string>>;
  readonly topics: Observed<{ readonly alert: string | undefined; readonly health: string | undefined }>;
  readonly table: Observed<string | undefined>;
  /** The stack was asked to record uses for resources, too. */
  readonly resourceUses: boolean;
}

/** Makes a call; one that is denied or fails is told by its name, `service:Operation`. */
export async function observed<T>(call: string, ask: () => Promise<T>): Promise<Observed<T>> {
  try {
    return { seen: await ask() };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
    const denied = /^(?:AccessDenied|AuthorizationError|NotAuthorized|UnauthorizedOperation)/.test(name);
    return { failed: printable(denied ? `${call} was denied: ${message}` : `${call} failed: ${name}: ${message}`, 500) };
  }
}

/** True for the error that AWS answers with one of these names. */
export function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}

const isMissing = (error: unknown): boolean => isNamed(error, 'ValidationError') && / does not exist/.test(String(error));

/** Finds a deployment by its stack; undefined where there is none of that name. */
export async function findDeployment(client: CloudFormationClient, stack: string): Promise<DeploymentParts | undefined> {
  const [stacks, resources] = await Promise.all([
    observed('cloudformation:DescribeStacks', async () => {
      try {
        return (await client.send(new DescribeStacksCommand({ StackName: stack }))).Stacks?.[0];
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    }),
    observed('cloudformation:DescribeStackResources', async () => {
      const { StackResources = [] } = await client.send(new DescribeStackResourcesCommand({ StackName: stack }));
      return StackResources.filter(({ ResourceStatus }) => ResourceStatus !== 'DELETE_COMPLETE');
    }),
  ]);
  if ('seen' in stacks && stacks.seen === undefined) return undefined;
  const found = 'seen' in stacks ? stacks.seen : undefined;
  const outputs = new Map((found?.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
  const parts = 'seen' in resources ? resources.seen : [];
  const ids = new Map(parts.map(({ LogicalResourceId, PhysicalResourceId }) => [LogicalResourceId, PhysicalResourceId]));
  const [, partition = 'aws', , region = await client.config.region(), account] = (found?.StackId ?? parts[0]?.StackId ?? '').split(':');
  const arn = (service: string, id: string, type = ''): string | undefined => {
    const physical = ids.get(id)?.split('/').at(-1);
    const where = service === 'iam' ? '' : region;
    return physical && account ? `arn:${partition}:${service}:${where}:${account}:${type}${physical}` : undefined;
  };
  const deployment = {
    stack,
    region,
    auditArn: arn('lambda', 'AuditLambdaFunction', 'function:'),
    sweepArn: arn('lambda', 'SweepLambdaFunction', 'function:'),
    sweepRoleArn: arn('iam', 'SweepRole', 'role/'),
    undeliveredArn: arn('sqs', 'UndeliveredQueue'),
  };
  // An output names a topic or table wherever it is; the resource only where the stack made it.
  const named = (output: string, id: string): string | undefined => outputs.get(output) || ids.get(id);
  const failed = 'failed' in stacks && 'failed' in resources ? stacks : undefined;
  const alert = named('AlertTopicArn', 'AlertTopic');
  const health = named('HealthTopicArn', 'HealthTopic');
  const rules = parts.flatMap(({ ResourceType, LogicalResourceId, PhysicalResourceId }): [string, string][] =>
    ResourceType === 'AWS::Events::Rule' && LogicalResourceId && PhysicalResourceId ? [[LogicalResourceId, PhysicalResourceId]] : [],
  );
  return {
    deployment,
    rules: 'failed' in resources ? resources : { seen: new Map(rules) },
    topics: failed ?? (alert === undefined && 'failed' in stacks ? stacks : { seen: { alert, health } }),
    table: failed ?? { seen: named('LedgerTable', 'Ledger') },
    resourceUses: (found?.Parameters ?? []).some(
      ({ ParameterKey, ParameterValue }) => ParameterKey === 'ResourceUses' && ParameterValue !== 'DISABLED',
    ),
  };
}
