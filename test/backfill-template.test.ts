import { beforeAll, describe, expect, it } from 'vitest';
import { field } from '../src/core/json.ts';
import { machineFaults } from './support/states-language.ts';
import { many, packagedTemplate, refersTo, statementsOf, type Template } from './support/template.ts';
import { templateFaults } from './support/template-checks.ts';
import { schemaFaults } from './support/template-schema.ts';

const BUCKET = 'example-trail-logs';

let without: Template;
let template: Template;
beforeAll(async () => {
  [without, template] = await Promise.all([
    packagedTemplate('dev'),
    packagedTemplate('dev', 'backfill=on', `backfillBucket=${BUCKET}`, 'backfillConcurrency=7'),
  ]);
});

/** The state machine's definition as CloudFormation would fill it in. */
function definition(): string {
  const values: Readonly<Record<string, string>> = {
    'AWS::Partition': 'aws',
    BackfillBucket: BUCKET,
    BackfillConcurrency: '7',
    BackfillResults: 'example-results',
    'BackfillLambdaFunction.Arn': 'arn:aws:lambda:us-west-2:111122223333:function:kms-audit-dev-backfill',
  };
  const given = String(field(template.Resources.Backfill?.Properties.DefinitionString, 'Fn::Sub'));
  return given.replace(/\$\{([^}]+)\}/g, (whole, name: string) => values[name] ?? whole);
}

const codeless = (one: Template): unknown => JSON.parse(JSON.stringify(one).replace(/"S3Key":"[^"]*"/g, '"S3Key":""'));

describe('the backfill’s resources', () => {
  it('are there only when asked for, and change nothing else', () => {
    const added = Object.keys(template.Resources).filter((id) => without.Resources[id] === undefined);
    expect(added.every((id) => id.startsWith('Backfill'))).toBe(true);
    expect(JSON.stringify(without)).not.toContain('ackfill');
    const rest = Object.fromEntries(Object.entries(template.Resources).filter(([id]) => !added.includes(id)));
    expect(codeless({ ...template, Resources: rest })).toMatchObject({ Resources: Object(codeless(without)).Resources });
  });

  it('are as the design and CloudFormation’s schema have them', () => {
    expect(schemaFaults(template)).toEqual([]);
    expect(templateFaults(template, new Set()).filter((fault) => fault.includes('ackfill'))).toEqual([]);
  });

  it('let the function write history and read the archive, and nothing else', () => {
    const role = template.Resources.BackfillRole;
    const statements = role === undefined ? [] : statementsOf(role);
    const actions = statements.flatMap(({ Action }) => many(Action).map(String));
    expect(actions.filter((action) => !/^(?:logs|kms):/.test(action)).sort()).toEqual([
      'dynamodb:BatchWriteItem',
      'dynamodb:Query',
      'dynamodb:UpdateItem',
      's3:GetObject',
      's3:ListBucket',
    ]);
    const ledger = statements.find(({ Sid }) => Sid === 'Ledger');
    expect(JSON.stringify(ledger?.Condition)).not.toContain('A/*');
    const states = template.Resources.BackfillStatesRole;
    for (const { Sid, Action, Resource } of [...statements, ...(states === undefined ? [] : statementsOf(states))]) {
      expect([Sid, many(Action).some((action) => String(action).includes('*'))]).toEqual([Sid, false]);
      expect([Sid, many(Resource).includes('*')]).toEqual([Sid, false]);
    }
  });

  it('share the write rate among as many batches as there may be at once', () => {
    const variables = field(template.Resources.BackfillLambdaFunction?.Properties.Environment, 'Variables');
    expect(refersTo(field(variables, 'WRITE_RATE'), 'BackfillWriteRate')).toBe(true);
    expect(refersTo(field(variables, 'CONCURRENCY'), 'BackfillConcurrency')).toBe(true);
    expect(JSON.parse(definition()).States.Batches.MaxConcurrency).toBe(7);
  });
});

describe('the state machine', () => {
  it('is in the Amazon States Language, with every state reached', () => {
    expect(definition()).not.toContain('${');
    expect(machineFaults(JSON.parse(definition()))).toEqual([]);
  });

  const seeded: readonly [string, [string, string], string][] = [
    ['a target that is none', ['"Next": "Batches"', '"Next": "Batch"'], 'goes on to "Batch"'],
    ['a state nobody goes to', ['"Default": "WholeBucket"', '"Default": "Batches"'], 'WholeBucket: is never reached'],
    ['a misspelt field', ['"ItemBatcher"', '"ItemsBatcher"'], 'no field ItemsBatcher'],
    ['a misspelt field of a part', ['"MaxItemsPerBatch"', '"MaxItems"'], 'no field MaxItems'],
    ['a batch that never ends', ['"End": true', '"Comment": ""'], 'either Next or End'],
    ['tolerated failures', ['"ToleratedFailurePercentage": 0', '"ToleratedFailurePercentage": 5'], 'failures are tolerated'],
    ['no bound', ['"MaxConcurrency": 7', '"MaxConcurrency": 0'], 'MaxConcurrency has no bound'],
    [
      'a retrier behind all others',
      ['"ErrorEquals": ["BackfillUnfinishedError"]', '"ErrorEquals": ["States.ALL"]'],
      'States.ALL comes last',
    ],
    ['an unknown type', ['"Type": "Pass"', '"Type": "Pas"'], 'no state type "Pas"'],
    ['an inline map', ['"Mode": "DISTRIBUTED"', '"Mode": "INLINE"'], 'is not distributed'],
    ['no start', ['"StartAt": "WriteBatch"', '"StartAt": "Write"'], 'StartAt names no state'],
  ];
  it.each(seeded)('is faulted for %s', (_, [from, to], fault) => {
    expect(definition()).toContain(from);
    expect(machineFaults(JSON.parse(definition().replace(from, to)))).toContainEqual(expect.stringContaining(fault));
  });
});
