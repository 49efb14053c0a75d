import { asffFinding } from '../core/asff.ts';
import type { Finding } from '../core/finding.ts';
import { ocsfDetectionFinding } from '../core/ocsf.ts';
import { atLeast, type Severity } from '../core/severity.ts';
import type { Timestamp } from '../core/timestamp.ts';
import { replayJson } from './replay.ts';

/** The formats of other tools that findings are printed in. */
export const FORMATS = ['ocsf', 'asff'] as const;

/** One of {@link FORMATS}. */
export type Format = (typeof FORMATS)[number];

/** The findings as a JSON array in another tool's format; `overSince` says of each whether and when it was over. */
export function formatted(
  findings: readonly Finding[],
  format: Format,
  overSince: (finding: Finding) => Timestamp | undefined = () => undefined,
): string {
  return replayJson(
    findings.map((finding) => {
      const over = overSince(finding);
      return format === 'ocsf' ? ocsfDetectionFinding(finding, { over }) : asffFinding(finding, {}, over);
    }),
  );
}

/** Makes the exit code 1 when one of the findings is at or above the bar. */
export function failOn(bar: Severity | undefined, findings: readonly Finding[]): void {
  if (bar !== undefined && findings.some(({ severity }) => atLeast(severity, bar))) process.exitCode = 1;
}
