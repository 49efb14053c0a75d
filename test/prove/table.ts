import type { Verdict } from './prover.ts';
import { FAULTS, type Fault } from './wire.ts';

/** What the cases of one scenario came to. */
export interface Row {
  readonly name: string;
  /** How many calls it makes undisturbed. */
  readonly calls: number;
  /** How many cases there are to try. */
  readonly due: number;
  readonly verdicts: readonly Pick<Verdict, 'case' | 'differences' | 'lostAlerts' | 'doubleAlerts'>[];
}

interface Sum {
  readonly cases: number;
  readonly differing: number;
  readonly lost: number;
  readonly double: number;
}

function sumOf(verdicts: Row['verdicts']): Sum {
  return {
    cases: verdicts.length,
    differing: verdicts.filter(({ differences }) => differences.length > 0).length,
    lost: verdicts.reduce((sum, { lostAlerts }) => sum + lostAlerts, 0),
    double: verdicts.reduce((sum, { doubleAlerts }) => sum + doubleAlerts, 0),
  };
}

const cell = ({ cases, differing, lost, double }: Sum): string => `${cases} ${differing} ${lost} ${double}`;

/** The table of all cases, scenario by fault: cases, those that differ, alerts lost, alerts sent again. */
export function tableOf(rows: readonly Row[]): string {
  const ofFault = (verdicts: Row['verdicts'], fault: Fault): Sum => sumOf(verdicts.filter((one) => one.case.fault === fault));
  const line = (name: string, calls: number, verdicts: Row['verdicts']): string[] => [
    name,
    String(calls),
    ...FAULTS.map((fault) => cell(ofFault(verdicts, fault))),
    cell(sumOf(verdicts)),
  ];
  const calls = rows.reduce((sum, row) => sum + row.calls, 0);
  const all = rows.flatMap(({ verdicts }) => verdicts);
  const lines = [['', 'calls', ...FAULTS, 'all'], ...rows.map((row) => line(row.name, row.calls, row.verdicts)), line('all', calls, all)];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0))) ?? [];
  const padded = lines.map((cells) =>
    cells.map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0))).join('  '),
  );
  return ['In each column: cases, cases that differ, alerts lost, alerts sent once more.', '', ...padded].join('\n');
}

/** What is wrong with the rows; none where every case was tried and ended as if nothing had happened. */
export function faultsOf(rows: readonly Row[]): string[] {
  return rows.flatMap(({ name, due, verdicts }) => [
    ...(verdicts.length === due ? [] : [`${name}: ${verdicts.length} cases of ${due} were tried`]),
    ...verdicts.flatMap(({ case: { step, call, fault, recovery }, differences }) =>
      differences.map((difference) => `${name}, step ${step}, ${call}, ${fault}, made up for by the ${recovery}: ${difference}`),
    ),
  ]);
}
