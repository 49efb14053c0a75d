import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { renderRule, styleOf } from '../src/cli/render.ts';
import { rulesText } from '../src/cli/rules.ts';
import { processTerminal } from '../src/cli/terminal.ts';
import { alertNotes, catalogue, entryOf, examplesOf } from '../src/core/catalogue.ts';
import { FACT_RULES, RULES } from '../src/core/rules/registry.ts';

const rules = RULES.map((rule) => [rule.id, rule] as const);
const fits = (text: string): string => text.replace(/\s+/g, ' ');

describe('the catalogue', () => {
  it('is RULES.md', async () => {
    await expect(catalogue()).toMatchFileSnapshot('../RULES.md');
  });

  it.each(rules)('tells every rule once, and links to what there is: %s', (id, rule) => {
    const text = catalogue();

    expect(text.split(`\n## ${id}\n`)).toHaveLength(2);
    expect(text).toContain(`| [${id}](#${id}) | ${rule.severity} | ${rule.title} |`);
    for (const told of [rule.why, rule.limits]) expect(text).toContain(told);
    for (const scenario of Object.values(rule.scenarios)) {
      expect(text).toContain(`](events/${scenario})`);
      expect(existsSync(new URL(`../events/${scenario}`, import.meta.url)), scenario).toBe(true);
    }
  });

  it('links a technique as MITRE does', () => {
    expect(RULES.map((rule) => entryOf(rule).attackUrl)).toContain('https://attack.mitre.org/techniques/T1562/008/');
    expect(RULES.map((rule) => entryOf(rule).attackUrl)).toContain('https://attack.mitre.org/techniques/T1485/');
  });

  it.each(rules)('is the same on a terminal: %s', (_id, rule) => {
    const shown = fits(renderRule(rule, styleOf(false), 4_000));
    const entry = entryOf(rule);
    const told = [rule.title, rule.why, rule.limits, ...rule.runbook, ...alertNotes(entry), entry.attackUrl ?? ''];

    for (const text of told) expect(shown.replaceAll(' \\ ', ' ')).toContain(fits(text));
    for (const [shows, scenario] of examplesOf(entry)) expect(shown).toContain(`events/${scenario} (${shows})`);
  });

  it.each(rules)('is plain values for whoever reads JSON: %s', (_id, rule) => {
    const entry = entryOf(rule);

    expect(JSON.parse(JSON.stringify(entry))).toStrictEqual(entry);
    expect(entry).toMatchObject({ id: rule.id, severity: rule.severity, title: rule.title, examples: rule.scenarios });
  });

  it.each(['ending', 'foldedInto', 'tellsDependents', 'endsWithGrant', 'excepted', 'inSweep', 'attack'] as const)(
    'has the %s of each rule that has one',
    (field) => {
      const told = RULES.map((rule) => entryOf(rule)[field]);

      expect(told).toEqual(RULES.map((rule) => rule[field]));
      expect(told.some((one) => one !== undefined)).toBe(true);
    },
  );

  it.each([
    [['one'], 'Told in the alert of one where'],
    [['one', 'two'], 'Told in the alert of one or two where'],
    [['one', 'two', 'three'], 'Told in the alert of one, two or three where'],
  ])('says in whose alert a rule is told: %j', (foldedInto, says) => {
    const [rule] = RULES.map(entryOf);
    if (rule === undefined) throw new Error('no rules');

    expect(alertNotes({ ...rule, foldedInto }).join('\n')).toContain(says);
  });

  it('says how the alerts of a rule end where something ends them', () => {
    const ended = [...FACT_RULES.filter(({ endedBy }) => endedBy !== undefined), ...RULES.filter(({ endsWithGrant }) => endsWithGrant)].map(
      ({ id }) => id,
    );
    const told = RULES.filter(({ ending }) => ending?.startsWith('An all-clear')).map(({ id }) => id);

    expect(told.sort()).toEqual(ended.sort());
  });
});

describe('kms-audit rules', () => {
  const terminal = processTerminal({ NO_COLOR: '1' });

  it('prints every rule, or the one that is named', () => {
    const all = rulesText(undefined, false, terminal);

    for (const { id } of RULES) {
      expect(all).toContain(`${id}\n`);
      expect(rulesText(id, false, terminal)).toContain(`${id}\n`);
    }
    expect(rulesText('orphan-grant', false, terminal)).not.toContain('disabled-key-use');
  });

  it('prints an array of plain values as JSON', () => {
    expect(JSON.parse(rulesText(undefined, true, terminal))).toEqual(RULES.map(entryOf));
    expect(JSON.parse(rulesText('orphan-grant', true, terminal))).toMatchObject([{ id: 'orphan-grant', severity: 'medium' }]);
  });

  it.each([
    ['a near one', 'disabled-key-usee', 'no rule "disabled-key-usee"; did you mean "disabled-key-use"?'],
    ['none near', 'frobnicate', 'the rules are disabled-key-use, '],
    ['nothing that can be seen', '\u001b[2J', 'no rule "\\u{1b}[2J"'],
  ])('refuses an id with %s', (_what, id, message) => {
    expect(() => rulesText(id, false, terminal)).toThrow(message);
  });
});
