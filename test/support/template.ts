import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { field, isObject, items } from '../../src/core/json.ts';
import { copyService, OSLS } from './service-copy.ts';

/** A CloudFormation resource. */
export interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly Condition?: string;
  readonly DeletionPolicy?: string;
}

/** A CloudFormation template, as far as it is checked. */
export interface Template {
  readonly Resources: Record<string, Resource>;
  readonly Conditions: Record<string, unknown>;
  readonly Parameters: Record<string, unknown>;
}

/** Packages the service for a stage with the real command line, offline and without credentials, and reads the template. */
export async function packagedTemplate(stage: string, ...parameters: readonly string[]): Promise<Template> {
  const folder = await mkdtemp(join(tmpdir(), 'kms-audit-package-'));
  try {
    const service = join(folder, 'service');
    await copyService(service);
    const args = ['package', '--stage', stage, '--region', 'us-west-2', ...parameters.map((one) => `--param=${one}`)];
    await promisify(execFile)(OSLS, args, { cwd: service, env: { PATH: process.env.PATH ?? '', HOME: folder, CI: 'true' } }).catch(
      (error) => {
        throw new Error(`${error.message}\n${error.stdout}`);
      },
    );
    return JSON.parse(await readFile(join(service, '.serverless/cloudformation-template-update-stack.json'), 'utf8'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The resources of a type, by logical id. */
export function ofType(template: Template, type: string): [string, Resource][] {
  return Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);
}

/** True where a value refers to `id`, by Ref, GetAtt, Sub, or inside a condition. */
export function refersTo(value: unknown, id: string): boolean {
  if (Array.isArray(value)) return value.some((one) => refersTo(one, id));
  if (!isObject(value)) return false;
  if (value.Ref === id || items(value['Fn::GetAtt'])[0] === id) return true;
  if (typeof value['Fn::Sub'] === 'string' && value['Fn::Sub'].includes(`\${${id}`)) return true;
  return Object.values(value).some((one) => refersTo(one, id));
}

/** Every IAM statement of a role's inline policies, whichever side of a condition it stands on. */
export function statementsOf(role: Resource): Record<string, unknown>[] {
  const flat = (statement: unknown): Record<string, unknown>[] => {
    const choice = field(statement, 'Fn::If');
    if (choice !== undefined) return items(choice).slice(1).flatMap(flat);
    return isObject(statement) && statement.Ref === undefined ? [{ ...statement }] : [];
  };
  return items(role.Properties.Policies).flatMap((policy) => items(field(field(policy, 'PolicyDocument'), 'Statement')).flatMap(flat));
}

/** One or many, as IAM lets either be written. */
export const many = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);
