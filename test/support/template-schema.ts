import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';
import { isObject, items } from '../../src/core/json.ts';
import type { Template } from './template.ts';

/** A property's type in AWS's published resource schema. */
interface SpecType {
  readonly type: string;
  readonly allowedValues?: readonly string[];
  readonly element?: SpecType;
  readonly types?: readonly SpecType[];
  readonly reference?: { readonly $ref: string };
}

type SpecProperties = Readonly<Record<string, { readonly type: SpecType; readonly required?: boolean }>>;

const spec = loadAwsServiceSpecSync();
/** Deployed by the framework with properties of its own making, and read by CloudFormation all the same. */
const LOOSE = new Set(['json', 'tag']);

/** What CloudFormation's own resource schema finds wrong: unknown properties, missing ones, other types, words that are none. */
export function schemaFaults(template: Template): string[] {
  return Object.entries(template.Resources).flatMap(([id, { Type, Properties = {} }]) => {
    const [resource] = [...spec.lookup('resource', 'cloudFormationType', 'equals', Type)];
    if (resource === undefined) return [`${id}: no resource type ${Type}`];
    return objectFaults(`${id}`, Properties, resource.properties as SpecProperties);
  });
}

function objectFaults(path: string, value: Readonly<Record<string, unknown>>, properties: SpecProperties): string[] {
  const missing = Object.entries(properties)
    .filter(([name, { required }]) => required && value[name] === undefined)
    .map(([name]) => `${path}: ${name} is required`);
  const wrong = Object.entries(value).flatMap(([name, given]) => {
    const property = properties[name];
    return property === undefined ? [`${path}: no property ${name}`] : valueFaults(`${path}.${name}`, given, property.type);
  });
  return [...missing, ...wrong];
}

/** The values an intrinsic function may come to, where it says; undefined for what is no intrinsic function. */
function intrinsicValues(value: unknown): readonly unknown[] | undefined {
  if (!isObject(value) || Object.keys(value).length !== 1) return undefined;
  if ('Fn::If' in value) return items(value['Fn::If']).slice(1);
  return 'Ref' in value || Object.keys(value)[0]?.startsWith('Fn::') ? [] : undefined;
}

function valueFaults(path: string, value: unknown, type: SpecType): string[] {
  if (value === undefined || LOOSE.has(type.type)) return [];
  const possible = intrinsicValues(value);
  if (possible !== undefined) return possible.flatMap((one) => valueFaults(path, one, type));
  switch (type.type) {
    case 'array':
      if (!Array.isArray(value)) return [`${path}: a list is expected`];
      return value.flatMap((one, index) => (type.element === undefined ? [] : valueFaults(`${path}[${index}]`, one, type.element)));
    case 'map':
      if (!isObject(value)) return [`${path}: a map is expected`];
      return Object.entries(value).flatMap(([name, one]) =>
        type.element === undefined ? [] : valueFaults(`${path}.${name}`, one, type.element),
      );
    case 'ref': {
      if (!isObject(value)) return [`${path}: an object is expected`];
      const definition = spec.get('typeDefinition', type.reference?.$ref ?? '');
      return objectFaults(path, value, definition.properties as SpecProperties);
    }
    case 'union': {
      const branches = (type.types ?? []).map((one) => valueFaults(path, value, one));
      return branches.some((faults) => faults.length === 0) ? [] : (branches[0] ?? []);
    }
    default:
      return scalarFaults(path, value, type);
  }
}

function scalarFaults(path: string, value: unknown, { type, allowedValues }: SpecType): string[] {
  if (typeof value === 'object') return [`${path}: a ${type} is expected`];
  if ((type === 'integer' || type === 'number') && Number.isNaN(Number(value))) return [`${path}: a number is expected, not ${value}`];
  if (type === 'boolean' && !['true', 'false'].includes(String(value))) return [`${path}: true or false is expected, not ${value}`];
  if (allowedValues !== undefined && !allowedValues.map(String).includes(String(value)))
    return [`${path}: ${value} is none of ${allowedValues.join(', ')}`];
  return [];
}
