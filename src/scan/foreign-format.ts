/** So many bytes of a source tell what it is. */
export const FORMAT_BYTES = 256;

const PACKED = 'unpack it first; only gzip is read as it is';
const MAGIC: readonly (readonly [bytes: string, says: string])[] = [
  ['PAR1', 'found a Parquet file: export the records as JSON instead'],
  ['PK\x03\x04', `found a zip archive: ${PACKED}`],
  ['BZh', `found a bzip2 file: ${PACKED}`],
  ['\xfd7zXZ\0', `found an xz file: ${PACKED}`],
  ['\x28\xb5\x2f\xfd', `found a zstd file: ${PACKED}`],
];
/** A line of names, quoted or not, one of them a CloudTrail field. */
const HEADER = /^(?:"?\w+"?,)*"?event(?:json|id|time|name|source|version)"?(?:,"?\w+"?)*\r?\n/i;
const CSV =
  'found CSV, as CloudTrail Lake saves query results: read what aws cloudtrail get-query-results prints of a query that selects eventJson';

/**
 * What the first bytes of a source say that it is, and what to do about it, where it is something known that no record can
 * be read from; undefined elsewhere. CloudTrail Lake gives structured columns as text that is no JSON, so that only
 * `eventJson` holds a record. https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-supported-event-schemas.html
 */
export function foreignFormat(head: Buffer): string | undefined {
  const text = head.toString('latin1');
  return MAGIC.find(([bytes]) => text.startsWith(bytes))?.[1] ?? (HEADER.test(text) ? CSV : undefined);
}
