import { type Sleep, WriteRate } from './write-rate.ts';

/** Calls a second at most: a tenth of the lowest quota there is among those calls, so that the account's own callers never notice. https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html */
const CALLS_PER_SECOND = 10;

/** Settings of a client that is asked much and need not answer at once: it waits, longer each time, while it is throttled. */
export const PATIENT = {
  maxAttempts: 8,
  requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
} as const;

const sleep: Sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** Waits for one's turn, so many a second. */
export type Turn = () => Promise<void>;

/** Turns at so many a second. */
export function turns(perSecond = CALLS_PER_SECOND): Turn {
  const rate = new WriteRate(perSecond, () => performance.now(), sleep);
  return () => rate.take(1);
}
