#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { DEFAULT_POLICY, type Policy, readPolicy } from '../core/policy.ts';
import { RULES, ruleOf } from '../core/rules/registry.ts';
import { atLeast, SEVERITIES, type Severity } from '../core/severity.ts';
import { InputError } from './input.ts';
import { renderReplay, renderRule, styleOf } from './render.ts';
import { type Progress, replay, replayJson } from './replay.ts';
import { processTerminal, type Terminal } from './terminal.ts';

const BAD_USAGE = 2;
const terminal = processTerminal(process.env);
// The SDK's note on Node 20 is for whoever picks its version, not for whoever reads this output.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

async function policyFrom(file: string | undefined): Promise<Policy> {
  if (file === undefined) return DEFAULT_POLICY;
  let document: unknown;
  try {
    document = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new InputError(`${file}: expected a policy (JSON): ${error instanceof Error ? error.message : String(error)}`);
  }
  const reading = readPolicy(document);
  if ('problems' in reading)
    throw new InputError([`${file} is no valid policy:`, ...reading.problems.map((problem) => `  ${problem}`)].join('\n'));
  return reading.policy;
}

function severity(word: string): Severity {
  const known = SEVERITIES.find((one) => one === word);
  if (known === undefined) throw new InvalidArgumentError(`expected one of ${SEVERITIES.join(', ')}`);
  return known;
}

/** A line that rewrites itself, on a terminal only. */
function progressOn({ err, live }: Terminal): Progress {
  return (sources, of, records) => {
    if (live) err.write(sources === of ? '\r\u001b[K' : `\r\u001b[K${sources}/${of} sources, ${records} records`);
  };
}

function print(text: string): void {
  terminal.out.write(text.endsWith('\n') ? text : `${text}\n`);
}

const program = new Command('kms-audit')
  .description('Who may use the KMS keys under your ECS workloads, who does, and what breaks if a key goes away.')
  .exitOverride()
  .showHelpAfterError('(--help says more)');

program
  .command('replay')
  .description('run CloudTrail records through the audit in memory and say what they show; nobody is alerted')
  .argument('<path...>', 'files, or folders of files, in any form CloudTrail records come in')
  .option('--policy <file>', 'judge by this policy instead of the default')
  .option('--json', 'print JSON')
  .option('--fail-on <severity>', 'exit with 1 when a finding at or above this severity holds', severity)
  .action(async (paths: string[], options: { policy?: string; json?: true; failOn?: Severity }) => {
    const report = await replay(paths, await policyFrom(options.policy), progressOn(terminal));
    print(options.json ? replayJson(report) : renderReplay(report, styleOf(terminal.colour), terminal.width));
    const { failOn } = options;
    if (failOn !== undefined && report.findings.some((finding) => atLeast(finding.severity, failOn))) process.exitCode = 1;
  });

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
  .action((id: string | undefined, options: { json?: true }) => {
    const rules = id === undefined ? RULES : RULES.filter((rule) => rule === ruleOf(id));
    if (rules.length === 0) throw new InputError(`no rule "${id}"; the rules are ${RULES.map((rule) => rule.id).join(', ')}`);
    const style = styleOf(terminal.colour);
    print(options.json ? replayJson(rules) : rules.map((rule) => renderRule(rule, style, terminal.width)).join('\n\n'));
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : BAD_USAGE;
  else if (error instanceof InputError) {
    terminal.err.write(`kms-audit: ${error.message}\n`);
    process.exitCode = BAD_USAGE;
  } else throw error;
}
