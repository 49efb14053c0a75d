import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { arch, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packagedTemplate, type Template } from './support/template.ts';

const GUARD = new URL('../node_modules/@cdklabs/cdk-validator-cfnguard/', import.meta.url).pathname;
const BINARY = `${GUARD}bin/${platform() === 'darwin' ? 'macos' : 'ubuntu'}/${arch() === 'arm64' ? 'aarch64' : 'x86_64'}/cfn-guard`;
const RULES = `${GUARD}rules/control-tower/cfn-guard`;

/** AWS Control Tower's proactive rules that this template does not follow, each with its reason. */
const EXCUSED: Readonly<Record<string, string>> = {
  s3_bucket_object_lock_enabled_check: 'the framework’s deployment bucket: published code, no data',
  s3_lifecycle_policy_check: 'the same',
  s3_event_notifications_enabled_check: 'the same',
  s3_bucket_logging_enabled_check: 'the same',
  s3_bucket_versioning_enabled_check: 'the same',
  s3_bucket_default_encryption_kms_check: 'the same; encrypted under keys of S3',
  s3_bucket_level_public_access_prohibited_check: 'the same; S3 blocks public access by default',
  s3_bucket_policy_ssl_requests_only_check: 'the framework’s policy denies plain HTTP in a form of its own',
  sqs_dlq_check: 'the dead-letter queue is where it ends',
  sqs_queue_encrypted_check: 'encrypted under keys of SQS, or under the parameter keyArn',
  dynamodb_table_encrypted_kms_check: 'encrypted under a key AWS owns, or under the parameter keyArn',
  lambda_inside_vpc_check: 'talks to AWS APIs alone; a VPC would need six endpoints and could blind the audit',
  cloudwatch_log_group_encrypted_check: 'the log holds ids and reasons; encrypted under keys of CloudWatch Logs',
  cloudwatch_log_group_retention_period_check: 'by the parameter logRetentionDays',
};

/** The rules a template breaks, by name. */
async function brokenRules(template: Template): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'kms-audit-guard-'));
  try {
    const data = join(folder, 'template.json');
    await writeFile(data, JSON.stringify(template));
    const args = ['validate', '--rules', RULES, '--data', data, '--show-summary', 'fail'];
    // It exits with a failure whenever a rule is broken: what it prints decides.
    const output = await new Promise<string>((resolve) =>
      execFile(BINARY, args, { maxBuffer: 64 * 1024 * 1024 }, (_, out, err) => resolve(out + err)),
    );
    if (!output.includes('Status = ')) throw new Error(`cfn-guard did not run: ${output.slice(0, 500)}`);
    return [...new Set([...output.matchAll(/\.guard\/(\w+)\s+FAIL/g)].map(([, rule = '']) => rule))].sort();
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('AWS Control Tower’s rules', () => {
  it('are followed by the packaged template, but for those excused here', async () => {
    expect(await brokenRules(await packagedTemplate('dev'))).toEqual(Object.keys(EXCUSED).sort());
  });

  it('would tell of a table without recovery', async () => {
    const template = structuredClone(await packagedTemplate('dev'));
    const table = template.Resources.Ledger;
    if (table === undefined) throw new Error('no table');
    delete table.Properties.PointInTimeRecoverySpecification;
    expect((await brokenRules(template)).filter((rule) => EXCUSED[rule] === undefined)).toEqual(['dynamodb_table_pitr_enabled_check']);
  });
});
