import { describe, expect, it } from 'vitest';
import { alertMessage } from '../../src/core/alert-text.ts';
import { evidenceOfOne, type Occurrence } from '../../src/core/finding.ts';
import { RULES } from '../../src/core/rules/registry.ts';
import { sha256 } from '../../src/system.ts';
import { ACCOUNT, eventId, instant, KEY } from '../support/fleet.ts';

/** The options of each command that runbooks use: first those it must have. https://docs.aws.amazon.com/cli/latest/reference/ */
const COMMANDS: Readonly<Record<string, { readonly required: readonly string[]; readonly optional?: readonly string[] }>> = {
  'cloudtrail lookup-events': { required: [], optional: ['lookup-attributes', 'start-time', 'end-time', 'max-results'] },
  'cloudtrail start-logging': { required: ['name'] },
  'ecs describe-tasks': { required: ['tasks'], optional: ['cluster', 'include'] },
  'ecs list-tasks': { required: [], optional: ['cluster', 'service-name', 'desired-status'] },
  'ecs stop-task': { required: ['task'], optional: ['cluster', 'reason'] },
  'ecs update-cluster': { required: ['cluster'], optional: ['settings', 'configuration', 'service-connect-defaults'] },
  'ecs update-service': { required: ['service'], optional: ['cluster', 'force-new-deployment'] },
  'kms cancel-key-deletion': { required: ['key-id'] },
  'kms connect-custom-key-store': { required: ['custom-key-store-id'] },
  'kms describe-key': { required: ['key-id'] },
  'kms enable-key': { required: ['key-id'] },
  'kms get-key-policy': { required: ['key-id'], optional: ['policy-name'] },
  'kms get-parameters-for-import': { required: ['key-id', 'wrapping-algorithm', 'wrapping-key-spec'] },
  'kms import-key-material': {
    required: ['key-id', 'import-token'],
    optional: ['encrypted-key-material', 'valid-to', 'expiration-model'],
  },
  'kms list-grants': { required: ['key-id'], optional: ['grant-id', 'grantee-principal'] },
  'kms put-key-policy': { required: ['key-id', 'policy'], optional: ['policy-name'] },
  'kms revoke-grant': { required: ['key-id', 'grant-id'] },
};
/** Of every command. */
const GLOBAL = ['query', 'output', 'region'];
/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupAttribute.html */
const LOOKUP = /^AttributeKey=(?:EventId|EventName|EventSource|ResourceName|Username),AttributeValue=[A-Za-z0-9.-]+$/;
/** What alerts put in, and what only their reader knows. */
const KNOWN = ['<key>', '<grant>', '<cluster>', '<store>', '<task>', '<resource>'];
const PLACEHOLDERS = [...KNOWN, '<service>', '<stage>', '<principal>'];

const rules = RULES.map((rule) => [rule.id, rule] as const);
const commands = RULES.flatMap(({ id, runbook }) =>
  runbook.flatMap((step) => step.match(/\baws [a-z].*$/g) ?? []).map((command) => [command, id] as const),
);
const optionsOf = (command: string): string[] => command.split(/ --/).slice(1);
const nameOf = (option: string): string => option.split(' ')[0] ?? '';

describe('the commands of the runbooks', () => {
  it.each(commands)('have the shape of the AWS CLI: %s (%s)', (command) => {
    expect(command).toMatch(/^aws [a-z]+ [a-z]+(?:-[a-z]+)+(?: --[a-z]+(?:-[a-z]+)*(?: [^\s-]\S*)?)*$/);
    expect(command.match(/\baws /g)).toHaveLength(1);
  });

  it.each(commands)('are commands that there are, with the options they take: %s (%s)', (command) => {
    const [, service, operation] = command.split(' ');
    const known = COMMANDS[`${service} ${operation}`];
    if (known === undefined) throw new Error(`${service} ${operation} is not among the commands looked up`);
    const options = optionsOf(command).map(nameOf);

    expect(options).toEqual(expect.arrayContaining([...known.required]));
    expect([...known.required, ...(known.optional ?? []), ...GLOBAL]).toEqual(expect.arrayContaining(options));
    expect(new Set(options).size).toBe(options.length);
    for (const option of optionsOf(command)) {
      if (nameOf(option) === 'lookup-attributes') expect(option.split(' ')[1]).toMatch(LOOKUP);
    }
  });

  it('are all in use that were looked up', () => {
    expect([...new Set(commands.map(([command]) => command.split(' ').slice(1, 3).join(' ')))].sort()).toEqual(
      Object.keys(COMMANDS).sort(),
    );
  });

  it.each(rules)('end their step, behind a colon, and leave no placeholder that nobody knows: %s', (_id, { runbook }) => {
    for (const step of runbook) {
      expect(step).toMatch(/^[A-Z]/);
      if (/\b(?:aws|npx) /.test(step)) expect(step).toMatch(/^[^<>]*: (?:aws|npx) [^ ].*[^.,]$/);
      else expect(step).toMatch(/[.?]$/);
      for (const mark of step.match(/<[^>]*>/g) ?? []) expect(PLACEHOLDERS).toContain(mark);
    }
  });
});

describe('an alert that knows everything', () => {
  const lead = (rule: string): Occurrence => ({
    rule,
    severity: 'high',
    subject: {
      keyArn: KEY,
      grantId: 'a'.repeat(64),
      clusterAccount: ACCOUNT,
      clusterName: 'prod',
      keyStoreId: 'cks-1234567890abcdef0',
      resource: `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/evidence`,
      taskArn: `arn:aws:ecs:us-east-1:${ACCOUNT}:task/prod/0123456789abcdef0123456789abcdef`,
    },
    about: {},
    group: '[]',
    eventId: eventId('one'),
    time: instant(0),
    operation: 'Decrypt',
    caller: 'fargate.amazonaws.com',
    region: 'us-east-1',
    sentence: 'Something happened.',
  });
  const emailOf = (occurrence: Occurrence): string =>
    alertMessage({ lead: occurrence, others: [], evidence: evidenceOfOne(occurrence), reminder: false }, sha256).email;

  it.each(rules)('leaves no placeholder open that it can fill: %s', (id) => {
    for (const mark of KNOWN) expect(emailOf(lead(id))).not.toContain(mark);
  });

  it.each(rules)('names the Region in every command of AWS: %s', (id) => {
    for (const command of emailOf(lead(id)).match(/\baws [a-z]+ [a-z-]+ .*$/gm) ?? []) expect(command).toContain(' --region us-east-1 ');
  });

  it('gives a command for trails no ARN of a rule', () => {
    const resource = `arn:aws:events:us-east-1:${ACCOUNT}:rule/kms-audit-prod-GrantRule`;

    expect(emailOf({ ...lead('audit-blind-spot'), subject: { resource } })).toContain('start-logging --region us-east-1 --name <resource>');
    expect(emailOf({ ...lead('audit-blind-spot'), subject: { resource: 'evidence' } })).toContain('--name evidence');
  });
});
