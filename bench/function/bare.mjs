// One bare UpdateItem call of the SDK: what a call of the audit function is compared with.
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';

const table = new DynamoDBClient({});

export async function handler(write) {
  await table.send(new UpdateItemCommand(write));
}
