import { readKeyArn } from '../key-arn.ts';
import { printable } from '../text.ts';
import type { EvidenceReport, ReportedGrant, ReportedVolume } from './model.ts';

/** No cell is longer, in characters. */
const LONGEST = 2_000;

/** What a spreadsheet may take for a formula, also behind blanks, and also in full-width characters. */
const FORMULA = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/;

type Cell = string | number | undefined;

/** One grant, with its volume where it has one; a volume that was never granted stands alone. */
interface Row {
  readonly about: ReportedVolume | ReportedGrant;
  readonly volume?: ReportedVolume;
  readonly grant?: ReportedGrant;
}

const COLUMNS: readonly (readonly [string, (row: Row) => Cell])[] = [
  ['key_arn', ({ about }) => about.keyArn],
  ['region', ({ about }) => readKeyArn(about.keyArn)?.region],
  ['cluster_account', ({ about }) => about.clusterAccount],
  ['cluster_name', ({ about }) => about.clusterName],
  ['volume_id', ({ volume }) => volume?.volumeId],
  ['volume_status', ({ volume }) => volume?.status],
  ['grant_id', ({ grant }) => grant?.grantId],
  ['grant_status', ({ grant }) => grant?.status],
  ['grantee', ({ grant }) => grant?.grantee],
  ['operations', ({ grant }) => grant?.operations?.join(' ')],
  ['granted_at', ({ grant }) => grant?.grantedAt],
  ['granted_by', ({ grant }) => grant?.grantedBy],
  ['granted_event_id', ({ grant }) => grant?.grantedEventId],
  ['ended_at', ({ grant }) => grant?.endedAt],
  ['ended_by', ({ grant }) => grant?.endedBy],
  ['ended_event_id', ({ grant }) => grant?.endedEventId],
  ['volume_decrypts', ({ volume }) => volume?.decrypts],
  ['volume_last_decrypt_at', ({ volume }) => volume?.lastDecryptAt],
  ['finding_ids', ({ about }) => about.findings.join(' ')],
];

/**
 * The grants of a report as CSV (RFC 4180), one a row, those of volumes first; a volume that was never granted has a row
 * without a grant. A cell that a spreadsheet would take for a formula begins with an apostrophe.
 */
export function evidenceCsv({ volumes, otherGrants }: EvidenceReport): string {
  const rows: Row[] = [
    ...volumes.flatMap((volume) => {
      const row = { about: volume, volume };
      return volume.grants.length === 0 ? [row] : volume.grants.map((grant) => ({ ...row, grant }));
    }),
    ...otherGrants.map((grant) => ({ about: grant, grant })),
  ];
  const lines = [COLUMNS.map(([name]) => name), ...rows.map((row) => COLUMNS.map(([, cell]) => csvCell(cell(row))))];
  return lines.map((cells) => `${cells.join(',')}\r\n`).join('');
}

function csvCell(cell: Cell): string {
  if (cell === undefined) return '';
  if (typeof cell === 'number') return String(cell);
  const seen = printable(cell, LONGEST);
  const inert = FORMULA.test(seen) ? `'${seen}` : seen;
  return /[",;\s']/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
