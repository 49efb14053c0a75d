import type { Severity } from '../core/severity.ts';

/** Marks text up for a terminal, or leaves it as it is. Text is measured and wrapped before it is styled. */
export interface Style {
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  /** A command to copy. */
  readonly command: (text: string) => string;
  readonly severity: (severity: Severity, text: string) => string;
}

const codes =
  (...marks: readonly number[]) =>
  (text: string): string =>
    text === '' ? '' : `\u001b[${marks.join(';')}m${text}\u001b[0m`;
const plain = (text: string): string => text;

/** White on red, red, yellow, blue: told apart also where red and green are not. */
const SEVERITY: Readonly<Record<Severity, (text: string) => string>> = {
  critical: codes(1, 37, 41),
  high: codes(1, 31),
  medium: codes(1, 33),
  low: codes(34),
};

/** Colours where they are wanted. */
export function styleOf(colour: boolean): Style {
  if (!colour) return { strong: plain, faint: plain, good: plain, bad: plain, command: plain, severity: (_, text) => text };
  return {
    strong: codes(1),
    faint: codes(2),
    good: codes(32),
    bad: codes(31),
    command: codes(36),
    severity: (severity, text) => SEVERITY[severity](text),
  };
}
