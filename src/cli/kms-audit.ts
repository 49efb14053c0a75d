#!/usr/bin/env node
import { debuglog } from 'node:util';
import { Command, CommanderError, Option } from 'commander';
import release from '../../package.json' with { type: 'json' };
import { DEFAULT_POLICY } from '../core/policy.ts';
import type { Severity } from '../core/severity.ts';
import { printable } from '../core/text.ts';
import { messageOf } from '../source.ts';
import { unitsPerSecond, wholeDays } from './amounts.ts';
import type { BackfillOptions } from './backfill.ts';
import { type DependentsOptions, dependents } from './dependents.ts';
import { replayDifference } from './difference.ts';
import { type FindingsOptions, findings } from './findings.ts';
import { FORMATS, type Format, failOn, formatted } from './format.ts';
import { InputError } from './input.ts';
import { instant, lastInstant, reason, ruleIds, severity } from './options.ts';
import { policyCheck, policyIn, policyInit } from './policy.ts';
import { type ReadingOptions, withLimitOptions, withReadingOptions } from './reading-options.ts';
import type { ReconcileOptions } from './reconcile.ts';
import { renderReplay, styleOf } from './render.ts';
import { jsonPieces, replay } from './replay.ts';
import { type ReportOptions, report } from './report.ts';
import { rulesText } from './rules.ts';
import { type SettleOptions, settle } from './settle.ts';
import { printPieces, processTerminal, progressOn, stopWithReader } from './terminal.ts';
import { SUBJECTS, type TimelineOptions, timeline } from './timeline.ts';

const BAD_USAGE = 2;
const terminal = processTerminal(process.env);
// The SDK's note on Node 20 is for whoever picks its version, not for whoever reads this output.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
stopWithReader(process);

function print(text: string): void {
  terminal.out.write(text.endsWith('\n') ? text : `${text}\n`);
}

const formatOption = () =>
  new Option('--format <format>', 'print a JSON array of the findings for another tool').choices(FORMATS).conflicts('json');

interface ReplayOptions extends ReadingOptions {
  readonly policy?: string;
  readonly against?: string;
  readonly json?: true;
  readonly format?: Format;
  readonly failOn?: Severity;
}

const program = new Command('kms-audit')
  .description('Who may use the KMS keys under your ECS workloads, who does, and what breaks if a key goes away.')
  .version(release.version, '--version', 'print the version')
  .enablePositionalOptions()
  .exitOverride()
  .showHelpAfterError('(--help says more)');

withReadingOptions(program.command('replay'))
  .description('run CloudTrail records through the audit in memory and say what they show; nobody is alerted')
  .argument('<path...>', 'files, folders of files, s3://bucket/prefix, or - for standard input, in any form CloudTrail records come in')
  .option('--policy <file>', 'judge by this policy instead of the default')
  .option('--against <file>', 'say what that policy changes about the alerts, seen from this one; "default" is the default policy')
  .option('--json', 'print JSON')
  .addOption(formatOption().conflicts('against'))
  .option('--fail-on <severity>', 'exit with 1 when a finding at or above this severity holds; with --against, when one is added', severity)
  .action(async (paths: string[], options: ReplayOptions) => {
    const { policy, against, json, format } = options;
    if (against !== undefined) return replayDifference(paths, { ...options, against }, terminal);
    const report = await replay(paths, policy === undefined ? DEFAULT_POLICY : await policyIn(policy), progressOn(terminal), options);
    if (format !== undefined) print(formatted(report.findings, format));
    else if (json) await printPieces(jsonPieces(report), terminal);
    else print(renderReplay(report, styleOf(terminal.colour), terminal.width));
    failOn(options.failOn, report.findings);
  });

withReadingOptions(program.command('backfill'))
  .description('write history into the ledger of a deployment, without alerting anybody; killed and started again, it goes on')
  .argument('<path...>', 'files, folders of files, or s3://bucket/prefix, in any form CloudTrail records come in')
  .requiredOption('--table <name>', 'the ledger of a deployment')
  .option('--policy <file>', 'judge by this policy instead of the default; it should be the deployment’s own')
  .option('--write-rate <units>', 'write units per second at most, index writes included', unitsPerSecond)
  .option('--checkpoint <file>', 'remember what is covered in this file instead of the table')
  .option('--retention-days <days>', 'how long the ledger remembers; the deployment’s own', wholeDays, 400)
  .option('--own-key <arn...>', 'keys of the deployment itself: refusals on them are no finding')
  .option('--json', 'print JSON')
  .action(async (paths: string[], options: BackfillOptions) => {
    // The SDK is loaded for nobody else.
    const { backfillCommand } = await import('./backfill.ts');
    await backfillCommand(paths, options, terminal);
  });

program
  .command('reconcile')
  .description('compare the grants of KMS and the clusters of ECS with the ledger of a deployment, as its sweep does; nobody is alerted')
  .requiredOption('--table <name>', 'the ledger of a deployment')
  .option('--policy <file>', 'the deployment’s own policy: it says which keys are audited')
  .option('--region <region>', 'the Region of the deployment')
  .option('--retention-days <days>', 'how long the ledger remembers; the deployment’s own', wholeDays, 400)
  .option('--dry-run', 'say what would be done, and write nothing')
  .option('--json', 'print JSON')
  .action(async (options: ReconcileOptions) => {
    const { reconcileCommand } = await import('./reconcile.ts');
    await reconcileCommand(options, terminal);
  });

const findingsCommand = withLimitOptions(program.command('findings'))
  .description('list the findings of a ledger, each with what became of it and the policy entry that would expect it')
  .enablePositionalOptions()
  .option('--table <name>', 'read the ledger of a deployment, whole')
  .option('--from <path...>', 'replay these records instead')
  .option('--policy <file>', 'judge by this policy; without it, what the audit recorded, or the default policy for records')
  .option('--open', 'leave out what is over, and what was settled with no evidence since')
  .option('--rule <id...>', 'findings of these rules', ruleIds)
  .option('--severity <severity>', 'findings at or above this severity', severity)
  .option('--key <part>', 'findings whose key’s ARN holds this')
  .option('--cluster <name>', 'findings about this cluster')
  .option('--since <when>', 'findings last seen on this day, at this instant, or later', instant)
  .option('--id <id...>', 'these findings, by id or by what no other id begins with')
  .option('--json', 'print JSON')
  .addOption(formatOption())
  .option('--fail-on <severity>', 'exit with 1 when a listed finding is at or above this severity', severity)
  .action((options: FindingsOptions) => findings(options, terminal));

withLimitOptions(findingsCommand.command('settle'))
  .description('add to a policy the profile or exception that expects a finding, and note in the table that it is settled')
  .argument('<id>', 'the finding, by id or by what no other id begins with')
  .requiredOption('--reason <text>', 'why it is accepted', reason)
  .requiredOption('--policy <file>', 'the policy that gains the entry; made where there is none')
  .option('--expires <when>', 'add an exception that ends on this day, also where a profile could be written', instant)
  .option('--table <name>', 'the ledger of a deployment')
  .option('--from <path...>', 'these records instead')
  .option('--json', 'print JSON')
  .action((id: string, options: SettleOptions) => settle(id, options, terminal));

withReadingOptions(program.command('dependents'))
  .description('say what depends on a key, and what breaks without it; or which keys the volumes of a cluster sit on')
  .argument('[key]', 'the key, by its ARN, its id, or a part of it that names no other')
  .option('--cluster <name>', 'the volumes of this cluster instead, by key; a name, ACCOUNT/NAME or an ARN')
  .option('--table <name>', 'ask the ledger of a deployment; only what is printed is read')
  .option('--from <path...>', 'replay these records instead')
  .option('--policy <file>', 'replay under this policy instead of the default')
  .option('--json', 'print JSON, with every volume')
  .action((key: string | undefined, options: DependentsOptions) => dependents(key, options, terminal));

withReadingOptions(program.command('timeline'))
  .description('every fact about a volume, a grant, a key or a cluster, in order, and what is missing')
  .argument('<what>', 'a volume’s id, a grant’s id, a key as for dependents, or a cluster’s name, ACCOUNT/NAME or ARN')
  .addOption(new Option('--as <kind>', 'what it is, where that is not plain from its name').choices(SUBJECTS))
  .option('--key <key>', 'the key of the volume or the grant, as for dependents')
  .option('--cluster <name>', 'the cluster of the volume')
  .option('--table <name>', 'ask the ledger of a deployment; for a key or a cluster the whole of it is read')
  .option('--from <path...>', 'replay these records instead')
  .option('--policy <file>', 'replay under this policy instead of the default')
  .option('--json', 'print JSON, with every fact')
  .action((what: string, options: TimelineOptions) => timeline(what, options, terminal));

withLimitOptions(program.command('report'))
  .description('write what a ledger proves of a period as one HTML page, as CSV or as JSON')
  .option('--table <name>', 'read the ledger of a deployment, whole')
  .option('--from <path...>', 'replay these records instead')
  .option('--html [file]', 'one page that needs no network; to stdout without a file, and where no other form is asked for')
  .option('--csv [file]', 'one row for each grant')
  .option('--json', 'print JSON')
  .option('--since <when>', 'the period begins with this day, or at this instant', instant)
  .option('--until <when>', 'the period ends with this day, or at this instant; everything is told as it stood then', lastInstant)
  .option('--cluster <name>', 'only this cluster')
  .option('--key <part>', 'only keys whose ARN holds this')
  .option('--policy <file>', 'judge by this policy; without it, what the audit recorded, or the default policy for records')
  .option('--fail-on <severity>', 'exit with 1 when an open finding of the report is at or above this severity', severity)
  .action((options: ReportOptions) => report(options, terminal));

program
  .command('local')
  .description('start the embedded stack, send events through the built Lambda function, show what happened')
  .argument('[path...]', 'event files or folders of them', ['events'])
  .option('--json', 'print JSON')
  .action(async (paths: string[], options: { json?: true }) => {
    // The embedded stack and its SDK clients are loaded for nobody else.
    const { local } = await import('./local.ts');
    await local(paths, { json: options.json === true }, terminal);
  });

program
  .command('doctor')
  .description('look at a deployment: does everything the audit rests on work, and what mends it')
  .option('--stage <stage>', 'the deployment’s stage', 'dev')
  .option('--stack <name>', 'the CloudFormation stack, where it is not kms-audit-<stage>')
  .option('--json', 'print JSON')
  .action(async ({ stage, stack = `kms-audit-${stage}`, json = false }: { stage: string; stack?: string; json?: boolean }) => {
    const { doctor } = await import('./doctor.ts');
    await doctor({ stack, json }, terminal);
  });

program
  .command('test-alert')
  .description('publish one alert, marked as a test, to the alert topic of a deployment')
  .option('--stage <stage>', 'the deployment’s stage', 'dev')
  .option('--stack <name>', 'the CloudFormation stack, where it is not kms-audit-<stage>')
  .action(async ({ stage, stack = `kms-audit-${stage}` }: { stage: string; stack?: string }) => {
    const { testAlert } = await import('./test-alert.ts');
    await testAlert({ stack }, terminal);
  });

program
  .command('rules')
  .description('the catalogue of rules: what each means and what to do about it')
  .argument('[id]', 'one rule')
  .option('--json', 'print JSON')
  .action((id: string | undefined, { json = false }: { json?: boolean }) => print(rulesText(id, json, terminal)));

const policyCommands = program.command('policy').description('check a policy, or begin one');

policyCommands
  .command('check')
  .description('say everything that is wrong with a policy, or in one line what it holds')
  .argument('<file>', 'the policy, as JSON')
  .option('--json', 'print JSON')
  .action((file: string, { json = false }: { json?: boolean }) => policyCheck(file, { json }, terminal));

withReadingOptions(policyCommands.command('init'))
  .description('print a policy to begin with; the profiles it proposes must each be read before they are adopted')
  .option('--from <path...>', 'propose a profile for every grant in these records that no default profile expects')
  .action(({ from = [], ...options }: ReadingOptions & { from?: string[] }) => policyInit(from, options, terminal));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : BAD_USAGE;
  else if (error instanceof InputError) {
    terminal.err.write(`kms-audit: ${error.message}\n`);
    process.exitCode = BAD_USAGE;
  } else {
    terminal.err.write(`kms-audit: ${printable(messageOf(error), 1_000)}; NODE_DEBUG=kms-audit says where\n`);
    debuglog('kms-audit')('%O', error);
    process.exitCode = BAD_USAGE;
  }
}
