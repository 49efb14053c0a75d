import { readFile } from 'node:fs/promises';
import { DEFAULT_POLICY, type Policy } from '../core/policy.ts';
import { type Proposal, propose } from '../core/proposal.ts';
import { type PolicyReading, readPolicy } from '../core/read-policy.ts';
import { printable } from '../core/text.ts';
import { fromSeconds, type Timestamp } from '../core/timestamp.ts';
import { clock } from '../system.ts';
import { factsUnder } from './facts-under.ts';
import { InputError } from './input.ts';
import { syntaxFault } from './json-syntax.ts';
import { counted } from './layout.ts';
import type { ReadingOptions } from './reading-options.ts';
import { replayJson } from './replay.ts';
import type { Terminal } from './terminal.ts';

const BAD_INPUT = 2;

/** What `policy check --json` prints. Remarks are about what a valid policy says, and change no exit code. */
interface Check {
  readonly valid: boolean;
  readonly problems: readonly string[];
  readonly remarks: readonly string[];
}

/** `kms-audit policy check`: says in one line what a policy holds, or everything that is wrong with it, with exit code 2. */
export async function policyCheck(file: string, { json }: { readonly json: boolean }, { out, err }: Terminal): Promise<void> {
  const reading = await readPolicyFile(file);
  const now = fromSeconds(clock());
  const check: Check =
    'problems' in reading
      ? { valid: false, problems: reading.problems, remarks: [] }
      : { valid: true, problems: [], remarks: remarksOn(reading.policy, now) };
  if (json) out.write(`${replayJson(check)}\n`);
  else if ('problems' in reading) throw new InputError(refusal(file, reading.problems));
  else {
    for (const remark of check.remarks) err.write(`${remark}\n`);
    out.write(`${file} is a valid policy: ${summary(reading.policy, now)}\n`);
  }
  if (!check.valid) process.exitCode = BAD_INPUT;
}

/** Says what is wrong with a policy file, a problem a line. */
export function refusal(file: string, problems: readonly string[]): string {
  return [`${file} is no valid policy:`, ...problems.map((problem) => `  ${problem}`)].join('\n');
}

/** The policy in a file. Throws an {@link InputError} that says where the file is no valid policy. */
export async function policyIn(file: string): Promise<Policy> {
  const reading = await readPolicyFile(file);
  if ('problems' in reading) throw new InputError(refusal(file, reading.problems));
  return reading.policy;
}

async function readPolicyFile(file: string): Promise<PolicyReading> {
  return readPolicyText(await textOf(file));
}

/** A file's text. Throws an {@link InputError} where there is none. */
async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new InputError(`${file}: cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A policy as it stands in a file; a text that is no JSON is one problem, with its line and column. */
export function readPolicyText(text: string): PolicyReading {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    const fault = syntaxFault(text);
    if (fault === undefined) return { problems: [`expected JSON: ${error instanceof Error ? error.message : String(error)}`] };
    return { problems: [`line ${fault.line}, column ${fault.column}: expected ${fault.expected}`] };
  }
  return readPolicy(document);
}

function summary({ accounts, clusters, keys, grants, exceptions, trails, severities, rules }: Policy, now: Timestamp): string {
  const expired = exceptions.filter(({ expires }) => expires <= now).length;
  const stages = Object.values(rules);
  const parts = [
    counted(grants.length, 'profile'),
    `${counted(exceptions.length, 'exception')}${expired === 0 ? '' : ` (${expired} expired)`}`,
    accounts && counted(accounts.length, 'account'),
    clusters && counted(clusters.length, 'cluster pattern'),
    keys && counted(keys.length, 'key pattern'),
    trails.length > 0 && counted(trails.length, 'trail pattern'),
    Object.keys(severities).length > 0 && counted(Object.keys(severities).length, 'severity of its own', 'severities of its own'),
    ...(['off', 'silent'] as const).map((stage) => {
      const number = stages.filter((one) => one === stage).length;
      return number > 0 && `${counted(number, 'rule')} ${stage}`;
    }),
  ];
  return parts.filter(Boolean).join(', ');
}

function remarksOn({ exceptions, rules }: Policy, now: Timestamp): string[] {
  return [
    ...exceptions.flatMap(({ rule, expires }, index) =>
      expires <= now ? `exceptions[${index}] of ${rule} expired on ${expires}: it accepts no newer records` : [],
    ),
    ...Object.entries(rules).flatMap(([rule, stage]) => {
      if (stage === 'off') return `${rule} is off: it is never judged`;
      return stage === 'silent' ? `${rule} is silent: its findings are recorded, not sent` : [];
    }),
  ];
}

/** `kms-audit policy init`: prints a policy to begin with; from records, one that expects exactly what was observed. */
export async function policyInit(paths: readonly string[], options: ReadingOptions, terminal: Terminal): Promise<void> {
  const { out, err } = terminal;
  const skeleton = { $schema: './policy.schema.json', ...DEFAULT_POLICY };
  if (paths.length === 0) {
    out.write(`${replayJson(skeleton)}\n`);
    err.write('Every field is at its default; accounts, clusters, keys and orphanAfterHours are absent, which leaves them open.\n');
    return;
  }
  const proposal = propose(await factsUnder(paths, options, terminal));
  const { $schema, ...fields } = skeleton;
  const grants = proposal.profiles.map(({ profile }) => profile);
  // JSON has no undefined: accounts that are not proposed are not printed.
  out.write(`${replayJson({ $schema, accounts: proposal.accounts, ...fields, grants })}\n`);
  for (const note of notesOn(proposal)) err.write(`${printable(note, 500)}\n`);
}

function notesOn({ profiles, leftOut, accounts, clusters }: Proposal): string[] {
  return [
    ...profiles.map(({ profile, grants }) => `${profile.name}: covers ${counted(grants, 'grant')}; read it before you adopt it`),
    ...leftOut.map(({ keyArn, grantId, because }) => `left out: grant ${grantId} on ${keyArn}: ${because}`),
    ...(accounts === undefined
      ? []
      : [`accounts: clusters of ${accounts.join(', ')} were seen; read them: profiles with \${Accounts} then speak of them all`]),
    ...(clusters.length === 0 ? [] : [`clusters: left open; seen: ${clusters.join(', ')}`]),
    ...(profiles.length + leftOut.length > 0 ? [] : ['Every grant that was observed is expected already.']),
  ];
}
