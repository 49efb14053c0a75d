import { printable } from '../core/text.ts';
import { InputError } from './input.ts';

/** What every client of the SDK says of itself. */
interface RegionalClient {
  readonly config: { readonly region: () => Promise<string> };
}

/** How the SDK refuses what cannot be a part of a host's name. */
const REFUSED = /^Region not accepted: region="(.+)" is not/s;

/** Throws an {@link InputError} where nobody said which Region to ask, or what was said is none. */
export async function requireRegion(client: RegionalClient): Promise<void> {
  let refused: string | undefined;
  const region = await client.config.region().catch((error: unknown) => {
    refused = error instanceof Error ? REFUSED.exec(error.message)?.[1] : undefined;
    return '';
  });
  if (refused !== undefined)
    throw new InputError(
      `"${printable(refused, 100)}" is no AWS Region; expected one such as us-west-2, from --region, AWS_REGION or the profile`,
    );
  if (region === '') throw new InputError('no AWS Region is set: AWS_REGION names one, and AWS_PROFILE a profile with one');
}
