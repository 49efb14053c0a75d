import { RULES } from './rules/registry.ts';
import type { RuleText } from './rules/rule.ts';

/** A rule as the catalogue tells it: plain values only. */
export interface CatalogueEntry extends Omit<RuleText, 'scenarios'> {
  /** Where MITRE describes the technique. */
  readonly attackUrl?: string;
  readonly examples: RuleText['scenarios'];
}

/** What the catalogue says of a rule. */
export function entryOf(rule: RuleText): CatalogueEntry {
  const { id, severity, title, why, runbook, limits, ending, foldedInto, tellsDependents, endsWithGrant, excepted, inSweep } = rule;
  const { attack, scenarios } = rule;
  return {
    id,
    severity,
    title,
    why,
    runbook,
    limits,
    ...(ending === undefined ? {} : { ending }),
    ...(foldedInto === undefined ? {} : { foldedInto }),
    ...(tellsDependents === undefined ? {} : { tellsDependents }),
    ...(endsWithGrant === undefined ? {} : { endsWithGrant }),
    ...(excepted === undefined ? {} : { excepted }),
    ...(inSweep === undefined ? {} : { inSweep }),
    ...(attack === undefined ? {} : { attack, attackUrl: techniqueUrl(attack) }),
    examples: scenarios,
  };
}

/** What else there is to know of a rule's alerts, a sentence each. */
export function alertNotes({ ending, foldedInto, tellsDependents, excepted, inSweep }: CatalogueEntry): string[] {
  return [
    ending ?? 'No record ends its alerts: they stand until somebody has looked.',
    ...(foldedInto === undefined ? [] : [`Told in the alert of ${orList(foldedInto)} where the same record fires that too.`]),
    ...(tellsDependents ? ['The alert says who depends on the key, by cluster.'] : []),
    ...(excepted ? ['The alert proposes the policy entry that would expect it from then on.'] : []),
    ...(inSweep ? ['Judged by the scheduled sweep and not as records arrive: a replay never shows it.'] : []),
  ];
}

/** The examples of a rule, each with what it shows. */
export function examplesOf({
  examples: { firing, silent, nearMiss },
}: CatalogueEntry): readonly (readonly [shows: string, scenario: string])[] {
  return [
    ['fires', firing],
    ['silent', silent],
    ['nearly fires', nearMiss],
  ];
}

/** RULES.md: every rule of the registry, as Markdown. */
export function catalogue(rules: readonly RuleText[] = RULES): string {
  const entries = rules.map(entryOf);
  return [
    '# Rules',
    '',
    'What each alert means, and what to do about it. `npx kms-audit rules ID` prints the same.',
    '',
    '| rule | severity | what it says |',
    '|---|---|---|',
    ...entries.map(({ id, severity, title }) => `| [${id}](#${id}) | ${severity} | ${title} |`),
    ...entries.flatMap(section),
    '',
  ].join('\n');
}

function section(entry: CatalogueEntry): string[] {
  const { id, severity, title, why, runbook, limits, attack, attackUrl } = entry;
  return [
    '',
    `## ${id}`,
    '',
    `**${title}** (${severity}). ${why}`,
    '',
    'What to do:',
    '',
    ...runbook.map((step, index) => `${index + 1}. ${step.replace(/\b(?:aws|npx) .*/, '`$&`')}`),
    '',
    `Limits: ${limits}`,
    '',
    ...alertNotes(entry).map((note) => `- ${note}`),
    `- Examples: ${examplesOf(entry)
      .map(([shows, scenario]) => `[${scenario}](events/${scenario}) ${shows}`)
      .join(', ')}.`,
    ...(attackUrl === undefined ? [] : [`- MITRE ATT&CK: [${attack}](${attackUrl}).`]),
  ];
}

/** `T1562.008` is at `/techniques/T1562/008/`. */
const techniqueUrl = (technique: string): string => `https://attack.mitre.org/techniques/${technique.replace('.', '/')}/`;

const orList = (ids: readonly string[]): string => ids.join(', ').replace(/, (?=[^,]*$)/, ' or ');
