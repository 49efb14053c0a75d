import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { matches } from '../src/core/pattern.ts';
import { matchesPattern } from './support/event-pattern.ts';
import { many, ofType, packagedTemplate, statementsOf, type Template } from './support/template.ts';

const ROOT = new URL('..', import.meta.url).pathname;

let template: Template;
beforeAll(async () => {
  template = await packagedTemplate('dev');
});

describe('what SECURITY.md says of the template', () => {
  it('rules take an event of a scenario from AWS only, under no other source', () => {
    const sweep = JSON.stringify('arn:aws:iam::111122223333:role/kms-audit-sweep');
    const patterns = ofType(template, 'AWS::Events::Rule').flatMap(
      ([
        ,
        {
          Properties: { EventPattern },
        },
      ]) =>
        EventPattern === undefined
          ? []
          : [JSON.parse(JSON.stringify(EventPattern).replaceAll('{"Fn::GetAtt":["SweepRole","Arn"]}', sweep))],
    );
    const files = readdirSync(`${ROOT}events`, { recursive: true, encoding: 'utf8' }).filter((file) => /\/\d[^/]*\.json$/.test(file));
    const taken = (source?: string): string[] =>
      files.filter((file) => {
        const event = JSON.parse(readFileSync(`${ROOT}events/${file}`, 'utf8'));
        return patterns.some((pattern) => matchesPattern(pattern, source === undefined ? event : { ...event, source }));
      });

    expect(taken().length).toBeGreaterThan(50);
    expect(taken('kms')).toEqual([]);
    expect(taken('com.example.kms')).toEqual([]);
  });

  it('roles delete notes and findings, never a fact', () => {
    for (const role of ['AuditRole', 'SweepRole']) {
      const resource = template.Resources[role];
      const deleting = (resource === undefined ? [] : statementsOf(resource)).filter(({ Action }) =>
        many(Action).some((action) => /dynamodb:(?:\*|Delete|BatchWrite|PartiQL)/.test(String(action))),
      );
      expect(deleting.map(({ Action, Condition }) => [Action, Condition])).toEqual([
        ['dynamodb:DeleteItem', { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['A/*', 'F/*'] } }],
      ]);
    }
  });

  it('roles have no right over keys and clusters but to read about them, the sweep alone, and to use the deployment’s own key', () => {
    const rightsOf = (role: string): string[] => {
      const resource = template.Resources[role];
      const rights = (resource === undefined ? [] : statementsOf(resource)).flatMap(({ Action, Resource }) =>
        many(Action).flatMap((action) => (/^(?:kms:|ecs:|\*)/.test(String(action)) ? [`${action} on ${JSON.stringify(Resource)}`] : [])),
      );
      return rights.sort();
    };
    const own = ['kms:Decrypt', 'kms:GenerateDataKey'].map((action) => `${action} on {"Ref":"KeyArn"}`);
    const keys = '{"Fn::Sub":"arn:${AWS::Partition}:kms:${AWS::Region}:*:key/*"}';
    const inEcs = (kind: string): string => `{"Fn::Sub":"arn:\${AWS::Partition}:ecs:\${AWS::Region}:\${AWS::AccountId}:${kind}/*"}`;

    expect(rightsOf('AuditRole')).toEqual(own);
    expect(rightsOf('SweepRole')).toEqual(
      [
        ...own,
        'kms:ListAliases on "*"',
        'kms:ListKeys on "*"',
        ...['DescribeKey', 'GetKeyRotationStatus', 'ListGrants'].map((action) => `kms:${action} on ${keys}`),
        'ecs:ListClusters on "*"',
        'ecs:ListTasks on "*"',
        `ecs:DescribeClusters on ${inEcs('cluster')}`,
        `ecs:DescribeTasks on ${inEcs('task')}`,
      ].sort(),
    );
  });
});

it('every test and scenario that SECURITY.md names is there', () => {
  const named = [...readFileSync(`${ROOT}SECURITY.md`, 'utf8').matchAll(/`((?:test|events)\/[\w./-]+)`/g)].map(([, path = '']) => path);
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((path) => !existsSync(ROOT + path))).toEqual([]);
});

it('a pattern that would take a backtracking matcher for ever is done at once', () => {
  const started = performance.now();
  expect(matches(`${'**a'.repeat(60)}c`, 'a'.repeat(2_000), { key: undefined })).toBe(false);
  expect(performance.now() - started).toBeLessThan(5_000);
});
