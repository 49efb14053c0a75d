import { InputError } from './input.ts';

/** What every client of the SDK says of itself. */
interface RegionalClient {
  readonly config: { readonly region: () => Promise<string> };
}

/** Throws an {@link InputError} where nobody said which Region to ask. */
export async function requireRegion(client: RegionalClient): Promise<void> {
  const region = await client.config.region().catch(() => '');
  if (region === '') throw new InputError('no AWS Region is set: AWS_REGION names one, and AWS_PROFILE a profile with one');
}
