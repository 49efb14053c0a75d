import { DynamoDBServiceException, ResourceNotFoundException } from '@aws-sdk/client-dynamodb';
import { printable } from '../core/text.ts';
import { InputError } from './input.ts';

/** What went wrong on the way to the table, for its operator; undefined for what is no fault of the way. */
export function tableFault(error: unknown, table: string): InputError | undefined {
  const name = printable(table, 255);
  if (error instanceof ResourceNotFoundException)
    return new InputError(`there is no table "${name}" in this account and Region; AWS_REGION names another Region`);
  if (!(error instanceof Error)) return undefined;
  const says = printable(error.message || String('code' in error ? error.code : error.name), 500);
  if (/^(?:Credentials|Token)ProviderError$/.test(error.name)) return new InputError(`no AWS credentials: ${says}`);
  if (error instanceof DynamoDBServiceException) return new InputError(`table "${name}": ${printable(error.name, 100)}: ${says}`);
  // The SDK marks what it gave up on.
  return '$metadata' in error ? new InputError(`table "${name}" cannot be reached: ${says}`) : undefined;
}
