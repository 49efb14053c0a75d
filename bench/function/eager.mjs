// The usual Lambda function: every client imported and made at the top of the file. What start-up is compared with.
import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';

const [table, alerts, metrics] = [new DynamoDBClient({}), new SNSClient({}), new CloudWatchClient({})];

export async function handler({ write, alert, metric }) {
  await table.send(new UpdateItemCommand(write));
  if (alert) await alerts.send(new PublishCommand(alert));
  if (metric) await metrics.send(new PutMetricDataCommand(metric));
}
