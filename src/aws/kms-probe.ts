import { KMSClient, ListAliasesCommand } from '@aws-sdk/client-kms';
import type { Probe } from '../ports.ts';
import { CLIENT } from './wiring.ts';

/** Makes the canary's call: one alias at most, read and forgotten. https://docs.aws.amazon.com/kms/latest/APIReference/API_ListAliases.html */
export function kmsProbe(client = new KMSClient(CLIENT)): Probe {
  return async () => {
    await client.send(new ListAliasesCommand({ Limit: 1 }));
  };
}
