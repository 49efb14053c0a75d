/** How urgent a finding is, most urgent first. */
export const SEVERITIES = ['critical', 'high', 'medium', 'low'] as const;

/** One of {@link SEVERITIES}. */
export type Severity = (typeof SEVERITIES)[number];

/** True when `severity` is at least as urgent as `bar`. */
export function atLeast(severity: Severity, bar: Severity): boolean {
  return SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(bar);
}

/** The more urgent of two. */
export function gravest(a: Severity, b: Severity): Severity {
  return atLeast(a, b) ? a : b;
}
