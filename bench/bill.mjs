// What a million events cost, from measured figures, with the arithmetic.
import { LOOKED_UP, PRICES, REGION } from './prices.mjs';

const EVENTS = 1_000_000;
/** As serverless.yml has it. https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html: 1,769 MB are one vCPU. */
const MEMORY_MB = 256;
const VCPU_MB = 1_769;
/** What a call to DynamoDB takes there and back, assumed: single-digit milliseconds is what AWS says of it. */
const CALL_MS = 5;
const RETENTION_MONTHS = 400 / (365 / 12);
const UUID = 'e3b0c442-98fc-4c14-9af4-c8996fb92427';
/** What Lambda itself logs of each invocation. CloudWatch Logs bills 26 bytes more for each event. */
const LOG_LINES = [
  `START RequestId: ${UUID} Version: $LATEST\n`,
  `END RequestId: ${UUID}\n`,
  `REPORT RequestId: ${UUID}\tDuration: 14.83 ms\tBilled Duration: 15 ms\tMemory Size: 256 MB\tMax Memory Used: 108 MB\t\n`,
];

/** Lines of the bill in dollars, their sum without storage, and storage beside it. `cpu` in milliseconds of this machine. */
export function billOf({ writeUnits, readUnits, storedBytes, cpu, calls }) {
  const duration = Math.ceil((cpu * VCPU_MB) / MEMORY_MB + calls * CALL_MS);
  const logBytes = LOG_LINES.reduce((sum, line) => sum + Buffer.byteLength(line) + 26, 0);
  const storedGb = (storedBytes * EVENTS) / 1e9;
  const gb = MEMORY_MB / 1024;
  const ingest = [
    ['DynamoDB writes', `${writeUnits.toFixed(2)} units × $${PRICES.writeUnit * EVENTS} a million`, writeUnits * EVENTS * PRICES.writeUnit],
    ['DynamoDB reads', `${readUnits.toFixed(2)} units × $${PRICES.readUnit * EVENTS} a million`, readUnits * EVENTS * PRICES.readUnit],
    ['Lambda requests', `1 × $${PRICES.request * EVENTS} a million`, EVENTS * PRICES.request],
    ['Lambda time', `${gb} GB × ${duration} ms × $${PRICES.gbSecond} a GB-second`, (EVENTS * gb * duration * PRICES.gbSecond) / 1000],
    ['CloudWatch logs', `${logBytes} bytes of Lambda's own × $${PRICES.logGb} a GB`, ((logBytes * EVENTS) / 1e9) * PRICES.logGb],
    ['EventBridge', 'events of AWS services', EVENTS * PRICES.event],
  ];
  const kept = (price) => storedGb * RETENTION_MONTHS * price;
  const months = `${storedGb.toFixed(2)} GB × ${RETENTION_MONTHS.toFixed(1)} months`;
  return {
    ingest,
    sum: ingest.reduce((sum, [, , dollars]) => sum + dollars, 0),
    storage: [
      ['storage of 400 days', `${months} × $${PRICES.storageGbMonth}`, kept(PRICES.storageGbMonth)],
      ['its recovery points', `${months} × $${PRICES.recoveryGbMonth}`, kept(PRICES.recoveryGbMonth)],
    ],
    heading: [
      `Per million events, list prices of ${REGION} as of ${LOOKED_UP}, no free tier`,
      `Lambda time: ${cpu.toFixed(2)} ms of this machine's CPU at ${MEMORY_MB}/${VCPU_MB} of one, and ${calls.toFixed(2)} calls of ${CALL_MS} ms (assumed), rounded up`,
    ],
  };
}
