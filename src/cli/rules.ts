import { entryOf } from '../core/catalogue.ts';
import { nearest } from '../core/nearest.ts';
import { RULES, ruleOf } from '../core/rules/registry.ts';
import type { RuleText } from '../core/rules/rule.ts';
import { printable } from '../core/text.ts';
import { InputError } from './input.ts';
import { renderRule, styleOf } from './render.ts';
import { replayJson } from './replay.ts';
import type { Terminal } from './terminal.ts';

/** The catalogue, or one rule of it, for a terminal or as JSON. Throws InputError where there is no such rule. */
export function rulesText(id: string | undefined, json: boolean, { colour, width }: Terminal): string {
  const rules = id === undefined ? RULES : [ruleNamed(id)];
  const style = styleOf(colour);
  return json ? replayJson(rules.map(entryOf)) : rules.map((rule) => renderRule(rule, style, width)).join('\n\n');
}

function ruleNamed(id: string): RuleText {
  const rule = ruleOf(id);
  if (rule !== undefined) return rule;
  const ids = RULES.map((one) => one.id);
  const near = nearest(id, ids);
  const hint = near === undefined ? `the rules are ${ids.join(', ')}` : `did you mean "${near}"?`;
  throw new InputError(`no rule "${printable(id, 100)}"; ${hint}`);
}
