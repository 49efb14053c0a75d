import * as v from 'valibot';

const stringsSchema = v.pipe(
  v.union([v.string(), v.array(v.string())]),
  v.transform((value) => (typeof value === 'string' ? [value] : value)),
  v.minLength(1),
);

const statementSchema = v.strictObject({
  // Alphanumeric: what IAM and SCPs take; key policies would take spaces too.
  Sid: v.pipe(v.string(), v.regex(/^[A-Za-z0-9]+$/)),
  Effect: v.picklist(['Allow', 'Deny']),
  Principal: v.optional(v.strictObject({ AWS: v.optional(stringsSchema), Service: v.optional(stringsSchema) })),
  Action: stringsSchema,
  Resource: stringsSchema,
  Condition: v.optional(v.record(v.string(), v.record(v.string(), stringsSchema))),
});

const documentSchema = v.strictObject({
  Version: v.literal('2012-10-17'),
  Id: v.optional(v.string()),
  Statement: v.pipe(v.array(statementSchema), v.minLength(1)),
});

type Statement = v.InferOutput<typeof statementSchema>;
export type PolicyDocument = v.InferOutput<typeof documentSchema>;

/** An AWS call as a policy sees it; a key of `context` that the call lacks is left out. */
export interface PolicyRequest {
  readonly principal: { readonly service: string } | { readonly arn: string };
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string | readonly string[]>>;
}

/** What one policy says, and the statements it rests on. */
export interface Verdict {
  /** `delegated`: the account's IAM policies may allow it, this policy alone does not. `silent`: no statement applies. */
  readonly decision: 'deny' | 'allow' | 'delegated' | 'silent';
  readonly sids: readonly string[];
}

/** Reads a policy of the shape used in `infra/policies`; throws on any other field, so that nothing is left unjudged. */
export function readPolicyDocument(text: string): PolicyDocument {
  return v.parse(documentSchema, JSON.parse(text));
}

/**
 * What one policy alone says of a request; an explicit denial comes before all else.
 * Knows the condition operators used in `infra/policies` and throws on others. A missing key fails StringEquals and
 * passes StringNotEquals and ForAllValues, as in
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html.
 */
export function evaluatePolicy(policy: PolicyDocument, request: PolicyRequest): Verdict {
  const applying = policy.Statement.filter(
    (statement) =>
      statement.Action.some((pattern) => like(pattern, request.action)) &&
      statement.Resource.some((pattern) => like(pattern, request.resource)) &&
      conditionsHold(statement, request),
  ).map((statement) => ({ ...statement, reach: reachOf(statement, request) }));
  const verdicts = [
    { decision: 'deny', of: applying.filter(({ Effect, reach }) => Effect === 'Deny' && reach === 'named') },
    { decision: 'allow', of: applying.filter(({ Effect, reach }) => Effect === 'Allow' && reach === 'named') },
    { decision: 'delegated', of: applying.filter(({ Effect, reach }) => Effect === 'Allow' && reach === 'account') },
  ] as const;
  const found = verdicts.find(({ of }) => of.length > 0);
  return found === undefined ? { decision: 'silent', sids: [] } : { decision: found.decision, sids: found.of.map(({ Sid }) => Sid) };
}

/**
 * Whether a statement names the caller, or only its account: the account's root in a key policy lets IAM policies decide
 * (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html).
 */
function reachOf({ Principal }: Statement, { principal }: PolicyRequest): 'named' | 'account' | 'none' {
  if (Principal === undefined) return 'named';
  if ('service' in principal) return Principal.Service?.includes(principal.service) ? 'named' : 'none';
  const listed = Principal.AWS ?? [];
  if (listed.includes(principal.arn)) return 'named';
  return listed.includes(`arn:aws:iam::${principal.arn.split(':')[4]}:root`) ? 'account' : 'none';
}

function like(pattern: string, text: string): boolean {
  const literals = pattern.split('*').map((literal) => literal.replaceAll(/[.+?^${}()|[\]\\/]/g, String.raw`\$&`));
  return new RegExp(`^${literals.join('.*')}$`, 's').test(text);
}

function conditionsHold({ Condition = {} }: Statement, { context }: PolicyRequest): boolean {
  return Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => holds(operator, wanted, Object.hasOwn(context, key) ? context[key] : undefined)),
  );
}

function holds(operator: string, wanted: readonly string[], value: string | readonly string[] | undefined): boolean {
  switch (operator) {
    case 'StringEquals':
      return value !== undefined && wanted.includes(single(value));
    case 'StringNotEquals':
      return value === undefined || !wanted.includes(single(value));
    case 'ForAllValues:StringEquals':
      return [value ?? []].flat().every((one) => wanted.includes(one));
    case 'Null':
      return wanted.includes(String(value === undefined));
    default:
      throw new Error(`policy: unknown condition operator ${operator}`);
  }
}

function single(value: string | readonly string[]): string {
  if (typeof value !== 'string') throw new Error('policy: a key with several values needs ForAllValues or ForAnyValue');
  return value;
}
