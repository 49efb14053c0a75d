// List prices of us-east-1 in US dollars, on demand, without free tiers and volume discounts. Looked up on 2026-11-21 in AWS's
// pricing pages and what was written of them; they change: https://aws.amazon.com/pricing/
export const LOOKED_UP = '2026-11-21';
export const REGION = 'us-east-1';

const MILLION = 1_000_000;

export const PRICES = {
  // https://aws.amazon.com/dynamodb/pricing/on-demand/
  writeUnit: 0.625 / MILLION,
  readUnit: 0.125 / MILLION,
  storageGbMonth: 0.25,
  recoveryGbMonth: 0.2,
  // https://aws.amazon.com/lambda/pricing/ (arm64, first tier)
  request: 0.2 / MILLION,
  gbSecond: 0.0000133334,
  // https://aws.amazon.com/cloudwatch/pricing/ (Lambda's logs, standard class, first tier)
  logGb: 0.5,
  // https://aws.amazon.com/eventbridge/pricing/: events of AWS services on the account's own default bus
  event: 0,
};
