// DuckDB counting the KMS records by event name. Each file is one line, which is the fastest way it has of reading them;
// its buffers must hold the largest, given as the second argument in bytes.
import { DuckDBInstance } from '@duckdb/node-api';

const [folder, largest] = process.argv.slice(2);
const instance = await DuckDBInstance.create(':memory:');
const connection = await instance.connect();
const files = `${folder}/*.json.gz`.replaceAll("'", "''");
const reader = await connection.runAndReadAll(`
  SELECT record.eventName AS name, count(*) AS records
  FROM (
    SELECT unnest(Records) AS record
    FROM read_json(
      '${files}',
      columns = {Records: 'STRUCT(eventSource VARCHAR, eventName VARCHAR)[]'},
      format = 'newline_delimited',
      maximum_object_size = ${Number(largest) + 1024}
    )
  )
  WHERE record.eventSource = 'kms.amazonaws.com'
  GROUP BY name`);
console.log(JSON.stringify(Object.fromEntries(reader.getRowObjects().map(({ name, records }) => [name, Number(records)]))));
