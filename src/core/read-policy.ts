import * as v from 'valibot';
import { field, items, text } from './json.ts';
import type { Policy } from './policy.ts';
import { quoted } from './policy-parts.ts';
import { policySchema } from './policy-schema.ts';

/** A checked policy, or everything that is wrong with it, each line naming the field. */
export type PolicyReading = { readonly policy: Policy } | { readonly problems: readonly string[] };

/** Checks a policy document. Each problem names the field, what was expected, what was found and the word probably meant. */
export function readPolicy(document: unknown): PolicyReading {
  const result = v.safeParse(policySchema, document);
  const problems = [...(result.issues ?? []).map((issue) => `${pathOf(issue)}: ${issue.message}`), ...namesakes(document)];
  if (!result.success || problems.length > 0) return { problems: [...new Set(problems)] };
  const { $schema: _, ...policy } = result.output;
  return { policy };
}

/** The place in the document as people write it: `grants[0].context["aws:ebs:id"]`. */
function pathOf({ path }: v.BaseIssue<unknown>): string {
  const steps = (path ?? []).map(({ key }, depth) => {
    if (typeof key === 'number') return `[${key}]`;
    const name = String(key);
    if (!/^[$\w]{1,40}$/.test(name)) return `[${quoted(name)}]`;
    return depth === 0 ? name : `.${name}`;
  });
  return steps.join('') || 'policy';
}

/** Profiles that share a name: an alert would not say which of them it means. */
function namesakes(document: unknown): string[] {
  const names = items(field(document, 'grants')).map((profile) => text(field(profile, 'name')));
  return names.flatMap((name, index) => {
    const first = names.indexOf(name);
    return name === undefined || first === index ? [] : `grants[${index}].name: ${quoted(name)} is the name of grants[${first}] already`;
  });
}
