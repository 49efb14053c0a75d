import type { KeyArn } from './key-arn.ts';

/** What a pattern's placeholders stand for: the key's own ARN parts and the accounts the policy trusts. */
export interface PatternScope {
  readonly key: KeyArn | undefined;
  readonly accounts: readonly string[];
}

const SERVICE_PRINCIPAL = /^[a-z0-9-]+(?:\.[a-z0-9-]+){0,2}\.amazonaws\.com(?:\.cn)?$/;
const REGION_LABEL = /^[a-z]{2,4}(?:-[a-z]+)+-\d+$/;
const TOKEN = /\*\*|\*|\$\{(?:Partition|Account|Accounts|Region)\}/g;

const escaped = (literal: string): string => literal.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

function tokenSource(token: string, { key, accounts }: PatternScope): string {
  switch (token) {
    case '**':
      return '.+';
    case '*':
      return '[^:/]+';
    case '${Accounts}':
      return `(?:${[...accounts, ...(key === undefined ? [] : [key.account])].map(escaped).join('|') || '(?!)'})`;
    default:
      if (key === undefined) return '(?!)';
      return escaped(token === '${Partition}' ? key.partition : token === '${Account}' ? key.account : key.region);
  }
}

/**
 * True when the whole of `value`, trimmed, is what `pattern` describes. `*` is a run without `:` and `/`, `**` any run;
 * `${Partition}`, `${Account}` and `${Region}` are the key's, `${Accounts}` the key's account or one the policy
 * names, and `${ServicePrincipal}` alone is an AWS service principal of the key's Region or of none.
 */
export function matches(pattern: string, value: string, scope: PatternScope): boolean {
  const trimmed = value.trim();
  if (pattern === '${ServicePrincipal}') {
    return SERVICE_PRINCIPAL.test(trimmed) && trimmed.split('.').every((label) => !REGION_LABEL.test(label) || label === scope.key?.region);
  }
  let source = '';
  let from = 0;
  for (const token of pattern.matchAll(TOKEN)) {
    source += escaped(pattern.slice(from, token.index)) + tokenSource(token[0], scope);
    from = token.index + token[0].length;
  }
  return new RegExp(`^(?:${source}${escaped(pattern.slice(from))})$`, 's').test(trimmed);
}

/** True when any of `patterns` {@link matches}. */
export function matchesAny(patterns: readonly string[], value: string, scope: PatternScope): boolean {
  return patterns.some((pattern) => matches(pattern, value, scope));
}
