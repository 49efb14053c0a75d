// DuckDB counting the KMS records by event name. Its buffers must hold the largest file, given as the second argument in
// bytes. It finds out by itself what the records look like; with `declared` as the third argument it is told of the two
// fields that it needs and that each file is one line, which is the fastest way it has.
import { DuckDBInstance } from '@duckdb/node-api';

const [folder, largest, declared] = process.argv.slice(2);
const told = "columns = {Records: 'STRUCT(eventSource VARCHAR, eventName VARCHAR)[]'}, format = 'newline_delimited',";
const instance = await DuckDBInstance.create(':memory:');
const connection = await instance.connect();
const files = `${folder}/*.json.gz`.replaceAll("'", "''");
const reader = await connection.runAndReadAll(`
  SELECT record.eventName AS name, count(*) AS records
  FROM (
    SELECT unnest(Records) AS record
    FROM read_json(
      '${files}',
      ${declared === undefined ? '' : told}
      maximum_object_size = ${Number(largest) + 1024}
    )
  )
  WHERE record.eventSource = 'kms.amazonaws.com'
  GROUP BY name`);
console.log(JSON.stringify(Object.fromEntries(reader.getRowObjects().map(({ name, records }) => [name, Number(records)]))));
