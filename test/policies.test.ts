import { readdirSync, readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { evaluatePolicy, type PolicyDocument, type PolicyRequest, readPolicyDocument } from './support/policy-evaluator.ts';
import { renderPolicy } from './support/render-policy.ts';

const POLICIES = new URL('../infra/policies/', import.meta.url);
const LIFE = new URL('../events/fargate-task-life/', import.meta.url);

const ACCOUNT = '111122223333';
const OTHER_ACCOUNT = '123456789012';
const KEY = `arn:aws:kms:us-west-2:${ACCOUNT}:key/a1542a9f-608e-4bcb-b7fd-8b2dfc2605b7`;
const FOREIGN_KEY = `arn:aws:kms:us-west-2:${ACCOUNT}:key/00000000-608e-4bcb-b7fd-8b2dfc2605b7`;
const VALUES = { AccountId: ACCOUNT, ClusterName: 'orders', KeyArn: KEY };

const USER = `arn:aws:iam::${ACCOUNT}:user/operator`;
const STORAGE_KEY = 'ecs:fargate-ephemeral-storage-kms-key';

const FILES = readdirSync(POLICIES).filter((name) => name.endsWith('.json'));

function text(name: string): string {
  return readFileSync(new URL(name, POLICIES), 'utf8');
}

function policy(name: string): PolicyDocument {
  return readPolicyDocument(renderPolicy(text(name), VALUES));
}

describe('renderPolicy', () => {
  it('replaces every placeholder and leaves variables of IAM alone', () => {
    expect(renderPolicy('${A} ${B} ${A} ${aws:username}', { A: '1', B: '2' })).toBe('1 2 1 ${aws:username}');
  });

  it('cannot be led out of a JSON string', () => {
    const rendered = renderPolicy('{"a":"${A}"}', { A: '","b":"$&\\' });
    expect(JSON.parse(rendered)).toEqual({ a: '","b":"$&\\' });
  });

  it('refuses a placeholder without a value', () => {
    expect(() => renderPolicy('${A}', {})).toThrow('no value for ${A}');
    expect(() => renderPolicy('${constructor}', {})).toThrow('no value for ${constructor}');
  });
});

describe('the policies', () => {
  it('are the three that the README describes', () => {
    const readme = text('README.md');
    expect(FILES).toEqual(['iam-require-fargate-storage-key.json', 'key-policy-fargate.json', 'scp-require-fargate-storage-key.json']);
    expect(FILES.filter((name) => !readme.includes(name))).toEqual([]);
  });

  it.each(FILES)('%s renders to a policy', (name) => {
    const rendered = renderPolicy(text(name), VALUES);
    const { Statement } = readPolicyDocument(rendered);
    expect(new Set(Statement.map(({ Sid }) => Sid)).size).toBe(Statement.length);
    expect(Statement.every(({ Principal }) => (Principal === undefined) !== name.startsWith('key-policy'))).toBe(true);
    expect(rendered).not.toContain('${');
    expect(rendered.match(/\b\d{12}\b/g)?.filter((account) => account !== ACCOUNT) ?? []).toEqual([]);
  });

  it.each([...FILES, 'README.md'])('%s names no account of anyone', (name) => {
    const accounts = text(name).match(/\b\d{12}\b/g) ?? [];
    expect(accounts.filter((account) => ![ACCOUNT, OTHER_ACCOUNT].includes(account))).toEqual([]);
  });
});

function clusterCall(action: string, context: PolicyRequest['context']): PolicyRequest {
  const resource = `arn:aws:ecs:us-west-2:${ACCOUNT}:cluster/orders`;
  return { principal: { arn: USER }, action, resource: action === 'ecs:CreateCluster' ? '*' : resource, context };
}

/** What a caller gives for the storage key, and whether that is the key asked for. */
const GIVEN: readonly (readonly [given: string, context: PolicyRequest['context'], right: boolean])[] = [
  ['no key', {}, false],
  ['a foreign key', { [STORAGE_KEY]: FOREIGN_KEY }, false],
  ['an empty key', { [STORAGE_KEY]: '' }, false],
  ['a wildcard', { [STORAGE_KEY]: '*' }, false],
  ['the right key', { [STORAGE_KEY]: KEY }, true],
];

describe.each(['ecs:CreateCluster', 'ecs:UpdateCluster'])('%s', (action) => {
  it.each(GIVEN)('with %s', (_given, context, right) => {
    const request = clusterCall(action, context);
    expect(evaluatePolicy(policy('scp-require-fargate-storage-key.json'), request).decision).toBe(right ? 'silent' : 'deny');
    expect(evaluatePolicy(policy('iam-require-fargate-storage-key.json'), request).decision).toBe(right ? 'allow' : 'silent');
  });
});

describe('the limits that the README states', () => {
  it.each(['ecs:UpdateClusterSettings', 'ecs:PutClusterCapacityProviders', 'ecs:RunTask', 'ecs:DeleteCluster'])(
    'the SCP leaves %s alone',
    (action) => {
      expect(evaluatePolicy(policy('scp-require-fargate-storage-key.json'), clusterCall(action, {})).decision).toBe('silent');
    },
  );

  it('the SCP relaxed for updates lets those through that give no key, and no others', () => {
    const strict = policy('scp-require-fargate-storage-key.json');
    const relaxed: PolicyDocument = {
      ...strict,
      Statement: strict.Statement.map((statement) =>
        statement.Action.includes('ecs:UpdateCluster')
          ? { ...statement, Condition: { ...statement.Condition, Null: { [STORAGE_KEY]: ['false'] } } }
          : statement,
      ),
    };
    const decisions = (action: string) => GIVEN.map(([, context]) => evaluatePolicy(relaxed, clusterCall(action, context)).decision);
    expect(decisions('ecs:UpdateCluster')).toEqual(['silent', 'deny', 'deny', 'deny', 'silent']);
    expect(decisions('ecs:CreateCluster')).toEqual(['deny', 'deny', 'deny', 'deny', 'silent']);
  });

  it('the IAM policy reaches clusters of its own account only, and this key only', () => {
    const iam = policy('iam-require-fargate-storage-key.json');
    const update = clusterCall('ecs:UpdateCluster', { [STORAGE_KEY]: KEY });
    const describeKey = { principal: { arn: USER }, action: 'kms:DescribeKey', context: {} };
    expect(evaluatePolicy(iam, { ...update, resource: update.resource.replace(ACCOUNT, OTHER_ACCOUNT) }).decision).toBe('silent');
    expect(evaluatePolicy(iam, { ...describeKey, resource: KEY }).decision).toBe('allow');
    expect(evaluatePolicy(iam, { ...describeKey, resource: FOREIGN_KEY }).decision).toBe('silent');
  });
});

const contextSchema = v.record(v.string(), v.string());
const callSchema = v.object({
  userIdentity: v.object({ invokedBy: v.string() }),
  eventName: v.string(),
  requestParameters: v.object({
    encryptionContext: v.optional(contextSchema),
    operations: v.optional(v.array(v.string())),
    constraints: v.optional(v.object({ encryptionContextSubset: contextSchema })),
  }),
  resources: v.tuple([v.object({ ARN: v.string() })]),
});

/**
 * The principal that KMS judges a recorded caller as. AWS documents both these records and a key policy that names only
 * fargate.amazonaws.com, so EC2 must be calling for Fargate (a forward access session); no record says so itself.
 */
const JUDGED_AS: ReadonlyMap<string, string> = new Map([
  ['fargate.amazonaws.com', 'fargate.amazonaws.com'],
  ['ec2-frontend-api.amazonaws.com', 'fargate.amazonaws.com'],
]);

/** The request behind a record; for CreateGrant the encryption context is that of the grant's constraint. */
function recorded(name: string): PolicyRequest {
  const envelope = v.parse(v.object({ detail: callSchema }), JSON.parse(readFileSync(new URL(`${name}.json`, LIFE), 'utf8')));
  const { userIdentity, eventName, requestParameters, resources } = envelope.detail;
  const service = JUDGED_AS.get(userIdentity.invokedBy);
  if (service === undefined) throw new Error(`${name}: unknown caller ${userIdentity.invokedBy}`);
  const pairs = requestParameters.encryptionContext ?? requestParameters.constraints?.encryptionContextSubset ?? {};
  const context: Record<string, string | readonly string[]> = {};
  for (const [key, value] of Object.entries(pairs)) context[`kms:EncryptionContext:${key}`] = value;
  if (requestParameters.operations !== undefined) context['kms:GrantOperations'] = requestParameters.operations;
  return { principal: { service }, action: `kms:${eventName}`, resource: resources[0].ARN, context };
}

function without(key: string, { context, ...request }: PolicyRequest): PolicyRequest {
  return { ...request, context: Object.fromEntries(Object.entries(context).filter(([name]) => name !== key)) };
}

function having(key: string, value: string | readonly string[], request: PolicyRequest): PolicyRequest {
  return { ...request, context: { ...request.context, [key]: value } };
}

const CLUSTER_NAME = 'kms:EncryptionContext:aws:ecs:clusterName';
const CLUSTER_ACCOUNT = 'kms:EncryptionContext:aws:ecs:clusterAccount';
const GRANT_OPERATIONS = 'kms:GrantOperations';

const CALLS = [
  ['01-rehearse-data-key', 'GenerateDataKeysForFargateTasks'],
  ['02-rehearse-grant', 'CreateDecryptGrantsForFargateTasks'],
  ['03-generate-data-key', 'GenerateDataKeysForFargateTasks'],
  ['04-create-grant', 'CreateDecryptGrantsForFargateTasks'],
] as const;
const GRANTS = ['02-rehearse-grant', '04-create-grant'];

describe('the key policy', () => {
  const keyPolicy = policy('key-policy-fargate.json');

  describe.each(CALLS)('of %s', (name, sid) => {
    const request = recorded(name);

    it('allows the call', () => {
      expect(evaluatePolicy(keyPolicy, request)).toEqual({ decision: 'allow', sids: [sid] });
    });

    it.each<readonly [string, PolicyRequest]>([
      ['another cluster', having(CLUSTER_NAME, 'payments', request)],
      ['a cluster whose name begins alike', having(CLUSTER_NAME, 'orders-2', request)],
      ['a cluster spelt otherwise', having(CLUSTER_NAME, 'Orders', request)],
      ['another account', having(CLUSTER_ACCOUNT, OTHER_ACCOUNT, request)],
      ['no cluster', without(CLUSTER_NAME, request)],
      ['no account', without(CLUSTER_ACCOUNT, request)],
      ['another service', { ...request, principal: { service: 'ec2.amazonaws.com' } }],
      ['a user of another account', { ...request, principal: { arn: USER.replace(ACCOUNT, OTHER_ACCOUNT) } }],
    ])('refuses %s', (_what, changed) => {
      expect(evaluatePolicy(keyPolicy, changed)).toEqual({ decision: 'silent', sids: [] });
    });

    it('leaves a user with the same context to the IAM policies of the account, and those here do not allow it', () => {
      const byUser = { ...request, principal: { arn: USER } };
      expect(evaluatePolicy(keyPolicy, byUser)).toEqual({ decision: 'delegated', sids: ['AdministerThroughIamOfTheAccount'] });
      expect(evaluatePolicy(policy('iam-require-fargate-storage-key.json'), byUser).decision).toBe('silent');
    });
  });

  it.each(GRANTS)('refuses the grant of %s with more than Decrypt, or without saying what', (name) => {
    const request = recorded(name);
    const changed = [
      having(GRANT_OPERATIONS, ['Decrypt', 'Encrypt'], request),
      having(GRANT_OPERATIONS, ['CreateGrant'], request),
      having(GRANT_OPERATIONS, ['decrypt'], request),
      without(GRANT_OPERATIONS, request),
    ];
    expect(changed.map((each) => evaluatePolicy(keyPolicy, each).decision)).toEqual(['silent', 'silent', 'silent', 'silent']);
  });

  it('needs its Null condition: ForAllValues alone passes where nothing is given', () => {
    const Statement = keyPolicy.Statement.map(({ Condition: { Null: _, ...Condition } = {}, ...statement }) => ({
      ...statement,
      Condition,
    }));
    expect(evaluatePolicy({ ...keyPolicy, Statement }, without(GRANT_OPERATIONS, recorded('04-create-grant'))).decision).toBe('allow');
  });

  it('lets Fargate decrypt through a grant only', () => {
    expect(evaluatePolicy(keyPolicy, recorded('05-decrypt')).decision).toBe('silent');
  });

  it('lets the root user of its account administer it', () => {
    const root = { arn: `arn:aws:iam::${ACCOUNT}:root` };
    expect(evaluatePolicy(keyPolicy, { principal: root, action: 'kms:PutKeyPolicy', resource: KEY, context: {} }).decision).toBe('allow');
  });
});

describe('the evaluator', () => {
  const statement = { Sid: 'S', Effect: 'Allow', Action: 'kms:*', Resource: '*' };
  const request = recorded('04-create-grant');

  it('puts a denial before an allowance', () => {
    const both = { Version: '2012-10-17', Statement: [statement, { ...statement, Sid: 'D', Effect: 'Deny' }] };
    expect(evaluatePolicy(readPolicyDocument(JSON.stringify(both)), request)).toEqual({ decision: 'deny', sids: ['D'] });
  });

  it.each([
    ['an operator it does not know', { StringLike: { [CLUSTER_NAME]: '*' } }],
    ['a key of several values without a set operator', { StringEquals: { [GRANT_OPERATIONS]: 'Decrypt' } }],
  ])('refuses %s', (_what, Condition) => {
    const document = readPolicyDocument(JSON.stringify({ Version: '2012-10-17', Statement: [{ ...statement, Condition }] }));
    expect(() => evaluatePolicy(document, request)).toThrow(/^policy: /);
  });

  it.each([
    ['NotAction', { ...statement, NotAction: 'kms:Decrypt' }],
    ['any principal', { ...statement, Principal: '*' }],
    ['a statement without Sid', { ...statement, Sid: undefined }],
  ])('does not read %s', (_what, unread) => {
    expect(() => readPolicyDocument(JSON.stringify({ Version: '2012-10-17', Statement: [unread] }))).toThrow();
  });
});
