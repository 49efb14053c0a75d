import { field, isObject, items } from '../../src/core/json.ts';
import { attributeOf, physicalId, type Stack } from './physical-names.ts';

/** A resource as CloudFormation would make it: its condition holds, and every intrinsic has its value. */
export interface Made {
  readonly logicalId: string;
  readonly type: string;
  /** What `Ref` gives. */
  readonly physicalId: string;
  readonly arn: string | undefined;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** A template as it was sent. */
export interface Template {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>>; readonly Condition?: string }>
  >;
  readonly Parameters?: Readonly<Record<string, unknown>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
  readonly Outputs?: Readonly<Record<string, unknown>>;
}

/** A template with all its values. */
export interface ResolvedTemplate {
  readonly resources: readonly Made[];
  readonly outputs: Readonly<Record<string, string>>;
}

/** What stands where `AWS::NoValue` does: the property is left out. */
const NO_VALUE = Symbol('AWS::NoValue');

/**
 * Evaluates a template's conditions and intrinsics with the parameters' defaults, lazily as CloudFormation does: the side
 * of an `Fn::If` that is not taken is never looked at. Throws where CloudFormation would refuse: an unknown function,
 * parameter, condition or attribute, or a reference to a resource that is not made.
 */
export function resolveTemplate(template: Template, stack: Stack): ResolvedTemplate {
  const { Resources, Parameters = {}, Conditions = {} } = template;
  const pseudo: Readonly<Record<string, unknown>> = {
    'AWS::AccountId': stack.accountId,
    'AWS::Region': stack.region,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': stack.name,
    'AWS::StackId': stack.id,
    'AWS::NoValue': NO_VALUE,
  };
  const holds = (name: string): boolean => {
    if (!Object.hasOwn(Conditions, name)) throw new Error(`Unresolved condition ${name}`);
    return resolved(Conditions[name]) === true;
  };
  const madeOf = (id: string): readonly [string, string, Readonly<Record<string, unknown>>] => {
    const resource = Object.hasOwn(Resources, id) ? Resources[id] : undefined;
    if (resource === undefined || (resource.Condition !== undefined && !holds(resource.Condition)))
      throw new Error(`Unresolved resource dependencies [${id}]`);
    return [id, resource.Type, resource.Properties ?? {}];
  };
  const ref = (name: string): unknown => {
    if (Object.hasOwn(pseudo, name)) return pseudo[name];
    if (!Object.hasOwn(Parameters, name)) return physicalId(stack, ...madeOf(name));
    const value = field(Parameters[name], 'Default');
    if (typeof value !== 'string') throw new Error(`Parameters: [${name}] must have values`);
    return value;
  };
  const attribute = (path: readonly string[]): string => {
    const [id = '', ...names] = path;
    return attributeOf(stack, names.join('.'), ...madeOf(id));
  };
  const substituted = (text: string): string =>
    text.replaceAll(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
      if (literal !== '') return `\${${name}}`;
      return String(name.includes('.') ? attribute(name.split('.')) : ref(name));
    });
  const called = (name: string, argument: unknown): unknown => {
    const list = items(argument);
    switch (name) {
      case 'Ref':
        return ref(String(argument));
      case 'Fn::GetAtt':
        return attribute(typeof argument === 'string' ? argument.split('.') : list.map(String));
      case 'Fn::Sub':
        if (typeof argument !== 'string') break;
        return substituted(argument);
      case 'Fn::Join':
        return items(list[1]).map(resolved).join(String(list[0]));
      case 'Fn::If':
        return resolved(list[holds(String(list[0])) ? 1 : 2]);
      case 'Fn::Equals':
        return resolved(list[0]) === resolved(list[1]);
      case 'Fn::Not':
        return resolved(list[0]) !== true;
      case 'Condition':
        return holds(String(argument));
    }
    throw new Error(`this rehearsal does not know ${name} of ${JSON.stringify(argument)}`);
  };
  const resolved = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolved).filter((one) => one !== NO_VALUE);
    if (!isObject(value)) return value;
    const [[name, argument] = ['', undefined], ...others] = Object.entries(value);
    if (others.length === 0 && (name === 'Ref' || name.startsWith('Fn::') || (name === 'Condition' && typeof argument === 'string')))
      return called(name, argument);
    return resolvedObject(value);
  };
  const resolvedObject = (value: Readonly<Record<string, unknown>>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(value).flatMap(([key, one]) => withValue(key, resolved(one))));

  const resources = Object.entries(Resources)
    .filter(([, { Condition }]) => Condition === undefined || holds(Condition))
    .map(([logicalId, { Type, Properties = {} }]): Made => {
      const made = madeOf(logicalId);
      const arn = Type === 'AWS::SNS::Topic' ? physicalId(stack, ...made) : arnOf(() => attributeOf(stack, 'Arn', ...made));
      return { logicalId, type: Type, physicalId: physicalId(stack, ...made), arn, properties: resolvedObject(Properties) };
    });
  const outputs = Object.entries(template.Outputs ?? {}).map(([name, output]) => [name, String(resolved(field(output, 'Value')))]);
  return { resources, outputs: Object.fromEntries(outputs) };
}

const withValue = (key: string, value: unknown): [string, unknown][] => (value === NO_VALUE ? [] : [[key, value]]);

function arnOf(attribute: () => string): string | undefined {
  try {
    return attribute();
  } catch {
    return undefined;
  }
}
